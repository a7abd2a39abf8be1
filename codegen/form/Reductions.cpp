// Long reductions with few results, and contractions of long sums, become a fixed tree of two levels: partial results,
// one for each task, then their merge. How many partial results depends on the shape and layout only, so the bits do
// not depend on threads or target.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "nnc/codegen/form/Form.h"
#include "nnc/codegen/form/Group.h"
#include "nnc/codegen/form/Traits.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

namespace {
struct Extent {
  int64_t results = 1, reduced = 1;
  bool columns = false; // the innermost loop is a parallel one: neighbours in memory belong to different results
};
} // namespace

static Extent extentOf(linalg::LinalgOp op) {
  Extent extent;
  for (auto [range, kind] : llvm::zip(op.getStaticLoopRanges(), op.getIteratorTypesArray())) {
    bool reduces = kind == utils::IteratorType::reduction;
    (reduces ? extent.reduced : extent.results) *= range;
    if (range != 1)
      extent.columns = !reduces;
  }
  return extent;
}

// Columns: 256 rows are worth a second kernel. Rows: only when there are too few of them to share the work.
static bool isLong(const Extent &extent) {
  return extent.columns ? extent.reduced >= splitRows : extent.results < 8 && extent.reduced >= 4 * taskElements;
}

// Several reduction loops become one, where the operands' layouts allow it.
static linalg::LinalgOp collapseReduction(RewriterBase &rewriter, linalg::LinalgOp op) {
  SmallVector<unsigned> dims;
  op.getReductionDims(dims);
  if (dims.size() == 1)
    return op;
  for (size_t i = 1; i < dims.size(); ++i)
    if (dims[i] != dims[i - 1] + 1)
      return {};
  ReassociationIndices together(dims.begin(), dims.end());
  if (!linalg::areDimSequencesPreserved(op.getIndexingMapsArray(), {together}))
    return {};
  rewriter.setInsertionPoint(op);
  auto collapsed = linalg::collapseOpIterationDims(op, {together}, rewriter);
  if (failed(collapsed))
    return {};
  rewriter.replaceOp(op, collapsed->results);
  return collapsed->collapsedOp;
}

// A divisor of n that leaves `least` to `most` parts, as near to `wanted` as there is one; 0 if there is none.
static int64_t partsOf(int64_t n, int64_t least, int64_t wanted, int64_t most) {
  int64_t best = 0;
  for (int64_t parts = least; parts <= std::min(n, most); ++parts)
    if (n % parts == 0 && (!best || std::abs(parts - wanted) < std::abs(best - wanted)))
      best = parts;
  return best;
}

// The loop `dim` in two operations, the second of which goes on where the first ended: for sizes without a good
// divisor.
static linalg::LinalgOp dropTail(RewriterBase &rewriter, linalg::LinalgOp op, unsigned dim, int64_t main) {
  rewriter.setInsertionPoint(op);
  auto [head, tail] =
      linalg::splitOp(rewriter, cast<TilingInterface>(op.getOperation()), dim, rewriter.getIndexAttr(main));
  return head && tail ? cast<linalg::LinalgOp>(head.getOperation()) : linalg::LinalgOp();
}

static void split(RewriterBase &rewriter, linalg::LinalgOp op) {
  Extent extent = extentOf(op);
  if (!isLong(extent))
    return;
  op = collapseReduction(rewriter, op);
  if (!op)
    return;
  SmallVector<unsigned> dims;
  op.getReductionDims(dims);
  int64_t chunk = extent.columns ? 64 : taskElements;
  int64_t wanted = std::clamp<int64_t>(extent.reduced / chunk, 4, 256);
  int64_t parts = partsOf(extent.reduced, std::max<int64_t>(2, wanted / 2), wanted, 2 * wanted);
  if (!parts) {
    op = dropTail(rewriter, op, dims.front(), extent.reduced / wanted * wanted);
    if (!op)
      return;
    parts = wanted;
  }
  rewriter.setInsertionPoint(op);
  auto control = [&](linalg::LinalgOp) { return linalg::SplitReductionOptions{parts, /*index=*/0, false}; };
  if (auto tree = linalg::splitReduction(rewriter, op, control); succeeded(tree))
    tree->splitLinalgOp->setAttr(partialAttr, rewriter.getUnitAttr()); // never computed inside its merge
}

void codegen::splitReductions(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  for (Block *block : scheduleBlocks(function)) {
    SmallVector<linalg::LinalgOp> reductions;
    for (auto op : block->getOps<linalg::LinalgOp>())
      if (isReduction(op) && !isContraction(op) && isStatic(op) && op->getNumResults() == 1 &&
          op.hasOnlyProjectedPermutations() && !op.hasIndexSemantics())
        reductions.push_back(op);
    for (linalg::LinalgOp op : reductions)
      split(rewriter, op);
  }
}

//===--- contractions ---===//

