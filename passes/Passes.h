// The passes from graph to graph, as MLIR passes (see Passes.td).
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "nnc/ir/Dialect.h"

namespace nnc::passes {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "nnc-generated/passes/Passes.h.inc"

} // namespace nnc::passes
