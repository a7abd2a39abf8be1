// Elementwise fusion on linalg, and the merging of elementwise operations over one iteration space.
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "nnc/codegen/form/Form.h"
#include "nnc/codegen/form/Group.h"
#include "nnc/codegen/form/Traits.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

// Could the producer of this operand be computed inside the operation that uses it, as far as loops go?
static bool couldFuse(OpOperand &use) {
  auto producer = use.get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::LinalgOp>(use.getOwner());
  if (!producer || !consumer || !isPointwise(producer) || !isStatic(consumer) || !consumer.isDpsInput(&use))
    return false;
  if (producer->hasAttr(reorderedAttr)) // read with gaps by every reader, where one pass in blocks has none
    return false;
  if (isContraction(consumer)) // a prologue would hide the contraction; only the order of an operand may change
    return onlyMoves(producer) && producer.getNumDpsInputs() == 1 &&
           producer.getMatchingIndexingMap(producer.getDpsInputOperand(0)).isPermutation() &&
           consumer.getMatchingIndexingMap(&use).isProjectedPermutation();
  if (onlyMoves(producer))
    return true;
  // A per-row or per-channel value: inside, it would be computed again for every element, and if somebody else reads it
  // as well, it would end in another kernel.
  if (producer.getNumLoops() < consumer.getNumLoops())
    return false;
  // windows read an element several times
  return consumer.getMatchingIndexingMap(&use).isProjectedPermutation();
}

// Does it read no more than one tensor of its own size? Then its readers read no more where they compute it themselves.
// Otherwise they do, and it adds up: each sum of a residual stream would be computed from all that went into it.
static bool readsOnce(linalg::GenericOp producer) {
  int64_t whole = 0, volume = loopVolume(producer);
  for (OpOperand *input : producer.getDpsInputOperands())
    if (auto type = dyn_cast<RankedTensorType>(input->get().getType()))
      whole += type.getNumElements() * 2 > volume;
  return whole <= 1;
}

// May it be, as far as the work goes? Work is repeated only if it is cheap, adds no reads of memory and nobody needs
// the value stored anyway.
static bool mayFuse(OpOperand *use) {
  if (!couldFuse(*use))
    return false;
  auto producer = use->get().getDefiningOp<linalg::GenericOp>();
  if (onlyMoves(producer) || (producer->getNumResults() == 1 && use->get().hasOneUse()))
    return true;
  return isCheap(producer) && readsOnce(producer) && llvm::all_of(producer->getUses(), couldFuse);
}

LogicalResult codegen::fuseElementwise(func::FuncOp function) {
  RewritePatternSet patterns(function.getContext());
  linalg::populateElementwiseOpsFusionPatterns(patterns, mayFuse);
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  GreedyRewriteConfig config;
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  return applyPatternsGreedily(function, std::move(patterns), config);
}

//===--- values that are stored and used ---===//

// Is the producer read once by the consumer, at the same index, and by everybody else after it?
static OpOperand *absorbable(linalg::GenericOp producer, linalg::GenericOp consumer) {
  if (!isPointwise(consumer) || producer.getStaticLoopRanges() != consumer.getStaticLoopRanges() ||
      producer->getBlock() != consumer->getBlock() || consumer->getNumOperands() + producer->getNumOperands() > 24)
    return nullptr;
  OpOperand *found = nullptr;
  for (OpOperand &use : producer->getUses()) {
    Operation *user = producer->getBlock()->findAncestorOpInBlock(*use.getOwner());
    if (user == consumer) {
      if (found || use.getOwner() != consumer || !consumer.isDpsInput(&use) ||
          !consumer.getMatchingIndexingMap(&use).isIdentity())
        return nullptr;
      found = &use;
    } else if (!consumer->isBeforeInBlock(user)) {
      return nullptr;
    }
  }
  return found;
}

// An elementwise value that must be stored is stored by the elementwise operation that also uses it: one pass over
// memory (the moments of Adam and the weights, for example).
static bool absorb(RewriterBase &rewriter, linalg::GenericOp producer) {
  if (!isPointwise(producer) || !isStatic(producer) || onlyMoves(producer))
    return false;
  for (Operation *user : producer->getUsers()) {
    auto consumer = dyn_cast<linalg::GenericOp>(user);
    OpOperand *use = consumer ? absorbable(producer, consumer) : nullptr;
    if (!use || !linalg::areElementwiseOpsFusable(use))
      continue;
    rewriter.setInsertionPoint(consumer);
    auto fused = linalg::fuseElementwiseOps(rewriter, use);
    if (failed(fused))
      continue;
    SmallVector<Operation *> both{consumer, producer};
    for (auto [old, value] : fused->replacements)
      rewriter.replaceAllUsesExcept(old, value, fused->fusedOp);
    for (Operation *op : both)
      if (op->use_empty())
        rewriter.eraseOp(op);
    return true;
  }
  return false;
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

static bool mergeWithSibling(RewriterBase &rewriter, linalg::GenericOp first) {
  auto mergeable = [](linalg::GenericOp op) { return isPointwise(op) && isStatic(op) && op.getNumLoops(); };
  if (!mergeable(first))
    return false;
  for (Value input : first.getInputs())
    for (Operation *user : input.getUsers()) {
      auto second = dyn_cast<linalg::GenericOp>(user);
      if (second && second->getBlock() == first->getBlock() && first->isBeforeInBlock(second) && mergeable(second) &&
          first.getStaticLoopRanges() == second.getStaticLoopRanges() && shareInput(first, second) &&
          first->getNumOperands() + second->getNumOperands() <= 32 && independent(first, second)) {
        merge(rewriter, first, second);
        return true;
      }
    }
  return false;
}

// Tries every operation of the block, again and again until nothing changes. `combine` may erase the operation it is
// given, and later ones.
static void combineAll(Block &block, llvm::function_ref<bool(linalg::GenericOp)> combine) {
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation *op = block.empty() ? nullptr : &block.front(); op;) {
      Operation *before = op->getPrevNode();
      auto generic = dyn_cast<linalg::GenericOp>(op);
      if (generic && combine(generic)) {
        changed = true;
        op = before ? before->getNextNode() : &block.front();
      } else {
        op = op->getNextNode();
      }
    }
  }
}

void codegen::mergeSiblings(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  for (Block *block : scheduleBlocks(function)) {
    combineAll(*block, [&](linalg::GenericOp op) { return absorb(rewriter, op); });
    combineAll(*block, [&](linalg::GenericOp op) { return mergeWithSibling(rewriter, op); });
  }
  RewritePatternSet patterns(function.getContext());
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  (void)applyPatternsGreedily(function, std::move(patterns));
}
