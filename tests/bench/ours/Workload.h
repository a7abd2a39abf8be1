// One row of the table of workloads, made ready to run, and the numbers that all peers compute with.
#pragma once
#include "../worker/Spec.h"
#include <chrono>
#include <nnc/nnc.h>
#include <optional>

namespace bench {

struct Workload {
  std::function<std::vector<nnc::Array>()> run; // one call; results are those of this call
  int64_t peakBytes = 0;                        // as planned
  int64_t launches = 0;
  std::optional<int64_t> bytes = {}; // the size of a file, where the row asks for that and no call
};

/// Seconds spent tracing and compiling since the last open.
double &compileSeconds();
/// Calls `f` and adds the time it takes to that.
template <class F> auto timed(F f) {
  auto start = std::chrono::steady_clock::now();
  auto result = f();
  compileSeconds() += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}
/// nnc::compile, timed.
template <class F>
nnc::Function build(F function, std::vector<nnc::Spec> inputs, nnc::TraceOptions options = {},
                    nnc::CompileOptions compile = {}) {
  return timed([&] { return nnc::compile(function, inputs, options, compile); });
}

/// Arrays with the numbers of worker/Numbers.h.
nnc::Array uniform(const std::string &name, nnc::Shape shape, double scale = 1);
nnc::Array integers(const std::string &name, nnc::Shape shape, int64_t limit);
/// All parameters and buffers from their names (weight() in peers/bench_numbers.py is the same rule).
void fill(const nnc::nn::Module &module);

Workload openKernel(const Spec &spec); // dot, conv, softmax, ...
Workload openModel(const Spec &spec);  // infer, train
Workload openSmall(const Spec &spec);  // call, object
Workload ofFunction(nnc::Function function, std::vector<nnc::Array> inputs);

} // namespace bench
