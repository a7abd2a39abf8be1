// What convolutions want of padded images.
//
// Spacing: positions of an image, channels last, that a tile of a convolution reads side by side: where the step from
// one to the next is a multiple of 4 kB, all of them fall into one set of the first cache and push each other out (512
// channels with a stride of two). A padded tensor, which is a copy for the convolution anyway, gets a line more for
// each position then: its source is inserted into a wider one, and who reads it reads a part. What lies between is
// filled like the border.
//
// Images that are not padded stay as they are: what writes a tensor with gaps loses more, with larger batches, than its
// readers gain.
//
// Borders: a contraction that reads zeros around an image says so, and where the image is, in the attribute
// `sched.inside`: products of such steps are left out (codegen/cpu/Tile.cpp).
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "nnc/codegen/form/Form.h"
#include "nnc/codegen/form/Traits.h"
#include "nnc/codegen/schedule/Schedule.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

// Elements from a position that a tile reads to the one beside it; 0 where tiles read no positions side by side.
static int64_t stepOf(linalg::LinalgOp op, OpOperand &image) {
  constexpr int64_t fewPositions = 4;
  AffineMap map = op.getMatchingIndexingMap(&image);
  auto kinds = op.getIteratorTypesArray();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  auto channel = dyn_cast<AffineDimExpr>(map.getResults().back());
  if (map.getNumResults() < 3 || !channel || kinds[channel.getPosition()] != utils::IteratorType::reduction)
    return 0;
  int64_t step = 0;
  map.getResult(map.getNumResults() - 2).walk([&](AffineExpr part) {
    auto product = dyn_cast<AffineBinaryOpExpr>(part);
    auto loop = dyn_cast<AffineDimExpr>(product && product.getKind() == AffineExprKind::Mul ? product.getLHS() : part);
    auto factor = product ? dyn_cast<AffineConstantExpr>(product.getRHS()) : AffineConstantExpr(nullptr);
    if (loop && kinds[loop.getPosition()] == utils::IteratorType::parallel &&
        ranges[loop.getPosition()] >= fewPositions)
      step = std::max(step, factor ? factor.getValue() : 1);
  });
  return step * ranges[channel.getPosition()];
}

// The padded tensor as a part of one with a line more behind its last dimension.
static Value spaced(RewriterBase &rewriter, tensor::InsertSliceOp insert) {
  constexpr int64_t line = 16; // elements
  auto fill = insert.getDest().getDefiningOp<linalg::FillOp>();
  RankedTensorType type = insert.getDestType();
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<OpFoldResult> sizes, zeros(shape.size(), rewriter.getIndexAttr(0)),
      ones(shape.size(), rewriter.getIndexAttr(1));
  for (int64_t size : shape)
    sizes.push_back(rewriter.getIndexAttr(size));
  shape.back() += line;
  rewriter.setInsertionPoint(insert);
  Value wide = tensor::EmptyOp::create(rewriter, fill.getLoc(), shape, type.getElementType());
  wide = linalg::FillOp::create(rewriter, fill.getLoc(), fill.getInputs()[0], wide).getResult(0);
  wide = tensor::InsertSliceOp::create(rewriter, insert.getLoc(), insert.getSource(), wide, insert.getMixedOffsets(),
                                       insert.getMixedSizes(), ones);
  return tensor::ExtractSliceOp::create(rewriter, insert.getLoc(), type, wide, zeros, sizes, ones);
}

void codegen::spacePositions(func::FuncOp function) {
  constexpr int64_t wayBytes = 4096; // of a first cache
  IRRewriter rewriter(function.getContext());
  for (Block *block : scheduleBlocks(function)) {
    llvm::SetVector<tensor::InsertSliceOp> images;
    for (auto op : block->getOps<linalg::GenericOp>())
      for (OpOperand *operand : op.getDpsInputOperands()) {
        auto insert = operand->get().getDefiningOp<tensor::InsertSliceOp>();
        if (!insert || !isStatic(op) || !isContraction(op) || !hasWindows(op) || !insert.hasUnitStride() ||
            !insert.getDest().getDefiningOp<linalg::FillOp>() ||
            !llvm::all_of(insert->getUsers(), llvm::IsaPred<linalg::GenericOp>))
          continue;
        int64_t bytes = stepOf(op, *operand) * insert.getDestType().getElementTypeBitWidth() / 8;
        if (bytes && bytes % wayBytes == 0)
          images.insert(insert);
      }
    for (tensor::InsertSliceOp image : images)
      rewriter.replaceOp(image, spaced(rewriter, image));
  }
}

// On an insertion whose destination is zero around it.
static constexpr llvm::StringLiteral aroundAttr = "sched.zero_around";

void codegen::markZeroBorders(func::FuncOp function) {
  function.walk([](tensor::InsertSliceOp insert) {
    auto fill = insert.getDest().getDefiningOp<linalg::FillOp>();
    if (fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) && insert.hasUnitStride() &&
        insert.getSourceType().getRank() == insert.getDestType().getRank() && insert.getSourceType().hasStaticShape() &&
        !llvm::is_contained(insert.getStaticOffsets(), ShapedType::kDynamic))
      insert->setAttr(aroundAttr, UnitAttr::get(insert.getContext()));
  });
}

// Where the image lies in a padded tensor, or in a view of one: low and size of each dimension.
static std::optional<SmallVector<int64_t>> insideOf(Value value) {
  SmallVector<int64_t> inside;
  if (auto insert = value.getDefiningOp<tensor::InsertSliceOp>(); insert && insert->hasAttr(aroundAttr)) {
    for (auto [low, size] : llvm::zip(insert.getStaticOffsets(), insert.getSourceType().getShape()))
      inside.append({low, size});
    return inside;
  }
  if (auto part = value.getDefiningOp<tensor::ExtractSliceOp>()) { // of a spaced one
    bool fromStart =
        part.hasUnitStride() && part.hasZeroOffset() && part.getSourceType().getRank() == part.getType().getRank();
    return fromStart ? insideOf(part.getSource()) : std::nullopt;
  }
  if (auto expand = value.getDefiningOp<tensor::ExpandShapeOp>()) { // of dimensions that are not padded
    auto source = insideOf(expand.getSrc());
    if (!source)
      return std::nullopt;
    for (auto [dim, group] : llvm::enumerate(expand.getReassociationIndices())) {
      int64_t low = (*source)[2 * dim], size = (*source)[2 * dim + 1];
      if (group.size() == 1) {
        inside.append({low, size});
        continue;
      }
      if (low != 0 || size != expand.getSrcType().getDimSize(dim))
        return std::nullopt;
      for (int64_t part : group)
        inside.append({0, expand.getType().getDimSize(part)});
    }
    return inside;
  }
  return std::nullopt;
}

void codegen::markPaddedOperands(func::FuncOp function) {
  function.walk([](linalg::GenericOp op) {
    if (!isStatic(op) || !isContraction(op) || !hasWindows(op))
      return;
    for (OpOperand *operand : op.getDpsInputOperands())
      if (auto inside = insideOf(operand->get())) {
        inside->insert(inside->begin(), operand->getOperandNumber());
        op->setAttr(ScheduleDialect::insideAttr, DenseI64ArrayAttr::get(op.getContext(), *inside));
      }
  });
  function.walk([](tensor::InsertSliceOp insert) { insert->removeAttr(aroundAttr); });
}
