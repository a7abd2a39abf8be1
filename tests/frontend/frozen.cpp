// Frozen weights: the same bits without what depends on them alone being computed in each call, deaf to later changes,
// and nothing held that is not read.
#include "nnc/nn/Attention.h"
#include "nnc/nn/Conv.h"
#include "nnc/nn/Linear.h"
#include "nnc/nn/Loss.h"
#include "nnc/nn/Normalization.h"
#include "nnc/nn/Recurrent.h"
#include "nnc/nn/Train.h"
#include "nnc/runtime/Error.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <span>
#include <unistd.h>

using namespace nnc;

namespace {
struct Fixture {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("nnc-test-frozen-" + std::to_string(getpid()));
  std::string path = (folder / "net.so").string();
  Fixture() {
    std::filesystem::create_directories(folder);
    manual_seed(1);
  }
  ~Fixture() { std::filesystem::remove_all(folder); }
};

// Weights that are computed: a norm of their rows, and a sum of two.
struct Computed : nn::Callable<Computed> {
  nn::Parameter v = parameter("v", filled({6, 4}, 0.3)), g = parameter("g", filled({6}, 0.1)),
                b = parameter("b", filled({6}, 0.2)), c = parameter("c", filled({6}, 0.4));
  static Array filled(Shape shape, double step) {
    Array array(std::move(shape));
    for (int64_t i = 0; i < array.numel(); ++i)
      array.data<float>()[size_t(i)] = float(std::sin(step * double(i + 1)) + 1.5);
    return array;
  }
  Tensor forward(Tensor x) {
    Tensor norm = sqrt(sum(square(v.tensor()), {1}, true));
    Tensor w = v.tensor() / norm * unsqueeze(g.tensor(), 1);
    return relu(matmul(x, transpose(w, 0, 1)) + (b.tensor() + c.tensor()));
  }
};

struct Recurrent : nn::Callable<Recurrent> {
  nn::LSTM lstm = module("lstm", nn::LSTM(8, 8, {.batch_first = true}));
  Tensor forward(Tensor x) { return lstm(x).first; }
};

bool sameBits(const Array &a, const Array &b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() && std::memcmp(a.raw(), b.raw(), size_t(a.bytes())) == 0;
}

template <class Net> void checkSameBits(Net net, Shape shape) {
  Array x = Computed::filled(shape, 0.7);
  net.eval();
  Traced traced = trace_forward(net, {f32(shape)});
  Function plain = compile(traced), frozen = compile(traced, {.freeze = true});
  CHECK(sameBits(frozen(x)[0], plain(x)[0]));
  CHECK(frozen.traced().variables().empty());
  CHECK(frozen.peakBytes() > frozen.workspaceBytes());
  // without fusion the kernels are others, not what is computed
  Function apart = compile(traced, {.fuse = false, .freeze = true});
  CHECK(sameBits(apart(x)[0], compile(traced, {.fuse = false})(x)[0]));
}

// As in a residual network: norms behind convolutions, one of which has a bias, and behind a product.
struct Normalized : nn::Callable<Normalized> {
  nn::Conv2d conv1 = module("conv1", nn::Conv2d(3, 8, 3, {.padding = 1, .bias = false})),
             conv2 = module("conv2", nn::Conv2d(8, 8, 3, {.padding = 1, .groups = 2}));
  nn::BatchNorm2d bn1 = module("bn1", nn::BatchNorm2d(8)), bn2 = module("bn2", nn::BatchNorm2d(8));
  nn::Linear fc = module("fc", nn::Linear(8, 5));
  nn::BatchNorm1d bn3 = module("bn3", nn::BatchNorm1d(5));
  Tensor forward(Tensor x) {
    Tensor y = relu(bn1(conv1(x)));
    return bn3(fc(mean(relu(bn2(conv2(y)) + y), {2, 3})));
  }
};

const nnc_function &signature(const runtime::SharedObject &object, const std::string &name) {
  return object.functions()[size_t(object.function(name))];
}
} // namespace

