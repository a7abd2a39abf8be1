// Positions of an image, channels last, that a tile of a convolution reads side by side: where the step from one to the
// next is a multiple of 4 kB, all of them fall into one set of the first cache and push each other out (512 channels
// with a stride of two). A padded tensor, which is a copy for the convolution anyway, gets a line more for each
// position then: its source is inserted into a wider one, and who reads it reads a part. What lies between is filled
// like the border.
//
// Images that are not padded stay as they are: what writes a tensor with gaps loses more, with larger batches, than its
// readers gain.
#include "nnc/codegen/form/Form.h"
#include "nnc/codegen/form/Traits.h"

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
