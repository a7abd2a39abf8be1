// Values of the shape family against index arithmetic and by every way through the compiler; gradients against finite
// differences.
#include "Run.h"
#include "nnc/ir/ops/Vocabulary.h"
#include <catch2/catch.hpp>
#include <numeric>

using namespace nnc;
using namespace nnc::test;

using Tensors = std::vector<Tensor>;

// 1, 2, 3, ...
static Data counted(DType type, Shape shape) {
  Data data{type, shape, std::vector<double>(size_t(elementCount(shape)))};
  std::iota(data.values.begin(), data.values.end(), 1);
  return data;
}
// Of a float function of one tensor everything there is to check.
static void check(const Function &f, const Shape &shape, const std::vector<double> &expected) {
  INFO(toString(shape));
  Data x = counted(DType::f64, shape);
  CHECK(checkWays(f, {x}, 0)[0].values == expected);
  if (!x.values.empty())
    checkGradients([&](Tensors t) { return Tensors{f({square(t[0])})}; }, {x}, {.mayBeZero = true, .tolerance = 1e-6});
}

TEST_CASE("reshape, flatten, squeeze, unsqueeze") {
  std::vector<double> same{1, 2, 3, 4, 5, 6};
  check([](Tensors x) { return Tensors{reshape(x[0], {3, 2})}; }, {2, 3}, same);
  check([](Tensors x) { return Tensors{reshape(x[0], {-1})}; }, {1, 2, 3}, same);
  check([](Tensors x) { return Tensors{reshape(x[0], {1, 6, 1})}; }, {6}, same);
  check([](Tensors x) { return Tensors{reshape(x[0], {})}; }, {1, 1}, {1});
  check([](Tensors x) { return Tensors{reshape(x[0], {1, 1})}; }, {}, {1});
  check([](Tensors x) { return Tensors{reshape(x[0], {0, 5})}; }, {3, 0}, {});
  check([](Tensors x) { return Tensors{flatten(x[0], 1)}; }, {1, 2, 3}, same);
  check([](Tensors x) { return Tensors{unsqueeze(squeeze(x[0]), -1)}; }, {1, 6, 1}, same);
  auto shapes = evaluate(
      [](Tensors x) {
        return Tensors{flatten(x[0], 1, 2), squeeze(x[0], -1), squeeze(x[0]), unsqueeze(x[0], 2),
                       flatten(pick(pick(pick(pick(x[0], 0, 0), 0, 0), 0, 0), 0, 0))};
      },
      {random({2, 3, 4, 1})});
  CHECK(shapes[0].shape == Shape{2, 12, 1});
  CHECK(shapes[1].shape == Shape{2, 3, 4});
  CHECK(shapes[2].shape == Shape{2, 3, 4});
  CHECK(shapes[3].shape == Shape{2, 3, 1, 4, 1});
  CHECK(shapes[4].shape == Shape{1});
}

TEST_CASE("transpose, permute, flip") {
  check([](Tensors x) { return Tensors{transpose(x[0], 0, 1)}; }, {2, 3}, {1, 4, 2, 5, 3, 6});
  check([](Tensors x) { return Tensors{permute(x[0], {2, 0, 1})}; }, {1, 2, 3}, {1, 4, 2, 5, 3, 6});
  check([](Tensors x) { return Tensors{permute(x[0], {1, 2, 0})}; }, {2, 2, 2}, {1, 5, 2, 6, 3, 7, 4, 8});
  check([](Tensors x) { return Tensors{transpose(x[0], -1, 0)}; }, {3, 0}, {});
  check([](Tensors x) { return Tensors{flip(x[0], 1)}; }, {2, 3}, {3, 2, 1, 6, 5, 4});
  check([](Tensors x) { return Tensors{flip(x[0], {-1, 0})}; }, {2, 3}, {6, 5, 4, 3, 2, 1});
  check([](Tensors x) { return Tensors{flip(x[0], 0)}; }, {1}, {1});
  // More than one block of a transposition in each direction.
  auto big = [](Tensors x) { return Tensors{transpose(x[0], 0, 1), transpose(x[1], 1, 2)}; };
  checkWays(big, {random({67, 130}), random({3, 35, 18}, 2)}, 0);
  // Images and taps, whose runs are whole loops: longer and shorter than a vector, and not of its multiples; and as
  // places in a padded one.
  auto images = [](Tensors x) {
    return Tensors{permute(x[0], {0, 2, 3, 1}),
                   permute(x[1], {0, 3, 1, 2}),
                   pad(permute(x[0], {0, 2, 3, 1}), {0, 1, 1, 0}, {0, 1, 1, 0}),
                   flip(permute(x[2], {2, 3, 0, 1}), {0, 1}),
                   permute(x[2], {3, 2, 1, 0}),
                   permute(x[3], {3, 0, 1, 2})};
  };
  checkWays(images,
            {random({2, 20, 7, 7}), random({2, 14, 14, 37}), random({19, 33, 3, 3}, 2), random({35, 2, 2, 18}, 3)}, 0);
}

