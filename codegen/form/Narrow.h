// A kernel that makes some of another kernel's results.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallBitVector.h"

namespace nnc::codegen {

struct NarrowKernel {
  mlir::OwningOpRef<mlir::func::FuncOp> function; // inputs, then a destination for each result that is wanted
  llvm::SmallVector<unsigned> inputs;             // of the kernel, that are still read
  llvm::SmallVector<unsigned> results;            // of the kernel, that are read: inputs that follow those
};

/// Of `kernel`, what makes the results `wanted`. Its other results are taken as made: where one is needed on the way,
/// it is read. Operations stay as they are, so the bits are the same. Null where the kernel is not cut like that.
std::optional<NarrowKernel> narrowKernel(mlir::func::FuncOp kernel, const llvm::SmallBitVector &wanted);

} // namespace nnc::codegen
