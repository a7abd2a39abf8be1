// Padding layers against PyTorch, and what PyTorch's table does not hold: other dimensions, replication, wrapping,
// errors.
#include "nnc/nn/Padding.h"
#include "Layer.h"

#include <catch2/catch.hpp>

using namespace nnc;

static nn::Axes axes(const golden::Case &c, const char *name) {
  auto values = c.get<std::vector<int64_t>>(name);
  return c.argumentValue(name)->kind == golden::Value::List ? nn::Axes(values) : nn::Axes(values.at(0));
}

TEST_CASE("padding layers agree with PyTorch", "[nn]") {
  test::checkSection("padding", {{"ConstantPad2d",
                                  [](const golden::Case &c, DType) {
                                    return test::Subject(nn::ConstantPad2d(axes(c, "padding"), c.get<double>("value")));
                                  }},
                                 {"ReflectionPad2d", [](const golden::Case &c, DType) {
                                    return test::Subject(nn::ReflectionPad2d(axes(c, "padding")));
                                  }}});
}

// A row of 1, 2, 3, ... padded by the layer.
template <class M> static std::vector<double> padded(M layer, int64_t count = 4) {
  std::vector<double> row;
  for (int64_t i = 1; i <= count; ++i)
    row.push_back(double(i));
  return evaluate(layer, Array::of({1, 1, count}, row)).toDoubles();
}

TEST_CASE("padding layers in one dimension", "[nn]") {
  using V = std::vector<double>;
  CHECK(padded(nn::ReflectionPad1d({2, 3})) == V{3, 2, 1, 2, 3, 4, 3, 2, 1});
  CHECK(padded(nn::ReplicationPad1d({2, 5})) == V{1, 1, 1, 2, 3, 4, 4, 4, 4, 4, 4});
  CHECK(padded(nn::CircularPad1d({2, 4})) == V{3, 4, 1, 2, 3, 4, 1, 2, 3, 4});
  CHECK(padded(nn::ZeroPad1d(1)) == V{0, 1, 2, 3, 4, 0});
  CHECK(padded(nn::ConstantPad1d({0, 2}, 7.5)) == V{1, 2, 3, 4, 7.5, 7.5});
  // cropping: reflection and replication see the whole input, circular padding what is left
  CHECK(padded(nn::ReflectionPad1d({-2, 3})) == V{3, 4, 3, 2, 1});
  CHECK(padded(nn::ReplicationPad1d({-3, 2})) == V{4, 4, 4});
  CHECK(padded(nn::CircularPad1d({-1, 2})) == V{2, 3, 4, 2, 3});
  CHECK(padded(nn::ZeroPad1d({-3, -1})) == V{});
}

TEST_CASE("padding layers in three dimensions agree with one axis after the other", "[nn]") {
  Array x = test::randomArray({2, 3, 3, 4, 5}, 1);
  auto check = [&](auto three, nn::PaddingMode mode) {
    auto one = [&](Tensor t, int64_t dim, int64_t low, int64_t high) {
      return transpose(nn::functional::pad(transpose(t, dim, -1), {low, high}, mode), dim, -1);
    };
    std::vector<Array> y = evaluateAll(
        asTensorFunction([&](Tensor t) { return std::pair(three(t), one(one(one(t, 4, 1, 2), 3, 0, 3), 2, 2, 1)); }),
        {x});
    CHECK(y[0].shape() == Shape{2, 3, 6, 7, 8});
    CHECK(y[0].toDoubles() == y[1].toDoubles());
    test::checkFiniteDifferences(test::Subject(three), {x});
  };
  check(nn::ReflectionPad3d({1, 2, 0, 3, 2, 1}), nn::PaddingMode::reflect);
  check(nn::ReplicationPad3d({1, 2, 0, 3, 2, 1}), nn::PaddingMode::replicate);
  check(nn::CircularPad3d({1, 2, 0, 3, 2, 1}), nn::PaddingMode::circular);
  check(nn::ZeroPad3d({1, 2, 0, 3, 2, 1}), nn::PaddingMode::zeros);
}

TEST_CASE("padding layers: errors", "[nn]") {
  auto error = [](auto layer, Shape shape) {
    return test::errorOf([&] { trace(asTensorFunction(layer), {f32(shape)}); });
  };
  using Catch::Contains;
  CHECK_THAT(
      error(nn::ReflectionPad2d(4), {1, 1, 4, 6}),
      Contains("reflection_pad2d: padding: expected at most 3 for reflection in dimension 2 of 1x1x4x6, got 4 and 4"));
  CHECK_THAT(error(nn::CircularPad1d({5, 0}), {2, 1, 4}), Contains("expected at most 4 to wrap around once"));
  CHECK_THAT(
      error(nn::ReplicationPad3d(1), {2, 4, 4}),
      Contains("input: expected 5 or 4 dimensions (batch, channels, 3 spatial; batch may be missing), got 3 in 2x4x4"));
  CHECK_THAT(error(nn::ZeroPad1d({-3, -2}), {1, 1, 4}), Contains("to crop no more than there is"));
  CHECK(test::messageOf([] { nn::ZeroPad2d({1, 2, 3}); }) == "ZeroPad2d: padding: expected 1 or 4 values, got 3");
}
