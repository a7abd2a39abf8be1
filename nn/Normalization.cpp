// Normalisation layers, written with means and broadcasting; running statistics are updates of buffers.
#include "nnc/nn/Normalization.h"
#include "nnc/nn/Axes.h"
#include "nnc/nn/Check.h"
#include "nnc/nn/Print.h"
#include "nnc/nn/init.h"
#include <fmt/format.h>

namespace nnc::nn {
namespace {

// Of one value a channel (C), what broadcasts along dimension 1 of a tensor of that rank.
Tensor alongChannels(Tensor value, int64_t rank, Where where) {
  Shape shape(size_t(rank), 1);
  shape[1] = value.numel();
  return reshape(value, shape, where);
}

void expectShape(std::string_view layer, std::string_view argument, Tensor value, const Shape &shape, Where where) {
  if (value && value.shape() != shape)
    fail(layer, fmt::format("{}: expected {}, got {}", argument, toString(shape), toString(value.shape())), where);
}

struct Statistics {
  Tensor mean, var; // keep the reduced dimensions; the variance is biased
};

// (x - mean) / sqrt(var + eps) with the statistics over `dims`, which it returns too. The deviations are taken before
// they are squared, so that a large mean does not cancel. What rounding of the mean leaves in them, `rest`, is taken
// out again: beside a small deviation it would show. It has no gradient of its own, being 0 but for rounding.
Tensor normalize(Tensor x, const std::vector<int64_t> &dims, double eps, Statistics &statistics, Where where) {
  statistics.mean = mean(x, dims, true, where);
  Tensor centered = Operand(x, where) - Operand(statistics.mean, where);
  Tensor rest = mean(centered, dims, true, where);
  statistics.var =
      Operand(mean(square(centered, where), dims, true, where), where) - Operand(square(rest, where), where);
  Tensor deviation = rsqrt(Operand(statistics.var, where) + Operand(eps, where), where);
  return Operand(Operand(centered, where) - Operand(stop_gradient(rest, where), where), where) *
         Operand(deviation, where);
}

Tensor scaled(Tensor y, Tensor weight, Tensor bias, Where where) {
  if (weight)
    y = Operand(y, where) * Operand(weight, where);
  return bias ? Operand(y, where) + Operand(bias, where) : y;
}
void expectTypes(std::string_view layer, Tensor x, Tensor weight, Tensor bias, Where where) {
  expectFloat(layer, "input", x, where);
  detail::expectType(layer, "input", x, "weight", weight, where);
  detail::expectType(layer, "input", x, "bias", bias, where);
}
Tensor scaledChannels(std::string_view layer, Tensor y, Tensor weight, Tensor bias, Where where) {
  Shape channels{y.size(1)};
  expectShape(layer, "weight", weight, channels, where);
  expectShape(layer, "bias", bias, channels, where);
  return scaled(y, weight ? alongChannels(weight, y.rank(), where) : weight,
                bias ? alongChannels(bias, y.rank(), where) : bias, where);
}

std::vector<int64_t> dimensions(int64_t first, int64_t rank) {
  std::vector<int64_t> dims;
  for (int64_t dim = first; dim < rank; ++dim)
    dims.push_back(dim);
  return dims;
}
std::vector<int64_t> allButChannels(int64_t rank) {
  std::vector<int64_t> dims = dimensions(2, rank);
  dims.insert(dims.begin(), 0);
  return dims;
}

void expectChannels(std::string_view layer, Tensor x, Where where) {
  if (x.rank() < 2)
    fail(layer,
         fmt::format("input: expected at least 2 dimensions (batch, channels), got {} in {}", x.rank(),
                     toString(x.shape())),
         where);
}
// How many values each mean of normalisation with the batch's statistics is taken over.
int64_t valuesPerChannel(std::string_view layer, Tensor x, int64_t means, Where where) {
  int64_t count = means ? x.numel() / means : 0;
  if (count < 2)
    fail(layer,
         fmt::format("input: expected more than 1 value per channel in training, got {} in {}", count,
                     toString(x.shape())),
         where);
  return count;
}

// The last dimensions, which must have the sizes `shape`.
std::vector<int64_t> lastDimensions(std::string_view layer, Tensor x, const Shape &shape, Where where) {
  Shape sizes = x.shape();
  if (shape.empty() || sizes.size() < shape.size() || !std::equal(shape.rbegin(), shape.rend(), sizes.rbegin()))
    fail(layer, fmt::format("input: expected last dimensions {}, got {}", toString(shape), toString(sizes)), where);
  return dimensions(x.rank() - int64_t(shape.size()), x.rank());
}

// Moves running statistics toward the batch's, given for each channel with the unbiased variance.
void track(const Buffer &running_mean, const Buffer &running_var, const Buffer &num_batches_tracked, Tensor mean,
           Tensor var, std::optional<double> momentum) {
  Tensor count = num_batches_tracked.tensor() + 1;
  num_batches_tracked.update(count);
  auto move = [&](const Buffer &running, Tensor batch) {
    Tensor before = running, now = convert(stop_gradient(batch), before.dtype());
    if (momentum)
      running.update(before * (1 - *momentum) + now * *momentum);
    else
      running.update(before + (now - before) / convert(count, before.dtype()));
  };
  move(running_mean, mean);
  move(running_var, var);
}

Tensor tensorOr(const Parameter &parameter) { return parameter ? parameter.tensor() : Tensor(); }

} // namespace

//===--- functions ---===//

Tensor functional::batch_norm(Tensor x, Tensor weight, Tensor bias, double eps, Where where) {
  expectChannels("batch_norm", x, where);
  expectTypes("batch_norm", x, weight, bias, where);
  valuesPerChannel("batch_norm", x, x.size(1), where);
  Statistics statistics;
  Tensor y = normalize(x, allButChannels(x.rank()), eps, statistics, where);
  return scaledChannels("batch_norm", y, weight, bias, where);
}

Tensor functional::batch_norm_with(Tensor x, Tensor mean, Tensor var, Tensor weight, Tensor bias, double eps,
                                   Where where) {
  expectChannels("batch_norm", x, where);
  expectTypes("batch_norm", x, weight, bias, where);
  detail::expectType("batch_norm", "input", x, "mean", mean, where);
  expectShape("batch_norm", "mean", mean, {x.size(1)}, where);
  expectShape("batch_norm", "var", var, {x.size(1)}, where);
  Tensor scale = rsqrt(Operand(var, where) + Operand(eps, where), where);
  Tensor y = (Operand(x, where) - Operand(alongChannels(mean, x.rank(), where), where));
  y = Operand(y, where) * Operand(alongChannels(scale, x.rank(), where), where);
  return scaledChannels("batch_norm", y, weight, bias, where);
}

Tensor functional::instance_norm(Tensor x, Tensor weight, Tensor bias, double eps, Where where) {
  expectChannels("instance_norm", x, where);
  expectTypes("instance_norm", x, weight, bias, where);
  valuesPerChannel("instance_norm", x, x.size(0) * x.size(1), where);
  Statistics statistics;
  Tensor y = normalize(x, dimensions(2, x.rank()), eps, statistics, where);
  return scaledChannels("instance_norm", y, weight, bias, where);
}

Tensor functional::layer_norm(Tensor x, Shape normalized_shape, Tensor weight, Tensor bias, double eps, Where where) {
  std::vector<int64_t> dims = lastDimensions("layer_norm", x, normalized_shape, where);
  expectTypes("layer_norm", x, weight, bias, where);
  expectShape("layer_norm", "weight", weight, normalized_shape, where);
  expectShape("layer_norm", "bias", bias, normalized_shape, where);
  Statistics statistics;
  return scaled(normalize(x, dims, eps, statistics, where), weight, bias, where);
}

Tensor functional::group_norm(Tensor x, int64_t num_groups, Tensor weight, Tensor bias, double eps, Where where) {
  expectChannels("group_norm", x, where);
  expectTypes("group_norm", x, weight, bias, where);
  Shape shape = x.shape(), split = shape;
  if (num_groups < 1 || shape[1] % num_groups)
    fail("group_norm",
         fmt::format("num_groups: expected a divisor of the {} channels of {}, got {}", shape[1], toString(shape),
                     num_groups),
         where);
  split[1] /= num_groups;
  split.insert(split.begin() + 1, num_groups);
  Statistics statistics;
  Tensor y = normalize(reshape(x, split, where), dimensions(2, int64_t(split.size())), eps, statistics, where);
  return scaledChannels("group_norm", reshape(y, shape, where), weight, bias, where);
}

Tensor functional::rms_norm(Tensor x, Shape normalized_shape, Tensor weight, std::optional<double> eps, Where where) {
  std::vector<int64_t> dims = lastDimensions("rms_norm", x, normalized_shape, where);
  expectTypes("rms_norm", x, weight, {}, where);
  expectShape("rms_norm", "weight", weight, normalized_shape, where);
  if (!eps)
    switch (x.dtype()) {
    case DType::f64:
      eps = 0x1p-52;
      break;
    case DType::f16:
      eps = 0x1p-10;
      break;
    case DType::bf16:
      eps = 0x1p-7;
      break;
    default:
      eps = 0x1p-23;
    }
  Tensor squares = mean(square(x, where), dims, true, where);
  Tensor y = Operand(x, where) * Operand(rsqrt(Operand(squares, where) + Operand(*eps, where), where), where);
  return scaled(y, weight, {}, where);
}

//===--- layers ---===//

namespace detail {

static std::string describeNorm(int64_t features, double eps, std::optional<double> momentum, bool affine, bool bias,
                                bool track) {
  return fmt::format("{}, eps={}, momentum={}, affine={}, bias={}, track_running_stats={}", features, number(eps),
                     momentum ? number(*momentum) : "None", boolean(affine), boolean(affine && bias), boolean(track));
}
// Parameters and buffers in PyTorch's order; the module gives the functions that register.
template <class Norm, class AddParameter, class AddBuffer>
static void addState(Norm &norm, int64_t features, DType dtype, bool affine, bool bias, bool track,
                     AddParameter addParameter, AddBuffer addBuffer) {
  if (affine)
    norm.weight = addParameter("weight", Array::full({features}, 1, dtype));
  if (affine && bias)
    norm.bias = addParameter("bias", Array({features}, dtype));
  if (track) {
    norm.running_mean = addBuffer("running_mean", Array({features}, dtype));
    norm.running_var = addBuffer("running_var", Array::full({features}, 1, dtype));
    norm.num_batches_tracked = addBuffer("num_batches_tracked", Array(Shape{}, DType::i64));
  }
}

template <class Self, size_t N>
BatchNorm<Self, N>::BatchNorm(int64_t num_features, BatchNormOptions options, Where where)
    : Layer<Self>(fmt::format("batch_norm{}d", N)), options_(options), features_(num_features) {
  expectAtLeast(fmt::format("BatchNorm{}d", N), "num_features", num_features, 1, where);
  addState(
      *this, num_features, options.dtype, options.affine, options.bias, options.track_running_stats,
      [&](const char *name, Array value) { return this->parameter(name, value); },
      [&](const char *name, Array value) { return this->buffer(name, value); });
  this->describe(describeNorm(num_features, options.eps, options.momentum, options.affine, options.bias,
                              options.track_running_stats));
}

template <class Self, size_t N> Tensor BatchNorm<Self, N>::forward(Tensor x) const {
  static const std::string layer = fmt::format("batch_norm{}d", N);
  const Where where = Where::current();
  const int64_t rank = int64_t(N) + 2;
  if (x.rank() != rank && !(N == 1 && x.rank() == 2))
    fail(layer,
         fmt::format("input: expected {} dimensions (batch, channels, {} spatial), got {} in {}",
                     N == 1 ? "2 or 3" : std::to_string(rank), N, x.rank(), toString(x.shape())),
         where);
  if (x.size(1) != features_)
    fail(layer, fmt::format("input: expected {} channels, got {} in {}", features_, x.size(1), toString(x.shape())),
         where);
  expectTypes(layer, x, tensorOr(weight), tensorOr(bias), where);
  if (!this->training() && running_mean)
    return functional::batch_norm_with(x, running_mean, running_var, tensorOr(weight), tensorOr(bias), options_.eps);
  if (!this->training()) { // the batch's statistics, of one value too
    Statistics statistics;
    Tensor y = normalize(x, allButChannels(x.rank()), options_.eps, statistics, where);
    return scaledChannels(layer, y, tensorOr(weight), tensorOr(bias), where);
  }
  int64_t count = valuesPerChannel(layer, x, features_, where);
  Statistics statistics;
  Tensor y = normalize(x, allButChannels(x.rank()), options_.eps, statistics, where);
  if (running_mean)
    track(running_mean, running_var, num_batches_tracked, reshape(statistics.mean, {features_}),
          reshape(statistics.var, {features_}) * (double(count) / double(count - 1)), options_.momentum);
  return scaledChannels(layer, y, tensorOr(weight), tensorOr(bias), where);
}

template <class Self, size_t N>
InstanceNorm<Self, N>::InstanceNorm(int64_t num_features, InstanceNormOptions options, Where where)
    : Layer<Self>(fmt::format("instance_norm{}d", N)), options_(options), features_(num_features) {
  expectAtLeast(fmt::format("InstanceNorm{}d", N), "num_features", num_features, 1, where);
  addState(
      *this, num_features, options.dtype, options.affine, true, options.track_running_stats,
      [&](const char *name, Array value) { return this->parameter(name, value); },
      [&](const char *name, Array value) { return this->buffer(name, value); });
  this->describe(
      describeNorm(num_features, options.eps, options.momentum, options.affine, true, options.track_running_stats));
}

template <class Self, size_t N> Tensor InstanceNorm<Self, N>::forward(Tensor x) const {
  static const std::string layer = fmt::format("instance_norm{}d", N);
  const Where where = Where::current();
  bool unbatched = false;
  x = batched(layer, x, N, unbatched, where);
  if (x.size(1) != features_)
    fail(layer, fmt::format("input: expected {} channels, got {} in {}", features_, x.size(1), toString(x.shape())),
         where);
  expectTypes(layer, x, tensorOr(weight), tensorOr(bias), where);
  Tensor y;
  if (!this->training() && running_mean) {
    y = functional::batch_norm_with(x, running_mean, running_var, tensorOr(weight), tensorOr(bias), options_.eps);
  } else {
    int64_t count = valuesPerChannel(layer, x, x.size(0) * features_, where);
    Statistics statistics;
    y = normalize(x, dimensions(2, x.rank()), options_.eps, statistics, where);
    if (running_mean) {
      auto overSamples = [&](Tensor value) { return mean(reshape(value, {x.size(0), features_}), 0); };
      track(running_mean, running_var, num_batches_tracked, overSamples(statistics.mean),
            overSamples(statistics.var) * (double(count) / double(count - 1)), options_.momentum);
    }
    y = scaledChannels(layer, y, tensorOr(weight), tensorOr(bias), where);
  }
  return unbatched ? squeeze(y, 0) : y;
}

#define NNC_NORMS(name)                                                                                                \
  template class name<name##1d, 1>;                                                                                    \
  template class name<name##2d, 2>;                                                                                    \
  template class name<name##3d, 3>;
NNC_NORMS(BatchNorm)
NNC_NORMS(InstanceNorm)
#undef NNC_NORMS

} // namespace detail

static void expectSizes(std::string_view layer, const Shape &shape, Where where) {
  if (shape.empty())
    fail(layer, "normalized_shape: expected at least one size, got none", where);
  for (int64_t size : shape)
    detail::expectAtLeast(layer, "normalized_shape", size, 1, where);
}

LayerNorm::LayerNorm(Shape normalized_shape, LayerNormOptions options, Where where)
    : Layer("layer_norm"), shape_(std::move(normalized_shape)), eps_(options.eps) {
  expectSizes("LayerNorm", shape_, where);
  if (options.elementwise_affine)
    weight = parameter("weight", Array::full(shape_, 1, options.dtype));
  if (options.elementwise_affine && options.bias)
    bias = parameter("bias", Array(shape_, options.dtype));
  describe(fmt::format("{}, eps={}, elementwise_affine={}, bias={}", detail::tuple(shape_), detail::number(eps_),
                       detail::boolean(options.elementwise_affine),
                       detail::boolean(options.elementwise_affine && options.bias)));
}
Tensor LayerNorm::forward(Tensor x) const {
  return functional::layer_norm(x, shape_, tensorOr(weight), tensorOr(bias), eps_);
}

GroupNorm::GroupNorm(int64_t num_groups, int64_t num_channels, GroupNormOptions options, Where where)
    : Layer("group_norm"), groups_(num_groups), channels_(num_channels), eps_(options.eps) {
  detail::expectAtLeast("GroupNorm", "num_groups", num_groups, 1, where);
  detail::expectAtLeast("GroupNorm", "num_channels", num_channels, 1, where);
  if (num_channels % num_groups)
    fail("GroupNorm",
         fmt::format("num_groups: expected a divisor of num_channels = {}, got {}", num_channels, num_groups), where);
  if (options.affine)
    weight = parameter("weight", Array::full({num_channels}, 1, options.dtype));
  if (options.affine && options.bias)
    bias = parameter("bias", Array({num_channels}, options.dtype));
  describe(fmt::format("{}, {}, eps={}, affine={}, bias={}", num_groups, num_channels, detail::number(eps_),
                       detail::boolean(options.affine), detail::boolean(options.affine && options.bias)));
}
Tensor GroupNorm::forward(Tensor x) const {
  if (x.rank() < 2 || x.size(1) != channels_)
    fail("group_norm",
         fmt::format("input: expected batch and {} channels first, got {}", channels_, toString(x.shape())),
         Where::current());
  return functional::group_norm(x, groups_, tensorOr(weight), tensorOr(bias), eps_);
}

RMSNorm::RMSNorm(Shape normalized_shape, RMSNormOptions options, Where where)
    : Layer("rms_norm"), shape_(std::move(normalized_shape)), eps_(options.eps) {
  expectSizes("RMSNorm", shape_, where);
  if (options.elementwise_affine)
    weight = parameter("weight", Array::full(shape_, 1, options.dtype));
  describe(fmt::format("{}, eps={}, elementwise_affine={}", detail::tuple(shape_),
                       eps_ ? detail::number(*eps_) : "None", detail::boolean(options.elementwise_affine)));
}
Tensor RMSNorm::forward(Tensor x) const { return functional::rms_norm(x, shape_, tensorOr(weight), eps_); }

} // namespace nnc::nn