// The results of a convolution's weight gradient are few and its sums long, along rows of both operands; so are those
// of a convolution of many channels at few positions. Tasks that share the results each turn or copy the operands
// again. So tasks share the sum, and each computes all results of its part.
static std::optional<std::pair<unsigned, int64_t>> partsOfSum(linalg::GenericOp op) {
  constexpr int64_t mostResults = 160 << 10, longSum = 1024, muchWork = 4 << 20;
  auto sum = op.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!isContraction(op) || !sum || !llvm::is_contained(sum->getOperands(), op.getRegionOutputArgs()[0]) ||
      !isStatic(op) || op.hasIndexSemantics() || !op.hasPureTensorSemantics() ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isProjectedPermutation())
    return std::nullopt;
  SmallVector<unsigned> dims;
  op.getReductionDims(dims);
  if (dims.size() < 2)
    return std::nullopt;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineExpr inner = op.getMatchingIndexingMap(input).getResults().back();
    if (llvm::none_of(dims, [&](unsigned dim) { return inner.isFunctionOfDim(dim); }))
      return std::nullopt;
  }
  Extent extent = extentOf(op);
  if (extent.results > mostResults || extent.reduced < longSum || extent.results * extent.reduced < muchWork)
    return std::nullopt;
  for (unsigned dim : ArrayRef(dims).take_front(2)) // images, or else their rows; or channels
    if (int64_t parts = partsOf(op.getStaticLoopRanges()[dim], 4, 8, 16))
      return std::pair(dim, parts);
  return std::nullopt;
}

// The loop `dim` becomes `parts` parallel ones of what it was, or one where nothing is left of it, in front of the
// other loops and the result's dimensions.
static void splitSum(RewriterBase &rewriter, linalg::GenericOp op, unsigned dim, int64_t parts) {
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  MLIRContext *context = op.getContext();
  int64_t steps = op.getStaticLoopRanges()[dim] / parts;
  AffineExpr part = getAffineDimExpr(0, context), step;
  SmallVector<AffineExpr> places; // of the old loops
  SmallVector<utils::IteratorType> kinds = {utils::IteratorType::parallel};
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (loop == dim && steps == 1) {
      places.push_back(part);
      continue;
    }
    places.push_back(getAffineDimExpr(kinds.size(), context));
    kinds.push_back(kind);
    if (loop == dim) {
      step = places.back();
      places.back() = part * steps + step;
    }
  }
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (OpOperand *input : op.getDpsInputOperands()) {
    auto type = cast<RankedTensorType>(input->get().getType());
    SmallVector<AffineExpr> exprs;
    SmallVector<ReassociationIndices> groups;
    SmallVector<int64_t> shape;
    for (auto [expr, size] : llvm::zip(op.getMatchingIndexingMap(input).getResults(), type.getShape())) {
      int64_t at = shape.size();
      if (expr == getAffineDimExpr(dim, context) && steps > 1) {
        groups.push_back({at, at + 1});
        exprs.append({part, step});
        shape.append({parts, steps});
        continue;
      }
      groups.push_back({at});
      exprs.push_back(expr.replaceDims(places));
      shape.push_back(size);
    }
    Value operand = input->get();
    if (shape.size() > type.getShape().size())
      operand = tensor::ExpandShapeOp::create(rewriter, loc, type.clone(shape), operand, groups);
    operands.push_back(operand);
    maps.push_back(AffineMap::get(kinds.size(), 0, exprs, context));
  }
  Value init = op.getDpsInits()[0];
  auto type = cast<RankedTensorType>(init.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.insert(shape.begin(), parts);
  SmallVector<AffineExpr> result = {part};
  for (AffineExpr expr : op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResults())
    result.push_back(expr.replaceDims(places));
  maps.push_back(AffineMap::get(kinds.size(), 0, result, context));
  Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type.getElementType()));
  Value partial = tensor::EmptyOp::create(rewriter, loc, shape, type.getElementType());
  partial = linalg::FillOp::create(rewriter, loc, zero, partial).getResult(0);
  auto sums = linalg::GenericOp::create(rewriter, loc, partial.getType(), operands, partial, maps, kinds);
  rewriter.cloneRegionBefore(op.getRegion(), sums.getRegion(), sums.getRegion().begin());
  sums->setAttr(partialAttr, rewriter.getUnitAttr());

  // The merge starts from what the sum started from.
  int64_t rank = type.getRank();
  SmallVector<utils::IteratorType> mergeKinds(rank + 1, utils::IteratorType::parallel);
  mergeKinds.front() = utils::IteratorType::reduction;
  SmallVector<AffineMap> mergeMaps = {rewriter.getMultiDimIdentityMap(rank + 1),
                                      rewriter.getMultiDimIdentityMap(rank + 1).dropResult(0)};
  auto merge = linalg::GenericOp::create(rewriter, loc, type, sums.getResult(0), init, mergeMaps, mergeKinds,
                                         [](OpBuilder &builder, Location at, ValueRange args) {
                                           Value sum = arith::AddFOp::create(builder, at, args[1], args[0]);
                                           linalg::YieldOp::create(builder, at, sum);
                                         });
  rewriter.replaceOp(op, merge.getResults());
}

void codegen::splitContractions(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  for (Block *block : scheduleBlocks(function))
    for (Operation &inner : llvm::make_early_inc_range(*block))
      if (auto op = dyn_cast<linalg::GenericOp>(inner))
        if (std::optional<std::pair<unsigned, int64_t>> split = partsOfSum(op))
          splitSum(rewriter, op, split->first, split->second);
}
