// The dialects of every level from graph to LLVM, with the interface implementations that the passes rely on.
#pragma once
#include "mlir/IR/DialectRegistry.h"

namespace mlir {
class MLIRContext;
}

namespace nnc::codegen {

/// Everything that a module at any level may hold, and that a stage may create.
void registerDialects(mlir::DialectRegistry &registry);

/// Registers and loads all of it. Stages called without a pass manager need loaded dialects: a transformation that
/// creates an op of a dialect which is not loaded crashes.
void loadDialects(mlir::MLIRContext &context);

} // namespace nnc::codegen
