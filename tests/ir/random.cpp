// Philox4x32-10 against the known answers of Random123, and the random ops against Philox on the host.
#include "Run.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "nnc/ir/Philox.h"
#include "nnc/ir/ops/Vocabulary.h"
#include <catch2/catch.hpp>
#include <cmath>

using namespace mlir;

// The function's arith ops on constants, folded to the four words.
static std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  MLIRContext context;
  context.loadDialect<arith::ArithDialect, func::FuncDialect>();
  OpBuilder outer(&context);
  auto module = OwningOpRef<ModuleOp>(ModuleOp::create(outer, outer.getUnknownLoc()));
  outer.setInsertionPointToEnd(module->getBody());
  Type i32 = outer.getI32Type();
  auto function =
      func::FuncOp::create(outer, outer.getUnknownLoc(), "f", outer.getFunctionType({}, {i32, i32, i32, i32}));
  outer.setInsertionPointToEnd(function.addEntryBlock());
  ImplicitLocOpBuilder builder(outer.getUnknownLoc(), outer);
  auto word = [&](uint32_t bits) -> Value {
    return arith::ConstantOp::create(builder, builder.getIntegerAttr(i32, int32_t(bits)));
  };
  std::array<Value, 4> c{word(counter[0]), word(counter[1]), word(counter[2]), word(counter[3])};
  auto words = nnc::ir::philox4x32(builder, c, {word(key[0]), word(key[1])});
  auto ret = func::ReturnOp::create(builder, ValueRange(words));
  REQUIRE(succeeded(applyPatternsGreedily(function, RewritePatternSet(&context))));
  std::array<uint32_t, 4> result;
  for (auto [out, value] : llvm::zip(result, ret.getOperands())) {
    auto constant = value.getDefiningOp<arith::ConstantOp>();
    REQUIRE(constant);
    out = uint32_t(cast<IntegerAttr>(constant.getValue()).getValue().getZExtValue());
  }
  return result;
}

TEST_CASE("philox4x32-10 gives the known answers") {
  using Words = std::array<uint32_t, 4>;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

//===--- the op: which word of which block goes where ---===//

using namespace nnc;

// One block of Philox, on the host.
static std::array<uint32_t, 4> block(uint64_t index, uint32_t stream, uint64_t seed, uint64_t step) {
  std::array<uint32_t, 4> c{uint32_t(index), stream, uint32_t(step), uint32_t(step >> 32)};
  std::array<uint32_t, 2> k{uint32_t(seed), uint32_t(seed >> 32)};
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t(0xD2511F53) * c[0], p1 = uint64_t(0xCD9E8D57) * c[2];
    c = {uint32_t(p1 >> 32) ^ c[1] ^ k[0], uint32_t(p1), uint32_t(p0 >> 32) ^ c[3] ^ k[1], uint32_t(p0)};
    k[0] += 0x9E3779B9, k[1] += 0xBB67AE85;
  }
  return c;
}
static uint64_t upper53(uint32_t high, uint32_t low) { return (uint64_t(high) << 32 | low) >> 11; }

TEST_CASE("random numbers by seed, step, stream and position") {
  constexpr uint64_t seed = 0x123456789abc, step = 77; // within what a double holds
  constexpr int64_t stream = 5;
  std::vector<test::Data> state{test::i64({}, {double(seed)}), test::i64({}, {double(step)})};
  auto uniform = [&](DType type) {
    return test::evaluate(
        [=](std::vector<Tensor> x) { return std::vector{random_uniform({3, 5}, type, {x[0], x[1]}, stream)}; },
        state)[0];
  };
  auto normal = [&](DType type) {
    return test::evaluate(
        [=](std::vector<Tensor> x) { return std::vector{random_normal({3, 5}, type, {x[0], x[1]}, stream)}; },
        state)[0];
  };
  test::Data u32 = uniform(DType::f32), u64 = uniform(DType::f64), n32 = normal(DType::f32), n64 = normal(DType::f64);
  for (size_t p = 0; p < 15; ++p) {
    auto four = block(p / 4, stream, seed, step), two = block(p / 2, stream, seed, step);
    CHECK(u32.values[p] == double(four[p % 4] >> 8) * 0x1p-24);
    CHECK(u64.values[p] == double(upper53(two[p % 2 * 2], two[p % 2 * 2 + 1])) * 0x1p-53);
    auto boxMuller = [&](double u, double v) {
      double radius = std::sqrt(-2 * std::log(1 - u)), angle = 2 * M_PI * v;
      return radius * (p % 2 ? std::sin(angle) : std::cos(angle));
    };
    size_t word = p % 4 / 2 * 2;
    CHECK(n32.values[p] ==
          Approx(boxMuller((four[word] >> 8) * 0x1p-24, (four[word + 1] >> 8) * 0x1p-24)).margin(1e-5));
    CHECK(n64.values[p] ==
          Approx(boxMuller(double(upper53(two[0], two[1])) * 0x1p-53, double(upper53(two[2], two[3])) * 0x1p-53))
              .epsilon(1e-12)
              .margin(1e-12));
  }
}

TEST_CASE("random numbers have the moments of their distribution") {
  constexpr int64_t count = 1 << 16;
  auto f = [](std::vector<Tensor> x) {
    RandomState state{x[0], x[1]};
    return std::vector{random_uniform({count}, DType::f32, state, 0), random_normal({count}, DType::f32, state, 1)};
  };
  auto y = test::evaluate(f, {test::i64({}, {1}), test::i64({}, {0})});
  auto moment = [&](const test::Data &data, int power) {
    double total = 0;
    for (double value : data.values)
      total += std::pow(value, power);
    return total / double(count);
  };
  CHECK(moment(y[0], 1) == Approx(0.5).margin(0.005));
  CHECK(moment(y[0], 2) == Approx(1.0 / 3).margin(0.005));
  CHECK(*std::min_element(y[0].values.begin(), y[0].values.end()) >= 0);
  CHECK(*std::max_element(y[0].values.begin(), y[0].values.end()) < 1);
  CHECK(moment(y[1], 1) == Approx(0).margin(0.02));
  CHECK(moment(y[1], 2) == Approx(1).margin(0.03));
  CHECK(moment(y[1], 4) == Approx(3).margin(0.15));
}
