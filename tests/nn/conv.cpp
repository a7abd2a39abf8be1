// Convolution layers against PyTorch; finite differences, functions and errors.
#include "nnc/nn/Conv.h"
#include "Layer.h"

#include <catch2/catch.hpp>

using namespace nnc;

static nn::Axes axes(const golden::Case &c, const char *name, nn::Axes otherwise) {
  if (!c.set(name, otherwise.values))
    return otherwise;
  otherwise.single = c.argumentValue(name)->kind != golden::Value::List;
  return otherwise;
}

template <class M> static test::Subject makeConv(const golden::Case &c, DType type) {
  nn::ConvOptions options{.dtype = type};
  options.stride = axes(c, "stride", options.stride);
  options.dilation = axes(c, "dilation", options.dilation);
  c.set("groups", options.groups);
  c.set("bias", options.bias);
  if (const golden::Value *padding = c.argumentValue("padding")) {
    if (padding->kind == golden::Value::String)
      options.padding = padding->string;
    else
      padding->get(options.padding.values);
  }
  std::string mode = c.get<std::string>("padding_mode", "zeros");
  for (nn::PaddingMode m : {nn::PaddingMode::reflect, nn::PaddingMode::replicate, nn::PaddingMode::circular})
    if (nn::modeName(m) == mode)
      options.padding_mode = m;
  return test::Subject(
      M(c.get<int64_t>("in_channels"), c.get<int64_t>("out_channels"), axes(c, "kernel_size", {}), options));
}

TEST_CASE("convolution layers agree with PyTorch", "[nn]") {
  test::checkSection(
      "conv", {{"Conv1d", makeConv<nn::Conv1d>}, {"Conv2d", makeConv<nn::Conv2d>}, {"Conv3d", makeConv<nn::Conv3d>}});
}

TEST_CASE("convolution layers: gradients agree with finite differences", "[nn]") {
  nn::Conv2d conv(4, 6, {3, 2},
                  {.stride = {2, 1}, .padding = {2, 1}, .dilation = {1, 2}, .groups = 2, .dtype = DType::f64});
  test::checkFiniteDifferences(test::Subject(conv), {test::randomArray({2, 4, 6, 5}, 1)});
  nn::Conv1d reflect(2, 3, 4, {.padding = "same", .padding_mode = nn::PaddingMode::reflect, .dtype = DType::f64});
  test::checkFiniteDifferences(test::Subject(reflect), {test::randomArray({2, 2, 7}, 2)});
  nn::Conv3d three(2, 2, 2, {.stride = 2, .padding = 1, .dtype = DType::f64});
  test::checkFiniteDifferences(test::Subject(three), {test::randomArray({2, 2, 3, 4, 3}, 3)});
}

TEST_CASE("convolution as a function", "[nn]") {
  nn::Conv2d conv(3, 4, 3, {.stride = 2, .padding = 1});
  auto y = evaluateAll(asTensorFunction([&](Tensor x) {
                         return std::pair(
                             conv(x), nn::functional::conv2d(x, conv.weight, conv.bias, {.stride = 2, .padding = 1}));
                       }),
                       {test::randomArray({2, 3, 7, 6}, 1, DType::f32)});
  CHECK(y[0].shape() == Shape{2, 4, 4, 3});
  CHECK(y[0].toDoubles() == y[1].toDoubles());
}

TEST_CASE("convolution layers: errors", "[nn]") {
  using Catch::Contains;
  auto error = [](auto layer, Shape shape, DType type = DType::f32) {
    return test::errorOf([&] { trace(asTensorFunction(layer), {Spec{type, shape, ""}}); });
  };
  CHECK_THAT(error(nn::Conv2d(64, 128, 3), {8, 32, 28, 28}),
             Contains("error: conv2d: input: expected 64 channels (weight is 128x64x3x3), got 32 in 8x32x28x28"));
  CHECK_THAT(error(nn::Conv2d(3, 4, 3), {3, 28}), Contains("conv2d: input: expected 4 or 3 dimensions"));
  CHECK_THAT(error(nn::Conv1d(3, 4, 5), {1, 3, 4}), Contains("conv1d: kernel: size 5"));
  CHECK_THAT(error(nn::Conv1d(3, 4, 3), {1, 3, 4}, DType::f64), Contains("f32"));
  auto construct = [](auto make) { return test::messageOf([&] { make(); }); };
  CHECK(construct([] { nn::Conv2d(3, 4, {3, 3, 3}); }) == "Conv2d: kernel_size: expected 1 or 2 values, got 3");
  CHECK(construct([] { nn::Conv2d(3, 4, 3, {.stride = 0}); }) == "Conv2d: stride: expected at least 1, got 0");
  CHECK(construct([] { nn::Conv2d(3, 4, 3, {.groups = 2}); }) ==
        "Conv2d: groups: expected a divisor of in_channels = 3, got 2");
  CHECK(construct([] { nn::Conv2d(3, 4, 3, {.stride = 2, .padding = "same"}); }) ==
        "Conv2d: padding: 'same' expects stride 1, got stride (2, 2)");
  CHECK(construct([] { nn::Conv2d(3, 4, 3, {.padding = "full"}); }) ==
        "Conv2d: padding: expected sizes, 'same' or 'valid', got 'full'");
}
