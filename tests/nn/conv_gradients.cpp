// Convolutions and their gradients beside their definition in f64, where code generation has ways of its own for them:
// depthwise ones pad in their tasks and sum all taps at once, strided input gradients come in phases or from a dilated
// cotangent, and a kernel of one tap is a product. Every way gives the same bits on every target.
#include "Arrays.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

using namespace nnc;
using test::numbers, test::targets;

namespace {

struct Case {
  int64_t n, c, o, height, width, kernelHeight, kernelWidth;
  ConvDims dims;
};

// A result's sum, and that of the magnitudes of what it adds up: half an ulp of it is lost in each step at most.
struct Sum {
  double value = 0, magnitude = 0, terms = 0;
  void operator+=(double product) { value += product, magnitude += std::abs(product), ++terms; }
  double tolerance() const { return 0x1p-23 * std::sqrt(terms) * magnitude; }
};

// y, dx and dw of x, w and g, each product of the sum once.
struct Definition {
  std::vector<Sum> y, dx, dw;

  Definition(const Case &at, const Array &x, const Array &w, const Array &g, int64_t outHeight, int64_t outWidth)
      : y(size_t(elementCount(g.shape()))), dx(size_t(elementCount(x.shape()))), dw(size_t(elementCount(w.shape()))) {
    auto *in = static_cast<const float *>(x.raw()), *weight = static_cast<const float *>(w.raw()),
         *cotangent = static_cast<const float *>(g.raw());
    int64_t channels = at.c / at.dims.groups, outputs = at.o / at.dims.groups;
    for (int64_t image = 0; image < at.n; ++image)
      for (int64_t o = 0; o < at.o; ++o)
        for (int64_t row = 0; row < outHeight; ++row)
          for (int64_t column = 0; column < outWidth; ++column)
            for (int64_t j = 0; j < channels; ++j)
              for (int64_t p = 0; p < at.kernelHeight; ++p)
                for (int64_t q = 0; q < at.kernelWidth; ++q) {
                  int64_t from = row * at.dims.stride[0] + p * at.dims.dilation[0] - at.dims.paddingLow[0],
                          along = column * at.dims.stride[1] + q * at.dims.dilation[1] - at.dims.paddingLow[1];
                  if (from < 0 || from >= at.height || along < 0 || along >= at.width)
                    continue;
                  size_t i = size_t(((image * at.c + o / outputs * channels + j) * at.height + from) * at.width +
                                    along),
                         k = size_t(((o * channels + j) * at.kernelHeight + p) * at.kernelWidth + q),
                         r = size_t(((image * at.o + o) * outHeight + row) * outWidth + column);
                  y[r] += double(in[i]) * weight[k];
                  dx[i] += double(cotangent[r]) * weight[k];
                  dw[k] += double(cotangent[r]) * in[i];
                }
  }
};

void checkNear(const Array &got, const std::vector<Sum> &expected) {
  REQUIRE(size_t(elementCount(got.shape())) == expected.size());
  int64_t wrong = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    wrong += !(std::abs(static_cast<const float *>(got.raw())[i] - expected[i].value) <= expected[i].tolerance());
  CHECK(wrong == 0);
}

void check(const Case &at) {
  INFO(at.n << "x" << at.c << "x" << at.height << "x" << at.width << " to " << at.o << ", kernel " << at.kernelHeight
            << "x" << at.kernelWidth << ", stride " << at.dims.stride[0] << "," << at.dims.stride[1] << ", padding "
            << at.dims.paddingLow[0] << "," << at.dims.paddingHigh[1] << ", dilation " << at.dims.dilation[0]);
  auto sizeOf = [&](int64_t i, int64_t size, int64_t kernel) {
    return (size + at.dims.paddingLow[i] + at.dims.paddingHigh[i] - at.dims.dilation[i] * (kernel - 1) - 1) /
               at.dims.stride[i] +
           1;
  };
  int64_t outHeight = sizeOf(0, at.height, at.kernelHeight), outWidth = sizeOf(1, at.width, at.kernelWidth);
  Array x = numbers({at.n, at.c, at.height, at.width}, 0),
        w = numbers({at.o, at.c / at.dims.groups, at.kernelHeight, at.kernelWidth}, 1),
        g = numbers({at.n, at.o, outHeight, outWidth}, 2);
  Definition definition(at, x, w, g, outHeight, outWidth);
  auto f = [&](const std::vector<Tensor> &t) {
    return std::vector<Tensor>{conv(t[0], t[1], at.dims), conv_input_grad(t[2], t[1], {at.height, at.width}, at.dims),
                               conv_weight_grad(t[0], t[2], {at.kernelHeight, at.kernelWidth}, at.dims)};
  };
  Traced traced = trace(f, {{DType::f32, x.shape(), ""}, {DType::f32, w.shape(), ""}, {DType::f32, g.shape(), ""}});
  std::vector<Array> first;
  for (const std::string &target : targets())
    for (bool fuse : {true, false}) {
      INFO(target << (fuse ? "" : " without fusion"));
      std::vector<Array> got = compile(traced, {.targets = {target}, .fuse = fuse})({x, w, g});
      if (first.empty()) {
        first = got;
        checkNear(got[0], definition.y);
        checkNear(got[1], definition.dx);
        checkNear(got[2], definition.dw);
      }
      for (size_t i = 0; i < got.size(); ++i)
        CHECK(std::memcmp(got[i].raw(), first[i].raw(), size_t(got[i].bytes())) == 0);
    }
}

ConvDims dims(int64_t stride, int64_t padding, int64_t dilation, int64_t groups) {
  return {{stride, stride}, {padding, padding}, {padding, padding}, {dilation, dilation}, groups};
}

} // namespace

