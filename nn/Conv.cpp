// Convolution layers: one implementation for any number of axes, on the op `conv`.
#include "nnc/nn/Conv.h"
#include "nnc/nn/Check.h"
#include "nnc/nn/Print.h"
#include "nnc/nn/init.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace nnc::nn {

// Stride, dilation and both sides of the padding for each axis.
static ConvDims dimsOf(std::string_view layer, const std::vector<int64_t> &kernel, const Axes &stride,
                       const ConvPadding &padding, const Axes &dilation, int64_t groups, Where where) {
  size_t axes = kernel.size();
  ConvDims dims;
  dims.stride = detail::perAxis(layer, "stride", stride, axes, 1, where);
  dims.dilation = detail::perAxis(layer, "dilation", dilation, axes, 1, where);
  detail::expectAtLeast(layer, "groups", groups, 1, where);
  dims.groups = groups;
  if (padding.word.empty()) {
    dims.paddingLow = dims.paddingHigh = detail::perAxis(layer, "padding", padding, axes, 0, where);
    return dims;
  }
  if (padding.word != "same" && padding.word != "valid")
    fail(layer, fmt::format("padding: expected sizes, 'same' or 'valid', got '{}'", padding.word), where);
  for (size_t i = 0; i < axes; ++i) {
    if (padding.word == "same" && dims.stride[i] != 1)
      fail(layer, fmt::format("padding: 'same' expects stride 1, got stride {}", detail::tuple(dims.stride)), where);
    int64_t total = padding.word == "same" ? dims.dilation[i] * (kernel[i] - 1) : 0;
    dims.paddingLow.push_back(total / 2);
    dims.paddingHigh.push_back(total - total / 2);
  }
  return dims;
}

// Convolution of an input with or without a batch dimension; `bias` may be undefined.
static Tensor convolve(std::string_view layer, Tensor x, Tensor weight, Tensor bias, const ConvDims &dims,
                       const std::vector<int64_t> &padding, PaddingMode mode, Where where) {
  size_t axes = dims.stride.size();
  bool unbatched = false;
  x = detail::batched(layer, x, axes, unbatched, where);
  detail::expectType(layer, "input", x, "weight", weight, where);
  if (!padding.empty())
    x = functional::pad(x, padding, mode, 0, where);
  Tensor y = conv(x, weight, dims, where);
  if (bias) {
    Shape shape(axes + 1, 1);
    shape[0] = bias.numel();
    if (bias.rank() != 1 || shape[0] != y.size(1))
      fail(layer, fmt::format("bias: expected shape {}, got {}", y.size(1), toString(bias.shape())), where);
    y = Operand(y, where) + Operand(reshape(bias, shape, where), where);
  }
  return unbatched ? squeeze(y, 0, where) : y;
}

static Tensor convolve(std::string_view name, size_t axes, Tensor x, Tensor weight, Tensor bias,
                       const functional::ConvOptions &options, Where where) {
  if (weight.rank() != int64_t(axes) + 2)
    fail(name,
         fmt::format("weight: expected {} dimensions, got {} in {}", axes + 2, weight.rank(), toString(weight.shape())),
         where);
  Shape kernel = weight.shape();
  kernel.erase(kernel.begin(), kernel.begin() + 2);
  ConvDims dims = dimsOf(name, kernel, options.stride, options.padding, options.dilation, options.groups, where);
  return convolve(name, x, weight, bias, dims, {}, PaddingMode::zeros, where);
}
Tensor functional::conv1d(Tensor x, Tensor weight, Tensor bias, ConvOptions options, Where where) {
  return convolve("conv1d", 1, x, weight, bias, options, where);
}
Tensor functional::conv2d(Tensor x, Tensor weight, Tensor bias, ConvOptions options, Where where) {
  return convolve("conv2d", 2, x, weight, bias, options, where);
}
Tensor functional::conv3d(Tensor x, Tensor weight, Tensor bias, ConvOptions options, Where where) {
  return convolve("conv3d", 3, x, weight, bias, options, where);
}

namespace detail {

static bool allEqual(const std::vector<int64_t> &values, int64_t value) {
  return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == value; });
}

template <class Self, size_t N>
Conv<Self, N>::Conv(int64_t in_channels, int64_t out_channels, Axes kernel_size, ConvOptions options, Where where)
    : Layer<Self>(fmt::format("conv{}d", N)), mode_(options.padding_mode) {
  std::string layer = fmt::format("Conv{}d", N);
  expectAtLeast(layer, "in_channels", in_channels, 1, where);
  expectAtLeast(layer, "out_channels", out_channels, 1, where);
  std::vector<int64_t> kernel = perAxis(layer, "kernel_size", kernel_size, N, 1, where);
  dims_ = dimsOf(layer, kernel, options.stride, options.padding, options.dilation, options.groups, where);
  for (auto [name, channels] : {std::pair("in_channels", in_channels), std::pair("out_channels", out_channels)})
    if (channels % options.groups)
      fail(layer, fmt::format("groups: expected a divisor of {} = {}, got {}", name, channels, options.groups), where);

  std::string text =
      fmt::format("{}, {}, kernel_size={}, stride={}", in_channels, out_channels, tuple(kernel), tuple(dims_.stride));
  if (!options.padding.word.empty())
    text += ", padding=" + options.padding.word;
  else if (!allEqual(dims_.paddingLow, 0))
    text += ", padding=" + tuple(dims_.paddingLow);
  if (!allEqual(dims_.dilation, 1))
    text += ", dilation=" + tuple(dims_.dilation);
  if (options.groups != 1)
    text += fmt::format(", groups={}", options.groups);
  if (!options.bias)
    text += ", bias=False";
  if (mode_ != PaddingMode::zeros) {
    text += fmt::format(", padding_mode={}", modeName(mode_));
    for (size_t i = N; i-- > 0;) {
      padding_.push_back(dims_.paddingLow[i]);
      padding_.push_back(dims_.paddingHigh[i]);
    }
    dims_.paddingLow.assign(N, 0);
    dims_.paddingHigh.assign(N, 0);
  }
  this->describe(text);

  Shape shape{out_channels, in_channels / options.groups};
  shape.insert(shape.end(), kernel.begin(), kernel.end());
  weight = this->parameter("weight", Array(shape, options.dtype));
  init::kaiming_uniform_(weight, std::sqrt(5.0)); // the slope that makes the bound 1/sqrt(fan in)
  if (options.bias) {
    bias = this->parameter("bias", Array({out_channels}, options.dtype));
    double bound = 1 / std::sqrt(double(init::fans(shape).first));
    init::uniform_(bias, -bound, bound);
  }
}

template <class Self, size_t N> Tensor Conv<Self, N>::forward(Tensor x) const {
  static const std::string name = fmt::format("conv{}d", N);
  return convolve(name, x, weight, bias ? bias.tensor() : Tensor(), dims_, padding_, mode_, Where::current());
}

template class Conv<Conv1d, 1>;
template class Conv<Conv2d, 2>;
template class Conv<Conv3d, 3>;

} // namespace detail
} // namespace nnc::nn
