// Padding, written with slices, flips and concatenations, one axis after the other.
#include "nnc/nn/Padding.h"
#include "nnc/nn/Print.h"
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace nnc::nn {

std::string_view modeName(PaddingMode mode) {
  static constexpr std::string_view names[] = {"zeros", "reflect", "replicate", "circular"};
  return names[size_t(mode)];
}

// `x` with `low` and `high` elements of the mode before and behind along `dim`; neither is negative.
static Tensor extend(Tensor x, int64_t dim, int64_t low, int64_t high, PaddingMode mode, Where where) {
  int64_t size = x.size(dim);
  std::vector<Tensor> parts;
  auto edge = [&](int64_t at, int64_t count) {
    Shape shape = x.shape();
    shape[size_t(dim)] = count;
    parts.push_back(broadcast_to(slice(x, dim, at, at + 1, 1, where), shape, where));
  };
  auto part = [&](int64_t start, int64_t count, bool flipped) {
    Tensor taken = slice(x, dim, start, start + count, 1, where);
    parts.push_back(flipped ? flip(taken, dim, where) : taken);
  };
  if (low > 0) {
    if (mode == PaddingMode::replicate)
      edge(0, low);
    else
      part(mode == PaddingMode::reflect ? 1 : size - low, low, mode == PaddingMode::reflect);
  }
  parts.push_back(x);
  if (high > 0) {
    if (mode == PaddingMode::replicate)
      edge(size - 1, high);
    else
      part(mode == PaddingMode::reflect ? size - 1 - high : 0, high, mode == PaddingMode::reflect);
  }
  return cat(parts, dim, where);
}

Tensor functional::pad(Tensor x, std::vector<int64_t> padding, PaddingMode mode, double value, Where where) {
  int64_t rank = x.rank(), axes = int64_t(padding.size()) / 2;
  if (padding.size() % 2 || axes > rank)
    fail("pad",
         fmt::format("padding: expected two sizes for each of up to {} dimensions, got {} sizes", rank, padding.size()),
         where);
  std::vector<int64_t> low(size_t(rank), 0), high(size_t(rank), 0);
  for (int64_t i = 0; i < axes; ++i) {
    size_t dim = size_t(rank - 1 - i);
    low[dim] = padding[size_t(2 * i)], high[dim] = padding[size_t(2 * i + 1)];
    int64_t size = x.size(int64_t(dim)), left = size + std::min<int64_t>(low[dim], 0) + std::min<int64_t>(high[dim], 0);
    auto refuse = [&](const std::string &expected) {
      fail("pad",
           fmt::format("padding: expected {} in dimension {} of {}, got {} and {}", expected, dim, toString(x.shape()),
                       low[dim], high[dim]),
           where);
    };
    if (size + low[dim] + high[dim] < 0 || (mode != PaddingMode::constant && left < 0))
      refuse("to crop no more than there is");
    int64_t most = std::max(low[dim], high[dim]);
    if (mode == PaddingMode::reflect && most > 0 && most >= size)
      refuse(fmt::format("at most {} for reflection", size - 1));
    if (mode == PaddingMode::replicate && most > 0 && size == 0)
      refuse("an element to replicate");
    if (mode == PaddingMode::circular && most > left)
      refuse(fmt::format("at most {} to wrap around once", left));
  }
  if (mode == PaddingMode::constant)
    return nnc::pad(x, low, high, value, {}, where);
  Tensor y = x;
  for (int64_t dim = rank - axes; dim < rank; ++dim) {
    int64_t before = low[size_t(dim)], behind = high[size_t(dim)];
    auto crop = [&] {
      y = slice(y, dim, std::max<int64_t>(-before, 0), y.size(dim) - std::max<int64_t>(-behind, 0), 1, where);
    };
    if (mode == PaddingMode::circular)
      crop();
    y = extend(y, dim, std::max<int64_t>(before, 0), std::max<int64_t>(behind, 0), mode, where);
    if (mode != PaddingMode::circular)
      crop();
  }
  return y;
}

namespace detail {

template <class Self, size_t N>
Pad<Self, N>::Pad(const char *layer, const char *kind, Axes padding, PaddingMode mode, std::optional<double> value,
                  Where where)
    : Layer<Self>(kind), padding_(padding.values), mode_(mode), value_(value.value_or(0)) {
  if (padding_.size() == 1)
    padding_.assign(2 * N, padding_[0]);
  if (padding_.size() != 2 * N)
    fail(layer, fmt::format("padding: expected 1 or {} values, got {}", 2 * N, padding_.size()), where);
  this->describe(value ? fmt::format("padding={}, value={}", tuple(padding_), number(*value)) : tuple(padding_));
}

template <class Self, size_t N> Tensor Pad<Self, N>::forward(Tensor x) const {
  constexpr int64_t n = N;
  if (mode_ == PaddingMode::constant) {
    if (x.rank() < n)
      fail("pad",
           fmt::format("input: expected at least {} dimension{}, got {} in {}", n, n == 1 ? "" : "s", x.rank(),
                       toString(x.shape())),
           Where::current());
  } else if (x.rank() != n + 1 && x.rank() != n + 2) {
    fail("pad",
         fmt::format(
             "input: expected {} or {} dimensions (batch, channels, {} spatial; batch may be missing), got {} in {}",
             n + 2, n + 1, n, x.rank(), toString(x.shape())),
         Where::current());
  }
  return functional::pad(x, padding_, mode_, value_);
}

#define NNC_PADS(name)                                                                                                 \
  template class Pad<name##1d, 1>;                                                                                     \
  template class Pad<name##2d, 2>;                                                                                     \
  template class Pad<name##3d, 3>;
NNC_PADS(ConstantPad)
NNC_PADS(ZeroPad)
NNC_PADS(ReflectionPad)
NNC_PADS(ReplicationPad)
NNC_PADS(CircularPad)
#undef NNC_PADS

} // namespace detail
} // namespace nnc::nn
