// The elementary functions of CPU kernels against libm in higher precision: dense sweeps, subnormals and special
// values, on vectors and in a scalar tail. The worst error of each is pinned.
#include "cpu_kernel.h"
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>

using namespace nnc::test;

namespace {

struct Function {
  const char *op;
  long double (*reference)(long double);
  double low, high; // of the dense sweep
  double ulp32, ulp64;
};

std::string kernelOf(const std::string &op, const std::string &element, size_t n, int operands) {
  std::string type = fmt::format("tensor<{}x{}>", n, element);
  bool two = operands == 2;
  return fmt::format(R"(
func.func private @k(%x: {0}, %z: {0}, %y: {0}) -> {0} {{
  %r = linalg.generic {{indexing_maps = [affine_map<(a) -> (a)>, affine_map<(a) -> (a)>, affine_map<(a) -> (a)>], iterator_types = ["parallel"]}}
      ins(%x, %z : {0}, {0}) outs(%y : {0}) {{
  ^bb0(%p: {1}, %q: {1}, %o: {1}):
    %t = {2} %p{3} : {1}
    linalg.yield %t : {1}
  }} -> {0}
  return %r : {0}
}})",
                     type, element, op, two ? ", %q" : "");
}

template <typename T>
std::vector<T> apply(const std::string &op, const std::vector<T> &x, const std::vector<T> &z, int operands) {
  CompiledKernel kernel(kernelOf(op, sizeof(T) == 4 ? "f32" : "f64", x.size(), operands), target("native"));
  REQUIRE(kernel.valid());
  CHECK(kernel.undefinedSymbols.empty());
  std::vector<T> y(x.size());
  kernel.run({(void *)x.data(), (void *)z.data(), y.data()});
  return y;
}

// Distance from the exact value in units of the last place of T near it.
template <typename T> double error(T got, long double exact) {
  T rounded = (T)exact;
  if (std::isnan(exact) || std::isnan(got))
    return std::isnan(exact) && std::isnan(got) ? 0 : 1e30;
  if (std::isinf(rounded) || std::isinf(got))
    return rounded == got ? 0
           : std::abs((long double)got) >= std::numeric_limits<T>::max() &&
                   std::abs(exact) >= std::numeric_limits<T>::max() * 0.9999999L
               ? 1
               : 1e30;
  if (exact == 0)
    return got == 0 && std::signbit(got) == std::signbit(exact) ? 0 : 1e30;
  if (got == 0 && std::signbit(got) != std::signbit(exact))
    return 1e30;
  int exponent = std::max(std::ilogb(std::abs(rounded) > 0 ? rounded : std::numeric_limits<T>::denorm_min()),
                          std::numeric_limits<T>::min_exponent - 1);
  long double unit = std::ldexp(1.0L, exponent - std::numeric_limits<T>::digits + 1);
  return (double)(std::abs((long double)got - exact) / unit);
}

template <typename T> std::vector<T> sweep(double low, double high) {
  std::vector<T> x;
  const int n = 60000;
  for (int i = 0; i <= n; ++i)
    x.push_back((T)(low + (high - low) * i / n));
  // every exponent, several mantissas, both signs
  for (int e = std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits;
       e < std::numeric_limits<T>::max_exponent; ++e)
    for (double m : {1.0, 1.1234567890123, 1.4142135623730951, 1.41421356, 1.9999999, 1.7})
      for (int sign : {-1, 1})
        x.push_back((T)std::ldexp((T)(sign * m), e));
  const T infinity = std::numeric_limits<T>::infinity();
  for (T special :
       {T(0), T(-0.0), T(1), T(-1), T(2), T(-2), T(0.5), T(-0.5), infinity, -infinity,
        std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::min(), std::numeric_limits<T>::denorm_min(),
        -std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest(),
        std::nextafter(T(1), T(0)), std::nextafter(T(1), T(2)), std::nextafter(T(-1), T(0))})
    x.push_back(special);
  x.push_back(3); // an odd number of elements: the last vector is partial
  if (x.size() % 2 == 0)
    x.push_back(4);
  return x;
}

template <typename T> void check(const Function &f, double limit) {
  std::vector<T> x = sweep<T>(f.low, f.high);
  std::vector<T> y = apply<T>(f.op, x, x, 1);
  double worst = 0;
  T at = 0, got = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    bool trigonometric =
        std::string(f.op) == "math.sin" || std::string(f.op) == "math.cos" || std::string(f.op) == "math.tan";
    if (sizeof(T) == 8 && trigonometric && std::abs(x[i]) > 1e9 && !std::isinf(x[i]))
      continue; // documented: less accurate there
    double e = error<T>(y[i], f.reference((long double)x[i]));
    if (e > worst) {
      worst = e;
      at = x[i];
      got = y[i];
    }
  }
  INFO(f.op << (sizeof(T) == 4 ? " f32" : " f64") << ": " << worst << " ulp at "
            << fmt::format("{} (got {}, expected {})", at, got, (double)f.reference(at)));
  CHECK(worst <= limit);
}