TEST_CASE("broadcast") {
  check([](Tensors x) { return Tensors{broadcast_to(x[0], {2, 3})}; }, {3}, {1, 2, 3, 1, 2, 3});
  check([](Tensors x) { return Tensors{broadcast_to(x[0], {2, 3})}; }, {2, 1}, {1, 1, 1, 2, 2, 2});
  check([](Tensors x) { return Tensors{broadcast_to(x[0], {2, 2})}; }, {}, {1, 1, 1, 1});
  check([](Tensors x) { return Tensors{broadcast(x[0], {2, 3, 2}, {0, 2})}; }, {2, 2},
        {1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4});
  check([](Tensors x) { return Tensors{broadcast_to(x[0], {0, 3})}; }, {1, 3}, {});
}

TEST_CASE("slice, pick, pad") {
  check([](Tensors x) { return Tensors{slice(x[0], 0, 1, 4)}; }, {5}, {2, 3, 4});
  check([](Tensors x) { return Tensors{slice(x[0], 0, 0, 6, 2)}; }, {6}, {1, 3, 5});
  check([](Tensors x) { return Tensors{slice(x[0], 1, -2)}; }, {2, 3}, {2, 3, 5, 6});
  check([](Tensors x) { return Tensors{slice(x[0], 0, 1, 100, int64_t(1) << 60)}; }, {5}, {2});
  check([](Tensors x) { return Tensors{slice(x[0], 0, 4, 2)}; }, {5}, {});
  check([](Tensors x) { return Tensors{pick(x[0], 1, -1)}; }, {2, 3}, {3, 6});
  check([](Tensors x) { return Tensors{pad(x[0], {1}, {2}, 9)}; }, {2}, {9, 1, 2, 9, 9});
  check([](Tensors x) { return Tensors{pad(x[0], {0, 1}, {1, 0}, 0, {1, 2})}; }, {2, 2},
        {0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 3, 0, 0, 4, 0, 0, 0, 0, 0});
  check([](Tensors x) { return Tensors{pad(x[0], {-1}, {-1})}; }, {5}, {2, 3, 4});
  check([](Tensors x) { return Tensors{pad(x[0], {2}, {-1}, 7, {1})}; }, {3}, {7, 7, 1, 7, 2, 7});
  check([](Tensors x) { return Tensors{pad(x[0], {1}, {2}, 4, {5})}; }, {0}, {4, 4, 4});
  check([](Tensors x) { return Tensors{pad(x[0], {0}, {0})}; }, {3}, {1, 2, 3});
}

TEST_CASE("concat, stack, split, chunk") {
  auto joined = [](int64_t dim) { return [dim](Tensors x) { return Tensors{cat({x[0], x[1], x[0]}, dim)}; }; };
  auto rows = evaluate(joined(0), {counted(DType::f64, {1, 2}), f64({2, 2}, {7, 8, 9, 10})})[0];
  CHECK(rows.values == std::vector<double>{1, 2, 7, 8, 9, 10, 1, 2});
  auto columns = evaluate(joined(-1), {counted(DType::f64, {2, 1}), f64({2, 2}, {7, 8, 9, 10})})[0];
  CHECK(columns.values == std::vector<double>{1, 7, 8, 1, 2, 9, 10, 2});
  for (auto &inputs : {std::vector{random({1, 2}), random({2, 2}, 2)}, {random({0, 2}), random({3, 2}, 2)}}) {
    checkWays(joined(0), inputs, 0);
    checkGradients(joined(0), inputs, {.second = false});
  }
  auto parts = [](Tensors x) {
    Tensors y = split(x[0], 2, 1);
    for (Tensor part : split(x[0], std::vector<int64_t>{1, 0, 4}, 1))
      y.push_back(part);
    for (Tensor part : chunk(x[0], 3, 1))
      y.push_back(part);
    y.push_back(stack({x[0], x[0]}, 1));
    return y;
  };
  checkWays(parts, {random({2, 5})}, 0);
  checkGradients(parts, {random({2, 5})}, {.second = false});
  auto got = evaluate(parts, {counted(DType::f64, {2, 5})});
  REQUIRE(got.size() == 10);
  CHECK(got[2].values == std::vector<double>{5, 10});
  CHECK(got[4].shape == Shape{2, 0});
  CHECK(got[9].shape == Shape{2, 2, 5});
}

