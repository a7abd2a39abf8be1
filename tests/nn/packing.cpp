// Every result of a product is one sum in one order, however its operands lie in memory: products large enough for
// panels (codegen/form/Pack.cpp), and those of a loop whose weights stay the same, beside the same without fusion.
#include "Arrays.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <tuple>

using namespace nnc;
using test::numbers, test::targets;

namespace {

// Launches with and without fusion, after both have given the same bits.
std::pair<int, int> launchesOf(const TensorFunction &function, const std::vector<Array> &inputs) {
  std::vector<Spec> specs;
  for (const Array &input : inputs)
    specs.push_back({input.dtype(), input.shape(), ""});
  Traced traced = trace(function, specs);
  std::pair<int, int> counts;
  for (const std::string &target : targets()) {
    INFO(target);
    Function packed = compile(traced, {.targets = {target}}),
             plain = compile(traced, {.targets = {target}, .fuse = false});
    std::vector<Array> got = packed(inputs), expected = plain(inputs);
    for (size_t i = 0; i < got.size(); ++i)
      CHECK(std::memcmp(got[i].raw(), expected[i].raw(), size_t(got[i].bytes())) == 0);
    counts = {packed.object().functions()[0].launch_count, plain.object().functions()[0].launch_count};
  }
  return counts;
}

// A product, its operands, and whether the second one is stored transposed.
std::tuple<TensorFunction, Array, Array> product(int64_t m, int64_t k, int64_t n, bool transposed) {
  auto f = [transposed](const std::vector<Tensor> &x) {
    return std::vector<Tensor>{matmul(x[0], transposed ? transpose(x[1], 0, 1) : x[1])};
  };
  return {f, numbers({m, k}, 0), numbers(transposed ? Shape{n, k} : Shape{k, n}, 1)};
}

} // namespace

TEST_CASE("packed operands change no bit") {
  struct {
    int64_t m, k, n;
    bool transposed;
  } sizes[] = {{513, 1030, 400, false}, {200, 1500, 368, true}, {1024, 128, 1024, true}};
  for (auto [m, k, n, transposed] : sizes) {
    INFO(m << "x" << k << "x" << n << " " << transposed);
    auto [f, l, r] = product(m, k, n, transposed);
    CHECK(launchesOf(f, {l, r}).first == 2); // panels, and the product
  }
  auto f = [](const std::vector<Tensor> &x) { return std::vector<Tensor>{matmul(x[0], x[1])}; };
  Array l = numbers<double>({513, 1100}, 0, DType::f64), r = numbers<double>({1100, 368}, 1, DType::f64);
  CHECK(launchesOf(f, {l, r}).first == 2);
}

// What each task copies for itself, too: by the first tile of rows, of whole blocks of lanes and of what is left.
TEST_CASE("a product is one chain of multiply-adds, in order") {
  struct {
    int64_t m, k, n;
    bool transposed;
  } sizes[] = {{127, 129, 131, false}, {128, 700, 768, false}, {64, 1025, 72, false}, {37, 1000, 10, false},
               {50, 2048, 30, true},   {26, 300, 1024, false}, {1, 515, 333, false},  {96, 1024, 1024, false}};
  for (auto [m, k, n, transposed] : sizes) {
    INFO(m << "x" << k << "x" << n << " " << transposed);
    auto [f, l, r] = product(m, k, n, transposed);
    auto *a = static_cast<const float *>(l.raw()), *b = static_cast<const float *>(r.raw());
    std::vector<float> expected(size_t(m * n), 0);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t s = 0; s < k; ++s)
        for (int64_t j = 0; j < n; ++j) {
          float &sum = expected[size_t(i * n + j)];
          sum = std::fmaf(a[i * k + s], transposed ? b[j * k + s] : b[s * n + j], sum);
        }
    Traced traced = trace(f, {{DType::f32, l.shape(), ""}, {DType::f32, r.shape(), ""}});
    for (const std::string &target : targets()) {
      INFO(target);
      Array got = compile(traced, {.targets = {target}})({l, r})[0];
      CHECK(std::memcmp(got.raw(), expected.data(), size_t(got.bytes())) == 0);
    }
  }
}

