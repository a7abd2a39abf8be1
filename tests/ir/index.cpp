// Values and gradients of the index family.
#include "Run.h"
#include "nnc/ir/ops/Vocabulary.h"
#include <catch2/catch.hpp>
#include <limits>

using namespace nnc;
using namespace nnc::test;

using Tensors = std::vector<Tensor>;

TEST_CASE("take reads whole slices") {
  auto rows = [](Tensors x) { return Tensors{take(x[0], x[1])}; };
  auto y = evaluate(rows, {f64({3, 2}, {1, 2, 3, 4, 5, 6}), i64({2, 2}, {2, 0, 1, 2})})[0];
  CHECK(y.shape == Shape{2, 2, 2});
  CHECK(y.values == std::vector<double>{5, 6, 1, 2, 3, 4, 5, 6});
  auto columns = [](Tensors x) { return Tensors{take(x[0], x[1], 1)}; };
  CHECK(evaluate(columns, {f64({2, 3}, {1, 2, 3, 4, 5, 6}), i32({2}, {2, 0})})[0].values ==
        std::vector<double>{3, 1, 6, 4});
  checkGradients(rows, {random({5, 3}), i64({4}, {4, 1, 1, 0})});
  checkGradients(columns, {random({2, 5, 3}), i64({2, 2}, {4, 1, 1, 0})});
}

TEST_CASE("take_along reads one element a position") {
  auto f = [](Tensors x) { return Tensors{take_along(x[0], x[1], 1)}; };
  CHECK(evaluate(f, {f64({2, 3}, {1, 2, 3, 4, 5, 6}), i64({2, 2}, {2, 0, 1, 1})})[0].values ==
        std::vector<double>{3, 1, 5, 5});
  checkGradients(f, {random({4, 5}), i64({3, 4}, {4, 1, 1, 0, 2, 3, 0, 0, 1, 1, 1, 1})}); // fewer rows than the input
  checkGradients(f, {random({3, 5}), i64({3, 1}, {4, 1, 1})});                            // one a row: a comparison
  auto first = [](Tensors x) { return Tensors{take_along(x[0], x[1], 0)}; };
  checkGradients(first, {random({5, 2, 3}), i64({3, 2, 3}, {4, 1, 1, 0, 2, 3, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 4, 0})});
}

TEST_CASE("scatter_add adds at equal positions") {
  auto f = [](Tensors x) { return Tensors{scatter_add(x[0], x[1], x[2])}; };
  auto y = evaluate(f, {f64({3, 2}, {1, 1, 1, 1, 1, 1}), i64({3}, {2, 0, 2}), f64({3, 2}, {1, 2, 3, 4, 5, 6})})[0];
  CHECK(y.values == std::vector<double>{4, 5, 1, 1, 7, 9});
  checkGradients(f, {random({4, 3}), i64({2, 2}, {3, 1, 1, 0}), random({2, 2, 3}, 2)});
  auto inner = [](Tensors x) { return Tensors{scatter_add(x[0], x[1], x[2], 1)}; };
  checkGradients(inner, {random({2, 4, 3}), i32({3}, {3, 1, 1}), random({2, 3, 3}, 2)});
}

TEST_CASE("scatter_add by blocks of rows and columns") {
  // Enough work for several tasks: 8 blocks of 16 columns would be 16 tasks of rows and columns.
  constexpr int64_t rows = 12, columns = 32, count = 2000;
  std::vector<double> positions, expected(rows * columns, 0.0);
  Data updates = random({count, columns});
  for (int64_t i = 0; i < count; ++i) {
    positions.push_back(double((i * 7) % rows));
    for (int64_t c = 0; c < columns; ++c)
      expected[size_t((i * 7) % rows * columns + c)] += updates.values[size_t(i * columns + c)];
  }
  auto f = [](Tensors x) { return Tensors{scatter_add(zeros({rows, columns}, DType::f64), x[0], x[1])}; };
  CHECK(evaluate(f, {i64({count}, positions), updates})[0].values == expected);
}

TEST_CASE("scatter_add_along adds each element at its position") {
  auto f = [](Tensors x) { return Tensors{scatter_add_along(x[0], x[1], x[2], 1)}; };
  auto y = evaluate(f, {f64({2, 3}, {1, 1, 1, 1, 1, 1}), i64({1, 3}, {2, 0, 2}), f64({1, 3}, {1, 2, 3})})[0];
  CHECK(y.values == std::vector<double>{3, 1, 5, 1, 1, 1});
  checkGradients(f, {random({4, 3}), i64({2, 2}, {2, 1, 1, 1}), random({2, 2}, 2)});
  auto first = [](Tensors x) { return Tensors{scatter_add_along(x[0], x[1], x[2], 0)}; };
  checkGradients(first, {random({4}), i64({5}, {2, 1, 1, 1, 3}), random({5}, 2)});
  checkGradients(first, {random({4, 2, 2}), i64({2, 2, 1}, {3, 1, 3, 1}), random({2, 2, 1}, 2)});
}