TEST_CASE("depthwise convolutions and their gradients") {
  check({2, 24, 24, 7, 7, 3, 3, dims(1, 1, 1, 24)});
  check({1, 40, 40, 14, 14, 3, 3, dims(2, 1, 1, 40)});
  check({3, 17, 17, 13, 33, 5, 3, dims(1, 2, 1, 17)}); // no tile divides, more taps than registers on v3
  check({2, 16, 16, 9, 70, 7, 7, dims(1, 3, 1, 16)});
  check({2, 32, 32, 15, 11, 3, 3, dims(1, 2, 2, 32)});
  check({2, 20, 20, 12, 10, 3, 3, {{2, 1}, {0, 1}, {1, 2}, {1, 1}, 20}}); // one direction strided, padded unevenly
  check({1, 4, 4, 21, 19, 3, 3, dims(2, 1, 1, 4)});                       // too few slabs for tasks of their own
  check({2, 16, 32, 10, 10, 3, 3, dims(2, 1, 1, 16)});                    // two outputs a channel
  check({2, 18, 18, 11, 12, 3, 3, dims(3, 1, 1, 18)});                    // nine phases
  check({1, 96, 96, 120, 120, 1, 1, dims(1, 1, 1, 96)}); // padded slabs of which a task has room for few
  check({1, 80, 80, 150, 150, 2, 2, dims(9, 1, 1, 80)}); // and few products of each
}

TEST_CASE("strided convolutions and their gradients") {
  check({2, 24, 40, 14, 14, 3, 3, dims(2, 1, 1, 1)});
  check({1, 16, 16, 13, 15, 4, 4, dims(2, 1, 1, 1)});
  check({2, 3, 32, 25, 23, 7, 7, dims(2, 3, 1, 1)});
  check({2, 8, 16, 17, 16, 2, 2, dims(3, 0, 1, 1)}); // positions that no tap reaches
  check({2, 8, 12, 15, 13, 3, 3, dims(2, 2, 2, 1)}); // taps of one phase only
  check({1, 12, 8, 16, 12, 3, 3, {{2, 3}, {2, 0}, {0, 1}, {1, 2}, 2}});
  check({3, 20, 144, 15, 18, 3, 3, dims(2, 1, 1, 1)}); // results of a phase gathered, from several parts of the sum
  check({2, 36, 24, 14, 40, 5, 5, dims(3, 2, 1, 2)});
  check({2, 40, 48, 20, 21, 1, 1, dims(4, 0, 1, 1)});
}

TEST_CASE("convolutions of one tap and their gradients") {
  check({2, 48, 40, 14, 14, 1, 1, dims(1, 0, 1, 1)});
  check({9, 33, 20, 7, 7, 1, 1, dims(1, 0, 1, 1)}); // images of few positions, several at a time
  check({2, 64, 48, 15, 14, 1, 1, dims(2, 0, 1, 1)});
  check({2, 24, 24, 9, 10, 1, 1, dims(1, 1, 1, 2)});
  check({2, 20, 24, 9, 33, 1, 3, {{1, 1}, {0, 1}, {0, 1}, {1, 1}, 1}}); // one direction only
}

TEST_CASE("long sums are sums of parts") {
  check({8, 3, 20, 33, 33, 3, 3, dims(1, 1, 1, 1)});  // an image each
  check({24, 3, 28, 17, 16, 3, 3, dims(1, 1, 1, 1)}); // three images each
  check({17, 5, 16, 16, 26, 3, 3, dims(1, 1, 1, 1)}); // no good number of images: some rows of each
  check({1, 3, 40, 129, 131, 3, 3, dims(2, 1, 1, 1)});
  check({1, 3, 45, 65, 67, 3, 3, {{1, 2}, {2, 0}, {2, 1}, {2, 1}, 1}});
  check({8, 24, 40, 23, 24, 1, 1, dims(1, 0, 1, 1)});  // one tap
  check({8, 12, 72, 24, 25, 3, 3, dims(1, 1, 1, 3)});  // groups
  check({1, 128, 40, 12, 11, 3, 3, dims(1, 1, 1, 1)}); // some channels each
}

TEST_CASE("products with zeros around an image are left out") {
  check({1, 48, 40, 7, 7, 3, 3, dims(1, 1, 1, 1)}); // a tile has all positions of a row
  check({9, 32, 48, 7, 7, 3, 3, dims(1, 1, 1, 1)}); // one position of several images
  check({2, 64, 32, 4, 4, 3, 3, dims(1, 1, 1, 1)});
  check({1, 32, 64, 14, 14, 3, 3, dims(2, 1, 1, 1)});
  check({2, 40, 32, 6, 9, 5, 5, dims(1, 2, 1, 1)}); // two lines of zeros
  check({1, 32, 32, 3, 5, 5, 5, dims(1, 4, 1, 1)}); // positions of which every tap reads zeros
  check({1, 32, 48, 8, 7, 3, 3, dims(1, 2, 2, 1)});
  check({3, 36, 32, 7, 12, 3, 3, {{1, 2}, {0, 1}, {2, 0}, {1, 1}, 2}}); // on some sides, in groups
  check({1, 512, 64, 7, 7, 3, 3, dims(1, 1, 1, 1)});                    // in several parts of the sum
  // last blocks of lanes are smaller, and take several steps at once
  check({2, 24, 80, 14, 14, 3, 3, dims(1, 1, 1, 1)});
  check({2, 24, 144, 4, 12, 3, 3, dims(1, 1, 1, 1)});
  check({1, 31, 72, 8, 8, 5, 5, dims(1, 2, 1, 1)});
}

// Of a strided operand, too, panels are made once for all tasks.
TEST_CASE("a weight gradient of one tap reads strided panels") {
  check({8, 128, 256, 28, 112, 1, 1, dims(2, 0, 1, 1)});
}