TEST_CASE("tensors from nothing") {
  auto f = [](Tensors) {
    return Tensors{iota({2, 3}, 1),
                   iota({2, 3}, 0, DType::f32),
                   arange(4, DType::i32),
                   full({2}, 2.5),
                   ones({2}, DType::i1),
                   constant({2, 2}, {1, 2, 3, 4}, DType::f64),
                   constant({3}, {1, 0, 1}, DType::i1),
                   full({}, 7, DType::u8),
                   zeros({0, 2})};
  };
  auto got = checkWays(f, {}, 0);
  CHECK(got[0].values == std::vector<double>{0, 1, 2, 0, 1, 2});
  CHECK(got[1].values == std::vector<double>{0, 0, 0, 1, 1, 1});
  CHECK(got[2].values == std::vector<double>{0, 1, 2, 3});
  CHECK(got[3].values == std::vector<double>{2.5, 2.5});
  CHECK(got[4].values == std::vector<double>{1, 1});
  CHECK(got[5].values == std::vector<double>{1, 2, 3, 4});
  CHECK(got[6].values == std::vector<double>{1, 0, 1});
  CHECK(got[7].values == std::vector<double>{7});
}

TEST_CASE("elements of every type are moved") {
  auto f = [](Tensors x) {
    return Tensors{reshape(x[0], {3, 2}),
                   transpose(x[0], 0, 1),
                   flip(x[0], 1),
                   slice(x[0], 1, 0, 3, 2),
                   pad(x[0], {1, 0}, {0, 1}, 1),
                   cat({x[0], x[0]}, 1),
                   broadcast_to(unsqueeze(x[0], 0), {2, 2, 3})};
  };
  for (DType type : {DType::f32, DType::i64, DType::i32, DType::i8, DType::u8, DType::i1}) {
    INFO(toString(type));
    Data x{type, {2, 3}, {1, 0, 1, 1, 0, 0}};
    if (type == DType::u8)
      x.values = {200, 0, 255, 1, 128, 3};
    auto got = checkWays(f, {x}, 0);
    CHECK(got[0].values == x.values);
    CHECK(got[4].values[0] == 1);
    CHECK(got[4].values[4] == x.values[0]);
  }
}

TEST_CASE("messages of the shape family") {
  auto of = [](auto f, Data x) { return errorOf([&](Tensors t) { return Tensors{f(t[0])}; }, {x}); };
  Data x = random({2, 3});
  CHECK(of([](Tensor t) { return reshape(t, {4, 2}); }, x) ==
        "reshape: shape: 4x2 does not hold the 6 elements of 2x3");
  CHECK(of([](Tensor t) { return reshape(t, {-1, -1}); }, x) ==
        "reshape: shape: expected sizes of at least 0 and at most one -1, got -1x-1");
  CHECK(of([](Tensor t) { return permute(t, {0}); }, x) == "permute: order: expected 2 dimensions, got 1");
  CHECK(of([](Tensor t) { return permute(t, {0, 0}); }, x) == "permute: dim: dimension 0 is given twice");
  CHECK(of([](Tensor t) { return broadcast_to(t, {2, 4}); }, x) == "broadcast: shape: 2x3 does not broadcast to 2x4");
  CHECK(of([](Tensor t) { return squeeze(t, 0); }, x) == "squeeze: dim: expected size 1 in dimension 0, got 2x3");
  CHECK(of([](Tensor t) { return slice(t, 0, 0, 1, 0); }, x) == "slice: step: expected at least 1, got 0");
  CHECK(of([](Tensor t) { return pick(t, 0, 2); }, x) == "pick: index: expected an index in [-2, 1], got 2");
  CHECK(of([](Tensor t) { return pad(t, {-2, -2}, {0, -2}); }, x) ==
        "pad: padding -2, -2 crops more than the size 3 of dimension 1");
  CHECK(of([](Tensor t) { return cat({t, pick(t, 0, 0)}); }, x) ==
        "concat: input 1: expected 2 dimensions, got 1 in 3");
  CHECK(of([](Tensor t) { return cat({}); }, x) == "cat: tensors: expected at least one, got none");
  CHECK(of([](Tensor) { return constant({2}, {1, 2, 3}); }, x) == "constant: values: expected 2 for 2, got 3");
  CHECK(of([](Tensor) { return zeros({int64_t(1) << 40, 3}); }, x) ==
        "constant: expected a result of at most 2^40 elements, got 1099511627776x3");
}
