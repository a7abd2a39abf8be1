// What follows a contraction element by element, done with a tile of its results before they are stored.
#pragma once
#include "nnc/codegen/cpu/Tile.h"

namespace nnc::codegen::cpu {

/// Where the tile at `cursor`, which stands in all parallel loops, begins in an operand of the nest's epilogue.
mlir::Value beginOf(const Access &access, const Nest &nest, const Cursor &cursor, mlir::OpBuilder &builder);

/// The epilogue of `nest` on `results`, by row and vector of `lanes`, of which the last of a row has `last`.
void emitEpilogue(const Nest &nest, const TilePlan &plan, int64_t lanes, const Cursor &cursor,
                  llvm::ArrayRef<mlir::Value> results, int64_t vectors, mlir::OpFoldResult last,
                  mlir::OpBuilder &builder);

} // namespace nnc::codegen::cpu
