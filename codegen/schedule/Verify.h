// The proof that a planned schedule keeps its buffers apart.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nnc::codegen {

/// Fails if two buffers of the arena (views with different `sched.buffer`) share bytes while both live, or one lies
/// outside of the arena. A buffer lives from its first to its last use; through a loop if it is used outside of it as
/// well, or if the loop reads it before writing it.
mlir::LogicalResult verifyBuffers(mlir::func::FuncOp schedule);

} // namespace nnc::codegen
