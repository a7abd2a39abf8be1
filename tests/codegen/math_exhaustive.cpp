// Every elementary function of CPU kernels on every f32 there is, compiled as kernels are for each level of x86-64 that
// this machine has: the worst error of each, its special values, and the same bits from all levels. As a test it takes
// a sample and the ends of every binade; NNC_MATH_EXHAUSTIVE=1 takes all 2^32 patterns and prints a table.
//
// The error is |got - exact| in units of the last place of the exact value, 2^(e - 23) with e its exponent and at least
// -126: below the normal numbers one unit is 2^-149. Infinity stands for 2^128, as does whatever is larger. `exact` is
// glibc's function in double precision, whose own error is below 2^-20 of such a unit.
#include "cpu_kernel.h"
#include <atomic>
#include <bit>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <limits>
#include <mutex>
#include <numbers>
#include <thread>

using namespace nnc::test;

namespace {

struct Function {
  const char *name;
  std::string body; // of a linalg.generic: %t from %p
  double (*reference)(double);
  double ulp; // the bound
};

std::string op(const char *name) { return std::string("%t = ") + name + " %p : f32\n"; }

double sigmoid(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
// What would be infinity times 0 is the limit.
double gelu(double x) { return x < -100 ? -0.0 : x * std::erfc(-x / std::numbers::sqrt2) / 2; }
double geluTanh(double x) {
  double u = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return x < -100 ? -0.0 : x * sigmoid(2 * u);
}
double softplus(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::abs(x))); }

const std::vector<Function> &functions() {
  static const std::vector<Function> list = {
      {"exp", op("math.exp"), std::exp, 0.9},
      {"exp2", op("math.exp2"), std::exp2, 1.1},
      {"expm1", op("math.expm1"), std::expm1, 1.6},
      {"log", op("math.log"), std::log, 0.9},
      {"log2", op("math.log2"), std::log2, 0.9},
      {"log10", op("math.log10"), std::log10, 0.8},
      {"log1p", op("math.log1p"), std::log1p, 1.5},
      {"tanh", op("math.tanh"), std::tanh, 1.9},
      {"sinh", op("math.sinh"), std::sinh, 1.7},
      {"cosh", op("math.cosh"), std::cosh, 1.4},
      {"erf", op("math.erf"), std::erf, 1.3},
      {"erfc", op("math.erfc"), std::erfc, 0.6},
      {"sin", op("math.sin"), std::sin, 1},
      {"cos", op("math.cos"), std::cos, 1},
      {"tan", op("math.tan"), std::tan, 2},
      {"atan", op("math.atan"), std::atan, 2},
      {"asin", op("math.asin"), std::asin, 2},
      {"acos", op("math.acos"), std::acos, 2},
      {"asinh", op("math.asinh"), std::asinh, 1.9},
      {"acosh", op("math.acosh"), std::acosh, 2},
      {"atanh", op("math.atanh"), std::atanh, 2},
      {"cbrt", op("math.cbrt"), std::cbrt, 2},
      {"rsqrt", op("math.rsqrt"), [](double x) { return 1 / std::sqrt(x); }, 2},
      {"sqrt", op("math.sqrt"), std::sqrt, 0.5},
      {"floor", op("math.floor"), std::floor, 0},
      {"ceil", op("math.ceil"), std::ceil, 0},
      {"trunc", op("math.trunc"), std::trunc, 0},
      {"round", op("math.round"), std::round, 0},
      {"roundeven", op("math.roundeven"), std::nearbyint, 0},
      {"sigmoid", op("scalar.sigmoid"), sigmoid, 1.7},
      {"gelu", op("scalar.gelu"), gelu, 1.95},
      {"gelu_tanh", op("scalar.gelu_tanh"), geluTanh, 1.9},
      {"softplus",
       "%z = arith.constant 0.0 : f32\n%m = arith.maximumf %p, %z : f32\n%a = math.absf %p : f32\n%n = arith.negf %a : "
       "f32\n%e = math.exp %n : f32\n%l = math.log1p %e : f32\n%t = arith.addf %m, %l : f32\n",
       softplus, 1.9},
      {"pow 2.5", "%c = arith.constant 2.5 : f32\n%t = math.powf %p, %c : f32\n",
       [](double x) { return std::pow(x, 2.5); }, 0.6},
      {"pow -3", "%c = arith.constant -3.0 : f32\n%t = math.powf %p, %c : f32\n",
       [](double x) { return std::pow(x, -3.0); }, 0.6},
      {"1.7 pow", "%c = arith.constant 1.7 : f32\n%t = math.powf %c, %p : f32\n",
       [](double x) { return std::pow((double)1.7f, x); }, 0.6},
      {"atan2", "%c = arith.constant 3.0 : f32\n%t = math.atan2 %p, %c : f32\n",
       [](double x) { return std::atan2(x, 3.0); }, 2},
  };
  return list;
}

constexpr size_t block = 1 << 14;

std::string kernelOf(const Function &f) {
  return fmt::format(R"(
func.func private @k(%x: {0}, %y: {0}) -> {0} {{
  %r = linalg.generic {{indexing_maps = [affine_map<(a) -> (a)>, affine_map<(a) -> (a)>], iterator_types = ["parallel"]}}
      ins(%x : {0}) outs(%y : {0}) {{
  ^bb0(%p: f32, %o: f32):
    {1}
    linalg.yield %t : f32
  }} -> {0}
  return %r : {0}
}})",
                     fmt::format("tensor<{}xf32>", block), f.body);
}

