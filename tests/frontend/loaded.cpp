// Shared objects written by compile_ahead and called from C++: what may be left out of a call, and what is said
// otherwise.
#include "nnc/nn/Linear.h"
#include "nnc/nn/Loss.h"
#include "nnc/nn/Train.h"
#include "nnc/runtime/Error.h"
#include <catch2/catch.hpp>
#include <filesystem>
#include <unistd.h>

using namespace nnc;

namespace {
struct Fixture {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("nnc-test-loaded-" + std::to_string(getpid()));
  std::string path = (folder / "net.so").string();
  Array x = Array::of<float>({2, 3}, std::vector<float>{1, -2, 3, 4, 0.5, -6});
  Fixture() {
    std::filesystem::create_directories(folder);
    manual_seed(1);
  }
  ~Fixture() { std::filesystem::remove_all(folder); }
};
} // namespace

TEST_CASE_METHOD(Fixture, "embedded weights may be left out of a call") {
  nn::Linear net(3, 4);
  Traced forward = trace_forward(net, {f32({2, 3}, "x")});
  compile_ahead(path, {forward});
  Loaded object = load(path);
  std::vector<double> expected = compile(forward)(x)[0].toDoubles();
  CHECK(object.call("forward", {x})[0].toDoubles() == expected);
  CHECK(object.call("forward", {x, Array(), net.bias.value()})[0].toDoubles() == expected);
  CHECK(object.call("forward", {x, net.weight.value(), net.bias.value()})[0].toDoubles() == expected);
  CHECK_THROWS_WITH(object.call("forward", {}), "forward: x: expected 2x3 of f32, got none");
  CHECK_THROWS_WITH(object.call("forward", {x, x}), "forward: weight: expected 4x3 of f32, got 2x3 of f32");
  CHECK_THROWS_WITH(object.call("forward", {x, x, x, x}), "forward: expected 3 arguments, got 4");
}

TEST_CASE_METHOD(Fixture, "weights that are not embedded, or are updated, are the caller's to bring") {
  nn::Linear net(3, 4, {.bias = false});
  auto step = train_step(net, nn::MSELoss(), optim::SGD({.lr = 0.1}), {f32({2, 3}, "x"), f32({2, 4}, "y")});
  Traced forward = trace_forward(net, {f32({2, 3}, "x")});
  compile_ahead(path, {forward}, {.embedWeights = false});
  CHECK_THROWS_WITH(load(path).call("forward", {x}), "forward: weight: expected 4x3 of f32, got none");

  compile_ahead(path, {step});
  Array y({2, 4}), weight = net.weight.value().clone(), lr = Array::scalar(0.1), count = Array::scalar<int64_t>(0);
  CHECK_THROWS_WITH(load(path).call("train_step", {x, y}),
                    Catch::Contains("train_step: weight: expected 4x3 of f32, got none"));
  std::vector<Array> arguments{x, y};
  for (const std::string &name : step.traced().variableNames())
    arguments.push_back(name == "weight" ? weight : name == "lr" ? lr : count);
  Array loss = load(path).call("train_step", arguments).at(0);
  CHECK(loss.item() == step(x, y).loss.item());
  CHECK(weight.toDoubles() == net.weight.value().toDoubles());
  CHECK(count.item<int64_t>() == 1);
}
