// What a call costs, and what an object weighs.
#include "Workload.h"
#include <filesystem>
#include <nnc/runtime/Pool.h>

using namespace nnc;
namespace bench {

// x + 1 of one element, by its function object or by the C interface that lies under it.
static Workload callOf(const Spec &spec) {
  Array x = uniform("x", {1});
  Workload workload = ofFunction(build([](Tensor x) { return x + 1; }, {f32({1})}), {x});
  std::string form = spec.text("form");
  if (form == "function")
    return workload;
  if (form != "abi")
    throw Error("call: form: expected function or abi, got " + form);
  Function function = build([](Tensor x) { return x + 1; }, {f32({1})});
  Array y({1}), workspace({std::max<int64_t>(function.workspaceBytes(), 1)}, DType::u8);
  int32_t index = function.object().function(function.traced().name());
  workload.run = [=, pool = runtime::defaultPool()] {
    void *arguments[] = {x.raw()}, *results[] = {y.raw()};
    nnc_options options{pool->handle(), nullptr, nullptr};
    function.object().invoke(index, arguments, results, workspace.raw(), &options);
    return std::vector<Array>{y};
  };
  return workload;
}

// The shared object of MNIST's smallest network without its weights: one inference, or a training step.
static Workload objectOf(const Spec &spec) {
  std::string of = spec.text("of");
  if (of != "inference" && of != "step")
    throw Error("object: of: expected inference or step, got " + of);
  nn::Linear fc1(784, 128), fc2(128, 10);
  nn::Sequential net(fc1, nn::ReLU(), fc2);
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("nnc-bench-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::string path = folder / "mnist.so";
  timed([&] {
    if (of == "inference") {
      net.eval();
      compile_ahead(path, {trace_forward(net, {f32({1, 784})})}, {.embedWeights = false});
    } else {
      auto step = train_step(net, nn::CrossEntropyLoss(), optim::Adam({.lr = 1e-3}), {f32({64, 784}), i64({64})});
      compile_ahead(path, {step.traced()}, {.embedWeights = false});
    }
    return 0;
  });
  Workload workload;
  workload.run = [] { return std::vector<Array>(); };
  workload.bytes = int64_t(std::filesystem::file_size(path));
  std::filesystem::remove_all(folder);
  return workload;
}

Workload openSmall(const Spec &spec) { return spec.kind() == "call" ? callOf(spec) : objectOf(spec); }

} // namespace bench
