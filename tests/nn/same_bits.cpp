// The benchmark's workloads in short forms: the same bits for either level of x86-64 (where the machine has it) and for
// any number of threads, in operations, inference and whole training steps.
#include "Arrays.h"
#include "nnc/runtime/Pool.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

using namespace nnc;
using test::numbers;
namespace F = nn::functional;

namespace {

Array labels(Shape shape, int64_t limit) {
  Array array(shape, DType::i64);
  for (int64_t i = 0; i < elementCount(shape); ++i)
    static_cast<int64_t *>(array.raw())[i] = i * 7919 % limit;
  return array;
}

Spec specOf(const Array &array) { return {array.dtype(), array.shape(), ""}; }

std::string bytesOf(const Array &array) {
  return {static_cast<const char *>(static_cast<const void *>(array.raw())), size_t(array.bytes())};
}

// What two calls give and leave behind, from the state that the variables are in now.
std::string bitsOf(const Traced &traced, const std::vector<Array> &inputs, const std::string &target, int threads,
                   bool freeze) {
  CompileOptions options;
  options.targets = {target};
  options.freeze = freeze;
  runtime::setThreads(threads); // of what is prepared too
  Function function = compile(traced, options);
  std::vector<Array> before;
  for (const VariableRef &variable : traced.variables())
    before.push_back(variable->value.clone());
  std::string bits;
  for (int call = 0; call < 2; ++call)
    for (const Array &result : function(inputs))
      bits += bytesOf(result);
  for (size_t i = 0; i < before.size(); ++i) {
    Array &value = traced.variables()[i]->value;
    bits += bytesOf(value);
    std::memcpy(value.raw(), before[i].raw(), size_t(value.bytes()));
  }
  return bits;
}

void check(const std::string &name, const Traced &traced, const std::vector<Array> &inputs, bool freeze = false) {
  INFO(name);
  std::string expected = bitsOf(traced, inputs, "x86-64-v3", 1, freeze);
  REQUIRE(!expected.empty());
  for (const std::string &target : test::targets())
    for (int threads : {1, 2, 3, 8}) {
      INFO(target << " with " << threads << " threads");
      CHECK(bitsOf(traced, inputs, target, threads, freeze) == expected);
    }
  runtime::setThreads(0);
}

template <class Function> void check(const std::string &name, Function function, const std::vector<Array> &inputs) {
  std::vector<Spec> specs;
  for (const Array &input : inputs)
    specs.push_back(specOf(input));
  check(name, trace(function, specs), inputs);
}

template <class Net> void checkFrozen(const std::string &name, Net net, Array x) {
  net.eval();
  check(name, trace_forward(net, {specOf(x)}), {x}, true);
}

template <class Net, class Loss>
void checkStep(const std::string &name, Net net, Loss loss, const optim::Optimizer &optimizer, Array x, Array target) {
  auto step = train_step(net, loss, optimizer, {specOf(x), specOf(target)}, {.max_norm = 1.0});
  check(name, step.traced(), {x, target});
}

// A convolutional network with a block that adds its input, and all that comes with it.
struct Residual : nn::Module {
  nn::Conv2d first = module("first", nn::Conv2d(3, 16, 3, {.stride = 2, .padding = 1, .bias = false}));
  nn::BatchNorm2d norm = module("norm", nn::BatchNorm2d(16));
  nn::Conv2d inner = module("inner", nn::Conv2d(16, 16, 3, {.padding = 1}));
  nn::Linear last = module("last", nn::Linear(16, 10));
  Tensor forward(Tensor x) {
    x = relu(norm(first(x)));
    x = relu(x + inner(F::max_pool2d(x, 3, {.stride = 1, .padding = 1})));
    return last(mean(x, {2, 3}));
  }
};

// A block of a transformer on tokens.
struct Block : nn::Module {
  nn::Embedding tokens = module("tokens", nn::Embedding(50, 48));
  nn::LayerNorm norm = module("norm", nn::LayerNorm(48));
  nn::MultiheadAttention attention = module("attention", nn::MultiheadAttention(48, 4, {.batch_first = true}));
  nn::Linear expand = module("expand", nn::Linear(48, 192)), shrink = module("shrink", nn::Linear(192, 48));
  nn::Dropout dropout = module("dropout", nn::Dropout(0.1));
  nn::Linear head = module("head", nn::Linear(48, 50));
  Tensor forward(Tensor ids) {
    Tensor x = tokens(ids), y = norm(x);
    x = x + attention(y, y, y).first;
    x = x + dropout(shrink(F::gelu(expand(x))));
    return head(x);
  }
};

struct Recurrent : nn::Module {
  nn::LSTM lstm = module("lstm", nn::LSTM(24, 40, {.num_layers = 2, .batch_first = true}));
  nn::Linear last = module("last", nn::Linear(40, 12));
  Tensor forward(Tensor x) { return last(lstm(x).first); }
};

} // namespace

