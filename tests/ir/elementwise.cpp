// Values of the elementwise family against the C++ library and by every way through the compiler, on shapes of each
// kind; gradients of first and second order against finite differences.
#include "Run.h"
#include "nnc/ir/ops/Vocabulary.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace nnc;
using namespace nnc::test;

using Tensors = std::vector<Tensor>;
static constexpr double inf = std::numeric_limits<double>::infinity();
static constexpr double NaN = std::numeric_limits<double>::quiet_NaN();

namespace {
struct Unary {
  const char *name;
  Tensor (*op)(Tensor);
  double (*value)(double); // of the C++ library
  double low, high;        // where values are compared, and gradients (smooth there)
  std::vector<double> special = {};
  bool differentiable = true;
};
} // namespace
#define OP(f) [](Tensor x) { return f; }
#define VALUE(f) [](double x) -> double { return f; }

static double geluTanh(double x) {
  return x < -50 ? -0.0 : x / (1 + std::exp(-1.5957691216057308 * (x + 0.044715 * x * x * x)));
}

static const std::vector<Unary> unary = {
    {"neg", OP(-x), VALUE(-x), -3, 3, {0, inf, -inf, NaN}},
    {"abs", OP(abs(x)), VALUE(std::abs(x)), 0.1, 3, {0, -2, inf, -inf, NaN}},
    {"exp", OP(exp(x)), VALUE(std::exp(x)), -3, 3, {0, -700, 700, 800, -800, inf, -inf, NaN}},
    {"expm1", OP(expm1(x)), VALUE(std::expm1(x)), -3, 3, {0, 1e-20, -1e-9, 700, 800, -800, inf, -inf, NaN}},
    {"log", OP(log(x)), VALUE(std::log(x)), 0.1, 5, {0, -1, 1, 1e300, 1e-300, inf, NaN}},
    {"log1p", OP(log1p(x)), VALUE(std::log1p(x)), -0.8, 5, {0, -1, -2, 1e-20, -1e-9, 1e300, inf, NaN}},
    {"sqrt", OP(sqrt(x)), VALUE(std::sqrt(x)), 0.1, 5, {0, -1, 1e300, inf, NaN}},
    {"rsqrt", OP(rsqrt(x)), VALUE(1 / std::sqrt(x)), 0.1, 5, {0, -1, 1e300, inf, NaN}},
    {"reciprocal", OP(reciprocal(x)), VALUE(1 / x), 0.3, 5, {0, -2, inf, -inf, NaN}},
    {"square", OP(square(x)), VALUE(x * x), -3, 3, {0, 1e200, -inf, NaN}},
    {"sin", OP(sin(x)), VALUE(std::sin(x)), -7, 7, {0, 1e4, -1e6, inf, NaN}},
    {"cos", OP(cos(x)), VALUE(std::cos(x)), -7, 7, {0, 1e4, -1e6, -inf, NaN}},
    {"tanh", OP(tanh(x)), VALUE(std::tanh(x)), -3, 3, {0, 1e-20, 30, -30, inf, -inf, NaN}},
    {"erf", OP(erf(x)), VALUE(std::erf(x)), -3, 3, {0, 1e-20, 7, -7, inf, -inf, NaN}},
    {"sigmoid", OP(sigmoid(x)), VALUE(1 / (1 + std::exp(-x))), -6, 6, {0, 800, -700, -800, inf, -inf, NaN}},
    {"gelu",
     OP(gelu(x)),
     VALUE(x < -50 ? -0.0 : x * std::erfc(-x * std::sqrt(0.5)) / 2),
     -6,
     6,
     {0, 800, -36, -800, inf, -inf, NaN}},
    {"gelu_tanh", OP(gelu_tanh(x)), VALUE(geluTanh(x)), -5, 5, {0, 800, -20, -800, inf, -inf, NaN}},
    {"softplus",
     OP(softplus(x)),
     VALUE(std::fmax(x, 0) + std::log1p(std::exp(-std::abs(x)))),
     -6,
     6,
     {0, 800, -800, inf, -inf}},
    {"relu", OP(relu(x)), VALUE(std::isnan(x) ? x : std::fmax(x, 0)), 0.1, 3, {0, -2, inf, -inf, NaN}},
    {"sign", OP(sign(x)), VALUE((x > 0) - (x < 0)), -3, 3, {0, -0.0, inf, -inf, NaN}, false},
    {"floor", OP(floor(x)), VALUE(std::floor(x)), -9, 9, {0, 2, -2, 1e18, inf, NaN}, false},
    {"ceil", OP(ceil(x)), VALUE(std::ceil(x)), -9, 9, {0, 2, -2, 1e18, inf, NaN}, false},
    {"round", OP(round(x)), VALUE(std::nearbyint(x)), -9, 9, {0.5, 1.5, 2.5, -0.5, -1.5, inf, NaN}, false},
};
static std::vector<Tensor> allUnary(Tensors x) {
  Tensors y;
  for (size_t i = 0; i < unary.size(); ++i)
    y.push_back(unary[i].op(x[i]));
  return y;
}

