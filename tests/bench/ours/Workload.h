// One row of the table of workloads, made ready to run, and the numbers that all peers compute with.
#pragma once
#include <chrono>
#include <map>
#include <nnc/nnc.h>
#include <string>

namespace bench {

/// `kind key=value key=1,2,3 ...`, as the driver sends it.
class Spec {
public:
  explicit Spec(const std::string &line);
  const std::string &kind() const { return kind_; }
  bool has(const std::string &key) const { return values_.count(key) != 0; }
  std::string text(const std::string &key) const; // throws where it is missing
  int64_t number(const std::string &key) const;
  int64_t number(const std::string &key, int64_t byDefault) const { return has(key) ? number(key) : byDefault; }
  std::vector<int64_t> list(const std::string &key) const;
  std::vector<int64_t> list(const std::string &key, std::vector<int64_t> byDefault) const;

private:
  std::string kind_;
  std::map<std::string, std::string> values_;
};

struct Workload {
  std::function<std::vector<nnc::Array>()> run; // one call; results are those of this call
  int64_t peakBytes = 0;                        // as planned
  int64_t launches = 0;
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
template <class F> nnc::Function build(F function, std::vector<nnc::Spec> inputs, nnc::TraceOptions options = {}) {
  return timed([&] { return nnc::compile(function, inputs, options); });
}

/// A number in [-1, 1) for each element: the 24 high bits of splitmix64(fnv1a(name) + index), so that every peer, in
/// any language, makes the same.
nnc::Array uniform(const std::string &name, nnc::Shape shape, double scale = 1);
/// Integers in [0, limit), likewise.
nnc::Array integers(const std::string &name, nnc::Shape shape, int64_t limit);
/// All parameters and buffers from their names (peers/numbers.py has the same rule).
void fill(const nnc::nn::Module &module);

Workload openKernel(const Spec &spec); // dot, conv, softmax, ...
Workload openModel(const Spec &spec);  // infer, train
Workload ofFunction(nnc::Function function, std::vector<nnc::Array> inputs);

} // namespace bench
