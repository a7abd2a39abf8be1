// Tensors moved from one order of dimensions to another, through blocks in registers: see Transposition.cpp.
#pragma once
#include "nnc/codegen/Target.h"
#include "nnc/codegen/cpu/LaneBody.h"

namespace nnc::codegen::cpu {

struct TranspositionPlan {
  unsigned runs = 0;                 // the access that has the rows as runs of memory; the other one has the lanes
  unsigned lane = 0;                 // blocks are as many rows as lanes
  int row = -1;                      // none: the inner loops are the whole run
  llvm::SmallVector<unsigned> inner; // loops inside a row's step of the run, inner ones last
  int64_t lanes = 0, steps = 1;      // `steps`: of the inner loops together
};
std::optional<TranspositionPlan> planTransposition(const Nest &nest, const BodyTraits &traits, const Target &target);
void emitTransposition(Nest nest, const TranspositionPlan &plan, mlir::OpBuilder &builder);

} // namespace nnc::codegen::cpu
