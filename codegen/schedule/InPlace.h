// May a kernel write a result over one of its inputs? Asked by the memory plan.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nnc::codegen {

/// True if every task reads argument `input` only where it writes its part of result `output`, and has read all it
/// needs of an element before that element is written, in whatever way the kernel is compiled later.
bool mayOverwrite(mlir::func::FuncOp kernel, unsigned input, unsigned output);

} // namespace nnc::codegen
