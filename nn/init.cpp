// Initial values.
#include "nnc/nn/init.h"
#include "nnc/frontend/Seed.h"
#include <atomic>
#include <cmath>
#include <fmt/format.h>
#include <numbers>
#include <numeric>

namespace nnc::nn::init {

namespace {
// A generator of our own (splitmix64 on the seed and the number of the call), the same with every standard library.
class Random {
public:
  Random() {
    static std::atomic<uint64_t> calls{0};
    static std::atomic<uint64_t> seeded{0};
    if (seeded.exchange(nnc::detail::timesSeeded()) != nnc::detail::timesSeeded())
      calls = 0; // the sequence begins anew, with the same seed too
    state_ = initialSeed();
    state_ = next() ^ (calls++ * 0xd1342543de82ef95);
    next();
  }
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform() { return double(next() >> 11) * 0x1p-53; } // [0, 1)
  double normal() {
    double u = 1 - uniform(), v = uniform();
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  }

private:
  uint64_t state_ = 0;
};
} // namespace

static Array fill(Array array, const std::vector<double> &values) {
  array.copyFrom(Array::of<double>(array.shape(), values).to(array.dtype()));
  return array;
}
static void expectDefined(std::string_view function, const Array &array, Where where) {
  if (!array.defined())
    fail(function, "target: expected an array, got none", where);
}
template <class F> static Array generate(Target target, F f) {
  std::vector<double> values(size_t(target.array.numel()), 0.0);
  for (double &value : values)
    value = f();
  return fill(target.array, values);
}
static void expectRank(std::string_view function, const Array &array, int64_t low, int64_t high, Where where) {
  expectDefined(function, array, where);
  if (array.rank() >= low && array.rank() <= high)
    return;
  std::string expected = high == std::numeric_limits<int64_t>::max() ? fmt::format("at least {}", low)
                         : low == high                               ? std::to_string(low)
                                                                     : fmt::format("{} to {}", low, high);
  fail(function,
       fmt::format("target: expected {} dimensions, got {} in {}", expected, array.rank(), toString(array.shape())),
       where);
}
static constexpr int64_t any = std::numeric_limits<int64_t>::max();

double calculate_gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
  case Nonlinearity::tanh:
    return 5.0 / 3;
  case Nonlinearity::relu:
    return std::sqrt(2.0);
  case Nonlinearity::leaky_relu:
    return std::sqrt(2 / (1 + slope * slope));
  case Nonlinearity::selu:
    return 0.75;
  default:
    return 1;
  }
}
std::pair<int64_t, int64_t> fans(const Shape &shape, Where where) {
  if (shape.size() < 2)
    fail("fans", fmt::format("shape: expected at least 2 dimensions, got {} in {}", shape.size(), toString(shape)),
         where);
  int64_t kernel = 1;
  for (size_t i = 2; i < shape.size(); ++i)
    kernel *= shape[i];
  return {shape[1] * kernel, shape[0] * kernel};
}

