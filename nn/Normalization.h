// Normalisation layers (torch.nn: BatchNorm, InstanceNorm, LayerNorm, GroupNorm, RMSNorm). All compute
//   y = (x - mean) / sqrt(var + eps) * weight + bias
// with the biased variance, in two passes, over the elements that the layer names. weight begins as ones, bias as
// zeros.
#pragma once
#include "nnc/nn/Module.h"

namespace nnc::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1; // nullopt: the running values are averages over all batches
  bool affine = true;
  bool bias = true; // with affine only
  bool track_running_stats = true;
  DType dtype = DType::f32;
};
struct InstanceNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;
  bool affine = false;
  bool track_running_stats = false;
  DType dtype = DType::f32;
};
struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true; // with elementwise_affine only
  DType dtype = DType::f32;
};
struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;
  bool bias = true; // with affine only
  DType dtype = DType::f32;
};
struct RMSNormOptions {
  std::optional<double> eps = std::nullopt; // nullopt: the distance from 1 to the next number of the input's type
  bool elementwise_affine = true;
  DType dtype = DType::f32;
};

namespace functional {
/// Statistics over all dimensions but the second; x (N, C, ...). weight and bias (C) may be undefined.
Tensor batch_norm(Tensor x, Tensor weight = {}, Tensor bias = {}, double eps = 1e-5, Where where = Where::current());
/// With given mean and variance (C): what batch_norm is in evaluation.
Tensor batch_norm_with(Tensor x, Tensor mean, Tensor var, Tensor weight = {}, Tensor bias = {}, double eps = 1e-5,
                       Where where = Where::current());
/// Statistics over all dimensions but the first two; x (N, C, ...).
Tensor instance_norm(Tensor x, Tensor weight = {}, Tensor bias = {}, double eps = 1e-5, Where where = Where::current());
/// Statistics over the last dimensions, whose sizes are `normalized_shape`, also weight's and bias's.
Tensor layer_norm(Tensor x, Shape normalized_shape, Tensor weight = {}, Tensor bias = {}, double eps = 1e-5,
                  Where where = Where::current());
/// Statistics over each group of C / num_groups channels; x (N, C, ...).
Tensor group_norm(Tensor x, int64_t num_groups, Tensor weight = {}, Tensor bias = {}, double eps = 1e-5,
                  Where where = Where::current());
/// x / sqrt(mean(x^2) + eps) * weight over the last dimensions.
Tensor rms_norm(Tensor x, Shape normalized_shape, Tensor weight = {}, std::optional<double> eps = std::nullopt,
                Where where = Where::current());
} // namespace functional

namespace detail {

/// torch.nn.BatchNorm: mean and variance of each channel over batch and spatial dimensions. In training (and where
/// there are no running statistics) those of the batch, which needs more than one value a channel; the running ones
/// become
///   running = (1 - momentum) * running + momentum * batch's
/// with the unbiased variance, and num_batches_tracked counts. In evaluation the running ones. running_mean begins as
/// zeros, running_var as ones.
template <class Self, size_t N> class BatchNorm : public Layer<Self> {
public:
  explicit BatchNorm(int64_t num_features, BatchNormOptions options = {}, Where where = Where::current());
  Tensor forward(Tensor x) const;
  Parameter weight, bias;                                // (num_features), undefined without affine
  Buffer running_mean, running_var, num_batches_tracked; // undefined without track_running_stats

private:
  BatchNormOptions options_;
  int64_t features_;
};

/// torch.nn.InstanceNorm: the same for each sample alone: x (N, C, spatial...) or (C, spatial...). Running statistics,
/// if tracked, are means over the samples.
template <class Self, size_t N> class InstanceNorm : public Layer<Self> {
public:
  explicit InstanceNorm(int64_t num_features, InstanceNormOptions options = {}, Where where = Where::current());
  Tensor forward(Tensor x) const;
  Parameter weight, bias;
  Buffer running_mean, running_var, num_batches_tracked;

private:
  InstanceNormOptions options_;
  int64_t features_;
};
} // namespace detail

/// Over (N, C) or (N, C, L).
class BatchNorm1d : public detail::BatchNorm<BatchNorm1d, 1> {
public:
  using BatchNorm::BatchNorm;
};
/// Over (N, C, H, W).
class BatchNorm2d : public detail::BatchNorm<BatchNorm2d, 2> {
public:
  using BatchNorm::BatchNorm;
};
/// Over (N, C, D, H, W).
class BatchNorm3d : public detail::BatchNorm<BatchNorm3d, 3> {
public:
  using BatchNorm::BatchNorm;
};
class InstanceNorm1d : public detail::InstanceNorm<InstanceNorm1d, 1> {
public:
  using InstanceNorm::InstanceNorm;
};
class InstanceNorm2d : public detail::InstanceNorm<InstanceNorm2d, 2> {
public:
  using InstanceNorm::InstanceNorm;
};
class InstanceNorm3d : public detail::InstanceNorm<InstanceNorm3d, 3> {
public:
  using InstanceNorm::InstanceNorm;
};

/// torch.nn.LayerNorm: over the last dimensions, of sizes normalized_shape; weight and bias have that shape.
class LayerNorm : public Layer<LayerNorm> {
public:
  explicit LayerNorm(Shape normalized_shape, LayerNormOptions options = {}, Where where = Where::current());
  explicit LayerNorm(int64_t size, LayerNormOptions options = {}, Where where = Where::current())
      : LayerNorm(Shape{size}, options, where) {}
  Tensor forward(Tensor x) const;
  Parameter weight, bias;

private:
  Shape shape_;
  double eps_;
};

/// torch.nn.GroupNorm: over each group of num_channels / num_groups channels; x (N, C, ...), weight and bias (C).
class GroupNorm : public Layer<GroupNorm> {
public:
  GroupNorm(int64_t num_groups, int64_t num_channels, GroupNormOptions options = {}, Where where = Where::current());
  Tensor forward(Tensor x) const;
  Parameter weight, bias;

private:
  int64_t groups_, channels_;
  double eps_;
};

/// torch.nn.RMSNorm: y = x / sqrt(mean(x^2) + eps) * weight over the last dimensions.
class RMSNorm : public Layer<RMSNorm> {
public:
  explicit RMSNorm(Shape normalized_shape, RMSNormOptions options = {}, Where where = Where::current());
  explicit RMSNorm(int64_t size, RMSNormOptions options = {}, Where where = Where::current())
      : RMSNorm(Shape{size}, options, where) {}
  Tensor forward(Tensor x) const;
  Parameter weight;

private:
  Shape shape_;
  std::optional<double> eps_;
};

} // namespace nnc::nn
