// Values of the contract family against plain loops and by every way through the compiler; gradients of first and
// second order against finite differences.
#include "Run.h"
#include "nnc/ir/ops/Vocabulary.h"
#include <catch2/catch.hpp>

using namespace nnc;
using namespace nnc::test;

using Tensors = std::vector<Tensor>;

static Data single(Data data) {
  data.type = DType::f32;
  for (double &x : data.values)
    x = float(x);
  return data;
}

//===--- dot, matmul ---===//

TEST_CASE("matmul agrees with loops") {
  struct {
    int64_t m, k, n;
  } sizes[] = {{1, 1, 1}, {2, 3, 4}, {5, 1, 3}, {1, 7, 1}, {17, 33, 9}, {3, 0, 2}, {0, 2, 3}, {70, 70, 70}};
  for (auto [m, k, n] : sizes) {
    INFO(m << "x" << k << "x" << n);
    Data l = random({m, k}), r = random({k, n}, 2);
    auto f = [](Tensors x) { return Tensors{matmul(x[0], x[1])}; };
    auto got = checkWays(f, {l, r})[0];
    REQUIRE(got.shape == Shape{m, n});
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t c = 0; c < k; ++c)
          sum += l.values[size_t(i * k + c)] * r.values[size_t(c * n + j)];
        CHECK(got.values[size_t(i * n + j)] == Approx(sum).epsilon(1e-13).margin(1e-13));
      }
    if (m > 10)
      checkWays(f, {single(l), single(r)}, 1e-5);
    if (m == 2)
      checkGradients(f, {l, r});
  }
}

TEST_CASE("matmul of vectors and batches") {
  struct {
    Shape l, r, result;
  } cases[] = {{{3}, {3}, {}},
               {{3}, {3, 2}, {2}},
               {{2, 3}, {3}, {2}},
               {{4, 2, 3}, {3, 5}, {4, 2, 5}},
               {{4, 2, 3}, {4, 3, 1}, {4, 2, 1}},
               {{3}, {2, 3, 4}, {2, 4}},
               {{2, 1, 2, 3}, {3, 3, 2}, {2, 3, 2, 2}},
               {{2, 2, 3}, {1, 3, 2}, {2, 2, 2}}};
  for (auto &[l, r, result] : cases) {
    INFO(toString(l) << " and " << toString(r));
    auto f = [](Tensors x) { return Tensors{matmul(x[0], x[1])}; };
    CHECK(checkWays(f, {random(l), random(r, 2)})[0].shape == result);
    checkGradients(f, {random(l), random(r, 2)}, {.second = elementCount(l) < 7});
  }
}

