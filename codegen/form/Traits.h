// What formation asks of one operation on tensors: is it a contraction, is it cheap, how many loops does it run. All by
// structure (loops and indexing maps); no operation is known by name.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SmallBitVector.h"

namespace nnc::codegen {

/// Has at least one reduction loop.
bool isReduction(mlir::Operation *op);
/// Multiplies and adds over loops that two operands share while each has loops of its own: matrix products, batched or
/// not, and convolutions. Its operands are read again and again, so they are packed, not computed, inside.
bool isContraction(mlir::Operation *op);
/// Neighbours in a panel of a packed operand (Pack.cpp): a cache line of f32, and whole vectors on every target.
constexpr int64_t panelWidth = 16;
/// Is this operand of a contraction packed?
bool readsPanels(mlir::linalg::LinalgOp op, mlir::OpOperand &operand);
/// Does its body multiply?
bool multiplies(mlir::linalg::LinalgOp op);
/// Reads an operand at sums of loops: a convolution.
bool hasWindows(mlir::linalg::LinalgOp op);
/// A value of one element from the elements at its place: parallel loops, every result written in place by loop order.
bool isPointwise(mlir::Operation *op);
/// Costs about as much to compute again as to load: no division, no math function, no gather.
bool isCheap(mlir::linalg::GenericOp op);
/// Only moves data: its body is a yield of an input (broadcast, transpose, copy).
bool onlyMoves(mlir::linalg::GenericOp op);
/// Is the value known before the function is called: does it depend on nothing but frozen weights?
bool isFrozen(mlir::Value value);
/// Loops that run backwards through an operand: no part of them is a slice of it.
llvm::SmallBitVector reversedLoops(mlir::linalg::LinalgOp op);
/// A padded tensor (a source inside of a filled one) that tasks make for themselves, each a slab of whole inner
/// dimensions: only reductions read it that read each element for few results, as depthwise convolutions do, so that
/// nothing is made twice, and it needs no memory of its own.
bool isPaddedInTasks(mlir::Operation *op);
/// So much of it at most a task has in scratch; beside results, it should stay in the second cache.
constexpr int64_t mostPaddedBytes = 128 << 10;
/// The first dimension of such a tensor that is padded: it and those after it belong to one slab.
unsigned paddedFrom(mlir::tensor::InsertSliceOp insert);
/// Does any loop body read the initial value of this operand?
bool readsInit(mlir::linalg::LinalgOp op, mlir::OpOperand &init);
/// Product of all loop ranges.
int64_t loopVolume(mlir::linalg::LinalgOp op);
/// Are all shapes static (linalg's loop ranges are known)?
bool isStatic(mlir::linalg::LinalgOp op);

/// Is the slice one run of memory in row-major order? Offsets may be dynamic, sizes and strides not.
bool isContiguousSlice(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> strides);
bool isContiguousSlice(mlir::tensor::ExtractSliceOp slice);
bool isContiguousSlice(mlir::tensor::InsertSliceOp slice);

} // namespace nnc::codegen
