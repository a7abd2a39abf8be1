// Scales and shifts behind products of frozen weights.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nnc::passes {

/// Scales frozen weights by what scales the results of their products (see Passes.td). Whether anything was folded.
bool foldScales(mlir::func::FuncOp function);

} // namespace nnc::passes
