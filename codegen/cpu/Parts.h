// A sum that comes in parts, because what its steps read is copied and only so much of it has room at once.
#pragma once
#include "nnc/codegen/cpu/Nest.h"

namespace nnc::codegen::cpu {

struct Parts {
  unsigned at = 0;   // reductions before this one run outside
  int64_t steps = 0; // of this one a part takes so many, of later ones all
};

/// The largest parts of at most `budget` steps, of one size if one is near.
Parts partsWithin(const Nest &nest, int64_t budget);
/// Is there more than one: are results in memory between them?
bool areSeveral(const Nest &nest, Parts parts);

/// `body` for every index of the loops `dims`, outer ones first.
void overLoops(const Nest &nest, const Cursor &cursor, llvm::ArrayRef<unsigned> dims, mlir::OpBuilder &builder,
               llvm::function_ref<void(const Cursor &)> body);
/// `part` for every part, at its first step; the last one may have fewer.
void overParts(const Nest &nest, const Cursor &cursor, Parts parts, mlir::OpBuilder &builder,
               llvm::function_ref<void(const Cursor &, int64_t)> part);

} // namespace nnc::codegen::cpu
