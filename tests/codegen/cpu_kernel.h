// Runs one kernel given as text two ways with the same random data: compiled by codegen/cpu, and through an independent
// path (one-shot bufferization, plain loops, libm) in which f32 is replaced by f64.
#pragma once
#include "mlir/IR/MLIRContext.h"
#include "nnc/codegen/Target.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace nnc::test {

/// One argument's data; `type` is "f32", "f64", "i64", "i32", "i8".
struct Buffer {
  std::string type;
  std::vector<int64_t> shape;
  std::vector<double> values;
};

struct KernelOptions {
  double tolerance = 2e-6;                 // of |expected| + 1
  double low = -1, high = 1;               // floating-point data
  int64_t lowInteger = 0, highInteger = 9; // integer data, both ends included
  unsigned seed = 1;
  std::string target = "native";
};

mlir::MLIRContext &context();
codegen::Target target(const std::string &name);

/// A kernel compiled and loaded into this process.
class CompiledKernel {
public:
  CompiledKernel(const std::string &text, const codegen::Target &target);
  ~CompiledKernel();
  bool valid() const { return entry != nullptr; }
  /// All tasks in one call, or one call a task from the last to the first.
  void run(std::vector<void *> buffers, bool taskByTask = false) const;
  std::vector<std::string> undefinedSymbols;
  std::string error;
  int64_t tasks = 1;
  double compileMilliseconds = 0;

private:
  void (*entry)(void **, int64_t, int64_t) = nullptr;
  struct Jit;
  std::unique_ptr<Jit> jit;
};

/// Inputs and destinations of the kernel with random values, in the order of its arguments.
std::vector<Buffer> randomArguments(const std::string &text, const KernelOptions &options);

/// Bytes of `buffers` as the kernel sees them; the kernel's results are the last `results` of the returned buffers.
std::vector<std::vector<char>> runKernel(const CompiledKernel &kernel, const std::vector<Buffer> &buffers,
                                         bool taskByTask);

/// Compiles, runs both ways and compares every result; the message of the first difference, or empty.
std::string checkKernel(const std::string &text, const KernelOptions &options = {});

} // namespace nnc::test
