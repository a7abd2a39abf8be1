// Long reductions with few results become a fixed tree of two levels: partial results, one for each task, then their
// merge. How many partial results depends on the shape only, so the bits do not depend on threads or target.
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
