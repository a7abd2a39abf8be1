// Convolution layers (torch.nn: Conv1d, Conv2d, Conv3d).
#pragma once
#include "nnc/nn/Padding.h"

namespace nnc::nn {

/// Sizes for each axis, or "same" (the result has the input's spatial sizes; stride 1) or "valid" (none).
class ConvPadding : public Axes {
public:
  ConvPadding() : Axes(0) {}
  template <std::integral T> ConvPadding(T value) : Axes(value) {}
  ConvPadding(std::initializer_list<int64_t> values) : Axes(values) {}
  ConvPadding(std::vector<int64_t> values) : Axes(std::move(values)) {}
  ConvPadding(const char *word) : word(word) {}
  ConvPadding(std::string word) : word(std::move(word)) {}
  std::string word; // empty where sizes are given
};

struct ConvOptions {
  Axes stride = 1;
  ConvPadding padding = 0;
  Axes dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  PaddingMode padding_mode = PaddingMode::zeros;
  DType dtype = DType::f32;
};

namespace functional {
struct ConvOptions {
  Axes stride = 1;
  ConvPadding padding = 0;
  Axes dilation = 1;
  int64_t groups = 1;
};
/// x (N, C, L), weight (O, C / groups, kernel), bias (O) or undefined -> (N, O, L'); N may be missing. 2d and 3d
/// likewise.
Tensor conv1d(Tensor x, Tensor weight, Tensor bias = {}, ConvOptions options = {}, Where where = Where::current());
Tensor conv2d(Tensor x, Tensor weight, Tensor bias = {}, ConvOptions options = {}, Where where = Where::current());
Tensor conv3d(Tensor x, Tensor weight, Tensor bias = {}, ConvOptions options = {}, Where where = Where::current());
} // namespace functional

namespace detail {
/// Convolution (cross-correlation) over N spatial axes:
///   y[n, o, p] = bias[o] + sum over c, k of weight[o, c, k] * x[n, group(o) * C/groups + c, p * stride + k * dilation
///   - padding]
/// x (N, in_channels, spatial...) or without N; each spatial size becomes
/// floor((size + before + behind - dilation * (kernel - 1) - 1) / stride) + 1. Padding mode other than zeros pads as
/// the layer of that name. "same" pads dilation * (kernel - 1) in all, the odd one behind. weight (out_channels,
/// in_channels / groups, kernel...) and bias (out_channels) are uniform in
/// +-1/sqrt(in_channels / groups * kernel elements) at first.
template <class Self, size_t N> class Conv : public Layer<Self> {
public:
  Conv(int64_t in_channels, int64_t out_channels, Axes kernel_size, ConvOptions options = {},
       Where where = Where::current());
  Tensor forward(Tensor x) const;
  Parameter weight, bias; // bias is undefined where there is none

private:
  ConvDims dims_;                // with zero padding where another mode pads
  std::vector<int64_t> padding_; // for functional::pad, in the other modes
  PaddingMode mode_;
};
} // namespace detail

/// torch.nn.Conv1d: over (N, C, L).
class Conv1d : public detail::Conv<Conv1d, 1> {
public:
  using Conv::Conv;
};
/// torch.nn.Conv2d: over (N, C, H, W).
class Conv2d : public detail::Conv<Conv2d, 2> {
public:
  using Conv::Conv;
};
/// torch.nn.Conv3d: over (N, C, D, H, W).
class Conv3d : public detail::Conv<Conv3d, 3> {
public:
  using Conv::Conv;
};

} // namespace nnc::nn
