// Values of the reduce family against plain loops and by every way through the compiler; gradients against finite
// differences.
#include "Run.h"
#include "nnc/ir/ops/Vocabulary.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>

using namespace nnc;
using namespace nnc::test;

using Tensors = std::vector<Tensor>;
static constexpr double inf = std::numeric_limits<double>::infinity();
static constexpr double NaN = std::numeric_limits<double>::quiet_NaN();

// The rows of `x` along `dims` (ascending), each as the list of its elements, in row-major order of what is kept.
static std::vector<std::vector<double>> rowsOf(const Data &x, const std::vector<int64_t> &dims) {
  auto reduced = [&](int64_t dim) { return std::find(dims.begin(), dims.end(), dim) != dims.end(); };
  int64_t rows = 1, rank = int64_t(x.shape.size());
  for (int64_t dim = 0; dim < rank; ++dim)
    rows *= reduced(dim) ? 1 : x.shape[size_t(dim)];
  std::vector<std::vector<double>> result(size_t(rows), std::vector<double>{});
  for (size_t i = 0; i < x.values.size(); ++i) {
    int64_t rest = int64_t(i), row = 0, step = 1;
    for (int64_t dim = rank; dim-- > 0;) {
      int64_t size = x.shape[size_t(dim)], at = rest % size;
      rest /= size;
      if (!reduced(dim))
        row += at * step, step *= size;
    }
    result[size_t(row)].push_back(x.values[i]);
  }
  return result;
}

namespace {
struct Case {
  Shape shape;
  std::vector<int64_t> dims;
};
} // namespace
// One row, columns, both, outer and inner, sizes of 1, more than a vector and more than a task.
static const std::vector<Case> cases = {{{7}, {0}},       {{3, 5}, {1}},       {{3, 5}, {0}},         {{3, 5}, {0, 1}},
                                        {{2, 3, 4}, {1}}, {{2, 3, 4}, {0, 2}}, {{1, 1, 5}, {1}},      {{4, 1}, {1}},
                                        {{3, 70}, {1}},   {{70, 3}, {0}},      {{2, 2, 2, 3}, {1, 3}}};

TEST_CASE("sum, product, largest and smallest agree with loops") {
  for (const auto &[shape, dims] : cases) {
    INFO(toString(shape));
    auto f = [&dims = dims](Tensors x) {
      return Tensors{sum(x[0], dims), prod(x[0], dims), amax(x[0], dims), amin(x[0], dims), mean(x[0], dims)};
    };
    Data x = random(shape, 1, 0.5, 1.5);
    auto got = checkWays(f, {x});
    auto rows = rowsOf(x, dims);
    for (size_t r = 0; r < rows.size(); ++r) {
      double total = std::accumulate(rows[r].begin(), rows[r].end(), 0.0);
      CHECK(got[0].values[r] == Approx(total).epsilon(1e-13));
      CHECK(got[1].values[r] ==
            Approx(std::accumulate(rows[r].begin(), rows[r].end(), 1.0, std::multiplies<>())).epsilon(1e-12));
      CHECK(got[2].values[r] == *std::max_element(rows[r].begin(), rows[r].end()));
      CHECK(got[3].values[r] == *std::min_element(rows[r].begin(), rows[r].end()));
      CHECK(got[4].values[r] == Approx(total / double(rows[r].size())).epsilon(1e-13));
    }
    Data single = x;
    single.type = DType::f32;
    if (elementCount(shape) > 100)
      checkWays(f, {single}, 2e-6);
  }
}

TEST_CASE("gradients of reductions") {
  for (const auto &[shape, dims] : {cases[0], cases[1], cases[2], cases[3], cases[5], cases[6]}) {
    INFO(toString(shape));
    checkGradients([&dims = dims](Tensors x) { return Tensors{sum(square(x[0]), dims), mean(exp(x[0]), dims)}; },
                   {random(shape)});
    checkGradients([&dims = dims](Tensors x) { return Tensors{prod(x[0], dims)}; }, {random(shape, 1, 0.5, 1.5)},
                   {.tolerance = 1e-6});
    checkGradients([&dims = dims](Tensors x) { return Tensors{amax(x[0], dims), square(amin(x[0], dims))}; },
                   {random(shape)});
    if (elementCount(shape) > 5)
      checkGradients([&dims = dims](Tensors x) { return Tensors{var(x[0], dims, 0)}; }, {random(shape)},
                     {.mayBeZero = true});
  }
  // A product with zeros: of one it is the product of the others, of two it is nothing.
  checkGradients([](Tensors x) { return Tensors{prod(x[0], 1)}; }, {f64({3, 3}, {2, 0, 3, 0, 0, 1, 1, 2, 4})},
                 {.second = false});
}