Array uniform_(Target target, double low, double high, Where where) {
  expectDefined("uniform_", target.array, where);
  if (!(low <= high))
    fail("uniform_", fmt::format("high: expected at least low {}, got {}", low, high), where);
  Random random;
  return generate(target, [&] { return low + (high - low) * random.uniform(); });
}
Array normal_(Target target, double mean, double std, Where where) {
  expectDefined("normal_", target.array, where);
  if (!(std >= 0))
    fail("normal_", fmt::format("std: expected at least 0, got {}", std), where);
  Random random;
  return generate(target, [&] { return mean + std * random.normal(); });
}
Array trunc_normal_(Target target, double mean, double std, double low, double high, Where where) {
  expectDefined("trunc_normal_", target.array, where);
  if (!(std > 0))
    fail("trunc_normal_", fmt::format("std: expected more than 0, got {}", std), where);
  if (!(low < high))
    fail("trunc_normal_", fmt::format("high: expected more than low {}, got {}", low, high), where);
  // Through the inverse of the distribution, by bisection: right for any bounds, however far out.
  auto below = [&](double x) { return 0.5 * std::erfc(-(x - mean) / (std * std::numbers::sqrt2)); };
  double from = below(low), to = below(high);
  Random random;
  return generate(target, [&] {
    double wanted = from + (to - from) * random.uniform(), a = low, b = high;
    for (int i = 0; i < 60; ++i) {
      double middle = (a + b) / 2;
      (below(middle) < wanted ? a : b) = middle;
    }
    return (a + b) / 2;
  });
}
Array constant_(Target target, double value, Where where) {
  expectDefined("constant_", target.array, where);
  target.array.fill(value);
  return target.array;
}
Array ones_(Target target, Where where) { return constant_(target, 1, where); }
Array zeros_(Target target, Where where) { return constant_(target, 0, where); }
Array eye_(Target target, Where where) {
  expectRank("eye_", target.array, 2, 2, where);
  std::vector<double> values(size_t(target.array.numel()), 0.0);
  for (int64_t i = 0; i < std::min(target.array.size(0), target.array.size(1)); ++i)
    values[size_t(i * target.array.size(1) + i)] = 1;
  return fill(target.array, values);
}
Array dirac_(Target target, int64_t groups, Where where) {
  expectRank("dirac_", target.array, 3, 5, where);
  const Shape &shape = target.array.shape();
  if (groups < 1 || shape[0] % groups)
    fail("dirac_", fmt::format("groups: expected a divisor of the {} output channels, got {}", shape[0], groups),
         where);
  int64_t kernel = 1, centre = 0;
  for (size_t i = 2; i < shape.size(); ++i) {
    kernel *= shape[i];
    centre = centre * shape[i] + shape[i] / 2;
  }
  std::vector<double> values(size_t(target.array.numel()), 0.0);
  int64_t each = shape[0] / groups;
  for (int64_t group = 0; group < groups; ++group)
    for (int64_t c = 0; c < std::min(each, shape[1]); ++c)
      values[size_t(((group * each + c) * shape[1] + c) * kernel + centre)] = 1;
  return fill(target.array, values);
}
Array xavier_uniform_(Target target, double gain, Where where) {
  expectRank("xavier_uniform_", target.array, 2, any, where);
  auto [in, out] = fans(target.array.shape());
  double bound = gain * std::sqrt(6.0 / double(in + out));
  return uniform_(target, -bound, bound, where);
}
Array xavier_normal_(Target target, double gain, Where where) {
  expectRank("xavier_normal_", target.array, 2, any, where);
  auto [in, out] = fans(target.array.shape());
  return normal_(target, 0, gain * std::sqrt(2.0 / double(in + out)), where);
}
static double kaiming(std::string_view function, const Array &array, double a, Fan mode, Nonlinearity nonlinearity,
                      Where where) {
  expectRank(function, array, 2, any, where);
  auto [in, out] = fans(array.shape());
  return calculate_gain(nonlinearity, a) / std::sqrt(double(std::max<int64_t>(mode == Fan::in ? in : out, 1)));
}
Array kaiming_uniform_(Target target, double a, Fan mode, Nonlinearity nonlinearity, Where where) {
  double bound = std::sqrt(3.0) * kaiming("kaiming_uniform_", target.array, a, mode, nonlinearity, where);
  return uniform_(target, -bound, bound, where);
}
Array kaiming_normal_(Target target, double a, Fan mode, Nonlinearity nonlinearity, Where where) {
  return normal_(target, 0, kaiming("kaiming_normal_", target.array, a, mode, nonlinearity, where), where);
}
// Gram-Schmidt, twice (once is not enough for nearly dependent rows), on the shorter side.
Array orthogonal_(Target target, double gain, Where where) {
  expectRank("orthogonal_", target.array, 2, any, where);
  size_t rows = size_t(target.array.size(0)), columns = rows ? size_t(target.array.numel()) / rows : 0;
  size_t count = std::min(rows, columns), length = std::max(rows, columns);
  Random random;
  std::vector<std::vector<double>> basis;
  while (basis.size() < count) {
    std::vector<double> v(length);
    for (double &x : v)
      x = random.normal();
    for (int pass = 0; pass < 2; ++pass)
      for (const auto &b : basis) {
        double along = std::inner_product(v.begin(), v.end(), b.begin(), 0.0);
        for (size_t i = 0; i < length; ++i)
          v[i] -= along * b[i];
      }
    double norm = std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
    if (norm < 1e-8)
      continue;
    for (double &x : v)
      x /= norm;
    basis.push_back(std::move(v));
  }
  std::vector<double> values(rows * columns);
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < columns; ++c)
      values[r * columns + c] = gain * (rows <= columns ? basis[r][c] : basis[c][r]);
  return fill(target.array, values);
}
Array sparse_(Target target, double sparsity, double std, Where where) {
  expectRank("sparse_", target.array, 2, 2, where);
  if (!(sparsity >= 0 && sparsity <= 1))
    fail("sparse_", fmt::format("sparsity: expected a value in [0, 1], got {}", sparsity), where);
  int64_t rows = target.array.size(0), columns = target.array.size(1),
          zeros = int64_t(std::ceil(sparsity * double(rows)));
  Random random;
  std::vector<double> values(size_t(target.array.numel()));
  for (double &value : values)
    value = std * random.normal();
  std::vector<int64_t> order(static_cast<size_t>(rows));
  for (int64_t c = 0; c < columns; ++c) {
    std::iota(order.begin(), order.end(), 0);
    for (int64_t i = 0; i < zeros; ++i) {
      std::swap(order[size_t(i)], order[size_t(i + int64_t(random.uniform() * double(rows - i)))]);
      values[size_t(order[size_t(i)] * columns + c)] = 0;
    }
  }
  return fill(target.array, values);
}

} // namespace nnc::nn::init