TEST_CASE("workloads give the same bits for any threads and either level: operations", "[nn]") {
  auto product = [](Tensor a, Tensor b) { return matmul(a, b); };
  check("dot", product, {numbers({127, 129}), numbers({129, 131}, 1)});
  check("dot of rows", [](Tensor a, Tensor b) { return matmul(a, transpose(b, 0, 1)); },
        {numbers({33, 300}), numbers({77, 300}, 1)});
  check("batched dot", product, {numbers({6, 40, 24}), numbers({6, 24, 40}, 1)});
  check("row times matrix", product, {numbers({1, 700}), numbers({700, 90}, 1)});
  struct {
    Shape x, w;
    ConvDims dims;
  } convolutions[] = {{{2, 12, 14, 14}, {16, 12, 3, 3}, {{1, 1}, {1, 1}, {1, 1}}},
                      {{3, 16, 7, 7}, {24, 16, 3, 3}, {{1, 1}, {1, 1}, {1, 1}}},
                      {{1, 3, 33, 31}, {16, 3, 7, 7}, {{2, 2}, {3, 3}, {3, 3}}},
                      {{2, 16, 15, 15}, {16, 1, 3, 3}, {{2, 2}, {1, 1}, {1, 1}, {1, 1}, 16}},
                      {{2, 24, 50}, {16, 24, 5}, {{1}, {2}, {2}}}};
  for (auto &[x, w, dims] : convolutions) {
    std::vector<int64_t> size(x.begin() + 2, x.end()), kernel(w.begin() + 2, w.end());
    check("conv of " + toString(x) + " by " + toString(w),
          [&](Tensor a, Tensor b) {
            Tensor y = conv(a, b, dims);
            return std::vector<Tensor>{y, conv_input_grad(y, b, size, dims), conv_weight_grad(a, y, kernel, dims)};
          },
          {numbers(x), numbers(w, 1)});
  }
  auto withGradient = [](auto function) {
    return [function](Tensor x) {
      Tensor y = function(x);
      return std::vector<Tensor>{y, grad(sum(y * y), {x})[0]};
    };
  };
  Array rows = numbers({70, 1000});
  check("softmax", withGradient([](Tensor x) { return softmax(x, -1); }), {rows});
  check("layer norm", withGradient([](Tensor x) { return F::layer_norm(x, {1000}); }), {rows});
  check("gelu", withGradient([](Tensor x) { return F::gelu(x); }), {rows});
  check("sums", [](Tensor x) { return std::vector<Tensor>{sum(x, 0), sum(x, 1), sum(x), mean(x, {0, 1})}; },
        {numbers({600, 300})});
  check("batch norm", [](Tensor x) { return F::batch_norm(x, Tensor(), Tensor()); }, {numbers({4, 6, 14, 14})});
  check("transposes", [](Tensor x) { return permute(x, {0, 2, 3, 1}); }, {numbers({3, 20, 9, 11})});
  check("cross entropy",
        [](Tensor x, Tensor t) {
          Tensor loss = F::cross_entropy(x, t);
          return std::vector<Tensor>{loss, grad(loss, {x})[0]};
        },
        {numbers({50, 3000}), labels({50}, 3000)});
  check("embedding and its gradient",
        [](Tensor w, Tensor i) {
          Tensor y = take(w, i, 0);
          return std::vector<Tensor>{y, grad(sum(y * y), {w})[0]};
        },
        {numbers({200, 48}), labels({300}, 200)});
}

TEST_CASE("workloads give the same bits for any threads and either level: training steps", "[nn]") {
  auto classes = [](Tensor scores, Tensor target) {
    return F::cross_entropy(reshape(scores, {-1, scores.size(-1)}), reshape(target, {-1}));
  };
  nn::Sequential mlp(nn::Linear(100, 64), nn::ReLU(), nn::Linear(64, 10));
  checkStep("mlp", mlp, classes, optim::Adam({.lr = 1e-3}), numbers({32, 100}), labels({32}, 10));
  checkStep("residual", Residual(), classes, optim::SGD({.lr = 0.01, .momentum = 0.9}), numbers({6, 3, 20, 20}),
            labels({6}, 10));
  checkStep("transformer", Block(), classes, optim::AdamW({.lr = 1e-3}), labels({4, 16}, 50), labels({4, 16}, 50));
  checkStep("lstm", Recurrent(), classes, optim::Adam({.lr = 1e-3}), numbers({5, 12, 24}), labels({5, 12}, 12));
}

TEST_CASE("workloads give the same bits for any threads and either level: inference with frozen weights", "[nn]") {
  nn::Sequential mlp(nn::Linear(600, 200), nn::ReLU(), nn::Linear(200, 10));
  checkFrozen("mlp of one row", mlp, numbers({1, 600}));
  checkFrozen("mlp", mlp, numbers({9, 600}));
  checkFrozen("residual", Residual(), numbers({1, 3, 20, 20}));
  checkFrozen("residuals", Residual(), numbers({6, 3, 20, 20}));
  checkFrozen("transformer", Block(), labels({4, 16}, 50));
  checkFrozen("lstm", Recurrent(), numbers({5, 12, 24}));
}
