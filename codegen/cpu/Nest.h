// A linalg op on buffers seen as what it is to code generation: a nest of loops over a body, in which each operand's
// address is linear in the loop indices. Everything that makes loops of an op (Tile.cpp, LaneReduction.cpp) starts from
// here.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace nnc::codegen::cpu {

/// One operand: element `offset + sum(strides[d] * index[d])` of `flat`, or the scalar `value` itself. Along one loop
/// it may lie in panels: `panelWidth` elements with stride 1, and `panelStride` from one such run to the next.
struct Access {
  mlir::Value flat;  // memref<?xT, strided<[1], offset: ?>>
  mlir::Value value; // an operand that is no buffer
  mlir::Type element;
  llvm::SmallVector<int64_t> strides;
  int64_t offset = 0;
  int panelLoop = -1;
  int64_t panelWidth = 0, panelStride = 0;
  bool read = true, written = false;
  bool streamed = false; // stored past the caches

  bool isScalar() const { return !flat; }
  /// From an index of loop `d`, the first of a panel or with all of `elements` in one, so many further.
  int64_t distance(unsigned d, int64_t elements) const {
    return panelLoop != int(d) ? elements * strides[d] : elements / panelWidth * panelStride + elements % panelWidth;
  }
};

/// An elementwise op on the results of a nest, done with them in registers: `op` itself, its operands by the nest's
/// loops, and which of them the results are.
struct Epilogue {
  mlir::linalg::LinalgOp op;
  llvm::SmallVector<Access> accesses;
  unsigned results = 0;
};

/// Steps of loop `step`, a reduction, that read an image and not the zeros around it, where loop `place` stands at i:
/// those with first <= byPlace * i + byStep * step < end.
struct Bound {
  int place = -1; // none: i is 0
  unsigned step = 0;
  int64_t byPlace = 1, byStep = 1;
  mlir::OpFoldResult first, end;
};

struct Nest {
  mlir::linalg::LinalgOp op;
  mlir::Block *body = nullptr;
  llvm::SmallVector<mlir::OpFoldResult> extents; // a loop each, in the op's order
  llvm::SmallVector<int64_t> sizes;              // the same, ShapedType::kDynamic where not constant
  llvm::SmallVector<bool> reduction;
  llvm::SmallVector<Access> accesses; // an operand each, in the op's order; destinations last
  unsigned inputs = 0;
  llvm::SmallVector<mlir::Value> initial; // a destination each: the value a fused fill gave it, or null
  bool indexed = false;                   // the body asks for its position
  llvm::SmallVector<mlir::Value> starts;  // an access each, or empty: a position added to its offset, or null
  Epilogue epilogue;                      // without an op: results are stored
  llvm::SmallVector<Bound> bounds;        // outside of which steps of a sum may be left out
  bool derived = false;                   // loops or operands are others than the op's

  unsigned loops() const { return sizes.size(); }
  unsigned outputs() const { return accesses.size() - inputs; }
  Access &output(unsigned i) { return accesses[inputs + i]; }
  const Access &output(unsigned i) const { return accesses[inputs + i]; }
  llvm::SmallVector<unsigned> dims(bool reductions) const;
  /// Without loop `d`, which runs outside.
  void drop(unsigned d);
};

/// Does an operand lie in panels?
bool hasPanels(const Nest &nest);

/// Are all elements, read and written, of one type?
bool hasOneType(const Nest &nest);

/// Neighbouring loops of one kind through which every access steps evenly become one.
void mergeLoops(Nest &nest);

/// The nest of `op`, loops of one iteration and mergeable neighbours folded away. Fails for accesses that are not
/// linear.
mlir::FailureOr<Nest> analyse(mlir::linalg::LinalgOp op, mlir::RewriterBase &rewriter);
/// The same with `epilogue`, which reads the one result of `op` element by element. Loops that only one of both steps
/// through evenly stay apart.
mlir::FailureOr<Nest> analyse(mlir::linalg::LinalgOp op, mlir::linalg::LinalgOp epilogue, mlir::RewriterBase &rewriter);

/// Where a nest stands: the value of each loop's index, and for each access the position it has reached.
struct Cursor {
  llvm::SmallVector<mlir::Value> indices;   // a loop each; null: not entered yet
  llvm::SmallVector<mlir::Value> positions; // an access each

  static Cursor start(const Nest &nest, mlir::OpBuilder &builder);
  /// The cursor with loop `d` at `index`.
  Cursor at(const Nest &nest, unsigned d, mlir::Value index, mlir::OpBuilder &builder) const;
};

/// Index arithmetic that folds.
mlir::Value constantIndex(mlir::OpBuilder &builder, mlir::Location loc, int64_t value);
mlir::Value addIndex(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value a, mlir::Value b);
mlir::Value addIndex(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value a, int64_t b);
mlir::Value scaleIndex(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value a, int64_t b);

/// `body(cursor, carried)` for every index of loop `d` in [lower, upper) by `step`; carried values go from one
/// iteration to the next. No loop is made for a single iteration.
llvm::SmallVector<mlir::Value>
loopOver(const Nest &nest, const Cursor &cursor, unsigned d, mlir::OpFoldResult lower, mlir::OpFoldResult upper,
         int64_t step, mlir::ValueRange carried, mlir::OpBuilder &builder,
         llvm::function_ref<llvm::SmallVector<mlir::Value>(const Cursor &, mlir::ValueRange)> body);

/// Iterations of the loops `dims` together.
int64_t volumeOf(const Nest &nest, llvm::ArrayRef<unsigned> dims);

/// Flat memory of the kernel's frame, whatever loop it is used in.
mlir::Value scratchMemory(const Nest &nest, int64_t elements, mlir::Type element, mlir::OpBuilder &builder);

int64_t elementBytes(mlir::Type element);

/// The buffer a view shows a part of.
mlir::Value rootOf(mlir::Value buffer);

/// Bytes of the kernel's argument that the memref is a part of; 0 for its scratch.
int64_t bytesBehind(mlir::Value memref);

/// A memref as one flat row of its elements, from its first on.
mlir::Value flatten(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value memref);

} // namespace nnc::codegen::cpu
