// Folding, common subexpressions and dead code on a graph.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nnc::passes {

/// Simplifies a function in place. `maxElements`: the largest constant made by folding that is not a splat.
void simplify(mlir::func::FuncOp function, int64_t maxElements = 1024);

} // namespace nnc::passes
