// The nn dialect: its op classes, interfaces and traits.
#pragma once
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "nnc/ir/Tensor.h"

namespace nnc::ir {
/// Said of an op that has no gradient, so that a forgotten one is an error.
template <class Op> class NotDifferentiable : public mlir::OpTrait::TraitBase<Op, NotDifferentiable> {};
/// Said of an op that concerns the schedule and not a kernel.
template <class Op> class Control : public mlir::OpTrait::TraitBase<Op, Control> {};
/// Whether a tensor has at most mostElements (ir/Check.h), also if sizes of 0 are left out.
bool isOfPossibleSize(mlir::RankedTensorType type);
} // namespace nnc::ir

#include "nnc-generated/ir/Dialect.h.inc"
#include "nnc-generated/ir/Interfaces.h.inc"

#include "nnc-generated/ir/Families.h.inc" // the op classes of every family