TEST_CASE("reductions of nothing, of integers and of special values") {
  auto nothing = [](Tensors x) {
    return Tensors{sum(x[0], 1), prod(x[0], 1),   any(x[0] > 0, 1), all(x[0] > 0, 1),
                   sum(x[0], 0), cumsum(x[0], 1), softmax(x[0], 1), logsumexp(x[0], 1)};
  };
  auto y = checkWays(nothing, {f64({2, 0}, {})});
  CHECK(y[0].values == std::vector<double>{0, 0});
  CHECK(y[1].values == std::vector<double>{1, 1});
  CHECK(y[2].values == std::vector<double>{0, 0});
  CHECK(y[3].values == std::vector<double>{1, 1});
  CHECK(y[7].values == std::vector<double>{-inf, -inf});

  auto numbers = [](Tensors x) {
    return Tensors{sum(x[0], 1),    prod(x[0], 1),   amax(x[0], 1),   amin(x[0], 1),
                   argmax(x[0], 1), argmin(x[0], 1), cumsum(x[0], 1), cumsum(x[0], 0, true)};
  };
  for (DType type : {DType::i64, DType::i32}) {
    Data x{type, {2, 5}, {3, -1, 3, -1, 2, -2147483648, 5, 2147483647, 0, 2147483647}};
    auto got = checkWays(numbers, {x});
    CHECK(got[2].values == std::vector<double>{3, 2147483647});
    CHECK(got[3].values == std::vector<double>{-1, -2147483648});
    CHECK(got[4].values == std::vector<double>{0, 2});
    CHECK(got[5].values == std::vector<double>{1, 0});
  }
  Data x = f64({3, 4}, {1, NaN, 3, NaN, inf, -inf, inf, 0, -inf, -inf, -inf, -inf});
  auto special = [](Tensors x) {
    return Tensors{amax(x[0], 1), amin(x[0], 1), argmax(x[0], 1), argmin(x[0], 1), sum(x[0], 1), logsumexp(x[0], 1)};
  };
  auto got = checkWays(special, {x});
  checkClose(got[0], f64({3}, {NaN, inf, -inf})), checkClose(got[1], f64({3}, {NaN, -inf, -inf}));
  CHECK(got[2].values == std::vector<double>{1, 0, 0});
  CHECK(got[3].values == std::vector<double>{1, 1, 0});
  checkClose(got[4], f64({3}, {NaN, NaN, -inf})), checkClose(got[5], f64({3}, {NaN, inf, -inf}));
}

TEST_CASE("any, all, argmax, argmin") {
  for (const auto &[shape, dims] : cases) {
    INFO(toString(shape));
    Data x = random(shape);
    auto f = [&dims = dims](Tensors x) {
      return Tensors{any(x[0] > 0.5, dims), all(x[0] > -0.5, dims), argmax(x[0], dims[0]), argmin(x[0], dims[0], true)};
    };
    auto got = checkWays(f, {x});
    auto rows = rowsOf(x, dims);
    for (size_t r = 0; r < rows.size(); ++r) {
      CHECK(bool(got[0].values[r]) == std::any_of(rows[r].begin(), rows[r].end(), [](double v) { return v > 0.5; }));
      CHECK(bool(got[1].values[r]) == std::all_of(rows[r].begin(), rows[r].end(), [](double v) { return v > -0.5; }));
    }
    rows = rowsOf(x, {dims[0]});
    for (size_t r = 0; r < rows.size(); ++r) {
      CHECK(got[2].values[r] == double(std::max_element(rows[r].begin(), rows[r].end()) - rows[r].begin()));
      CHECK(got[3].values[r] == double(std::min_element(rows[r].begin(), rows[r].end()) - rows[r].begin()));
    }
  }
  // The first of equals, however the row is cut.
  for (int64_t size : {1, 8, 65, 1000}) {
    auto f = [](Tensors x) { return Tensors{argmax(x[0], 0), argmin(x[0], 0)}; };
    Data x{DType::f32, {size}, std::vector<double>(size_t(size), 1.0)};
    CHECK(compileAndRun(f, {x})[0].values[0] == 0);
    CHECK(compileAndRun(f, {x})[1].values[0] == 0);
  }
}

