// Inside of a traced function: the module it is in. Seen by the frontend's own units only.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "nnc/frontend/Graph.h"

namespace nnc {

/// The one context all graphs live in: loaded once, never destroyed (attributes and types are shared by all graphs).
mlir::MLIRContext &graphContext();

struct Traced::Impl {
  std::string name;
  std::vector<Spec> inputs, outputs;
  std::vector<VariableRef> variables; // in the order of the arguments after the inputs
  std::vector<std::string> variableNames;
  std::vector<int64_t> updated;             // of each result after the outputs: the variable's index
  mlir::OwningOpRef<mlir::ModuleOp> module; // one function of that name
};

} // namespace nnc