static void checkUnary(const std::vector<Data> &inputs, double tolerance) {
  for (auto way : {+[](const Function &f, const std::vector<Data> &x) { return evaluate(f, x); },
                   +[](const Function &f, const std::vector<Data> &x) { return compileAndRun(f, x, true); },
                   +[](const Function &f, const std::vector<Data> &x) { return compileAndRun(f, x, false); }}) {
    std::vector<Data> got = way(allUnary, inputs);
    for (size_t i = 0; i < unary.size(); ++i) {
      INFO(unary[i].name << " of " << toString(inputs[i].type) << " " << toString(inputs[i].shape));
      Data expected = inputs[i];
      for (double &x : expected.values) {
        INFO("at " << x);
        x = unary[i].value(x);
        if (expected.type == DType::f32)
          x = float(x);
      }
      checkClose(got[i], expected, tolerance);
    }
  }
}

TEST_CASE("unary ops agree with the C++ library") {
  for (DType type : {DType::f64, DType::f32})
    for (const Shape &shape : {Shape{}, Shape{67}, Shape{3, 1, 5}, Shape{2, 0, 3}}) {
      if (type == DType::f32 && shape.size() != 1)
        continue;
      std::vector<Data> inputs;
      for (size_t i = 0; i < unary.size(); ++i) {
        inputs.push_back(random(shape, unsigned(i + 1), unary[i].low, unary[i].high));
        inputs.back().type = type;
        if (type == DType::f32)
          for (double &x : inputs.back().values)
            x = float(x);
      }
      // 2 ulp, and as much again for the sum of two such functions
      checkUnary(inputs, type == DType::f64 ? 1e-15 : 5e-7);
    }
}

TEST_CASE("unary ops of special values") {
  std::vector<Data> inputs;
  for (const Unary &op : unary)
    inputs.push_back(f64({int64_t(op.special.size())}, op.special));
  checkUnary(inputs, 1e-14);
  // Relative where the result is small: near 0 no digit is lost.
  auto small = [](Tensors x) { return Tensors{expm1(x[0]), log1p(x[0]), tanh(x[0]), erf(x[0])}; };
  for (double x : {1e-20, -1e-9, 1e-3}) {
    auto y = compileAndRun(small, {f64({1}, {x})});
    double expected[] = {std::expm1(x), std::log1p(x), std::tanh(x), std::erf(x)};
    for (int i = 0; i < 4; ++i)
      CHECK(y[size_t(i)].values[0] == Approx(expected[i]).epsilon(1e-15));
  }
}

TEST_CASE("gradients of unary ops") {
  for (const Shape &shape : {Shape{3}, Shape{}}) {
    std::vector<Data> inputs;
    for (size_t i = 0; i < unary.size(); ++i)
      inputs.push_back(random(shape, unsigned(i + 1), unary[i].low, unary[i].high));
    GradientOptions options;
    options.tolerance = 1e-6; // steep functions
    for (size_t i = 0; i < unary.size(); ++i)
      if (unary[i].differentiable)
        options.of.push_back(i);
    checkGradients(allUnary, inputs, options);
  }
  // What is constant almost everywhere, or declared so, passes no gradient.
  GradientOptions zero;
  zero.mayBeZero = true, zero.second = false;
  auto flat = [](Tensors x) {
    return Tensors{sign(x[0]) + floor(x[0]) + ceil(x[0]) + round(x[0]) + stop_gradient(exp(x[0])) * 0};
  };
  checkGradients(flat, {f64({2}, {0.3, -1.7})}, zero);
  auto stopped =
      evaluate(gradientOf([](Tensors x) { return Tensors{x[0] * stop_gradient(x[0])}; }, {0}), {f64({}, {3})});
  auto weight = evaluate(gradientOf([](Tensors x) { return Tensors{x[0]}; }, {0}), {f64({}, {3})});
  CHECK(stopped[0].values[0] == 3 * weight[0].values[0]);
}