TEST_CASE("dot of any dimensions") {
  struct {
    Shape l, r;
    DotDims dims;
    Shape result;
  } cases[] = {{{2, 3, 4}, {4, 3, 5}, {{}, {}, {1, 2}, {1, 0}}, {2, 5}},   // two contracted, in another order
               {{3, 2, 4}, {5, 4, 2}, {{1}, {2}, {2}, {1}}, {2, 3, 5}},    // batch in the middle and at the end
               {{2, 3}, {2, 4}, {{0}, {0}, {}, {}}, {2, 3, 4}},            // nothing contracted
               {{2, 3}, {3, 2}, {{1, 0}, {0, 1}, {}, {}}, {3, 2}},         // nothing but batch
               {{2}, {3}, {}, {2, 3}},                                     // outer product
               {{2, 3, 4}, {3, 2, 4}, {{}, {}, {0, 1, 2}, {1, 0, 2}}, {}}, // all contracted
               {{2, 1, 3, 2}, {2, 3, 1, 4}, {{1, 0}, {2, 0}, {2}, {1}}, {1, 2, 2, 4}}};
  for (auto &[l, r, dims, result] : cases) {
    INFO(toString(l) << " and " << toString(r));
    Data a = random(l), b = random(r, 2);
    auto f = [&dims = dims](Tensors x) { return Tensors{dot(x[0], x[1], dims)}; };
    // The same by products of broadcast tensors, summed.
    auto plain = [&dims = dims](Tensors x) {
      auto free = [](int64_t rank, const std::vector<int64_t> &a, const std::vector<int64_t> &b) {
        std::vector<int64_t> dims;
        for (int64_t dim = 0; dim < rank; ++dim)
          if (std::find(a.begin(), a.end(), dim) == a.end() && std::find(b.begin(), b.end(), dim) == b.end())
            dims.push_back(dim);
        return dims;
      };
      std::vector<int64_t> lf = free(x[0].rank(), dims.lhsBatch, dims.lhsContract),
                           rf = free(x[1].rank(), dims.rhsBatch, dims.rhsContract);
      auto arrange = [](Tensor t, std::vector<int64_t> first, const std::vector<int64_t> &second,
                        const std::vector<int64_t> &third, size_t at, size_t missing) {
        first.insert(first.end(), second.begin(), second.end());
        first.insert(first.end(), third.begin(), third.end());
        Shape shape = permute(t, first).shape();
        shape.insert(shape.begin() + int64_t(at), missing, 1);
        return reshape(permute(t, first), shape);
      };
      Tensor a = arrange(x[0], dims.lhsBatch, lf, dims.lhsContract, dims.lhsBatch.size() + lf.size(), rf.size());
      Tensor b = arrange(x[1], dims.rhsBatch, rf, dims.rhsContract, dims.rhsBatch.size(), lf.size());
      Tensor product = a * b;
      std::vector<int64_t> last;
      for (size_t i = 0; i < dims.lhsContract.size(); ++i)
        last.push_back(-1 - int64_t(i));
      return Tensors{last.empty() ? product : sum(product, last)};
    };
    Data got = checkWays(f, {a, b})[0];
    CHECK(got.shape == result);
    checkClose(got, evaluate(plain, {a, b})[0]);
    checkGradients(f, {a, b}, {.second = false});
  }
  auto integers = [](Tensors x) { return Tensors{matmul(x[0], x[1])}; };
  checkWays(integers, {i64({2, 2}, {1, 2, 3, 4}), i64({2, 2}, {5, 6, 7, 8})});
  CHECK(evaluate(integers, {i32({2, 2}, {1, 2, 3, 4}), i32({2, 2}, {5, 6, 7, 8})})[0].values ==
        std::vector<double>{19, 22, 43, 50});
}

//===--- convolutions ---===//

namespace {
struct Convolution {
  Shape input, weight;
  ConvDims dims;
};

// Calls f(place in the input, in the weight, in the output) for each product that a convolution adds up.
template <class F> void eachProduct(const Convolution &c, const Shape &output, F f) {
  size_t spatial = c.input.size() - 2;
  auto at = [](const std::vector<int64_t> &values, size_t i, int64_t otherwise) {
    return values.empty() ? otherwise : values[i];
  };
  auto place = [](const Shape &shape, int64_t a, int64_t b, const std::vector<int64_t> &position) {
    int64_t flat = a * shape[1] + b;
    for (size_t i = 0; i < position.size(); ++i)
      flat = flat * shape[i + 2] + position[i];
    return size_t(flat);
  };
  auto each = [&](const Shape &sizes, auto body) { // every position in the spatial part of `sizes`
    std::vector<int64_t> position(spatial, 0);
    for (int64_t count = elementCount(Shape(sizes.begin() + 2, sizes.end())); count > 0; --count) {
      body(position);
      for (size_t i = spatial; i-- > 0 && ++position[i] == sizes[i + 2];)
        position[i] = 0;
    }
  };
  int64_t perGroup = output[1] / c.dims.groups;
  for (int64_t n = 0; n < output[0]; ++n)
    for (int64_t o = 0; o < output[1]; ++o)
      for (int64_t ch = 0; ch < c.weight[1]; ++ch)
        each(output, [&](const std::vector<int64_t> &t) {
          each(c.weight, [&](const std::vector<int64_t> &k) {
            std::vector<int64_t> from(spatial);
            for (size_t i = 0; i < spatial; ++i) {
              from[i] = t[i] * at(c.dims.stride, i, 1) + k[i] * at(c.dims.dilation, i, 1) - at(c.dims.paddingLow, i, 0);
              if (from[i] < 0 || from[i] >= c.input[i + 2])
                return;
            }
            f(place(c.input, n, o / perGroup * c.weight[1] + ch, from), place(c.weight, o, ch, k),
              place(output, n, o, t));
          });
        });
}
} // namespace

