// Elementwise fusion on linalg, and the merging of elementwise operations over one iteration space.
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "nnc/codegen/form/Form.h"
#include "nnc/codegen/form/Traits.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

// May the producer of this operand be computed inside the operation that uses it?
static bool mayFuse(OpOperand *use) {
  auto producer = use->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::LinalgOp>(use->getOwner());
  if (!producer || !consumer || isReduction(producer) || !isStatic(consumer))
    return false;
  if (isContraction(consumer)) // a prologue would hide the contraction; only the order of an operand may change
    return onlyMoves(producer) && producer.getNumDpsInputs() == 1 &&
           producer.getMatchingIndexingMap(producer.getDpsInputOperand(0)).isPermutation() &&
           consumer.getMatchingIndexingMap(use).isProjectedPermutation();
  if (onlyMoves(producer))
    return true;
  // A per-row or per-channel value: inside, it would be computed again for every element, and if somebody else reads it
  // as well, it would end in another kernel.
  if (producer.getNumLoops() < consumer.getNumLoops())
    return false;
  // windows read an element several times
  if (!consumer.getMatchingIndexingMap(use).isProjectedPermutation())
    return isCheap(producer);
  return use->get().hasOneUse() || isCheap(producer);
}

LogicalResult codegen::fuseElementwise(func::FuncOp function) {
  RewritePatternSet patterns(function.getContext());
  linalg::populateElementwiseOpsFusionPatterns(patterns, mayFuse);
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  GreedyRewriteConfig config;
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  return applyPatternsGreedily(function, std::move(patterns), config);
}

//===--- siblings ---===//

// Does any operation from `a` up to `b` in their block need `a`, or `b` itself?
static bool independent(Operation *a, Operation *b) {
  DenseSet<Operation *> needs{a};
  for (Operation *op = a->getNextNode(); op; op = op->getNextNode()) {
    bool uses = false;
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        uses |= operand.getDefiningOp() && needs.contains(operand.getDefiningOp());
    });
    if (uses)
      needs.insert(op);
    if (op == b)
      return !uses && needs.size() == 1; // nobody in between, so `a` can move down to `b`
  }
  return false;
}

static bool shareInput(linalg::GenericOp a, linalg::GenericOp b) {
  return llvm::any_of(a.getDpsInputOperands(), [&](OpOperand *mine) {
    AffineMap map = a.getMatchingIndexingMap(mine);
    return map.isPermutation() && llvm::any_of(b.getDpsInputOperands(), [&](OpOperand *other) {
             return other->get() == mine->get() && b.getMatchingIndexingMap(other) == map;
           });
  });
}

static linalg::GenericOp merge(RewriterBase &rewriter, linalg::GenericOp a, linalg::GenericOp b) {
  rewriter.setInsertionPoint(b);
  SmallVector<Value> inputs(a.getInputs()), outputs(a.getOutputs());
  llvm::append_range(inputs, b.getInputs());
  llvm::append_range(outputs, b.getOutputs());
  SmallVector<AffineMap> maps, mapsA = a.getIndexingMapsArray(), mapsB = b.getIndexingMapsArray();
  size_t inA = a.getInputs().size(), inB = b.getInputs().size(), outA = a.getOutputs().size();
  maps.append(mapsA.begin(), mapsA.begin() + inA);
  maps.append(mapsB.begin(), mapsB.begin() + inB);
  maps.append(mapsA.begin() + inA, mapsA.end());
  maps.append(mapsB.begin() + inB, mapsB.end());
  SmallVector<Type> types = llvm::to_vector(ValueRange(outputs).getTypes());
  auto both =
      linalg::GenericOp::create(rewriter, rewriter.getFusedLoc({a.getLoc(), b.getLoc()}), types, inputs, outputs, maps,
                                a.getIteratorTypesArray(), [&](OpBuilder &builder, Location loc, ValueRange args) {
                                  SmallVector<Value> yields;
                                  auto clone = [&](linalg::GenericOp from, size_t firstIn, size_t firstOut) {
                                    IRMapping map;
                                    size_t ins = from.getInputs().size();
                                    for (BlockArgument argument : from.getBody()->getArguments()) {
                                      size_t at = argument.getArgNumber();
                                      map.map(argument, args[at < ins ? firstIn + at : firstOut + at - ins]);
                                    }
                                    for (Operation &op : from.getBody()->without_terminator())
                                      builder.clone(op, map);
                                    for (Value value : from.getBody()->getTerminator()->getOperands())
                                      yields.push_back(map.lookupOrDefault(value));
                                  };
                                  clone(a, 0, inA + inB);
                                  clone(b, inA, inA + inB + outA);
                                  linalg::YieldOp::create(builder, loc, yields);
                                });
  rewriter.replaceOp(b, both->getResults().drop_front(a->getNumResults()));
  rewriter.replaceOp(a, both->getResults().take_front(outA));
  return both;
}

static bool mergeOne(RewriterBase &rewriter, Block &block) {
  SmallVector<linalg::GenericOp> ops;
  for (auto op : block.getOps<linalg::GenericOp>())
    if (isPointwise(op) && isStatic(op) && op.getNumLoops())
      ops.push_back(op);
  for (size_t i = 0; i < ops.size(); ++i)
    for (size_t j = i + 1; j < ops.size(); ++j)
      if (ops[i].getStaticLoopRanges() == ops[j].getStaticLoopRanges() && shareInput(ops[i], ops[j]) &&
          independent(ops[i], ops[j])) {
        merge(rewriter, ops[i], ops[j]);
        return true;
      }
  return false;
}

void codegen::mergeSiblings(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  for (Block *block : scheduleBlocks(function))
    while (mergeOne(rewriter, *block))
      ;
  RewritePatternSet patterns(function.getContext());
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  (void)applyPatternsGreedily(function, std::move(patterns));
}
