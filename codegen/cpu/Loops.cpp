// linalg on memrefs -> loops: each op takes the best form it allows. Ops no vector form fits become plain scalar loops,
// in which LLVM's vectoriser may try.
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "nnc/codegen/cpu/Cpu.h"
#include "nnc/codegen/cpu/Tile.h"

using namespace mlir;

namespace nnc::codegen::cpu {

// The buffer a view shows a part of.
static Value rootOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return buffer;
}

// The fill that gives `destination` its values, if it stands right before `op` with nothing between them that could
// touch the buffer.
static linalg::FillOp fillBefore(Operation *op, Value destination) {
  Value root = rootOf(destination);
  bool scratch = root.getDefiningOp<memref::AllocaOp>() != nullptr;
  for (Operation *before = op->getPrevNode(); before; before = before->getPrevNode()) {
    if (auto fill = dyn_cast<linalg::FillOp>(before); fill && fill.getOutputs()[0] == destination)
      return fill;
    if (isMemoryEffectFree(before) || isa<memref::AllocaOp>(before))
      continue;
    if (!isa<linalg::LinalgOp>(before))
      return nullptr;
    for (Value operand : before->getOperands()) {
      if (!isa<MemRefType>(operand.getType()))
        continue;
      Value other = rootOf(operand);
      // two arguments may be one buffer when the plan runs a kernel in place
      if (other == root || (!scratch && !other.getDefiningOp<memref::AllocaOp>()))
        return nullptr;
    }
  }
  return nullptr;
}

// Contractions have operands used again along other dimensions than their own. They are one chain of additions a
// result.
static bool hasReuse(const Nest &nest) {
  SmallVector<unsigned> parallel = nest.dims(false);
  auto varies = [&](unsigned access, unsigned d) {
    return !nest.accesses[access].isScalar() && nest.accesses[access].strides[d] != 0;
  };
  for (unsigned p : parallel)
    for (unsigned q : parallel)
      for (unsigned a = 0; a < nest.inputs; ++a)
        for (unsigned b = 0; b < nest.inputs; ++b)
          if (nest.sizes[p] != 1 && nest.sizes[q] != 1 && varies(a, p) && !varies(a, q) && varies(b, q) &&
              !varies(b, p))
            return true;
  return false;
}

// Whether results of a reduction are computed lane beside lane (true) or the lanes split the reduction: this decides
// bits, so it looks at the shape and the body alone.
static bool reducesBesideLanes(const Nest &nest) {
  if (hasReuse(nest))
    for (unsigned d : nest.dims(false))
      if (nest.sizes[d] >= 4 || ShapedType::isDynamic(nest.sizes[d]))
        return true;
  for (unsigned d : nest.dims(false)) {
    if (nest.sizes[d] < 4 && !ShapedType::isDynamic(nest.sizes[d]))
      continue;
    bool even = true;
    for (unsigned i = 0; i < nest.accesses.size(); ++i) {
      const Access &access = nest.accesses[i];
      if (!access.isScalar())
        even &= access.written ? access.strides[d] == 1 : access.strides[d] >= 0 && access.strides[d] <= 2;
    }
    if (even)
      return true;
  }
  return false;
}

static LogicalResult lowerOp(linalg::LinalgOp op, const Target &target, IRRewriter &rewriter,
                             DenseSet<Operation *> &erased) {
  rewriter.setInsertionPoint(op);
  FailureOr<Nest> nest = analyse(op, rewriter);
  if (succeeded(nest) && nest->loops() > 0) {
    BodyTraits traits = traitsOf(*nest->body);
    SmallVector<linalg::FillOp> fills;
    if (!nest->dims(true).empty())
      for (unsigned o = 0; o < nest->outputs(); ++o)
        if (linalg::FillOp fill = fillBefore(op, op.getDpsInits()[o]);
            fill && op.getMatchingIndexingMap(op.getDpsInitOperand(o)).isProjectedPermutation() &&
            fill.getInputs()[0].getType() == nest->output(o).element) {
          nest->initial[o] = fill.getInputs()[0];
          fills.push_back(fill);
        }
    auto done = [&] {
      rewriter.eraseOp(op);
      for (linalg::FillOp fill : fills) {
        erased.insert(fill);
        rewriter.eraseOp(fill);
      }
      return success();
    };
    bool reduces = !nest->dims(true).empty();
    std::optional<LaneReductionPlan> lanes;
    if (reduces)
      lanes = planLaneReduction(*nest, traits);
    if (lanes && !reducesBesideLanes(*nest))
      return succeeded(emitLaneReduction(*nest, *lanes, rewriter)) ? done() : failure();
    if (std::optional<TilePlan> tile = planTile(*nest, traits, target)) {
      if (reduces && chunkOf(*nest, *tile, target).several) {
        fills.clear();
        nest->initial.assign(nest->outputs(), Value());
      }
      return succeeded(emitTile(*nest, *tile, target, rewriter)) ? done() : failure();
    }
  }
  if (op.getNumLoops() > 0)
    op->getParentOfType<ModuleOp>()->setAttr(plainLoopsAttr, rewriter.getUnitAttr());
  if (failed(linalg::linalgOpToLoops(rewriter, op)))
    return op.emitError("no loops for this operation");
  rewriter.eraseOp(op);
  return success();
}

LogicalResult lowerToLoops(func::FuncOp kernel, const Target &target) {
  // Last op first: a fill in front of a reduction is still there to be found when the reduction is lowered.
  SmallVector<linalg::LinalgOp> ops;
  kernel.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
  IRRewriter rewriter(kernel.getContext());
  // element by element work of the kernel's own
  kernel.walk([&](memref::StoreOp store) {
    kernel->getParentOfType<ModuleOp>()->setAttr(plainLoopsAttr, rewriter.getUnitAttr());
  });
  DenseSet<Operation *> erased;
  for (linalg::LinalgOp op : llvm::reverse(ops)) {
    // fills that became initial values went with their reduction
    if (erased.contains(op))
      continue;
    if (failed(lowerOp(op, target, rewriter, erased)))
      return failure();
  }
  return success();
}

} // namespace nnc::codegen::cpu
