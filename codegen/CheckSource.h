// What a module must be before any stage runs: text comes from outside, and the stages take for granted what is checked
// here, so that no message of theirs reaches a user.
#pragma once
#include "mlir/IR/BuiltinOps.h"

namespace nnc::codegen {

/// For a module at level graph, linalg or kernels: functions of one block on statically shaped tensors of types that
/// callers can hold, whose arguments have names of their own, and whose results that update an argument fit it. Reports
/// the first thing that is wrong where it stands.
mlir::LogicalResult checkSource(mlir::ModuleOp module);

} // namespace nnc::codegen