TEST_CASE_METHOD(Fixture, "frozen weights give the same bits") {
  checkSameBits(nn::Linear(3, 4), {2, 3});
  for (int64_t rows : {1, 2, 9}) // packed, or read as they are
    checkSameBits(nn::Linear(600, 48), {rows, 600});
  checkSameBits(Computed(), {5, 4});
  checkSameBits(Recurrent(), {2, 3, 8});
  checkSameBits(nn::LayerNorm(6), {3, 6});
  checkSameBits(nn::Conv2d(3, 4, 3, {.padding = 1}), {2, 3, 6, 6});
}

TEST_CASE_METHOD(Fixture, "batch norms of running statistics become part of the weights before them") {
  for (int64_t batch : {1, 3}) {
    Normalized net;
    for (auto &[name, array] : net.state_dict())
      if (name.starts_with("bn") && array.dtype() == DType::f32)
        Array(array).copyFrom(Computed::filled(array.shape(), 0.01 * double(name.size() * name.size())));
    net.eval();
    Array x = Computed::filled({batch, 3, 6, 6}, 0.7);
    Traced traced = trace_forward(net, {f32({batch, 3, 6, 6})});
    Function plain = compile(traced), frozen = compile(traced, {.freeze = true});
    std::vector<double> expected = plain(x)[0].toDoubles(), got = frozen(x)[0].toDoubles();
    REQUIRE(got.size() == expected.size());
    for (size_t i = 0; i < got.size(); ++i)
      CHECK(got[i] == Approx(expected[i]).epsilon(1e-5).margin(1e-5));
    CHECK(signature(frozen.object(), "forward").launch_count < signature(plain.object(), "forward").launch_count);
    for (const nnc_launch &launch : std::span(signature(frozen.object(), "forward").launches,
                                              size_t(signature(frozen.object(), "forward").launch_count)))
      CHECK(std::string(frozen.object().module().kernel_names[launch.kernel]).find("sqrt") == std::string::npos);
  }
}

TEST_CASE_METHOD(Fixture, "what depends on weights alone is computed once, with the values of then") {
  Computed net;
  Array x = Computed::filled({5, 4}, 0.7);
  Traced traced = trace_forward(net, {f32({5, 4}, "x")});
  Function plain = compile(traced), frozen = compile(traced, {.freeze = true});
  Array before = plain(x)[0];

  const nnc_function &forward = signature(frozen.object(), "forward");
  const nnc_function &prepare = signature(frozen.object(), "forward.prepare");
  CHECK(forward.launch_count < signature(plain.object(), "forward").launch_count);
  CHECK(prepare.launch_count > 0);
  REQUIRE(forward.argument_count == 3);
  for (int32_t i = 1; i < forward.argument_count; ++i)
    CHECK(forward.arguments[i].kind == NNC_CONSTANT);
  // the object has no values, so that it serves any: they are this function's
  CHECK(frozen.object().module().weights[forward.arguments[1].weight].data == nullptr);
  CHECK(frozen.peakBytes() == frozen.workspaceBytes() + (5 * 4 + 6 * 4 + 6 + 5 * 6) * 4);

  Array(net.v.value()).fill(1);
  Array(net.b.value()).fill(2);
  CHECK(sameBits(frozen(x)[0], before));
  CHECK_FALSE(sameBits(plain(x)[0], before));
  Function again = compile(traced, {.freeze = true});
  CHECK(sameBits(again(x)[0], plain(x)[0]));
  CHECK(sameBits(frozen(x)[0], before));
}

TEST_CASE_METHOD(Fixture, "a weight that is read as it is keeps its value, and is not held") {
  std::weak_ptr<Variable> weight;
  Function frozen;
  Array x = Computed::filled({2, 3}, 0.7), before;
  {
    auto variable = std::make_shared<Variable>(Variable{Computed::filled({2, 3}, 0.2), Kind::parameter, "w"});
    weight = variable;
    frozen = compile([variable](Tensor in) { return in * Graph::current().use(variable); }, {f32({2, 3})}, {},
                     {.freeze = true});
    before = frozen(x)[0];
    variable->value.fill(7);
  }
  CHECK(weight.expired());
  CHECK(sameBits(frozen(x)[0], before));
}

