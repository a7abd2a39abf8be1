// The steps from one kernel on tensors to the LLVM dialect, in the order lowerKernel (Kernel.cpp) runs them. Each is
// one file. Used inside codegen/cpu only.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "nnc/codegen/Target.h"

namespace nnc::codegen::cpu {

/// On a module: it holds plain scalar loops, in which LLVM's vectoriser should try.
inline constexpr llvm::StringLiteral plainLoopsAttr = "nnc.plain_loops";

/// Canonicalisation, folding and common subexpressions: the one clean-up between steps.
void cleanUp(mlir::Operation *op);

/// bf16 becomes i16 with its conversions written out (Bfloat.cpp).
void storeBfloatAsInteger(mlir::func::FuncOp kernel);

/// Rewrites a*b + c into math.fma by one rule on the scalar bodies, before anything depends on the target (Fma.cpp).
void fuseMultiplyAdd(mlir::func::FuncOp kernel);

/// Tensors -> memrefs: every result is computed in its destination argument (Bufferize.cpp).
mlir::LogicalResult bufferize(mlir::ModuleOp module);

/// The kernel becomes a function of one task, whose index is the new last argument (Tasks.cpp).
mlir::LogicalResult lowerTasks(mlir::func::FuncOp kernel);

/// Buffers inside a kernel become memory of its stack frame, shared by those that do not live at once (Scratch.cpp).
mlir::LogicalResult placeScratch(mlir::func::FuncOp kernel);

/// linalg on memrefs -> loops over vectors where the op allows it, plain loops otherwise (Loops.cpp).
mlir::LogicalResult lowerToLoops(mlir::func::FuncOp kernel, const Target &target);

/// math ops -> arithmetic of our own, no call of a library (VectorMath.cpp).
mlir::LogicalResult expandMath(mlir::func::FuncOp kernel);

/// Everything left -> LLVM dialect (ToLlvm.cpp).
mlir::LogicalResult convertToLlvm(mlir::ModuleOp module);

} // namespace nnc::codegen::cpu
