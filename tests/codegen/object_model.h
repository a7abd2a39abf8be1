// A small library as text, at level linalg, for the tests of codegen/object and of the tools: a layer (forward), one
// step of gradient descent that updates its parameters (train_step), a scan over time (sums), and a look-up whose
// indices are checked (pick).
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <string>

namespace nnc::test {

/// tests/codegen/object-model.mlir
std::string modelText();
mlir::MLIRContext &modelContext();
mlir::OwningOpRef<mlir::ModuleOp> parseModel(const std::string &text = modelText());

} // namespace nnc::test
