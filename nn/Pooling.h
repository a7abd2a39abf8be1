// Pooling layers (torch.nn: MaxPool, AvgPool, AdaptiveAvgPool in one to three dimensions).
//
// All work on (N, C, spatial...) or without N. Each spatial size becomes
//   floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
// (ceil with `ceil_mode`, without a last window that would begin behind the input and its left padding). The stride is
// the kernel's size where it is not given. Padding is at most half of the kernel.
#pragma once
#include "nnc/nn/Axes.h"
#include "nnc/nn/Module.h"

namespace nnc::nn {

struct MaxPoolOptions {
  Axes stride = {};
  Axes padding = 0;
  Axes dilation = 1;
  bool ceil_mode = false;
};

struct AvgPoolOptions {
  Axes stride = {};
  Axes padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  std::optional<int64_t> divisor_override = std::nullopt; // not in one dimension
};

/// A result's spatial sizes: one number for all axes or one for each; nullopt keeps the input's size.
class OutputSize {
public:
  template <std::integral T> OutputSize(T value) : values{int64_t(value)}, single(true) {}
  OutputSize(std::nullopt_t) : values{std::nullopt}, single(true) {}
  OutputSize(std::initializer_list<std::optional<int64_t>> values) : values(values) {}
  OutputSize(std::vector<std::optional<int64_t>> values) : values(std::move(values)) {}
  std::string str() const;

  std::vector<std::optional<int64_t>> values;
  bool single = false;
};

namespace functional {
/// The largest element of each window; see MaxPool1d.
Tensor max_pool1d(Tensor x, Axes kernel_size, MaxPoolOptions options = {}, Where where = Where::current());
Tensor max_pool2d(Tensor x, Axes kernel_size, MaxPoolOptions options = {}, Where where = Where::current());
Tensor max_pool3d(Tensor x, Axes kernel_size, MaxPoolOptions options = {}, Where where = Where::current());
/// The same, and the position of each in the input's spatial plane.
std::pair<Tensor, Tensor> max_pool1d_with_indices(Tensor x, Axes kernel_size, MaxPoolOptions options = {},
                                                  Where where = Where::current());
std::pair<Tensor, Tensor> max_pool2d_with_indices(Tensor x, Axes kernel_size, MaxPoolOptions options = {},
                                                  Where where = Where::current());
std::pair<Tensor, Tensor> max_pool3d_with_indices(Tensor x, Axes kernel_size, MaxPoolOptions options = {},
                                                  Where where = Where::current());
/// The mean of each window; see AvgPool1d.
Tensor avg_pool1d(Tensor x, Axes kernel_size, AvgPoolOptions options = {}, Where where = Where::current());
Tensor avg_pool2d(Tensor x, Axes kernel_size, AvgPoolOptions options = {}, Where where = Where::current());
Tensor avg_pool3d(Tensor x, Axes kernel_size, AvgPoolOptions options = {}, Where where = Where::current());
/// Means of as many windows as asked for; see AdaptiveAvgPool1d.
Tensor adaptive_avg_pool1d(Tensor x, OutputSize output_size, Where where = Where::current());
Tensor adaptive_avg_pool2d(Tensor x, OutputSize output_size, Where where = Where::current());
Tensor adaptive_avg_pool3d(Tensor x, OutputSize output_size, Where where = Where::current());
} // namespace functional

namespace detail {

/// y[n, c, p] = max over k of x[n, c, p * stride + k * dilation - padding]; padding is minus infinity. The first of
/// equal elements wins and has the gradient; NaN wins over all.
template <class Self, size_t N> class MaxPool : public Layer<Self> {
public:
  explicit MaxPool(Axes kernel_size, MaxPoolOptions options = {}, Where where = Where::current());
  Tensor forward(Tensor x) const;
  /// The result of PyTorch's `return_indices`: the positions (i64) of the largest elements in the unpadded spatial
  /// plane, counted in row-major order. Hooks do not run.
  std::pair<Tensor, Tensor> forward_with_indices(Tensor x, Where where = Where::current()) const;

private:
  Axes kernel_;
  MaxPoolOptions options_;
};

/// y[n, c, p] = 1/divisor * sum over k of x[n, c, p * stride + k - padding]; padding is zero. The divisor is
/// `divisor_override`; else the number of elements of the window, clipped to the padded input, without those in the
/// padding unless `count_include_pad`.
template <class Self, size_t N> class AvgPool : public Layer<Self> {
public:
  explicit AvgPool(Axes kernel_size, AvgPoolOptions options = {}, Where where = Where::current());
  Tensor forward(Tensor x) const;

private:
  Axes kernel_;
  AvgPoolOptions options_;
};

/// The mean over window i of each axis, which reaches from floor(i * size / out) to ceil((i + 1) * size / out).
template <class Self, size_t N> class AdaptiveAvgPool : public Layer<Self> {
public:
  explicit AdaptiveAvgPool(OutputSize output_size, Where where = Where::current());
  Tensor forward(Tensor x) const;

private:
  OutputSize size_;
};
} // namespace detail

/// torch.nn.MaxPool1d, 2d, 3d.
class MaxPool1d : public detail::MaxPool<MaxPool1d, 1> {
public:
  using MaxPool::MaxPool;
};
class MaxPool2d : public detail::MaxPool<MaxPool2d, 2> {
public:
  using MaxPool::MaxPool;
};
class MaxPool3d : public detail::MaxPool<MaxPool3d, 3> {
public:
  using MaxPool::MaxPool;
};
/// torch.nn.AvgPool1d, 2d, 3d.
class AvgPool1d : public detail::AvgPool<AvgPool1d, 1> {
public:
  using AvgPool::AvgPool;
};
class AvgPool2d : public detail::AvgPool<AvgPool2d, 2> {
public:
  using AvgPool::AvgPool;
};
class AvgPool3d : public detail::AvgPool<AvgPool3d, 3> {
public:
  using AvgPool::AvgPool;
};
/// torch.nn.AdaptiveAvgPool1d, 2d, 3d.
class AdaptiveAvgPool1d : public detail::AdaptiveAvgPool<AdaptiveAvgPool1d, 1> {
public:
  using AdaptiveAvgPool::AdaptiveAvgPool;
};
class AdaptiveAvgPool2d : public detail::AdaptiveAvgPool<AdaptiveAvgPool2d, 2> {
public:
  using AdaptiveAvgPool::AdaptiveAvgPool;
};
class AdaptiveAvgPool3d : public detail::AdaptiveAvgPool<AdaptiveAvgPool3d, 3> {
public:
  using AdaptiveAvgPool::AdaptiveAvgPool;
};

} // namespace nnc::nn
