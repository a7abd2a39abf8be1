// Values of the window family against plain loops and by every way through the compiler; gradients against finite
// differences.
#include "Run.h"
#include "nnc/ir/ops/Vocabulary.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace nnc;
using namespace nnc::test;

using Tensors = std::vector<Tensor>;

namespace {
struct Window {
  Shape input;
  WindowDims dims;
};
struct Pooled {
  std::vector<double> largest, at, sum;
};
} // namespace

// Calls f(number of the window, flat position in the plane or -1 in the padding) in row-major order of both; one or two
// spatial dimensions.
template <class F> static void eachElement(const Shape &input, const WindowDims &d, F f) {
  size_t spatial = input.size() - 2;
  auto at = [&](const std::vector<int64_t> &v, size_t i, int64_t otherwise) {
    return i >= spatial ? otherwise : v.empty() ? otherwise : v[i];
  };
  int64_t size[2], kernel[2], stride[2], low[2], dilation[2], out[2];
  for (size_t i = 0; i < 2; ++i) {
    size[i] = i < spatial ? input[i + 2] : 1, kernel[i] = at(d.kernel, i, 1), stride[i] = at(d.stride, i, kernel[i]);
    low[i] = at(d.paddingLow, i, 0), dilation[i] = at(d.dilation, i, 1);
    out[i] = (size[i] + low[i] + at(d.paddingHigh, i, 0) - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1;
  }
  for (int64_t a = 0; a < out[0]; ++a)
    for (int64_t b = 0; b < out[1]; ++b)
      for (int64_t i = 0; i < kernel[0]; ++i)
        for (int64_t j = 0; j < kernel[1]; ++j) {
          int64_t y = a * stride[0] + i * dilation[0] - low[0], x = b * stride[1] + j * dilation[1] - low[1];
          bool inside = y >= 0 && y < size[0] && x >= 0 && x < size[1];
          f(size_t(a * out[1] + b), inside ? y * size[1] + x : -1);
        }
}
static Pooled pool(const Data &x, const WindowDims &dims, size_t windows) {
  Pooled result;
  int64_t planes = x.shape[0] * x.shape[1], size = planes ? int64_t(x.values.size()) / planes : 0;
  for (int64_t p = 0; p < planes; ++p) {
    std::vector<double> largest(windows, -std::numeric_limits<double>::infinity()), at(windows, -1), sum(windows, 0);
    eachElement(x.shape, dims, [&](size_t window, int64_t place) {
      if (place < 0)
        return;
      double value = x.values[size_t(p * size + place)];
      sum[window] += value;
      if (at[window] < 0 || value > largest[window] || std::isnan(value))
        largest[window] = value, at[window] = double(place);
    });
    result.largest.insert(result.largest.end(), largest.begin(), largest.end());
    result.at.insert(result.at.end(), at.begin(), at.end());
    result.sum.insert(result.sum.end(), sum.begin(), sum.end());
  }
  return result;
}

static const std::vector<Window> windows = {
    {{2, 3, 8}, {{2}, {}, {}, {}, {}}},
    {{1, 2, 7}, {{3}, {2}, {1}, {1}, {}}},
    {{1, 2, 9}, {{3}, {2}, {1}, {2}, {2}}}, // dilated; more padding behind, as ceil_mode gives
    {{1, 1, 4}, {{1}, {3}, {}, {}, {}}},
    {{2, 2, 6, 5}, {{2, 2}, {}, {}, {}, {}}},
    {{1, 2, 7, 6}, {{3, 2}, {2, 1}, {1, 0}, {1, 1}, {1, 2}}}, // overlapping
    {{1, 1, 5, 5}, {{5, 5}, {1, 1}, {}, {}, {}}},             // one window
    {{2, 1, 28, 28}, {{2, 2}, {}, {}, {}, {}}},
    {{0, 2, 6}, {{2}, {}, {}, {}, {}}},
};

TEST_CASE("pooling agrees with loops") {
  for (const Window &w : windows) {
    INFO(toString(w.input));
    auto f = [&](Tensors x) {
      auto [y, at] = max_pool(x[0], w.dims);
      return Tensors{y, at, sum_pool(x[0], w.dims)};
    };
    for (DType type : {DType::f64, DType::f32}) {
      Data x = random(w.input);
      x.type = type;
      for (double &v : x.values)
        v = std::floor(v * 8) / 8; // equal ones too; exact in f32
      auto got = checkWays(f, {x}, 1e-13);
      int64_t planes = w.input[0] * w.input[1];
      Pooled expected = pool(x, w.dims, planes ? got[0].values.size() / size_t(planes) : 0);
      CHECK(got[0].values == expected.largest);
      CHECK(got[1].values == expected.at);
      CHECK(got[2].values == expected.sum);
      auto alone = checkWays([&](Tensors in) { return Tensors{max_pool(in[0], w.dims).first}; }, {x}, 1e-13);
      CHECK(alone[0].values == expected.largest);
    }
    if (elementCount(w.input) && elementCount(w.input) < 100)
      checkGradients(f, {random(w.input, 3)}, {.second = w.input.size() == 3, .mayBeZero = true});
  }
}

TEST_CASE("max_pool of NaN and infinities") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  auto f = [](Tensors x) {
    auto [y, at] = max_pool(x[0], {{3}, {2}, {1}, {1}, {}});
    return Tensors{y, at};
  };
  Data x = f64({1, 1, 9}, {nan, 1, nan, nan, -inf, -inf, -inf, -inf, inf});
  auto got = checkWays(f, {x}, 0);
  checkClose(got[0], f64({1, 1, 5}, {nan, nan, nan, -inf, inf}));
  CHECK(got[1].values == std::vector<double>{0, 3, 3, 5, 8});
}