TEST_CASE_METHOD(Fixture, "what a function updates is not frozen") {
  nn::BatchNorm1d net(4);
  Array x = Computed::filled({6, 4}, 0.7);
  Traced training = trace_forward(net, {f32({6, 4})});
  Function frozen = compile(training, {.freeze = true});
  std::vector<double> mean = net.running_mean.value().toDoubles();
  frozen(x);
  CHECK(net.running_mean.value().toDoubles() != mean);
  CHECK(frozen.traced().variableNames() ==
        std::vector<std::string>{"num_batches_tracked", "running_mean", "running_var"});

  // scales are frozen, statistics are not
  Array y = frozen(x)[0];
  Array(net.weight.value()).fill(5);
  CHECK(sameBits(frozen(x)[0], y));
}

TEST_CASE_METHOD(Fixture, "a training step is the same function") {
  nn::Linear net(3, 4);
  auto step = train_step(net, nn::MSELoss(), optim::Adam({.lr = 0.1}), {f32({2, 3}, "x"), f32({2, 4}, "y")});
  Function frozen = compile(step.traced(), {.freeze = true}), plain = compile(step.traced());
  CHECK(frozen.traced().text() == plain.traced().text());
  CHECK(&frozen.object() == &plain.object());
}

TEST_CASE_METHOD(Fixture, "a frozen function in a shared object takes its inputs alone") {
  Computed net;
  Array x = Computed::filled({5, 4}, 0.7), y = Computed::filled({5, 6}, 0.5);
  auto step = train_step(net, nn::MSELoss(), optim::SGD({.lr = 0.1}), {f32({5, 4}, "x"), f32({5, 6}, "y")});
  Traced forward = trace_forward(net, {f32({5, 4}, "x")});
  TraceOptions named;
  named.name = "again";
  named.names = nn::variableNames(net);
  Traced again = trace([=](Tensor in) mutable { return net(in); }, {f32({5, 4}, "x")}, named);
  compile_ahead(path, {forward, again, step}, {.freeze = true});
  Loaded object = load(path);
  Array expected = compile(forward)(x)[0];
  CHECK(sameBits(object.call("forward", {x})[0], expected));
  CHECK(sameBits(object.call("again", {x})[0], expected));

  CHECK_THROWS_WITH(object.call("forward", {x, Array({6})}),
                    Catch::Contains(": expected none, as it is frozen, got 6 of f32"));

  const nnc_module &module = object.object().module();
  CHECK(module.function_count == 3);
  const nnc_function &called = signature(object.object(), "forward");
  REQUIRE(called.argument_count == 3);
  CHECK(module.constant_count == 4);
  for (int32_t i = 1; i < 3; ++i) {
    const nnc_weight &weight = module.weights[called.arguments[i].weight];
    CHECK(called.arguments[i].weight >= module.weight_count - module.constant_count);
    CHECK(std::string(weight.name).ends_with(".prepared"));
    CHECK(reinterpret_cast<uintptr_t>(weight.data) % NNC_ALIGNMENT == 0);
    // both functions have prepared the same, which is there once
    CHECK(module.weights[signature(object.object(), "again").arguments[i].weight].data == weight.data);
  }
  // the step has the weights as before, forward does not see what it does
  std::vector<Array> arguments{x, y};
  Array lr = Array::scalar(0.1), count = Array::scalar<int64_t>(0);
  auto variables = step.traced().variables();
  for (size_t i = 0; i < variables.size(); ++i)
    arguments.push_back(variables[i]->kind == Kind::parameter ? variables[i]->value.clone()
                        : variables[i]->kind == Kind::scalar  ? lr
                                                              : count);
  CHECK(object.call("train_step", arguments).at(0).item() == step(x, y).loss.item());
  CHECK(sameBits(object.call("forward", {x})[0], expected));
  CHECK_THROWS_WITH(compile_ahead(path, {forward}, {.embedWeights = false, .freeze = true}),
                    "compile_ahead: freeze: expected embedWeights = true, as what is computed from weights is "
                    "embedded");
}