static const std::vector<Convolution> convolutions = {
    {{2, 3, 7}, {4, 3, 3}, {}},
    {{1, 2, 9}, {2, 2, 3}, {{2}, {1}, {2}, {2}}},
    {{1, 1, 4}, {1, 1, 1}, {{3}}},                   // a stride that skips
    {{2, 4, 6}, {6, 2, 2}, {{1}, {0}, {1}, {1}, 2}}, // groups
    {{1, 3, 5}, {3, 1, 3}, {{1}, {1}, {1}, {1}, 3}}, // depthwise
    {{2, 3, 5, 6}, {4, 3, 3, 2}, {}},
    {{1, 2, 7, 6}, {3, 2, 3, 2}, {{2, 3}, {1, 0}, {2, 1}, {2, 1}}},
    {{2, 4, 5, 5}, {4, 2, 3, 3}, {{2, 1}, {1, 1}, {1, 1}, {1, 2}, 2}},
    {{1, 1, 3, 3}, {1, 1, 3, 3}, {{}, {2, 2}, {2, 2}}}, // padding of almost a kernel
    {{1, 2, 3, 3}, {2, 2, 1, 1}, {{}, {1, 0}, {0, 1}}}, // padding around a kernel of one
    {{1, 2, 3, 4, 3}, {2, 2, 2, 3, 2}, {{1, 2, 1}, {1, 0, 0}, {0, 1, 1}, {1, 1, 2}}},
    {{1, 2, 8}, {1, 2, 2}, {{3}, {0}, {0}}}, // input that no window reaches
    {{1, 1, 2}, {1, 1, 2}, {{1}, {5}, {5}}}, // windows of nothing but padding
};

namespace {
// A convolution with both of its gradients, and what loops say of them.
struct Looped {
  Data x, w, g;
  std::vector<Data> expected;
  Function function;
};
Looped looped(const Convolution &c) {
  auto spatial = [](const Shape &shape) { return std::vector<int64_t>(shape.begin() + 2, shape.end()); };
  Shape output{c.input[0], c.weight[0]};
  for (size_t i = 0; i + 2 < c.input.size(); ++i) {
    auto at = [&](const std::vector<int64_t> &values, int64_t otherwise) {
      return values.empty() ? otherwise : values[i];
    };
    int64_t padded = c.input[i + 2] + at(c.dims.paddingLow, 0) + at(c.dims.paddingHigh, 0);
    output.push_back((padded - (c.weight[i + 2] - 1) * at(c.dims.dilation, 1) - 1) / at(c.dims.stride, 1) + 1);
  }
  Looped all{random(c.input), random(c.weight, 2), random(output, 3), {}, {}};
  for (const Shape &shape : {output, c.input, c.weight})
    all.expected.push_back({DType::f64, shape, std::vector<double>(size_t(elementCount(shape)))});
  eachProduct(c, output, [&](size_t input, size_t weight, size_t place) {
    all.expected[0].values[place] += all.x.values[input] * all.w.values[weight];
    all.expected[1].values[input] += all.g.values[place] * all.w.values[weight];
    all.expected[2].values[weight] += all.g.values[place] * all.x.values[input];
  });
  all.function = [=](Tensors t) {
    return Tensors{conv(t[0], t[1], c.dims), conv_input_grad(t[2], t[1], spatial(c.input), c.dims),
                   conv_weight_grad(t[0], t[2], spatial(c.weight), c.dims)};
  };
  return all;
}
} // namespace