TEST_CASE("subgradients are PyTorch's") {
  auto at = [](const Function &f, const std::vector<Data> &inputs, std::vector<size_t> of) {
    auto ones = gradientOf([&](Tensors x) { return Tensors{sum(f(x)[0])}; }, of);
    auto weight = evaluate(gradientOf([](Tensors x) { return Tensors{x[0]}; }, {0}), {f64({}, {0})})[0].values[0];
    auto got = evaluate(ones, inputs);
    for (Data &data : got)
      for (double &x : data.values)
        x /= weight;
    return got;
  };
  checkClose(at([](Tensors x) { return Tensors{relu(x[0])}; }, {f64({4}, {-1, 0, 2, NaN})}, {0})[0],
             f64({4}, {0, 0, 1, 1}));
  checkClose(at([](Tensors x) { return Tensors{abs(x[0])}; }, {f64({4}, {-1, 0, 2, NaN})}, {0})[0],
             f64({4}, {-1, 0, 1, 0}));
  Data l = f64({5}, {1, 2, 3, NaN, 1}), r = f64({5}, {2, 2, 1, 0, NaN});
  auto larger = at([](Tensors x) { return Tensors{maximum(x[0], x[1])}; }, {l, r}, {0, 1});
  checkClose(larger[0], f64({5}, {0, 0.5, 1, 1, 1})), checkClose(larger[1], f64({5}, {1, 0.5, 0, 1, 1}));
  auto smaller = at([](Tensors x) { return Tensors{minimum(x[0], x[1])}; }, {l, r}, {0, 1});
  checkClose(smaller[0], f64({5}, {1, 0.5, 0, 1, 1})), checkClose(smaller[1], f64({5}, {0, 0.5, 1, 1, 1}));
  Data base = f64({5}, {-2, 0, 0, 2, 2}), exponent = f64({5}, {3, 0, 2, 0, 3});
  auto powers = at([](Tensors x) { return Tensors{pow(x[0], x[1])}; }, {base, exponent}, {0, 1});
  checkClose(powers[0], f64({5}, {12, 0, 0, 0, 12}));
  checkClose(powers[1], f64({5}, {NaN, 0, 0, std::log(2), 8 * std::log(2)}));
}

TEST_CASE("binary ops of floats") {
  auto f = [](Tensors x) {
    Tensor l = x[0], r = x[1];
    return Tensors{l + r, l - r, l * r, l / r, maximum(l, r), minimum(l, r), pow(abs(l), r)};
  };
  struct {
    Shape l, r;
  } shapes[] = {{{}, {}},     {{5}, {5}},       {{3, 5}, {5}},      {{3, 1}, {1, 5}},
                {{}, {2, 3}}, {{2, 0}, {1, 1}}, {{4, 1, 3}, {2, 1}}};
  for (auto &[ls, rs] : shapes) {
    INFO(toString(ls) << " and " << toString(rs));
    Data l = random(ls, 1, -3, 3), r = random(rs, 2, 0.5, 2);
    std::vector<Data> got = checkWays(f, {l, r});
    if (ls == rs)
      for (size_t i = 0; i < l.values.size(); ++i) {
        double a = l.values[i], b = r.values[i];
        double expected[] = {a + b, a - b, a * b, a / b, std::fmax(a, b), std::fmin(a, b), std::pow(std::abs(a), b)};
        for (size_t k = 0; k < got.size(); ++k)
          CHECK(got[k].values[i] == Approx(expected[k]).epsilon(1e-14));
      }
    if (elementCount(ls) && elementCount(rs))
      checkGradients(f, {l, r}, {.second = ls.size() == 2, .tolerance = 1e-6});
  }
  Data l = random({2, 9}, 1, -3, 3), r = random({2, 9}, 2, 0.5, 2);
  l.type = r.type = DType::f32;
  checkWays(f, {l, r}, 1e-6);
  // Special values, pair by pair.
  std::vector<double> values = {0, -0.0, 1, -1, 0.5, 3, -2.5, inf, -inf, NaN}, all, other;
  for (double a : values)
    for (double b : values)
      all.push_back(a), other.push_back(b);
  auto special = [](Tensors x) {
    Tensor l = x[0], r = x[1];
    return Tensors{l / r, maximum(l, r), minimum(l, r), pow(l, r), l == r, l != r, l<r, l <= r, l> r, l >= r};
  };
  auto got = checkWays(special, {f64({100}, all), f64({100}, other)});
  for (size_t i = 0; i < all.size(); ++i) {
    double a = all[i], b = other[i];
    INFO(a << " and " << b);
    bool none = std::isnan(a) || std::isnan(b);
    checkClose({DType::f64, {}, {got[1].values[i]}}, f64({}, {none ? NaN : std::fmax(a, b)}));
    checkClose({DType::f64, {}, {got[2].values[i]}}, f64({}, {none ? NaN : std::fmin(a, b)}));
    checkClose({DType::f64, {}, {got[3].values[i]}}, f64({}, {std::pow(a, b)}));
    bool compared[] = {a == b, a != b, a<b, a <= b, a> b, a >= b};
    for (size_t k = 0; k < 6; ++k)
      CHECK(bool(got[4 + k].values[i]) == compared[k]);
  }
}

