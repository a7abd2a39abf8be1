// Dropout: where it is certain as PyTorch, else by its statistics, its gradient and its seed.
#include "nnc/nn/Dropout.h"
#include "Layer.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace nnc;

TEST_CASE("dropout agrees with PyTorch where it is certain", "[nn]") {
  test::checkSection("dropout", {{"Dropout", [](const golden::Case &c, DType) {
                                    return test::Subject(nn::Dropout(c.get<double>("p", 0.5)));
                                  }}});
}

TEST_CASE("dropout keeps and scales, and its gradient has the same mask", "[nn]") {
  const double p = 0.3;
  nn::Dropout dropout(p);
  Function f = compile(
      [&](Tensor x) {
        Tensor y = dropout(x);
        return std::pair(y, grad(sum(y), {x})[0]);
      },
      {f32({100, 101})});
  Array x = Array::full({100, 101}, 2);
  auto first = f(x), second = f(x);
  int64_t kept = 0, same = 0;
  for (int64_t i = 0; i < x.numel(); ++i) {
    double y = first[0].at(i), g = first[1].at(i);
    bool keeps = y != 0;
    kept += keeps;
    same += keeps == (second[0].at(i) != 0);
    if (std::abs(y - (keeps ? 2 / (1 - p) : 0)) > 1e-6 || std::abs(g - (keeps ? 1 / (1 - p) : 0)) > 1e-6)
      FAIL("element " << i << ": " << y << ", gradient " << g);
  }
  double n = double(x.numel()), q = 1 - p;
  CHECK(std::abs(double(kept) - n * q) < 5 * std::sqrt(n * p * q)); // five standard deviations
  // The next call has another mask, independent of the first.
  double agree = q * q + p * p;
  CHECK(std::abs(double(same) - n * agree) < 5 * std::sqrt(n * agree * (1 - agree)));
}

TEST_CASE("dropout of channels takes whole channels", "[nn]") {
  auto check = [](auto layer, Shape shape, int64_t channels) {
    Array y = evaluate(layer, Array::full(shape, 1));
    REQUIRE(y.shape() == shape);
    int64_t size = y.numel() / channels, kept = 0;
    for (int64_t c = 0; c < channels; ++c) {
      kept += y.at(c * size) != 0;
      for (int64_t i = 0; i < size; ++i)
        if (y.at(c * size + i) != y.at(c * size) || (y.at(c * size) != 0 && y.at(c * size) != 2))
          FAIL("channel " << c << ", element " << i << ": " << y.at(c * size + i));
    }
    CHECK(kept > 0);
    CHECK(kept < channels);
  };
  check(nn::Dropout1d(), {8, 8, 5}, 64);
  check(nn::Dropout1d(), {64, 5}, 64);
  check(nn::Dropout2d(), {8, 8, 3, 2}, 64);
  check(nn::Dropout2d(), {8, 8, 5}, 64);
  check(nn::Dropout3d(), {8, 8, 2, 3, 2}, 64);
  check(nn::Dropout3d(), {64, 2, 3, 2}, 64);
}

TEST_CASE("dropout: two uses have two masks; evaluation has none; errors", "[nn]") {
  nn::Dropout dropout(0.5);
  Array x = Array::full({1000}, 1);
  auto y = evaluateAll(asTensorFunction([&](Tensor t) { return std::pair(dropout(t), dropout(t)); }), {x});
  CHECK(y[0].toDoubles() != y[1].toDoubles());
  dropout.eval();
  CHECK(evaluate(dropout, x).toDoubles() == x.toDoubles());
  CHECK(test::messageOf([] { nn::Dropout(1.5); }) == "Dropout: p: expected a probability in [0, 1], got 1.5");
  CHECK_THAT(test::errorOf([] { trace(asTensorFunction(nn::Dropout3d()), {f32({2, 3, 4})}); }),
             Catch::Contains("dropout3d: input: expected 5 or 4 dimensions"));
}
