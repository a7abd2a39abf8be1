// Predicates of one operation, by its loops and indexing maps.
#include "nnc/codegen/form/Traits.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "nnc/ir/ScalarOps.h"

using namespace mlir;
using namespace nnc;

bool codegen::isReduction(Operation *op) {
  auto loops = dyn_cast_or_null<linalg::LinalgOp>(op);
  return loops && loops.getNumReductionLoops() > 0;
}

bool codegen::isContraction(Operation *op) {
  auto loops = dyn_cast_or_null<linalg::LinalgOp>(op);
  if (!loops || !isReduction(op) || loops.getNumDpsInputs() != 2 || loops.getNumDpsInits() != 1)
    return false;
  // sum(x * y) reads every element once: here each operand must have a parallel loop that the other does not know
  llvm::SmallBitVector own[2] = {llvm::SmallBitVector(loops.getNumLoops()), llvm::SmallBitVector(loops.getNumLoops())};
  for (int input = 0; input < 2; ++input)
    for (AffineExpr expr : loops.getMatchingIndexingMap(loops.getDpsInputOperand(input)).getResults())
      expr.walk([&](AffineExpr part) {
        if (auto dim = dyn_cast<AffineDimExpr>(part))
          own[input].set(dim.getPosition());
      });
  bool alone[2] = {false, false};
  for (auto [loop, kind] : llvm::enumerate(loops.getIteratorTypesArray()))
    if (kind == utils::IteratorType::parallel)
      for (int input = 0; input < 2; ++input)
        alone[input] |= own[input].test(loop) && !own[1 - input].test(loop);
  return alone[0] && alone[1] && multiplies(loops);
}

bool codegen::multiplies(linalg::LinalgOp op) {
  bool found = false;
  op->getRegion(0).walk([&](Operation *inner) { found |= isa<arith::MulFOp, arith::MulIOp, math::FmaOp>(inner); });
  return found;
}

bool codegen::readsPanels(linalg::LinalgOp op, OpOperand &operand) {
  return llvm::any_of(op.getMatchingIndexingMap(&operand).getResults(),
                      [](AffineExpr expr) { return expr.getKind() == AffineExprKind::FloorDiv; });
}

bool codegen::hasWindows(linalg::LinalgOp op) {
  return llvm::any_of(op.getIndexingMapsArray(), [](AffineMap map) {
    return llvm::any_of(map.getResults(), [](AffineExpr expr) {
      auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
      return sum && sum.getKind() == AffineExprKind::Add && !sum.getRHS().isSymbolicOrConstant();
    });
  });
}

bool codegen::isPointwise(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!generic || generic.getNumReductionLoops())
    return false;
  return llvm::all_of(generic.getDpsInitsMutable(), [&](OpOperand &init) {
    return generic.getMatchingIndexingMap(&init).isIdentity() && !generic.payloadUsesValueFromOperand(&init);
  });
}

bool codegen::isCheap(linalg::GenericOp op) {
  return !op.getBody()
              ->walk([](Operation *inner) {
                bool dear = isa<math::MathDialect, scalar::ScalarDialect>(inner->getDialect()) &&
                            !isa<math::AbsFOp, math::FmaOp>(inner);
                dear |= isa<arith::DivFOp, arith::DivSIOp, arith::RemSIOp, arith::RemFOp, tensor::ExtractOp>(inner);
                dear |= inner->getNumRegions() > 0;
                return dear ? WalkResult::interrupt() : WalkResult::advance();
              })
              .wasInterrupted();
}

bool codegen::onlyMoves(linalg::GenericOp op) {
  return op.getBody()->getOperations().size() == 1 && op->getNumResults() == 1 &&
         llvm::all_of(op.getBody()->getTerminator()->getOperands(), [&](Value value) {
           auto argument = dyn_cast<BlockArgument>(value);
           return argument && argument.getOwner() == op.getBody() &&
                  argument.getArgNumber() < unsigned(op.getNumDpsInputs());
         });
}

bool codegen::isFrozen(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    auto move = dyn_cast<linalg::GenericOp>(op);
    if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op) &&
        !(move && onlyMoves(move) && move.getNumDpsInputs() == 1))
      return isa<arith::ConstantOp>(op);
    value = op->getOperand(0);
  }
  auto function = dyn_cast<func::FuncOp>(value.getParentBlock()->getParentOp());
  return function && function.getArgAttr(cast<BlockArgument>(value).getArgNumber(), frozenAttr);
}