TEST_CASE("conv and its gradients agree with loops") {
  for (const Convolution &c : convolutions) {
    INFO("input " << toString(c.input) << ", weight " << toString(c.weight) << ", groups " << c.dims.groups);
    Looped loops = looped(c);
    auto got = checkWays(loops.function, {loops.x, loops.w, loops.g});
    for (size_t i = 0; i < 3; ++i)
      checkClose(got[i], loops.expected[i]);
    if (c.dims.groups > 1 || c.input.size() == 5)
      checkWays(loops.function, {single(loops.x), single(loops.w), single(loops.g)}, 2e-6);
  }
}

// Sizes for which windows are copied: to panels over the positions of one image or of several, in parts of the sum,
// with rows that end within a vector, and for weight gradients to lines of steps.
TEST_CASE("convolutions that are computed as products agree with loops") {
  std::vector<Convolution> large = {
      {{3, 5, 7, 7}, {16, 5, 3, 3}, {{}, {1, 1}, {1, 1}}},              // images of few positions, gathered
      {{2, 40, 14, 14}, {24, 40, 3, 3}, {{}, {1, 1}, {1, 1}}},          // the sum in parts
      {{1, 3, 40, 44}, {24, 3, 7, 7}, {{2, 2}, {3, 3}, {3, 3}}},        // rows of the kernel longer than most
      {{2, 16, 9, 13}, {13, 16, 3, 3}, {{}, {2, 2}, {2, 2}, {2, 2}}},   // dilation, rows to the edge of a register
      {{1, 48, 70}, {40, 48, 5}, {{}, {2}, {2}}},                       // one dimension
      {{1, 8, 6, 9, 11}, {16, 8, 3, 3, 3}, {{}, {1, 1, 1}, {1, 1, 1}}}, // three
      {{2, 32, 10, 10}, {32, 16, 3, 3}, {{}, {1, 0}, {0, 1}, {}, 2}},   // groups
      {{2, 64, 6, 5}, {48, 64, 1, 1}, {{2, 2}}},                        // a stride that skips
      {{5, 20, 4, 4}, {33, 20, 3, 3}, {{}, {1, 1}, {1, 1}}},            // rows of four, an odd number of channels
  };
  for (const Convolution &c : large) {
    INFO("input " << toString(c.input) << ", weight " << toString(c.weight) << ", groups " << c.dims.groups);
    Looped loops = looped(c);
    auto wide = compileAndRun(loops.function, {loops.x, loops.w, loops.g});
    auto narrow = compileAndRun(loops.function, {single(loops.x), single(loops.w), single(loops.g)});
    for (size_t i = 0; i < 3; ++i) {
      double largest = 1;
      for (double value : loops.expected[i].values)
        largest = std::max(largest, std::abs(value));
      checkClose(wide[i], loops.expected[i], 1e-13);
      narrow[i].type = DType::f64;
      checkClose(narrow[i], loops.expected[i], 1e-5 * largest);
    }
  }
}

TEST_CASE("gradients of the convolutions, which are each other's") {
  for (size_t i : {1u, 3u, 6u, 9u, 12u}) {
    const Convolution &c = convolutions[i];
    INFO("input " << toString(c.input) << ", weight " << toString(c.weight) << ", groups " << c.dims.groups);
    auto spatial = [](const Shape &shape) { return std::vector<int64_t>(shape.begin() + 2, shape.end()); };
    auto f = [&](Tensors t) { return Tensors{conv(t[0], t[1], c.dims)}; };
    Data x = random(c.input), w = random(c.weight, 2), g = random(evaluate(f, {x, w})[0].shape, 3);
    checkGradients(f, {x, w}, {.second = i < 6});
    checkGradients([&](Tensors t) { return Tensors{conv_input_grad(t[0], t[1], spatial(c.input), c.dims)}; }, {g, w},
                   {.second = i < 2});
    checkGradients([&](Tensors t) { return Tensors{conv_weight_grad(t[0], t[1], spatial(c.weight), c.dims)}; }, {x, g},
                   {.second = i < 2});
  }
}