std::vector<std::string> levels() {
  std::vector<std::string> levels = {"x86-64-v3"};
  if (__builtin_cpu_supports("x86-64-v4"))
    levels.push_back("x86-64-v4");
  return levels;
}

struct Worst {
  double ulp = 0;
  uint32_t at = 0, got = 0;
  uint64_t otherBits = 0; // inputs on which the levels differ
  uint32_t differs = 0;   // one of them
  void add(const Worst &other) {
    if (other.ulp > ulp)
      ulp = other.ulp, at = other.at, got = other.got;
    if (other.otherBits)
      differs = other.differs;
    otherBits += other.otherBits;
  }
};

double ulpError(float got, double exact) {
  const double infinity = std::numeric_limits<double>::infinity();
  if (std::isnan(got) || std::isnan(exact))
    return std::isnan(got) && std::isnan(exact) ? 0 : infinity;
  if (std::signbit(got) != std::signbit(exact))
    return infinity;
  double a = std::fmin(std::abs((double)got), 0x1p128), b = std::fmin(std::abs(exact), 0x1p128);
  auto exponent = std::min<int64_t>(std::max<int64_t>((std::bit_cast<uint64_t>(b) >> 52) - 1023, -126), 127);
  return std::abs(a - b) * std::bit_cast<double>((uint64_t)(1023 + 23 - exponent) << 52);
}

// The inputs of one test, block by block; `fill` is false past the last.
bool fillAll(uint64_t index, std::vector<float> &x) {
  if (index >= (uint64_t(1) << 32) / block)
    return false;
  for (size_t i = 0; i < block; ++i)
    x[i] = std::bit_cast<float>((uint32_t)(index * block + i));
  return true;
}
// Every 4001st pattern, and those around every power of two, of both signs.
bool fillSample(uint64_t index, std::vector<float> &x) {
  constexpr uint64_t step = 4001, strided = (uint64_t(1) << 32) / step / block + 1, around = block / 512;
  if (index < strided)
    for (size_t i = 0; i < block; ++i)
      x[i] = std::bit_cast<float>((uint32_t)((index * block + i) * step));
  else
    for (size_t i = 0; i < block; ++i)
      x[i] = std::bit_cast<float>((uint32_t)((i / around << 23) + i % around - around / 2));
  return index <= strided;
}

Worst measure(const Function &f, bool (*fill)(uint64_t, std::vector<float> &)) {
  std::vector<std::unique_ptr<CompiledKernel>> kernels;
  for (const std::string &level : levels()) {
    kernels.push_back(std::make_unique<CompiledKernel>(kernelOf(f), target(level)));
    REQUIRE(kernels.back()->valid());
    CHECK(kernels.back()->undefinedSymbols.empty());
  }
  Worst worst;
  std::mutex mutex;
  std::atomic<uint64_t> next = 0;
  auto work = [&] {
    Worst mine;
    std::vector<float> x(block), y(block), z(block);
    for (uint64_t index; fill(index = next++, x);) {
      kernels[0]->run({x.data(), y.data()});
      for (size_t k = 1; k < kernels.size(); ++k) {
        kernels[k]->run({x.data(), z.data()});
        for (size_t i = 0; i < block; ++i)
          if (std::bit_cast<uint32_t>(y[i]) != std::bit_cast<uint32_t>(z[i]) && !(std::isnan(y[i]) && std::isnan(z[i])))
            ++mine.otherBits, mine.differs = std::bit_cast<uint32_t>(x[i]);
      }
      for (size_t i = 0; i < block; ++i)
        if (double ulp = ulpError(y[i], f.reference(x[i])); ulp > mine.ulp)
          mine.ulp = ulp, mine.at = std::bit_cast<uint32_t>(x[i]), mine.got = std::bit_cast<uint32_t>(y[i]);
    }
    std::lock_guard lock(mutex);
    worst.add(mine);
  };
  std::vector<std::thread> threads(std::thread::hardware_concurrency());
  for (std::thread &thread : threads)
    thread = std::thread(work);
  for (std::thread &thread : threads)
    thread.join();
  return worst;
}

} // namespace

TEST_CASE("elementary functions on every f32") {
  bool all = std::getenv("NNC_MATH_EXHAUSTIVE");
  const char *only = std::getenv("NNC_MATH_ONLY");
  if (all)
    fmt::print("{:10} {:>10} {:>16} {:>16} {:>16} {:>12}\n", "function", "ulp", "at", "got", "exact", "other bits");
  for (const Function &f : functions()) {
    if (only && only != std::string(f.name))
      continue;
    Worst worst = measure(f, all ? fillAll : fillSample);
    float at = std::bit_cast<float>(worst.at), got = std::bit_cast<float>(worst.got);
    std::string line = fmt::format("{:10} {:10.4f} {:16.9g} {:16.9g} {:16.9g} {:12} {:08x}", f.name, worst.ulp, at, got,
                                   f.reference(at), worst.otherBits, worst.differs);
    if (all || only)
      fmt::print("{}\n", line), std::fflush(stdout);
    INFO(line);
    CHECK(worst.ulp <= f.ulp);
    CHECK(worst.otherBits == 0);
  }
}
