// Values and gradients of scan: recurrences with carries, sequences and captures, in both directions, nested, and twice
// differentiated.
#include "Run.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "nnc/ir/ops/Vocabulary.h"
#include "nnc/passes/Simplify.h"
#include <catch2/catch.hpp>

using namespace nnc;
using namespace nnc::test;

using Tensors = std::vector<Tensor>;

// h = tanh(h * w + x), every h is an output.
static Tensors recurrence(Tensors x, bool reverse) {
  auto [carries, outputs] = scan(
      {x[0]}, {x[1]},
      [&](Tensors state, Tensors element) -> StepResult {
        Tensor next = tanh(state[0] * x[2] + element[0]);
        return {{next}, {next}};
      },
      reverse);
  return {carries[0], outputs[0]};
}

TEST_CASE("scan runs over a sequence") {
  auto sums = [](bool reverse) {
    return [reverse](Tensors x) {
      auto result = scan(
          {x[0]}, {x[1]},
          [](Tensors state, Tensors element) -> StepResult {
            Tensor next = state[0] + element[0];
            return {{next}, {next * 10}};
          },
          reverse);
      return Tensors{result.carries[0], result.outputs[0]};
    };
  };
  std::vector<Data> inputs{f64({}, {100}), f64({3}, {1, 2, 3})};
  auto forward = evaluate(sums(false), inputs), backward = evaluate(sums(true), inputs);
  CHECK(forward[0].values == std::vector<double>{106});
  CHECK(forward[1].values == std::vector<double>{1010, 1030, 1060});
  CHECK(backward[0].values == std::vector<double>{106});
  CHECK(backward[1].values == std::vector<double>{1060, 1050, 1030});
}

TEST_CASE("scan without sequences, with an integer carry") {
  auto powers = [](Tensors x) {
    auto result = scan(4, {x[0], zeros({}, DType::i64)}, [&](Tensors state, Tensors) -> StepResult {
      return {{state[0] * x[1], state[1] + 1}, {state[0], state[1]}};
    });
    return Tensors{result.carries[0], result.carries[1], result.outputs[0], result.outputs[1]};
  };
  auto y = evaluate(powers, {f64({1}, {1}), f64({1}, {3})});
  CHECK(y[0].values == std::vector<double>{81});
  CHECK(y[1].values == std::vector<double>{4});
  CHECK(y[2].values == std::vector<double>{1, 3, 9, 27});
  CHECK(y[3].values == std::vector<double>{0, 1, 2, 3});
  checkGradients([&](Tensors x) { return Tensors{powers(x)[0], powers(x)[2]}; }, {f64({1}, {1.5}), f64({1}, {0.7})});
}

TEST_CASE("gradients of scan") {
  for (bool reverse : {false, true})
    checkGradients([=](Tensors x) { return recurrence(x, reverse); },
                   {random({2, 3}), random({4, 2, 3}, 2), random({2, 3}, 3)});
  // Only the last carry, only the outputs.
  checkGradients([](Tensors x) { return Tensors{recurrence(x, false)[0]}; },
                 {random({3}), random({4, 3}, 2), random({3}, 3)});
  checkGradients([](Tensors x) { return Tensors{recurrence(x, false)[1]}; },
                 {random({3}), random({4, 3}, 2), random({3}, 3)});
}

TEST_CASE("gradients of a scan within a scan") {
  auto f = [](Tensors x) {
    auto outer = scan({x[0]}, {x[1]}, [&](Tensors state, Tensors element) -> StepResult {
      auto inner = scan(3, {state[0]},
                        [&](Tensors h, Tensors) -> StepResult { return {{sin(h[0] * x[2] + element[0])}, {h[0]}}; });
      return {{inner.carries[0]}, {sum(inner.outputs[0], 0)}};
    });
    return Tensors{outer.carries[0], outer.outputs[0]};
  };
  checkGradients(f, {random({2}), random({3, 2}, 2), random({2}, 3)});
}

TEST_CASE("a gather in a scan, with the index of each step") {
  auto f = [](Tensors x) {
    auto result = scan({zeros({2}, DType::f64)}, {x[1]}, [&](Tensors state, Tensors element) -> StepResult {
      return {{tanh(state[0] + take(x[0], element[0]))}, {}};
    });
    return Tensors{result.carries[0]};
  };
  checkGradients(f, {random({5, 2}), i64({3}, {4, 1, 4})});
}

TEST_CASE("messages of scan") {
  auto of = [](ScanBody body) {
    return errorOf([&](Tensors x) { return scan({x[0]}, {x[1]}, body).carries; }, {random({2}), random({3, 2})});
  };
  CHECK(of([](Tensors, Tensors) { return StepResult{}; }) == "scan: carries: expected 1 from the body, got 0");
  CHECK(of([](Tensors state, Tensors) { return StepResult{{sum(state[0])}, {}}; }) ==
        "scan: carry 0: expected 2 of f64 from the body, as at the start, got scalar of f64");
  CHECK(errorOf(
            [](Tensors x) {
              return scan({x[0]}, {x[1], x[0]}, [](Tensors s, Tensors) { return StepResult{s, {}}; }).carries;
            },
            {random({2}), random({3, 2})}) == "scan: sequence 1: expected 3 steps, got 2");
  CHECK(errorOf([](Tensors x) { return scan(0, {x[0]}, [](Tensors s, Tensors) { return StepResult{s, {}}; }).carries; },
                {random({2})}) == "scan: length: expected at least 1, got 0");
}

// The same graph after nnc-simplify, as text.
static std::string simplified(const std::string &text) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context()));
  REQUIRE(module);
  for (auto function : module->getOps<mlir::func::FuncOp>())
    passes::simplify(function);
  REQUIRE(mlir::succeeded(mlir::verify(*module)));
  std::string result;
  llvm::raw_string_ostream stream(result);
  module->print(stream);
  return result;
}

TEST_CASE("simplification leaves what a scan and its gradient compute") {
  // A recurrent layer: a transposed weight (computed once, outside), a bias, and gradients of both, which become one
  // sum over all steps each.
  auto layer = [](bool reverse) {
    return [reverse](Tensors x) {
      auto result = scan(
          {x[0], x[0]}, {x[1]},
          [&](Tensors state, Tensors element) -> StepResult {
            Tensor next = tanh(matmul(state[0], transpose(x[2], 0, 1)) + element[0] + x[3]);
            return {{next, state[1] + element[0]}, {next, next * 2}};
          },
          reverse);
      return Tensors{result.carries[0], result.outputs[0]};
    };
  };
  std::vector<Data> inputs{random({3, 4}), random({6, 3, 4}, 2), random({4, 4}, 3), random({4}, 4)};
  for (bool reverse : {false, true}) {
    checkGradients(layer(reverse), inputs);
    std::string text = trace(gradientOf(layer(reverse), {0, 1, 2, 3}), inputs), less = simplified(text);
    CHECK(less.size() < text.size());
    auto expected = Compiled(text)(inputs), got = Compiled(less)(inputs);
    REQUIRE(got.size() == expected.size());
    for (size_t i = 0; i < got.size(); ++i)
      checkClose(got[i], expected[i]);
    // The weight's gradient stands outside: one product of the operands of all steps, [time, batch] contracted.
    CHECK(less.find("lhs_contract = array<i64: 0, 1>") != std::string::npos);
  }
}
