// The steps of kernel formation, in the order in which formKernels (Form.cpp) takes them. Each works on the blocks of
// one schedule function: its body and the bodies of the loops that stay in the schedule.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace nnc::codegen {

/// A loop over tensors that stays in the schedule, its body formed into launches: bounds are constants, everything
/// carried is a tensor, and the body holds work for kernels. Any other loop is (part of) a kernel.
bool isScheduleLoop(mlir::Operation *op);
/// The function's body and the bodies of its schedule loops, outer ones first.
llvm::SmallVector<mlir::Block *> scheduleBlocks(mlir::func::FuncOp function);
/// A view that no contiguous buffer can show: a slice with gaps, or such a slice expanded. Kernels make it themselves.
bool isViewInKernels(mlir::Operation *op);
/// An operation that a schedule may hold beside launches: views, constants, index arithmetic, checks, loops.
bool staysInSchedule(mlir::Operation *op);

/// One spelling for everything: named operations become generic, pads, concatenations and other tensor operations
/// become fills, generics and insert_slices; every initial value is an empty tensor, a fill of its own or a copy of its
/// own.
mlir::LogicalResult normalize(mlir::func::FuncOp function);
/// Networks of convolutions are computed channels last (Layout.cpp).
void chooseLayouts(mlir::func::FuncOp function);
/// Padded images whose positions would share a set of the first cache get a line more for each (Padding.cpp).
void spacePositions(mlir::func::FuncOp function);
/// What is inserted into zeros is marked, for markPaddedOperands.
void markZeroBorders(mlir::func::FuncOp function);
/// Each initial value is an empty tensor, a fill of its own or a copy of its own; a padded tensor's border is filled.
void ownInitialValues(mlir::func::FuncOp function);
/// Fuse elementwise producers into their consumers where that costs nothing (rules in Elementwise.cpp).
mlir::LogicalResult fuseElementwise(mlir::func::FuncOp function);
/// Contractions of long sums and few results, as weight gradients of convolutions, become sums of parts and their
/// merge.
void splitContractions(mlir::func::FuncOp function);
/// Operands of large contractions, of contractions in loops and of those with frozen weights are copied to panels once,
/// by kernels of their own (Pack.cpp).
void packOperands(mlir::func::FuncOp function);
/// Elementwise operations over the same elements of one tensor become one operation with several results.
void mergeSiblings(mlir::func::FuncOp function);
/// Long reductions with few results become a tree of two levels, whose shape depends on their shape only.
void splitReductions(mlir::func::FuncOp function);
/// Contractions say which part of a padded operand is not zero: `sched.inside`.
void markPaddedOperands(mlir::func::FuncOp function);
/// Group operations into kernel functions and replace them by launches. Without `fuse` each is a group of its own.
mlir::LogicalResult formBlock(mlir::Block &block, mlir::SymbolTable &symbols, bool fuse);

} // namespace nnc::codegen
