// Kernels of a module -> object code: identified by their text, compiled once each, in parallel, through the cache.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "nnc/codegen/Target.h"
#include "nnc/codegen/object/Cache.h"

namespace nnc::codegen {

/// A kernel's code for one target.
struct KernelCode {
  std::string symbol; // void symbol(void **buffers, int64_t begin, int64_t end)
  llvm::SmallVector<char, 0> object;
  double milliseconds = 0;
  bool cached = false;
};

/// One row a kernel function of the module, in the module's order.
struct Kernel {
  std::string name;             // as in the module
  std::vector<KernelCode> code; // one a target
};

/// `threads` 0: as many as there are processors. The module is not changed.
mlir::FailureOr<std::vector<Kernel>> compileKernels(mlir::ModuleOp module, llvm::ArrayRef<Target> targets,
                                                    ObjectCache &cache, unsigned threads);

/// What an object's content depends on beside its source: the version and the build of this compiler, and LLVM's.
std::string compilerVersion();

} // namespace nnc::codegen