TEST_CASE("binary ops of integers, bytes and booleans") {
  auto f = [](Tensors x) {
    Tensor l = x[0], r = x[1];
    return Tensors{l + r, l - r, l * r, div_trunc(l, r), l % r,  maximum(l, r), minimum(l, r),
                   l & r, l | r, l ^ r, l < r,           l >= r, l == r};
  };
  for (DType type : {DType::i32, DType::i64}) {
    double least = type == DType::i32 ? -2147483648.0 : -9007199254740992.0, most = -least - 1;
    Data l{type, {8}, {7, -7, 7, -7, 0, least, most, 5}}, r{type, {8}, {2, 2, -2, -2, 3, 1, 1, 0}};
    auto got = checkWays(f, {l, r});
    CHECK(got[3].values == std::vector<double>{3, -3, -3, 3, 0, least, most, 5}); // a divisor of 0 is read as 1
    CHECK(got[4].values == std::vector<double>{1, -1, 1, -1, 0, 0, 0, 0});
    CHECK(got[5].values == std::vector<double>{7, 2, 7, -2, 3, 1, most, 5});
    CHECK(got[8].values[1] == (-7 | 2));
  }
  auto bytes = [](Tensors x) {
    Tensor l = x[0], r = x[1];
    return Tensors{l + r, l - r, l * r, div_trunc(l, r), maximum(l, r),          minimum(l, r),
                   l & r, l | r, l ^ r, l<r, l> r,       convert(l, DType::f32), convert(l, DType::i64)};
  };
  Data l{DType::u8, {4}, {200, 255, 3, 128}}, r{DType::u8, {4}, {100, 1, 130, 127}};
  auto got = checkWays(bytes, {l, r});
  CHECK(got[0].values == std::vector<double>{44, 0, 133, 255});
  CHECK(got[1].values == std::vector<double>{100, 254, 129, 1});
  CHECK(got[3].values == std::vector<double>{2, 255, 0, 1});
  CHECK(got[4].values == std::vector<double>{200, 255, 130, 128});
  CHECK(got[9].values == std::vector<double>{0, 0, 1, 0});
  CHECK(got[11].values == l.values);
  auto logic = [](Tensors x) {
    Tensor l = x[0], r = x[1];
    return Tensors{l & r,         l | r,         l ^ r,  logical_not(l), l + r, l * r,
                   maximum(l, r), minimum(l, r), l == r, l < r,          sum(l)};
  };
  Data p = boolean({2, 2}, {0, 0, 1, 1}), q = boolean({2, 2}, {0, 1, 0, 1});
  auto held = checkWays(logic, {p, q});
  CHECK(held[2].values == std::vector<double>{0, 1, 1, 0});
  CHECK(held[3].values == std::vector<double>{1, 1, 0, 0});
  CHECK(held[4].values == std::vector<double>{0, 1, 1, 1}); // or
  CHECK(held[9].values == std::vector<double>{0, 1, 0, 0});
  CHECK(held[10].values == std::vector<double>{2});
}

