// Pooling layers against PyTorch; other dimensions, finite differences, errors.
#include "nnc/nn/Pooling.h"
#include "Layer.h"

#include <catch2/catch.hpp>

using namespace nnc;

static nn::Axes axes(const golden::Case &c, const char *name, nn::Axes otherwise) {
  if (!c.set(name, otherwise.values))
    return otherwise;
  otherwise.single = c.argumentValue(name)->kind != golden::Value::List;
  return otherwise;
}

TEST_CASE("pooling layers agree with PyTorch", "[nn]") {
  test::checkSection("pooling", {{"MaxPool2d",
                                  [](const golden::Case &c, DType) {
                                    nn::MaxPoolOptions options;
                                    options.stride = axes(c, "stride", options.stride);
                                    options.padding = axes(c, "padding", options.padding);
                                    options.dilation = axes(c, "dilation", options.dilation);
                                    c.set("ceil_mode", options.ceil_mode);
                                    nn::MaxPool2d pool(axes(c, "kernel_size", {}), options);
                                    if (c.get<bool>("return_indices"))
                                      return test::Subject(pool,
                                                           [pool](Tensor x) { return pool.forward_with_indices(x); });
                                    return test::Subject(pool);
                                  }},
                                 {"AvgPool2d",
                                  [](const golden::Case &c, DType) {
                                    nn::AvgPoolOptions options;
                                    options.stride = axes(c, "stride", options.stride);
                                    options.padding = axes(c, "padding", options.padding);
                                    c.set("ceil_mode", options.ceil_mode);
                                    c.set("count_include_pad", options.count_include_pad);
                                    c.set("divisor_override", options.divisor_override);
                                    return test::Subject(nn::AvgPool2d(axes(c, "kernel_size", {}), options));
                                  }},
                                 {"AdaptiveAvgPool2d", [](const golden::Case &c, DType) {
                                    nn::OutputSize size(c.get<std::vector<std::optional<int64_t>>>("output_size"));
                                    size.single = c.argumentValue("output_size")->kind != golden::Value::List;
                                    return test::Subject(nn::AdaptiveAvgPool2d(size));
                                  }}});
}

TEST_CASE("pooling layers: gradients agree with finite differences", "[nn]") {
  Array x = test::randomArray({2, 2, 5, 6, 5}, 1), row = test::randomArray({2, 3, 9}, 2);
  test::checkFiniteDifferences(test::Subject(nn::MaxPool3d({2, 3, 2}, {.padding = 1, .ceil_mode = true})), {x});
  test::checkFiniteDifferences(test::Subject(nn::AvgPool3d({2, 3, 2}, {.padding = 1, .count_include_pad = false})),
                               {x});
  test::checkFiniteDifferences(test::Subject(nn::AdaptiveAvgPool3d({2, 4, std::nullopt})), {x});
  test::checkFiniteDifferences(test::Subject(nn::MaxPool1d(3, {.stride = 2})), {row});
  test::checkFiniteDifferences(test::Subject(nn::AdaptiveAvgPool1d(4)), {row});
}

TEST_CASE("pooling layers in one dimension", "[nn]") {
  using V = std::vector<double>;
  Array x = Array::of({1, 1, 7}, V{3, 1, 4, 1, 5, 9, 2});
  auto run = [&](auto layer) { return evaluate(layer, x).toDoubles(); };
  CHECK(run(nn::MaxPool1d(2)) == V{3, 4, 9});
  CHECK(run(nn::MaxPool1d(2, {.ceil_mode = true})) == V{3, 4, 9, 2});
  CHECK(run(nn::AvgPool1d(2, {.ceil_mode = true})) == V{2, 2.5, 7, 2});
  CHECK(run(nn::AvgPool1d(4, {.stride = 2, .padding = 2})) == V{1, 2.25, 4.75, 4});
  CHECK(run(nn::AdaptiveAvgPool1d(2)) == V{2.25, 4.25});
  CHECK(nn::AvgPool1d(2).str() == "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))");
  CHECK(nn::MaxPool1d(2).str() == "MaxPool1d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)");
}

TEST_CASE("pooling layers: errors", "[nn]") {
  using Catch::Contains;
  auto error = [](auto layer, Shape shape) {
    return test::errorOf([&] { trace(asTensorFunction(layer), {f32(shape)}); });
  };
  CHECK_THAT(error(nn::MaxPool2d(3), {4, 5}), Contains("max_pool2d: input: expected 4 or 3 dimensions"));
  CHECK_THAT(error(nn::MaxPool2d(6), {1, 2, 5, 7}),
             Contains("max_pool2d: kernel_size: 6 is larger than the padded input of 5 in spatial dimension 0"));
  CHECK(test::messageOf([] { nn::MaxPool2d(3, {.padding = 2}); }) ==
        "MaxPool2d: padding: expected at most half of the kernel's 3, got 2");
  CHECK(test::messageOf([] { nn::AvgPool2d(2, {.divisor_override = 0}); }) ==
        "AvgPool2d: divisor_override: expected a number other than 0, got 0");
  CHECK(test::messageOf([] { nn::AdaptiveAvgPool2d({2, 3, 4}); }) ==
        "AdaptiveAvgPool2d: output_size: expected 1 or 2 values, got 3");
}