TEST_CASE("one_hot") {
  auto f = [](Tensors x) { return Tensors{one_hot(x[0], 3, DType::f64)}; };
  auto y = evaluate(f, {i64({4}, {2, 0, -1, 3})})[0];
  CHECK(y.shape == Shape{4, 3});
  CHECK(y.values == std::vector<double>{0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("sort is stable, NaN is largest") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  auto up = [](Tensors x) {
    auto [values, positions] = sort(x[0]);
    return Tensors{values, positions};
  };
  auto down = [](Tensors x) {
    auto [values, positions] = sort(x[0], -1, true);
    return Tensors{values, positions};
  };
  Data row = f64({7}, {3, 1, nan, 3, -2, 1, 0});
  auto a = evaluate(up, {row}), d = evaluate(down, {row});
  checkClose(a[0], f64({7}, {-2, 0, 1, 1, 3, 3, nan}));
  CHECK(a[1].values == std::vector<double>{4, 6, 1, 5, 0, 3, 2});
  checkClose(d[0], f64({7}, {nan, 3, 3, 1, 1, 0, -2}));
  CHECK(d[1].values == std::vector<double>{2, 0, 3, 1, 5, 6, 4});
  auto integers = [](Tensors x) { return Tensors{sort(x[0], 0).first}; };
  CHECK(evaluate(integers, {i32({3, 2}, {3, 1, 2, 5, 1, 3})})[0].values == std::vector<double>{1, 1, 2, 3, 3, 5});
  for (int64_t size : {1, 2, 3, 4, 5, 31, 32, 33, 200}) { // any number of levels
    Data x = random({2, size});
    auto y = evaluate(up, {x});
    for (int64_t r = 0; r < 2; ++r) {
      std::vector<double> expected(x.values.begin() + r * size, x.values.begin() + (r + 1) * size);
      std::sort(expected.begin(), expected.end());
      CHECK(std::vector<double>(y[0].values.begin() + r * size, y[0].values.begin() + (r + 1) * size) == expected);
    }
  }
  checkGradients([](Tensors x) { return Tensors{sort(x[0], 0).first}; }, {random({5, 3})});
}

TEST_CASE("topk") {
  auto f = [](Tensors x) {
    auto [values, positions] = topk(x[0], 2, 1);
    return Tensors{values, positions};
  };
  auto y = evaluate(f, {f64({2, 4}, {1, 4, 3, 2, 8, 5, 6, 7})});
  CHECK(y[0].values == std::vector<double>{4, 3, 8, 7});
  CHECK(y[1].values == std::vector<double>{1, 2, 0, 3});
  auto least = [](Tensors x) { return Tensors{topk(x[0], 1, 1, false).first}; };
  CHECK(evaluate(least, {f64({2, 4}, {1, 4, 3, 2, 8, 5, 6, 7})})[0].values == std::vector<double>{1, 5});
  checkGradients([](Tensors x) { return Tensors{topk(x[0], 2, 1).first}; }, {random({3, 5})});
}

TEST_CASE("messages of the index family") {
  auto of = [](auto f) {
    return errorOf([&](Tensors x) { return Tensors{f(x[0], x[1])}; }, {f64({3, 2}, {1, 2, 3, 4, 5, 6}), i64({1}, {0})});
  };
  CHECK(of([](Tensor x, Tensor) { return take(x, x); }) == "take: indices: expected i64 or i32, got f64");
  CHECK(of([](Tensor x, Tensor i) { return take(x, i, 2); }) == "take: dim: expected a dimension in [-2, 1], got 2");
  CHECK(of([](Tensor x, Tensor i) { return take_along(x, i, 1); }) ==
        "take_along: indices: expected 2 dimensions, got 1 in 1");
  CHECK(of([](Tensor x, Tensor i) { return scatter_add(x, i, x); }) ==
        "scatter_add: updates: expected shape 1x2, got 3x2");
  CHECK(of([](Tensor x, Tensor) { return topk(x, 3).first; }) == "topk: k: expected a number in [0, 2] for 3x2, got 3");
  CHECK(of([](Tensor, Tensor i) { return one_hot(i, 0); }) == "one_hot: classes: expected at least 1, got 0");
}

TEST_CASE("an index out of range ends the call") {
  auto f = [](Tensors x) { return Tensors{take(x[0], x[1])}; };
  Data table = f64({3, 1}, {1, 2, 3});
  for (double bad : {3.0, -1.0, 1e18}) {
    Data indices = i64({2, 2}, {0, 1, 2, bad});
    CHECK_THROWS(evaluate(f, {table, indices}));
  }
  auto ignoring = [](Tensors x) { return Tensors{check_index(x[0], 3, "target", -100)}; };
  CHECK(evaluate(ignoring, {i64({3}, {0, -100, 2})})[0].values == std::vector<double>{0, -100, 2});
  CHECK_THROWS(evaluate(ignoring, {i64({3}, {0, -1, 2})}));
}