TEST_CASE("convolutions of nothing") {
  auto f = [](Tensors t) {
    return Tensors{conv(t[0], t[1], {}), conv_weight_grad(t[0], t[2], {2}, {}), conv_input_grad(t[2], t[1], {3}, {})};
  };
  Data w = random({4, 2, 2});
  checkWays(f, {random({0, 2, 3}), w, random({0, 4, 2})}, 0);
  CHECK(evaluate(f, {random({0, 2, 3}), w, random({0, 4, 2})})[1].values == std::vector<double>(16, 0));
  auto noChannels = [](Tensors t) { return Tensors{conv(t[0], t[1], {})}; };
  checkWays(noChannels, {random({1, 0, 3}), random({2, 0, 2})}, 0);
  CHECK(evaluate(noChannels, {random({1, 0, 3}), random({2, 0, 2})})[0].values == std::vector<double>(4, 0));
}

TEST_CASE("larger products and convolutions, by blocks and tasks") {
  auto f = [](Tensors t) {
    Tensor y = matmul(t[0], t[1]);
    return Tensors{y, matmul(transpose(y, 0, 1), t[0]), matmul(relu(y), transpose(t[1], 0, 1)), sum(y, 0)};
  };
  checkWays(f, {single(random({150, 300})), single(random({300, 75}, 2))}, 2e-4);
  auto g = [](Tensors t) {
    ConvDims dims{{2, 2}, {1, 1}, {1, 1}, {}, 1};
    Tensor y = conv(t[0], t[1], dims);
    return Tensors{y, conv_input_grad(y, t[1], {29, 31}, dims), conv_weight_grad(t[0], y, {3, 3}, dims)};
  };
  checkWays(g, {single(random({3, 17, 29, 31})), single(random({20, 17, 3, 3}, 2))}, 1e-4);
}

TEST_CASE("messages of the contract family") {
  auto of = [](auto f, Shape l, Shape r) {
    return errorOf([&](Tensors x) { return Tensors{f(x[0], x[1])}; }, {random(l), random(r, 2)});
  };
  auto product = [](Tensor l, Tensor r) { return matmul(l, r); };
  CHECK(of(product, {2, 3}, {4, 2}) == "matmul: expected equal inner sizes, got 3 in 2x3 and 4 in 4x2");
  CHECK(of(product, {}, {4, 2}) == "matmul: expected operands of at least 1 dimension, got scalar and 4x2");
  CHECK(of(product, {2, 2, 3}, {3, 3, 2}) == "matmul: batch dimensions of 2x2x3 and 3x3x2 do not broadcast");
  CHECK(of([](Tensor l, Tensor r) { return dot(l, r, {{}, {}, {2}, {0}}); }, {2, 3}, {3}) ==
        "dot: dim: expected a dimension in [-2, 1], got 2");
  auto c = [](Tensor l, Tensor r) { return conv(l, r, {}); };
  CHECK(of(c, {1, 2, 5}, {3, 3, 2}) == "conv: input: expected 3 channels (weight is 3x3x2), got 2 in 1x2x5");
  CHECK(of(c, {1, 2, 5}, {3, 2}) == "conv: weight: expected 3 dimensions, got 2 in 3x2");
  CHECK(of(c, {1, 2, 5}, {3, 2, 6}) ==
        "conv: kernel: size 6 is larger than the padded input of 5 in spatial dimension 0");
  CHECK(of([](Tensor l, Tensor r) { return conv_input_grad(l, r, {9}, {}); }, {1, 3, 5}, {3, 2, 3}) ==
        "conv_input_grad: cotangent: expected shape 1x3x7, got 1x3x5");
}