llvm::SmallBitVector codegen::reversedLoops(linalg::LinalgOp op) {
  llvm::SmallBitVector loops(op.getNumLoops());
  for (AffineMap map : op.getIndexingMapsArray())
    for (AffineExpr expr : map.getResults())
      expr.walk([&](AffineExpr part) {
        auto product = dyn_cast<AffineBinaryOpExpr>(part);
        if (!product || product.getKind() != AffineExprKind::Mul)
          return;
        auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
        auto dim = dyn_cast<AffineDimExpr>(product.getLHS());
        if (factor && dim && factor.getValue() < 0)
          loops.set(dim.getPosition());
      });
  return loops;
}

// Fewer tasks would leave threads without work.
static constexpr int64_t enoughSlabs = 16;

unsigned codegen::paddedFrom(tensor::InsertSliceOp insert) {
  unsigned dim = 0, rank = insert.getDestType().getRank();
  while (dim < rank && insert.getSourceType().getDimSize(dim) == insert.getDestType().getDimSize(dim))
    ++dim;
  return dim;
}

bool codegen::isPaddedInTasks(Operation *op) {
  auto insert = dyn_cast<tensor::InsertSliceOp>(op);
  if (!insert || !insert.getDest().getDefiningOp<linalg::FillOp>() || op->use_empty())
    return false;
  RankedTensorType source = insert.getSourceType(), type = insert.getDestType();
  if (source.getRank() != type.getRank() || !source.hasStaticShape() || !type.hasStaticShape() || !type.getRank() ||
      source.getShape().back() == type.getShape().back() ||
      llvm::any_of(insert.getStaticOffsets(), ShapedType::isDynamic) ||
      llvm::any_of(insert.getStaticStrides(), ShapedType::isDynamic))
    return false;
  unsigned outer = paddedFrom(insert);
  int64_t slabs = 1, elements = 1;
  for (auto [dim, size] : llvm::enumerate(type.getShape()))
    (dim < outer ? slabs : elements) *= size;
  if (slabs < enoughSlabs || elements * int64_t(llvm::divideCeil(type.getElementTypeBitWidth(), 8)) > mostPaddedBytes)
    return false;
  return llvm::all_of(op->getUses(), [&](OpOperand &use) {
    auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!reader || !isReduction(reader) || isContraction(reader) || !isStatic(reader) || !reader.isDpsInput(&use))
      return false;
    ArrayRef<AffineExpr> exprs = reader.getMatchingIndexingMap(&use).getResults();
    return llvm::all_of(exprs.take_front(outer), [](AffineExpr expr) { return isa<AffineDimExpr>(expr); });
  });
}

bool codegen::readsInit(linalg::LinalgOp op, OpOperand &init) {
  if (isa<linalg::FillOp>(op))
    return false;
  return op.payloadUsesValueFromOperand(&init);
}

int64_t codegen::loopVolume(linalg::LinalgOp op) {
  int64_t volume = 1;
  for (int64_t range : op.getStaticLoopRanges())
    volume *= range;
  return volume;
}

bool codegen::isStatic(linalg::LinalgOp op) {
  return !op.hasDynamicShape() && llvm::none_of(op.getStaticLoopRanges(), ShapedType::isDynamic);
}

bool codegen::isContiguousSlice(ArrayRef<int64_t> shape, ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
  bool whole = true; // are all dimensions further in taken whole?
  for (auto [extent, size, stride] : llvm::reverse(llvm::zip(shape, sizes, strides))) {
    if (ShapedType::isDynamic(size) || ShapedType::isDynamic(extent))
      return false;
    if (size != 1 && (stride != 1 || !whole))
      return false;
    whole &= size == extent;
  }
  return true;
}

bool codegen::isContiguousSlice(tensor::ExtractSliceOp slice) {
  return isContiguousSlice(slice.getSourceType().getShape(), slice.getStaticSizes(), slice.getStaticStrides());
}

bool codegen::isContiguousSlice(tensor::InsertSliceOp slice) {
  return isContiguousSlice(slice.getDestType().getShape(), slice.getStaticSizes(), slice.getStaticStrides());
}
