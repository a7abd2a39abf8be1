// Convolutions as products: see Windows.cpp. The order of the sum's steps is kept, so no bit depends on it.
#pragma once
#include "nnc/codegen/Target.h"
#include "nnc/codegen/cpu/Parts.h"
#include "nnc/codegen/cpu/Tile.h"

namespace nnc::codegen::cpu {

struct WindowPlan {
  unsigned access = 0;                   // the operand that is copied
  llvm::SmallVector<unsigned> positions; // loops that become one, outer ones first
  bool gathered = false; // the result does not walk evenly through all: it is computed in a block of its
  unsigned outside = 0;  // own, from which runs are copied, positions without so many outer loops
  Parts parts;           // of the sum, one copy each
};

/// A plan for a nest whose result has neighbours along positions, or elements a few apart, that an operand does not
/// walk evenly.
std::optional<WindowPlan> planWindows(const Nest &nest, const BodyTraits &traits, const Target &target);
/// Emits the nest. What it adds up starts from what is in memory, or from the nest's initial value where one part is
/// all or results are gathered.
mlir::LogicalResult emitWindows(const Nest &nest, const WindowPlan &plan, const BodyTraits &traits,
                                const Target &target, mlir::OpBuilder &builder);
/// The same for windows along the sum (SumWindows.cpp).
struct SumWindowPlan {
  unsigned access = 0;               // the operand that is copied
  llvm::SmallVector<unsigned> lines; // parallel loops it has alone
  Parts parts;
};
std::optional<SumWindowPlan> planSumWindows(const Nest &nest, const BodyTraits &traits, const Target &target);
mlir::LogicalResult emitSumWindows(const Nest &nest, const SumWindowPlan &plan, const BodyTraits &traits,
                                   const Target &target, mlir::OpBuilder &builder);

} // namespace nnc::codegen::cpu
