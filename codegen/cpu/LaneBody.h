// The scalar body of a linalg op, evaluated for several neighbouring iterations at once: one lane of a vector each. A
// value that is the same in all lanes stays scalar until it meets one that is not.
#pragma once
#include "nnc/codegen/cpu/Nest.h"

namespace nnc::codegen::cpu {

/// What the body allows.
struct BodyTraits {
  bool lanes = true;   // can be evaluated in lanes
  bool partial = true; // also with lanes whose operands are made up (no division of integers, no load of its own)
  bool heavy = false;  // calls mathematical functions
  bool wide = false;   // some of them in the double width of their elements
  unsigned ops = 0;
};
BodyTraits traitsOf(mlir::Block &body);

/// The values `body` yields; `index(d)` is the position in loop d, a scalar or a vector.
llvm::SmallVector<mlir::Value> emitBody(mlir::OpBuilder &builder, mlir::Block &body, mlir::ValueRange arguments,
                                        int64_t lanes, llvm::function_ref<mlir::Value(unsigned)> index);

/// `value` as a vector of `lanes`.
mlir::Value broadcast(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, int64_t lanes);

/// Zero lanes, or the constant 0.
mlir::Value zero(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type);

/// Lanes [0, count) of `lanes`: the mask, for a constant or computed count.
mlir::Value laneMask(mlir::OpBuilder &builder, mlir::Location loc, int64_t lanes, mlir::OpFoldResult count);

/// `lanes` elements of `flat` from `position` on, `stride` apart; only the first `count` are read, the rest are 0.
/// Stride 0 gives the scalar itself. `streamed`: past the caches, where all lanes are stored, side by side.
mlir::Value loadLanes(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value flat, mlir::Value position,
                      int64_t stride, int64_t lanes, mlir::OpFoldResult count);
void storeLanes(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value vector, mlir::Value flat,
                mlir::Value position, int64_t stride, int64_t lanes, mlir::OpFoldResult count, bool streamed = false);

/// Rows to columns in registers: as many vectors as lanes, a power of two.
llvm::SmallVector<mlir::Value> transpose(mlir::OpBuilder &builder, mlir::Location loc,
                                         llvm::SmallVector<mlir::Value> rows);

} // namespace nnc::codegen::cpu