// All taps in one task, in parts of the sum that stay in the cache, from panels or not. (In the given layout long sums
// are sums of parts: conv_gradients.cpp.)
TEST_CASE("a weight gradient channels last is one chain of multiply-adds, position by position") {
  struct {
    int64_t n, c, o, stride;
  } sizes[] = {{3, 64, 64, 1}, {3, 40, 72, 2}, {9, 64, 128, 1}};
  for (auto [n, c, o, stride] : sizes) {
    INFO(n << " " << c << " " << o << " " << stride);
    int64_t side = 18, size = stride * (side - 1) + 1;
    ConvDims same{{1, 1}, {1, 1}, {1, 1}}, dims{{stride, stride}, {1, 1}, {1, 1}};
    auto f = [&](const std::vector<Tensor> &x) {
      Tensor y = relu(conv(x[0], x[1], same));
      return std::vector<Tensor>{y, conv_weight_grad(y, x[2], {3, 3}, dims)};
    };
    Array x = numbers({n, 16, size, size}, 0), w = numbers({c, 16, 3, 3}, 1), g = numbers({n, o, side, side}, 2);
    Traced traced = trace(f, {{DType::f32, x.shape(), ""}, {DType::f32, w.shape(), ""}, {DType::f32, g.shape(), ""}});
    for (const std::string &target : targets()) {
      INFO(target);
      std::vector<Array> got = compile(traced, {.targets = {target}})({x, w, g});
      auto *y = static_cast<const float *>(got[0].raw()), *gradient = static_cast<const float *>(got[1].raw()),
           *at = static_cast<const float *>(g.raw());
      int64_t wrong = 0;
      for (int64_t i = 0; i < o; i += 7) // some of the output channels
        for (int64_t j = 0; j < c; ++j)
          for (int64_t tap = 0; tap < 9; ++tap) {
            float sum = 0;
            for (int64_t image = 0; image < n; ++image)
              for (int64_t row = 0; row < side; ++row)
                for (int64_t column = 0; column < side; ++column) {
                  int64_t from = row * stride + tap / 3 - 1, along = column * stride + tap % 3 - 1;
                  bool inside = from >= 0 && from < size && along >= 0 && along < size;
                  float value = inside ? y[((image * c + j) * size + from) * size + along] : 0;
                  sum = std::fmaf(value, at[((image * o + i) * side + row) * side + column], sum);
                }
            wrong += sum != gradient[(i * c + j) * 9 + tap];
          }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("operands shared by a batch are packed once, and those of its own for each") {
  auto f = [](const std::vector<Tensor> &x) { return std::vector<Tensor>{matmul(x[0], x[1])}; };
  Array l = numbers({3, 520, 512}, 0), shared = numbers({512, 272}, 1), own = numbers({3, 512, 272}, 2);
  CHECK(launchesOf(f, {l, shared}).first == 2);
  CHECK(launchesOf(f, {l, own}).first == 2);
}

// Channels last, a convolution's weights are read as a product's are: the frozen ones from panels.
TEST_CASE("packed weights of convolutions change no bit") {
  struct Net : nn::Callable<Net> {
    nn::Conv2d first = module("first", nn::Conv2d(16, 48, 3, {.padding = 1})),
               second = module("second", nn::Conv2d(48, 40, 3, {.stride = 2, .padding = 1})),
               third = module("third", nn::Conv2d(40, 64, 1));
    Tensor forward(Tensor x) { return third(relu(second(relu(first(x))))); }
  };
  manual_seed(3);
  Net net;
  Array x = numbers({2, 16, 15, 15}, 0);
  Traced traced = trace_forward(net, {f32({2, 16, 15, 15})});
  for (const std::string &target : targets()) {
    INFO(target);
    Function plain = compile(traced, {.targets = {target}}),
             frozen = compile(traced, {.targets = {target}, .freeze = true});
    Array expected = plain(x)[0], got = frozen(x)[0];
    CHECK(frozen.object().functions()[0].argument_count > 1); // what was prepared
    CHECK(std::memcmp(got.raw(), expected.raw(), size_t(got.bytes())) == 0);
  }
}