TEST_CASE("unfold and fold are each other's transpose") {
  for (const Window &w : windows) {
    INFO(toString(w.input));
    std::vector<int64_t> spatial(w.input.begin() + 2, w.input.end());
    if (elementCount(w.input) > 200 || w.dims.kernel == std::vector<int64_t>{1})
      continue;
    auto open = [&](Tensors x) { return Tensors{unfold(x[0], w.dims)}; };
    auto close = [&](Tensors x) { return Tensors{fold(x[0], spatial, w.dims)}; };
    Data x = random(w.input), columns = evaluate(open, {x})[0], g = random(columns.shape, 2),
         back = evaluate(close, {g})[0];
    CHECK(back.shape == x.shape);
    checkWays(open, {x}, 0), checkWays(close, {g});
    if (x.values.empty())
      continue;
    // Columns: channel by channel, kernel element by kernel element, a window each.
    int64_t elements = elementCount(w.dims.kernel), channels = w.input[1], count = columns.shape[2],
            plane = elementCount(spatial);
    std::vector<int64_t> seen(size_t(count), 0);
    eachElement(w.input, w.dims, [&](size_t window, int64_t place) {
      int64_t k = seen[window]++;
      for (int64_t n = 0; n < w.input[0]; ++n)
        for (int64_t c = 0; c < channels; ++c)
          CHECK(columns.values[size_t(((n * channels + c) * elements + k) * count + int64_t(window))] ==
                (place < 0 ? 0 : x.values[size_t((n * channels + c) * plane + place)]));
    });
    double one = 0, other = 0; // <unfold(x), g> = <x, fold(g)>
    for (size_t i = 0; i < g.values.size(); ++i)
      one += columns.values[i] * g.values[i];
    for (size_t i = 0; i < x.values.size(); ++i)
      other += x.values[i] * back.values[i];
    CHECK(one == Approx(other).epsilon(1e-12));
    checkGradients(open, {x}, {.second = false, .mayBeZero = true}),
        checkGradients(close, {g}, {.second = false, .mayBeZero = true});
  }
}

TEST_CASE("messages of the window family") {
  auto of = [](auto f, Shape shape) { return errorOf([&](Tensors x) { return Tensors{f(x[0])}; }, {random(shape)}); };
  auto max = [](WindowDims dims) { return [dims](Tensor x) { return max_pool(x, dims).first; }; };
  CHECK(of(max({{2, 2}, {}, {}, {}, {}}), {1, 2, 5}) ==
        "max_pool: input: expected 4 dimensions (batch, channels, spatial), got 3 in 1x2x5");
  CHECK(of(max({{6}, {}, {}, {}, {}}), {1, 2, 5}) ==
        "max_pool: kernel_size: 6 is larger than the padded input of 5 in spatial dimension 0");
  CHECK(of(max({{2}, {0}, {}, {}, {}}), {1, 2, 5}) == "max_pool: stride: expected at least 1, got 0");
  CHECK(of(max({{2}, {1, 1}, {}, {}, {}}), {1, 2, 5}) == "max_pool: stride: expected 1 values, got 2");
  CHECK(of([](Tensor x) { return fold(x, {5}, {{2}, {1}, {}, {}, {}}); }, {1, 4, 3}) ==
        "fold: input: expected 4 windows for 1x2x5, got 3 in 1x4x3");
  CHECK(of([](Tensor x) { return fold(x, {5}, {{3}, {1}, {}, {}, {}}); }, {1, 4, 3}) ==
        "fold: input: expected N x (C * 3) x windows, got 1x4x3");
}