TEST_CASE("cumsum") {
  for (bool reverse : {false, true})
    for (auto [shape, dim] : {std::pair(Shape{5}, 0), {{3, 4}, 0}, {{3, 4}, 1}, {{2, 3, 4}, 1}, {{1, 7}, 0}}) {
      auto f = [dim = dim, reverse](Tensors x) { return Tensors{cumsum(x[0], dim, reverse)}; };
      Data x = random(shape);
      checkWays(f, {x});
      auto got = rowsOf(evaluate(f, {x})[0], {dim}), rows = rowsOf(x, {dim});
      for (size_t r = 0; r < rows.size(); ++r) {
        if (reverse)
          std::reverse(rows[r].begin(), rows[r].end()), std::reverse(got[r].begin(), got[r].end());
        std::partial_sum(rows[r].begin(), rows[r].end(), rows[r].begin());
        CHECK(got[r] == rows[r]);
      }
      checkGradients(f, {x}, {.second = false});
    }
}

TEST_CASE("softmax, log_softmax, logsumexp") {
  for (auto [shape, dim] :
       {std::pair(Shape{5}, 0), {{3, 4}, 0}, {{3, 4}, 1}, {{2, 3, 4}, 1}, {{3, 1}, 1}, {{2, 100}, 1}}) {
    INFO(toString(shape) << " along " << dim);
    auto f = [dim = dim](Tensors x) {
      return Tensors{softmax(x[0], dim), log_softmax(x[0], dim), logsumexp(x[0], dim)};
    };
    Data x = random(shape, 1, -20, 20);
    auto got = checkWays(f, {x});
    auto p = rowsOf(got[0], {dim}), l = rowsOf(got[1], {dim}), rows = rowsOf(x, {dim});
    for (size_t r = 0; r < rows.size(); ++r) {
      double total = 0;
      for (double v : rows[r])
        total += std::exp(v);
      CHECK(got[2].values[r] == Approx(std::log(total)).epsilon(1e-13));
      for (size_t i = 0; i < rows[r].size(); ++i) {
        CHECK(p[r][i] == Approx(std::exp(rows[r][i]) / total).epsilon(1e-12));
        CHECK(l[r][i] == Approx(rows[r][i] - std::log(total)).epsilon(1e-13).margin(1e-13)); // here the oracle cancels
      }
    }
    if (elementCount(shape) < 50)
      checkGradients(f, {random(shape, 2, -2, 2)}, {.mayBeZero = shape.back() == 1});
    Data single = random(shape, 1, -20, 20);
    single.type = DType::f32;
    for (double &v : single.values)
      v = float(v);
    checkWays(f, {single}, 3e-6);
  }
}

TEST_CASE("keepdim, all dimensions, negative dimensions") {
  auto f = [](Tensors x) {
    return Tensors{sum(x[0]),           sum(x[0], {}, true),    amax(x[0], -1, true),
                   prod(x[0], {-2, 0}), argmax(x[0], -1, true), logsumexp(x[0], 0, true)};
  };
  auto got = evaluate(f, {random({2, 3, 4})});
  CHECK(got[0].shape == Shape{});
  CHECK(got[1].shape == Shape{1, 1, 1});
  CHECK(got[2].shape == Shape{2, 3, 1});
  CHECK(got[3].shape == Shape{4});
  CHECK(got[4].shape == Shape{2, 3, 1});
  CHECK(got[5].shape == Shape{1, 3, 4});
  auto scalar = [](Tensors x) { return Tensors{sum(x[0]), amax(x[0]), prod(x[0], {}, true)}; };
  CHECK(evaluate(scalar, {f64({}, {3})})[2].values == std::vector<double>{3});
  checkGradients(scalar, {f64({}, {3})});
}

TEST_CASE("messages of the reduce family") {
  auto of = [](auto f, Data x) { return errorOf([&](Tensors t) { return Tensors{f(t[0])}; }, {x}); };
  Data x = random({2, 3});
  CHECK(of([](Tensor t) { return sum(t, 2); }, x) == "sum: dim: expected a dimension in [-2, 1], got 2");
  CHECK(of([](Tensor t) { return sum(t, {1, -1}); }, x) == "sum: dim: dimension -1 is given twice");
  CHECK(of([](Tensor t) { return amax(t, 1); }, f64({2, 0}, {})) ==
        "max: input: expected at least one element along dimension 1, got 2x0");
  CHECK(of([](Tensor t) { return argmax(t, 0); }, f64({0}, {})) ==
        "argmax: input: expected at least one element along dimension 0, got 0");
  CHECK(of([](Tensor t) { return mean(t); }, i64({1}, {1})) == "mean: input: expected a float tensor, got i64");
  CHECK(of([](Tensor t) { return softmax(t, 0); }, i64({1}, {1})) ==
        "softmax: input: expected a float tensor, got i64");
  CHECK(of([](Tensor t) { return any(t); }, x) ==
        "any: operand #0 must be a tensor of i1, of static shape and at most 2^40 elements, but got 'tensor<2x3xf64>'");
}
