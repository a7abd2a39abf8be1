// Normalisation layers against PyTorch; finite differences, the relations between them, errors.
#include "nnc/nn/Normalization.h"
#include "Layer.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace nnc;

template <class M> static test::Subject makeBatchNorm(const golden::Case &c, DType type) {
  nn::BatchNormOptions options{.dtype = type};
  c.set("eps", options.eps);
  c.set("momentum", options.momentum);
  c.set("affine", options.affine);
  c.set("bias", options.bias);
  c.set("track_running_stats", options.track_running_stats);
  return test::Subject(M(c.get<int64_t>("num_features"), options));
}

TEST_CASE("normalization layers agree with PyTorch", "[nn]") {
  test::checkSection("normalization",
                     {{"BatchNorm1d", makeBatchNorm<nn::BatchNorm1d>},
                      {"BatchNorm2d", makeBatchNorm<nn::BatchNorm2d>},
                      {"LayerNorm",
                       [](const golden::Case &c, DType type) {
                         nn::LayerNormOptions options{.dtype = type};
                         c.set("eps", options.eps);
                         c.set("elementwise_affine", options.elementwise_affine);
                         c.set("bias", options.bias);
                         return test::Subject(nn::LayerNorm(c.get<Shape>("normalized_shape"), options));
                       }},
                      {"GroupNorm", [](const golden::Case &c, DType type) {
                         nn::GroupNormOptions options{.dtype = type};
                         c.set("eps", options.eps);
                         c.set("affine", options.affine);
                         c.set("bias", options.bias);
                         return test::Subject(
                             nn::GroupNorm(c.get<int64_t>("num_groups"), c.get<int64_t>("num_channels"), options));
                       }}});
}

TEST_CASE("normalization layers: gradients agree with finite differences", "[nn]") {
  const DType f64 = DType::f64;
  test::checkFiniteDifferences(test::Subject(nn::BatchNorm3d(2, {.dtype = f64})),
                               {test::randomArray({2, 2, 2, 3, 2}, 1)});
  test::checkFiniteDifferences(test::Subject(nn::BatchNorm1d(3, {.dtype = f64})), {test::randomArray({5, 3}, 2)});
  test::checkFiniteDifferences(test::Subject(nn::LayerNorm({3, 4}, {.dtype = f64})), {test::randomArray({2, 3, 4}, 3)});
  test::checkFiniteDifferences(test::Subject(nn::GroupNorm(2, 4, {.dtype = f64})), {test::randomArray({2, 4, 3}, 4)});
  test::checkFiniteDifferences(test::Subject(nn::RMSNorm(6, {.dtype = f64})), {test::randomArray({3, 6}, 5)});
  test::checkFiniteDifferences(test::Subject(nn::InstanceNorm2d(2, {.affine = true, .dtype = f64})),
                               {test::randomArray({2, 2, 3, 4}, 6)});
}

static double farthest(const Array &a, const Array &b) {
  REQUIRE(a.shape() == b.shape());
  double distance = 0;
  for (int64_t i = 0; i < a.numel(); ++i)
    distance = std::max(distance, std::abs(a.at(i) - b.at(i)));
  return distance;
}

TEST_CASE("instance normalization is batch normalization of each sample, and keeps means of the samples", "[nn]") {
  Array x = test::randomArray({3, 2, 4, 5}, 1);
  nn::InstanceNorm2d norm(2, {.track_running_stats = true, .dtype = DType::f64});
  CHECK(norm.str() == "InstanceNorm2d(2, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=True)");
  auto y = evaluateAll(asTensorFunction([&](Tensor t) {
                         Tensor one = nn::functional::batch_norm(reshape(t, {1, 6, 4, 5}));
                         return std::tuple(norm(t), reshape(one, {3, 2, 4, 5}), mean(var(t, {2, 3}, 1), 0) * 0.1 + 0.9,
                                           mean(t, {0, 2, 3}) * 0.1);
                       }),
                       {x});
  CHECK(farthest(y[0], y[1]) < 1e-12);
  CHECK(farthest(norm.running_var.value(), y[2]) < 1e-12);
  CHECK(farthest(norm.running_mean.value(), y[3]) < 1e-12);
  CHECK(norm.num_batches_tracked.value().item() == 1);
}

TEST_CASE("rms normalization", "[nn]") {
  Array x = test::randomArray({3, 5}, 1);
  nn::RMSNorm norm(5, {.dtype = DType::f64});
  CHECK(norm.str() == "RMSNorm((5,), eps=None, elementwise_affine=True)");
  auto y = evaluateAll(asTensorFunction([&](Tensor t) {
                         return std::pair(norm(t), t / sqrt(mean(t * t, 1, true) + 2.220446049250313e-16));
                       }),
                       {x});
  CHECK(farthest(y[0], y[1]) < 1e-12);
}

TEST_CASE("normalization layers: errors", "[nn]") {
  using Catch::Contains;
  auto error = [](auto layer, Shape shape) {
    return test::errorOf([&] { trace(asTensorFunction(layer), {f32(shape)}); });
  };
  CHECK_THAT(error(nn::BatchNorm2d(3), {2, 4, 5, 5}),
             Contains("batch_norm2d: input: expected 3 channels, got 4 in 2x4x5x5"));
  CHECK_THAT(error(nn::BatchNorm2d(3), {2, 3, 5}), Contains("batch_norm2d: input: expected 4 dimensions"));
  CHECK_THAT(error(nn::BatchNorm1d(3), {1, 3}),
             Contains("batch_norm1d: input: expected more than 1 value per channel in training, got 1 in 1x3"));
  CHECK_THAT(error(nn::LayerNorm({3, 4}), {2, 3, 5}),
             Contains("layer_norm: input: expected last dimensions 3x4, got 2x3x5"));
  CHECK_THAT(error(nn::GroupNorm(2, 4), {2, 6, 5}),
             Contains("group_norm: input: expected batch and 4 channels first, got 2x6x5"));
  CHECK(test::messageOf([] { nn::GroupNorm(3, 4); }) ==
        "GroupNorm: num_groups: expected a divisor of num_channels = 4, got 3");
}