long double rsqrtl(long double x) { return 1 / std::sqrt(x); }
long double sigmoidl(long double x) { return 1 / (1 + std::exp(-x)); }
// At -infinity the limit.
long double gelul(long double x) { return x < -1e4L ? -0.0L : x * std::erfc(-x * std::sqrt(0.5L)) / 2; }
long double geluTanhl(long double x) {
  const long double pi = 3.141592653589793238462643383279502884L;
  return x < -1e3L ? -0.0L : x * sigmoidl(2 * std::sqrt(2 / pi) * (x + 0.044715L * x * x * x));
}

} // namespace

TEST_CASE("elementary functions are within their error of libm") {
  const Function functions[] = {
      {"math.exp", std::exp, -110, 95, 1, 1},          {"math.exp2", std::exp2, -152, 130, 1.25, 1.25},
      {"math.expm1", std::expm1, -30, 90, 1.75, 1.75}, {"math.log", std::log, 0.01, 20, 1, 1},
      {"math.log2", std::log2, 0.01, 20, 1.5, 1.5},    {"math.log10", std::log10, 0.01, 20, 1.5, 1.5},
      {"math.log1p", std::log1p, -0.999, 5, 1.5, 1.5}, {"math.tanh", std::tanh, -10, 10, 2, 2},
      {"math.sinh", std::sinh, -20, 20, 2, 2},         {"math.cosh", std::cosh, -20, 20, 2, 2},
      {"math.erf", std::erf, -6, 6, 1.5, 1.5},         {"math.erfc", std::erfc, -6, 27, 1, 2},
      {"scalar.sigmoid", sigmoidl, -800, 60, 2, 2},    {"scalar.gelu", gelul, -40, 10, 2, 2},
      {"scalar.gelu_tanh", geluTanhl, -25, 10, 2, 2},  {"math.sin", std::sin, -100, 100, 1, 1},
      {"math.cos", std::cos, -100, 100, 1, 1},         {"math.tan", std::tan, -100, 100, 1, 2},
      {"math.atan", std::atan, -10, 10, 1, 1.5},       {"math.asin", std::asin, -1, 1, 1, 2},
      {"math.acos", std::acos, -1, 1, 1, 2},           {"math.asinh", std::asinh, -10, 10, 2, 2},
      {"math.acosh", std::acosh, 1, 10, 2, 2},         {"math.atanh", std::atanh, -1, 1, 2, 2},
      {"math.cbrt", std::cbrt, -10, 10, 1, 1.25},      {"math.rsqrt", rsqrtl, 0, 100, 1.5, 1.5},
      {"math.sqrt", std::sqrt, 0, 100, 0.5, 0.5},      {"math.floor", std::floor, -10, 10, 0, 0},
      {"math.ceil", std::ceil, -10, 10, 0, 0},         {"math.trunc", std::trunc, -10, 10, 0, 0},
      {"math.round", std::round, -10, 10, 0, 0},       {"math.roundeven", std::nearbyint, -10, 10, 0, 0},
  };
  for (const Function &f : functions) {
    check<float>(f, f.ulp32);
    check<double>(f, f.ulp64);
  }
}

template <typename T>
static void checkTwo(const std::string &op, long double (*reference)(long double, long double), double limit) {
  std::vector<T> base, x, z;
  const T infinity = std::numeric_limits<T>::infinity();
  for (T v : {T(0),
              T(-0.0),
              T(1),
              T(-1),
              T(2),
              T(-2),
              T(3),
              T(-3),
              T(0.5),
              T(-0.5),
              T(2.5),
              infinity,
              -infinity,
              std::numeric_limits<T>::quiet_NaN(),
              T(1e30),
              T(-1e30),
              T(1e-30),
              std::numeric_limits<T>::denorm_min(),
              std::numeric_limits<T>::max(),
              std::nextafter(T(1), T(0)),
              std::nextafter(T(1), T(2)),
              T(7),
              T(-7)})
    base.push_back(v);
  for (T a : base)
    for (T b : base) {
      x.push_back(a);
      z.push_back(b);
    }
  for (int i = 0; i < 40000; ++i) {
    x.push_back((T)(0.001 + (i % 200) * 0.0513));
    z.push_back((T)(-40 + (i / 200) * 0.4011));
  }
  std::vector<T> y = apply<T>(op, x, z, 2);
  double worst = 0;
  size_t at = 0;
  for (size_t i = 0; i < x.size(); ++i)
    if (double e = error<T>(y[i], reference((long double)x[i], (long double)z[i])); e > worst) {
      worst = e;
      at = i;
    }
  INFO(op << (sizeof(T) == 4 ? " f32" : " f64") << ": " << worst << " ulp at "
          << fmt::format("{}, {} (got {}, expected {})", x[at], z[at], y[at], (double)reference(x[at], z[at])));
  CHECK(worst <= limit);
}

TEST_CASE("elementary functions of two arguments") {
  checkTwo<float>("math.powf", std::pow, 1);
  checkTwo<double>("math.powf", std::pow, 1.5);
  checkTwo<float>("math.atan2", std::atan2, 1);
  checkTwo<double>("math.atan2", std::atan2, 2);
  checkTwo<float>("arith.remf", std::fmod, 0);
  checkTwo<double>("arith.remf", std::fmod, 0);
  checkTwo<float>("math.copysign", std::copysign, 0);
  auto largest = [](long double a, long double b) -> long double {
    return a == 0 && b == 0 ? (std::signbit(a) ? b : a) : std::fmax(a, b);
  };
  checkTwo<double>("arith.maxnumf", largest, 0);
}
