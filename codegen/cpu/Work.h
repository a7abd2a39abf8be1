// What a kernel does, counted from its text: the numbers behind a roofline.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nnc::codegen {

struct KernelWork {
  /// Floating-point operations of all tasks together, as the compiled code executes them: additions, multiplications,
  /// divisions, roots, minima, maxima and roundings are one each, a fused multiply-add two, a function (exp) what its
  /// polynomial takes. Integer arithmetic, comparisons, selections and conversions are not counted. What happens for
  /// some data only is counted as if it always did.
  int64_t flops = 0;
  /// For each argument the bytes that must come from it and go to it, each element once however often it is read: the
  /// traffic of a memory with a cache of any size. A gather reads as many elements as it takes, at most all; a result
  /// that is computed in several passes is written once.
  llvm::SmallVector<int64_t> reads, writes;
};

/// Of a kernel on tensors, as it is at the levels kernels and buffers.
KernelWork workOf(mlir::func::FuncOp kernel);

} // namespace nnc::codegen