TEST_CASE("select and convert") {
  auto choose = [](Tensors x) { return Tensors{select(x[0], x[1], x[2]), select(x[0], x[1], 2.5)}; };
  Data condition = boolean({2, 3}, {1, 0, 1, 0, 0, 1});
  checkWays(choose, {condition, random({2, 3}), random({3}, 2)});
  checkGradients(choose, {condition, random({2, 3}), random({3}, 2)}, {.mayBeZero = true});
  checkWays(choose, {boolean({}, {1}), random({}), random({3}, 2)});

  auto all = [](Tensors x) {
    Tensors y;
    for (DType type : {DType::f32, DType::f64, DType::i64, DType::i32, DType::i8, DType::u8, DType::i1})
      y.push_back(convert(x[0], type));
    return y;
  };
  std::vector<double> values = {0, 1, 2, 100, 77};
  for (DType type : {DType::f32, DType::f64, DType::i64, DType::i32, DType::i8, DType::u8}) {
    INFO("from " << toString(type));
    Data x{type, {5}, values};
    auto got = checkWays(all, {x});
    for (size_t i = 0; i < 6; ++i)
      CHECK(got[i].values == values);
    CHECK(got[6].values == std::vector<double>{0, 1, 1, 1, 1});
  }
  checkWays(all, {f64({4}, {1.9, -1.9, 0.5, -0.5})}, 1e-7); // an exact f32 apart, all are exact
  CHECK(evaluate(all, {f64({4}, {1.9, -1.9, 0.5, -0.5})})[3].values == std::vector<double>{1, -1, 0, 0});
  CHECK(evaluate(all, {boolean({2}, {0, 1})})[1].values == std::vector<double>{0, 1});
  auto there = [](Tensors x) { return Tensors{square(convert(x[0], DType::f32))}; }; // in f32 differences are coarse
  checkGradients(there, {random({3})}, {.second = false, .step = 1e-2, .tolerance = 1e-4});
}

TEST_CASE("clamp, and numbers as operands") {
  auto f = [](Tensors x) {
    return Tensors{clamp(x[0], -1, 1), clamp(x[0], std::nullopt, 1), 1 - x[0], 2 / x[0], x[0] > 0};
  };
  Data x = f64({5}, {-2, -0.5, 0.25, 0.75, 3});
  CHECK(evaluate(f, {x})[0].values == std::vector<double>{-1, -0.5, 0.25, 0.75, 1});
  CHECK(evaluate(f, {x})[1].values == std::vector<double>{-2, -0.5, 0.25, 0.75, 1});
  checkWays(f, {x});
  checkGradients(f, {x});
}

TEST_CASE("messages of the elementwise family") {
  auto of = [](auto f, Data l, Data r) { return errorOf([&](Tensors x) { return Tensors{f(x[0], x[1])}; }, {l, r}); };
  Data f = random({2, 3}), i = i64({2}, {1, 2}), b = boolean({2}, {0, 1});
  CHECK(of([](Tensor l, Tensor r) { return l + r; }, f, random({2})) == "add: shapes 2x3 and 2 do not broadcast");
  CHECK(of([](Tensor, Tensor r) { return exp(r); }, f, i) == "exp: input: expected a float tensor, got i64");
  CHECK(of([](Tensor l, Tensor) { return l + Tensor(); }, f, i) ==
        "add: a tensor without a value was used: it was never assigned");
  CHECK(of([](Tensor l, Tensor) { return Tensor() * l; }, f, i) ==
        "mul: a tensor without a value was used: it was never assigned");
  CHECK(of([](Tensor l, Tensor) { return logical_not(l); }, i, i) == "logical_not: input: expected i1, got i64");
  CHECK(of([](Tensor l, Tensor r) { return select(l, r, r); }, i, i) == "select: condition: expected i1, got i64");
  CHECK(
      of([](Tensor l, Tensor r) { return l & r; }, f, random({3})) ==
      "and: operand #0 must be a tensor of i64, i32, i8, ui8 or i1, of static shape and at most 2^40 elements, but got "
      "'tensor<2x3xf64>'");
  CHECK(
      of([](Tensor l, Tensor r) { return l - r; }, b, b) ==
      "sub: operand #0 must be a tensor of f32, f64, bf16, f16, i64, i32, i8 or ui8, of static shape and at most 2^40 "
      "elements, but got 'tensor<2xi1>'");
  CHECK(of([](Tensor l, Tensor) { return l % 2; }, f, f) ==
        "rem: operand #0 must be a tensor of i64, i32 or i8, of static shape and at most 2^40 elements, but got "
        "'tensor<2x3xf64>'");
}
