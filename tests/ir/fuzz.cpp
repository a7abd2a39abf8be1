// Random graphs of the nn dialect: the compiler, with and without fusion, computes what the reference path does, of the
// graph and of its gradients. The seed of a failing graph is printed; NNC_FUZZ_SECONDS makes it look for longer.
#include "Run.h"
#include "nnc/ir/ops/Vocabulary.h"
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <random>

using namespace nnc;
using namespace nnc::test;

using Tensors = std::vector<Tensor>;

namespace {
// One graph, the same for every tracing. Values stay of the order of one, so that roundings stay small.
class Graph {
public:
  explicit Graph(unsigned seed) : random(seed) {}
  Tensors operator()(Tensors inputs) {
    pool = inputs;
    for (int operations = 4 + pick(14); operations > 0; --operations) {
      Tensor next = step();
      if (next && next.numel() <= 3000)
        pool.push_back(next);
    }
    Tensors results;
    for (size_t i = pool.size(); i-- > inputs.size() && results.size() < 3;)
      results.push_back(pool[i]);
    if (results.empty())
      results.push_back(tanh(pool[0]));
    return results;
  }
  std::vector<Data> inputs() {
    std::vector<Data> data;
    for (int i = 0, count = 1 + pick(3); i < count; ++i) {
      Shape shape(size_t(pick(5)));
      for (int64_t &size : shape)
        size = sizes[pick(int(std::size(sizes)))];
      while (elementCount(shape) > 2000)
        shape.pop_back();
      data.push_back(test::random(shape, unsigned(random())));
    }
    return data;
  }

private:
  static constexpr int64_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 13, 17, 33, 64, 65};
  std::mt19937 random;
  Tensors pool;

  int pick(int count) { return int(random() % unsigned(count)); }
  Tensor some() {
    return pool[size_t(pick(2) ? int(pool.size()) - 1 - pick(std::min<int>(3, int(pool.size())))
                               : pick(int(pool.size())))];
  }
  // A tensor of at least that many dimensions, by added ones if need be.
  Tensor ofRank(int64_t least) {
    Tensor x = some();
    while (x.rank() < least)
      x = unsqueeze(x, pick(int(x.rank()) + 1));
    return x;
  }
  int64_t dimOf(Tensor x) { return pick(int(x.rank())); }
  // Sizes of 0 appear by slicing; what has none there has no largest element.
  Tensor ofSome(int64_t rank) {
    Tensor x = ofRank(rank);
    return x.numel()
               ? x
               : pad(x, std::vector<int64_t>(size_t(x.rank()), 1), std::vector<int64_t>(size_t(x.rank()), 0), 0.25);
  }

