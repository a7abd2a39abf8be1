// Pooling layers, on the ops `max_pool` and `conv` (sums of windows).
#include "nnc/nn/Pooling.h"
#include "nnc/nn/Check.h"
#include "nnc/nn/Print.h"
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace nnc::nn {

std::string OutputSize::str() const {
  std::vector<std::string> texts;
  for (const auto &value : values)
    texts.push_back(value ? std::to_string(*value) : "None");
  return single ? texts.at(0) : fmt::format("({}{})", fmt::join(texts, ", "), texts.size() == 1 ? "," : "");
}

namespace {

struct Sizes {
  std::vector<int64_t> kernel, stride, padding, dilation;
};
Sizes sizesOf(std::string_view layer, size_t axes, const Axes &kernel, const Axes &stride, const Axes &padding,
              const Axes &dilation, Where where) {
  Sizes s;
  s.kernel = detail::perAxis(layer, "kernel_size", kernel, axes, 1, where);
  s.stride = stride.given() ? detail::perAxis(layer, "stride", stride, axes, 1, where) : s.kernel;
  s.padding = detail::perAxis(layer, "padding", padding, axes, 0, where);
  s.dilation = detail::perAxis(layer, "dilation", dilation, axes, 1, where);
  for (size_t i = 0; i < axes; ++i) {
    int64_t covered = s.dilation[i] * (s.kernel[i] - 1) + 1;
    if (s.padding[i] > covered / 2)
      fail(layer, fmt::format("padding: expected at most half of the kernel's {}, got {}", covered, s.padding[i]),
           where);
  }
  return s;
}

// With the padding behind that gives as many windows as PyTorch has.
WindowDims windows(const Sizes &s, const Shape &input, bool ceil_mode) {
  WindowDims dims{s.kernel, s.stride, s.padding, s.padding, s.dilation};
  if (!ceil_mode)
    return dims;
  for (size_t i = 0; i < s.kernel.size(); ++i) {
    int64_t size = input[i + 2], covered = s.dilation[i] * (s.kernel[i] - 1) + 1;
    int64_t rest = size + 2 * s.padding[i] - covered;
    if (rest < 0)
      continue;                                            // the op refuses it
    int64_t last = (rest + s.stride[i] - 1) / s.stride[i]; // the number of the last window
    if (last * s.stride[i] >= size + s.padding[i])         // it would begin in the padding behind
      --last;
    dims.paddingHigh[i] = std::max<int64_t>(last * s.stride[i] + covered - size - s.padding[i], 0);
  }
  return dims;
}

std::pair<Tensor, Tensor> maxPool(std::string_view name, size_t axes, Tensor x, const Axes &kernel,
                                  const MaxPoolOptions &options, Where where) {
  Sizes sizes = sizesOf(name, axes, kernel, options.stride, options.padding, options.dilation, where);
  bool unbatched = false;
  x = detail::batched(name, x, axes, unbatched, where);
  auto [y, positions] = max_pool(x, windows(sizes, x.shape(), options.ceil_mode), where);
  return unbatched ? std::pair(squeeze(y, 0, where), squeeze(positions, 0, where)) : std::pair(y, positions);
}

Tensor avgPool(std::string_view name, size_t axes, Tensor x, const Axes &kernel, const AvgPoolOptions &options,
               Where where) {
  Sizes sizes = sizesOf(name, axes, kernel, options.stride, options.padding, 1, where);
  if (options.divisor_override && *options.divisor_override == 0)
    fail(name, "divisor_override: expected a number other than 0, got 0", where);
  bool unbatched = false;
  x = detail::batched(name, x, axes, unbatched, where);
  WindowDims dims = windows(sizes, x.shape(), options.ceil_mode);
  Tensor y = sum_pool(x, dims, where);

  Shape out = y.shape();
  out.erase(out.begin(), out.begin() + 2);
  std::vector<double> divisors{1}; // of each window, row-major
  for (size_t i = 0; i < axes; ++i) {
    int64_t size = x.size(int64_t(i) + 2), padding = sizes.padding[i];
    std::vector<double> next;
    for (double before : divisors)
      for (int64_t p = 0; p < out[i]; ++p) {
        int64_t start = p * sizes.stride[i] - padding, stop = std::min(start + sizes.kernel[i], size + padding);
        int64_t count = options.count_include_pad ? stop - start : std::min(stop, size) - std::max<int64_t>(start, 0);
        next.push_back(before * double(std::max<int64_t>(count, 1))); // a window in the padding alone has the sum 0
      }
    divisors = std::move(next);
  }
  if (options.divisor_override)
    std::fill(divisors.begin(), divisors.end(), double(*options.divisor_override));
  bool equal = std::all_of(divisors.begin(), divisors.end(), [&](double d) { return d == divisors[0]; });
  if (equal && !divisors.empty())
    y = Operand(y, where) / Operand(divisors[0], where);
  else if (!divisors.empty())
    y = Operand(y, where) / Operand(constant(out, divisors, y.dtype(), where), where);
  return unbatched ? squeeze(y, 0, where) : y;
}

std::vector<std::optional<int64_t>> outputSizes(std::string_view layer, size_t axes, const OutputSize &size,
                                                Where where) {
  auto sizes = size.values;
  if (sizes.size() == 1)
    sizes.assign(axes, sizes[0]);
  if (sizes.size() != axes)
    fail(layer,
         fmt::format("output_size: expected {}, got {}", axes == 1 ? "1 value" : fmt::format("1 or {} values", axes),
                     sizes.size()),
         where);
  for (const auto &value : sizes)
    if (value)
      detail::expectAtLeast(layer, "output_size", *value, 1, where);
  return sizes;
}

// Windows of one axis after the other: the mean over a box is the mean of means.
Tensor adaptiveAvgPool(std::string_view name, size_t axes, Tensor x, const OutputSize &size, Where where) {
  auto sizes = outputSizes(name, axes, size, where);
  bool unbatched = false;
  x = detail::batched(name, x, axes, unbatched, where);
  for (size_t i = 0; i < axes; ++i) {
    int64_t dim = int64_t(i) + 2, in = x.size(dim), out = sizes[i].value_or(in);
    if (out == in)
      continue;
    if (in == 0)
      fail(name, fmt::format("input: expected spatial sizes of at least 1, got {}", toString(x.shape())), where);
    if (in % out == 0) {
      Shape split = x.shape();
      split[size_t(dim)] = out;
      split.insert(split.begin() + dim + 1, in / out);
      x = mean(reshape(x, split, where), dim + 1, false, where);
      continue;
    }
    std::vector<Tensor> parts;
    for (int64_t p = 0; p < out; ++p) {
      int64_t start = p * in / out, stop = ((p + 1) * in + out - 1) / out;
      parts.push_back(mean(slice(x, dim, start, stop, 1, where), dim, true, where));
    }
    x = cat(parts, dim, where);
  }
  return unbatched ? squeeze(x, 0, where) : x;
}

} // namespace

namespace functional {
#define NNC_POOL(n)                                                                                                    \
  Tensor max_pool##n##d(Tensor x, Axes kernel_size, MaxPoolOptions options, Where where) {                             \
    return maxPool("max_pool" #n "d", n, x, kernel_size, options, where).first;                                        \
  }                                                                                                                    \
  std::pair<Tensor, Tensor> max_pool##n##d_with_indices(Tensor x, Axes kernel_size, MaxPoolOptions options,            \
                                                        Where where) {                                                 \
    return maxPool("max_pool" #n "d", n, x, kernel_size, options, where);                                              \
  }                                                                                                                    \
  Tensor avg_pool##n##d(Tensor x, Axes kernel_size, AvgPoolOptions options, Where where) {                             \
    return avgPool("avg_pool" #n "d", n, x, kernel_size, options, where);                                              \
  }                                                                                                                    \
  Tensor adaptive_avg_pool##n##d(Tensor x, OutputSize output_size, Where where) {                                      \
    return adaptiveAvgPool("adaptive_avg_pool" #n "d", n, x, output_size, where);                                      \
  }
NNC_POOL(1)
NNC_POOL(2)
NNC_POOL(3)
#undef NNC_POOL
} // namespace functional

namespace detail {

template <class Self, size_t N>
MaxPool<Self, N>::MaxPool(Axes kernel_size, MaxPoolOptions options, Where where)
    : Layer<Self>(fmt::format("max_pool{}d", N)), kernel_(std::move(kernel_size)), options_(std::move(options)) {
  sizesOf(fmt::format("MaxPool{}d", N), N, kernel_, options_.stride, options_.padding, options_.dilation, where);
  this->describe(fmt::format("kernel_size={}, stride={}, padding={}, dilation={}, ceil_mode={}", kernel_.str(),
                             (options_.stride.given() ? options_.stride : kernel_).str(), options_.padding.str(),
                             options_.dilation.str(), boolean(options_.ceil_mode)));
}
template <class Self, size_t N> Tensor MaxPool<Self, N>::forward(Tensor x) const {
  static const std::string name = fmt::format("max_pool{}d", N);
  return maxPool(name, N, x, kernel_, options_, Where::current()).first;
}
template <class Self, size_t N>
std::pair<Tensor, Tensor> MaxPool<Self, N>::forward_with_indices(Tensor x, Where where) const {
  CallScope scope(*this->state_, where);
  return maxPool(fmt::format("max_pool{}d", N), N, x, kernel_, options_, where);
}

template <class Self, size_t N>
AvgPool<Self, N>::AvgPool(Axes kernel_size, AvgPoolOptions options, Where where)
    : Layer<Self>(fmt::format("avg_pool{}d", N)), kernel_(std::move(kernel_size)), options_(std::move(options)) {
  std::string layer = fmt::format("AvgPool{}d", N);
  sizesOf(layer, N, kernel_, options_.stride, options_.padding, 1, where);
  if (options_.divisor_override && (N == 1 || *options_.divisor_override == 0))
    fail(layer,
         fmt::format("divisor_override: expected {}, got {}",
                     N == 1 ? "none in one dimension" : "a number other than 0", *options_.divisor_override),
         where);
  Axes stride = options_.stride.given() ? options_.stride : kernel_, padding = options_.padding;
  Axes kernel = kernel_;
  if (N == 1) // PyTorch prints these as tuples in one dimension, and only there
    kernel.single = stride.single = padding.single = false;
  this->describe(fmt::format("kernel_size={}, stride={}, padding={}", kernel.str(), stride.str(), padding.str()));
}
template <class Self, size_t N> Tensor AvgPool<Self, N>::forward(Tensor x) const {
  static const std::string name = fmt::format("avg_pool{}d", N);
  return avgPool(name, N, x, kernel_, options_, Where::current());
}

template <class Self, size_t N>
AdaptiveAvgPool<Self, N>::AdaptiveAvgPool(OutputSize output_size, Where where)
    : Layer<Self>(fmt::format("adaptive_avg_pool{}d", N)), size_(std::move(output_size)) {
  outputSizes(fmt::format("AdaptiveAvgPool{}d", N), N, size_, where);
  this->describe("output_size=" + size_.str());
}
template <class Self, size_t N> Tensor AdaptiveAvgPool<Self, N>::forward(Tensor x) const {
  static const std::string name = fmt::format("adaptive_avg_pool{}d", N);
  return adaptiveAvgPool(name, N, x, size_, Where::current());
}

#define NNC_POOLS(name)                                                                                                \
  template class name<name##1d, 1>;                                                                                    \
  template class name<name##2d, 2>;                                                                                    \
  template class name<name##3d, 3>;
NNC_POOLS(MaxPool)
NNC_POOLS(AvgPool)
NNC_POOLS(AdaptiveAvgPool)
#undef NNC_POOLS

} // namespace detail
} // namespace nnc::nn