  Tensor step() {
    switch (pick(9)) {
    case 0:
    case 1:
      return unary(some());
    case 2:
    case 3:
      return binary();
    case 4:
      return reduction();
    case 5:
    case 6:
      return shape();
    case 7:
      return product();
    default:
      return other();
    }
  }
  Tensor unary(Tensor x) {
    switch (pick(13)) {
    case 0:
      return tanh(x);
    case 1:
      return sin(x);
    case 2:
      return sigmoid(x);
    case 3:
      return relu(x);
    case 4:
      return exp(-abs(x));
    case 5:
      return softplus(x) * 0.5;
    case 6:
      return log1p(abs(x));
    case 7:
      return erf(x);
    case 8:
      return sqrt(square(x) + 0.1);
    case 9:
      return reciprocal(abs(x) + 1);
    case 10:
      return cos(x) * rsqrt(square(x) + 1);
    case 11:
      return expm1(tanh(x));
    default:
      return clamp(x, -0.5, 0.75);
    }
  }
  Tensor binary() {
    Tensor l = some(), r = some();
    if (l.shape() != r.shape()) { // to a shape that broadcasts: a part of the other's, or a scalar
      if (l.rank() && l.numel() && pick(2)) {
        std::vector<int64_t> dims;
        for (int64_t dim = 0; dim < l.rank(); ++dim)
          if (pick(2))
            dims.push_back(dim);
        r = dims.empty() ? l : mean(l, dims, true);
      } else {
        r = r.numel() ? mean(r) : full({}, 0.5, r.dtype());
      }
    }
    switch (pick(8)) {
    case 0:
      return l + r;
    case 1:
      return l - r;
    case 2:
      return tanh(l) * r;
    case 3:
      return l / (abs(r) + 1);
    case 4:
      return maximum(l, r);
    case 5:
      return minimum(l, r);
    case 6:
      return select(l < 0.25, r, l);
    default:
      return pow(abs(l) + 0.5, tanh(r));
    }
  }
  Tensor reduction() {
    Tensor x = ofSome(1);
    int64_t dim = dimOf(x);
    bool keep = pick(2);
    switch (pick(10)) {
    case 0:
      return mean(x, dim, keep);
    case 1:
      return amax(x, dim, keep);
    case 2:
      return amin(x, dim, keep);
    case 3:
      return softmax(x, dim);
    case 4:
      return log_softmax(x, dim) * (1.0 / double(1 + x.size(dim)));
    case 5:
      return logsumexp(x, dim, keep);
    case 6:
      return cumsum(x * (1.0 / double(x.size(dim))), dim, pick(2));
    case 7:
      return prod(tanh(x) + 0.5, dim, keep);
    case 8: { // layer norm
      Tensor centred = x - mean(x, dim, true);
      return centred * rsqrt(mean(square(centred), dim, true) + 0.1);
    }
    default:
      return mean(x, {}, keep);
    }
  }
  Tensor shape() {
    Tensor x = ofRank(1);
    int64_t dim = dimOf(x), size = x.size(dim);
    switch (pick(8)) {
    case 0:
      return flatten(x, pick(int(dim) + 1), dim);
    case 1:
      return transpose(x, dim, dimOf(x));
    case 2: {
      int64_t start = pick(int(size) + 1);
      return slice(x, dim, start, start + pick(int(size) + 1), 1 + pick(3));
    }
    case 3: {
      std::vector<int64_t> low(size_t(x.rank()), 0), high = low, interior = low;
      low[size_t(dim)] = pick(4), high[size_t(dim)] = pick(4), interior[size_t(dim)] = pick(3);
      return pad(x, low, high, pick(2) * 0.5, interior);
    }
    case 4:
      return cat({x, unary(x)}, dim);
    case 5:
      return flip(x, dim);
    case 6:
      return broadcast_to(unsqueeze(x, 0), [&] {
        Shape shape = x.shape();
        shape.insert(shape.begin(), 1 + pick(4));
        return shape;
      }());
    default:
      return reshape(x, {-1, x.numel() ? x.shape().back() : 1});
    }
  }
  Tensor product() {
    if (pick(2)) {
      Tensor l = ofRank(2), r = some();
      int64_t inner = l.size(-1);
      if (r.rank() != 2 || r.size(0) != inner)
        r = sin(convert(iota({inner, 1 + pick(9)}, 1), l.dtype()) + convert(iota({inner, 1}, 0), l.dtype()));
      return matmul(l, r) * (1.0 / double(1 + inner));
    }
    Tensor x = ofSome(3);
    if (x.rank() > 4 || x.size(1) > 16)
      return unary(x);
    ConvDims dims;
    Shape weight{1 + pick(5), x.size(1)};
    for (int64_t i = 2; i < x.rank(); ++i) {
      dims.stride.push_back(1 + pick(3)), dims.dilation.push_back(1 + pick(2));
      dims.paddingLow.push_back(pick(3)), dims.paddingHigh.push_back(pick(3));
      int64_t kernel = 1 + pick(3), padded = x.size(i) + dims.paddingLow.back() + dims.paddingHigh.back();
      weight.push_back(dims.dilation.back() * (kernel - 1) + 1 > padded ? 1 : kernel);
    }
    if (pick(3) == 0) // depthwise
      dims.groups = x.size(1), weight[0] = dims.groups * (1 + pick(2)), weight[1] = 1;
    Tensor w = cos(convert(iota(weight, pick(int(weight.size()))), x.dtype()) + convert(iota(weight, 0), x.dtype()));
    return conv(x, w, dims) * (1.0 / double(elementCount(weight) / weight[0]));
  }
  Tensor other() {
    Tensor x = ofSome(3);
    int64_t dim = dimOf(x), size = x.size(dim);
    switch (pick(5)) {
    case 0: {
      WindowDims dims;
      for (int64_t i = 2; i < x.rank(); ++i)
        dims.kernel.push_back(std::min<int64_t>(x.size(i), 1 + pick(3))), dims.stride.push_back(1 + pick(2));
      return pick(2) ? max_pool(x, dims).first : sum_pool(x, dims) * 0.25;
    }
    case 1: {
      std::vector<double> at(size_t(1 + pick(6)));
      for (double &i : at)
        i = pick(int(size));
      return take(x, constant({int64_t(at.size())}, at, DType::i64), dim);
    }
    case 2:
      return sort(x, dim, pick(2)).first;
    case 3:
      return x * convert(argmax(x, dim, true) == iota(x.shape(), dim), x.dtype());
    default:
      return x * convert(iota(x.shape(), dim), x.dtype()) * (1.0 / double(size));
    }
  }
};
} // namespace

TEST_CASE("random graphs compute the same by every way") {
  const char *asked = std::getenv("NNC_FUZZ_SECONDS");
  double seconds = asked ? std::atof(asked) : 0;
  auto start = std::chrono::steady_clock::now();
  auto passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  for (unsigned seed = 1; seed <= 6 || passed() < seconds; ++seed) {
    INFO("seed " << seed);
    std::vector<Data> inputs = Graph(seed).inputs();
    Function graph = [seed](Tensors x) {
      Graph graph(seed);
      graph.inputs(); // the same numbers were drawn for them
      return graph(x);
    };
    std::vector<size_t> all;
    for (size_t i = 0; i < inputs.size(); ++i)
      all.push_back(i);
    Function gradient = gradientOf(graph, all);
    Function both = [&](Tensors x) {
      Tensors y = graph(x);
      for (Tensor t : gradient(x))
        y.push_back(t);
      return y;
    };
    INFO(trace(graph, inputs));
    checkWays(both, inputs, 1e-9);
  }
}
