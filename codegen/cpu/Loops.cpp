// linalg on memrefs -> loops: each op takes the best form it allows. Ops no vector form fits become plain scalar loops,
// in which LLVM's vectoriser may try.
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "nnc/codegen/cpu/Cpu.h"
#include "nnc/codegen/cpu/Streaming.h"
#include "nnc/codegen/cpu/Tile.h"
#include "nnc/codegen/cpu/Transposition.h"
#include "nnc/codegen/cpu/Windows.h"

using namespace mlir;

namespace nnc::codegen::cpu {

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

// The two sizes that a tile along loop `d` can have, where all but the last are of one size: the extent is the smaller
// of that size and what is left of a range.
static std::optional<std::pair<int64_t, int64_t>> tileSizes(const Nest &nest, unsigned d) {
  auto extent = dyn_cast<Value>(nest.extents[d]);
  auto least = extent ? extent.getDefiningOp<affine::AffineMinOp>() : affine::AffineMinOp();
  if (!least || least.getMap().getNumResults() != 2 || least.getMap().getNumInputs() != 1)
    return std::nullopt;
  std::optional<int64_t> tile, range;
  for (AffineExpr expr : least.getMap().getResults()) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
      tile = constant.getValue();
      continue;
    }
    auto sum = dyn_cast<AffineBinaryOpExpr>(expr); // range - position
    auto constant = sum && sum.getKind() == AffineExprKind::Add ? dyn_cast<AffineConstantExpr>(sum.getRHS())
                                                                : AffineConstantExpr(nullptr);
    auto position = sum ? dyn_cast<AffineBinaryOpExpr>(sum.getLHS()) : AffineBinaryOpExpr(nullptr);
    if (constant && position && position.getKind() == AffineExprKind::Mul &&
        isa<AffineDimExpr, AffineSymbolExpr>(position.getLHS()) &&
        position.getRHS() == getAffineConstantExpr(-1, least.getContext()))
      range = constant.getValue();
  }
  // the position is a multiple of the tile: a task's index times its size
  auto position = least.getOperand(0).getDefiningOp<arith::MulIOp>();
  if (!tile || !range || *tile <= 0 || *range % *tile == 0 || !position ||
      (getConstantIntValue(position.getLhs()) != tile && getConstantIntValue(position.getRhs()) != tile))
    return std::nullopt;
  return std::pair(*tile, *range % *tile);
}

// `emit(nest)` for each size that the nest's tile can have, chosen at run time: loops of constant size are much better
// code than loops that are not, and only the last tasks differ.
static LogicalResult forEachSize(Nest nest, OpBuilder &builder, llvm::function_ref<LogicalResult(Nest &)> emit) {
  Location loc = nest.op->getLoc();
  for (unsigned d = 0; d < nest.loops(); ++d) {
    auto sizes = tileSizes(nest, d);
    if (!sizes)
      continue;
    Value isWhole = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, cast<Value>(nest.extents[d]),
                                          constantIndex(builder, loc, sizes->first));
    auto branch = scf::IfOp::create(builder, loc, isWhole, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    for (int64_t size : {sizes->first, sizes->second}) {
      Nest fixed = nest;
      fixed.sizes[d] = size;
      fixed.extents[d] = builder.getIndexAttr(size);
      builder.setInsertionPointToStart(size == sizes->first ? branch.thenBlock() : branch.elseBlock());
      if (failed(forEachSize(fixed, builder, emit)))
        return failure();
    }
    return success();
  }
  mergeLoops(nest);
  return emit(nest);
}

// Fills in front of a reduction, which its loops may start from instead of from memory.
struct Starts {
  SmallVector<linalg::FillOp> fills;
  bool needed = false; // sums in several parts start from what the fill left in memory
};

static LogicalResult emitLanes(Nest &nest, const BodyTraits &traits, const Target &target, OpBuilder &builder,
                               Starts &starts) {
  if (std::optional<TranspositionPlan> turned = planTransposition(nest, traits, target)) {
    emitTransposition(nest, *turned, builder);
    return success();
  }
  std::optional<WindowPlan> windows = planWindows(nest, traits, target);
  std::optional<SumWindowPlan> sums = planSumWindows(nest, traits, target);
  // where results and sum both run over windows, the copy of the longer rows is the cheaper one
  if (windows && sums && nest.sizes[nest.dims(true).back()] <= nest.sizes[windows->positions.back()])
    sums.reset();
  if (sums) {
    if (areSeveral(nest, sums->parts))
      nest.initial.assign(nest.outputs(), Value());
    starts.needed |= llvm::is_contained(nest.initial, Value());
    return emitSumWindows(nest, *sums, traits, target, builder);
  }
  if (!windows) {
    std::optional<TilePlan> plan = planTile(nest, traits, target);
    if (!plan)
      return failure();
    if (!nest.dims(true).empty() && chunkOf(nest, *plan, target).several)
      nest.initial.assign(nest.outputs(), Value());
    starts.needed |= llvm::is_contained(nest.initial, Value());
    return emitTile(nest, *plan, target, builder);
  }
  if (areSeveral(nest, windows->parts) && !windows->gathered)
    nest.initial.assign(nest.outputs(), Value());
  starts.needed |= llvm::is_contained(nest.initial, Value());
  return emitWindows(nest, *windows, traits, target, builder);
}

// The contraction right before `op` whose results nobody but `op` reads.
static linalg::LinalgOp contractionBefore(linalg::LinalgOp op) {
  for (Operation *before = op->getPrevNode(); before; before = before->getPrevNode()) {
    if (isMemoryEffectFree(before))
      continue;
    auto contraction = dyn_cast<linalg::LinalgOp>(before);
    if (!contraction || contraction.getNumReductionLoops() == 0 || contraction.getNumDpsInits() != 1)
      return nullptr;
    // a buffer of its own, whole: of a part, the rest of the kernel may know under another name
    Value results = contraction.getDpsInits()[0];
    Operation *memory = results.getDefiningOp();
    bool own = isa_and_nonnull<memref::AllocaOp, memref::ViewOp>(memory) &&
               isa_and_nonnull<memref::AllocaOp>(rootOf(results).getDefiningOp()) &&
               llvm::count(op->getOperands(), results) == 1 && llvm::all_of(results.getUsers(), [&](Operation *user) {
                 return user == op || user == before || isa<linalg::FillOp>(user);
               });
    return own && !llvm::is_contained(op.getDpsInits(), results) ? contraction : nullptr;
  }
  return nullptr;
}

// A short elementwise op goes into the tiles of the contraction before it, on results in registers, unless these would
// be other ones or are not complete there.
static bool lowerWithContraction(linalg::LinalgOp op, const Target &target, IRRewriter &rewriter,
                                 DenseSet<Operation *> &erased) {
  constexpr unsigned mostOps = 8;
  if (op.getNumParallelLoops() != op.getNumLoops())
    return false;
  BodyTraits after = traitsOf(*op.getBlock());
  linalg::LinalgOp contraction =
      after.lanes && after.partial && !after.heavy && after.ops <= mostOps ? contractionBefore(op) : linalg::LinalgOp();
  if (!contraction)
    return false;
  linalg::FillOp fill = fillBefore(contraction, contraction.getDpsInits()[0]);
  if (!fill)
    return false;
  rewriter.setInsertionPoint(op);
  FailureOr<Nest> nest = analyse(contraction, op, rewriter), alone = analyse(contraction, rewriter);
  if (failed(nest) || failed(alone) || llvm::any_of(nest->sizes, ShapedType::isDynamic) ||
      fill.getInputs()[0].getType() != nest->output(0).element || !hasReuse(*alone) || !reducesBesideLanes(*alone))
    return false;
  BodyTraits traits = traitsOf(*nest->body);
  if (planWindows(*alone, traits, target) || planSumWindows(*alone, traits, target))
    return false;
  std::optional<TilePlan> plan = planTile(*nest, traits, target), other = planTile(*alone, traits, target);
  constexpr double noMore = 1.05;
  if (!plan || !other || plan->transposed || plan->cost > other->cost * noMore || chunkOf(*nest, *plan, target).several)
    return false;
  for (auto [i, access] : llvm::enumerate(nest->epilogue.accesses))
    if (!access.isScalar() && i != nest->epilogue.results && access.strides[plan->lane] != 1 &&
        (access.written || access.strides[plan->lane] != 0))
      return false;
  nest->initial[0] = fill.getInputs()[0];
  if (failed(emitTile(*nest, *plan, target, rewriter)))
    return false;
  for (Operation *done : {op.getOperation(), contraction.getOperation(), fill.getOperation()}) {
    erased.insert(done);
    rewriter.eraseOp(done);
  }
  return true;
}

static LogicalResult lowerOp(linalg::LinalgOp op, const Target &target, IRRewriter &rewriter,
                             DenseSet<Operation *> &erased) {
  if (lowerWithContraction(op, target, rewriter, erased))
    return success();
  rewriter.setInsertionPoint(op);
  FailureOr<Nest> nest = analyse(op, rewriter);
  if (succeeded(nest) && nest->loops() > 0) {
    BodyTraits traits = traitsOf(*nest->body);
    Starts starts;
    if (!nest->dims(true).empty())
      for (unsigned o = 0; o < nest->outputs(); ++o)
        if (linalg::FillOp fill = fillBefore(op, op.getDpsInits()[o]);
            fill && op.getMatchingIndexingMap(op.getDpsInitOperand(o)).isProjectedPermutation() &&
            fill.getInputs()[0].getType() == nest->output(o).element) {
          nest->initial[o] = fill.getInputs()[0];
          starts.fills.push_back(fill);
        }
    auto done = [&] {
      rewriter.eraseOp(op);
      if (starts.needed)
        return success();
      for (linalg::FillOp fill : starts.fills) {
        erased.insert(fill);
        rewriter.eraseOp(fill);
      }
      return success();
    };
    std::optional<LaneReductionPlan> lanes;
    if (!nest->dims(true).empty())
      lanes = planLaneReduction(*nest, traits, target);
    if (lanes && !reducesBesideLanes(*nest))
      return succeeded(emitLaneReduction(*nest, *lanes, rewriter)) ? done() : failure();
    if (planTile(*nest, traits, target)) {
      auto emit = [&](Nest &fixed) { return emitLanes(fixed, traits, target, rewriter, starts); };
      bool moves = traits.ops == 0 && nest->inputs == 1; // perhaps in blocks of constant size
      if (failed(hasReuse(*nest) || moves ? forEachSize(*nest, rewriter, emit) : emit(*nest)))
        return op.emitError("no loops over lanes for this operation");
      rewriter.setInsertionPoint(op);
      return done();
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
  // A body's own position in the whole tensor is arithmetic like any other, in lanes too.
  kernel.walk([&](affine::AffineApplyOp apply) {
    if (!isa<linalg::LinalgOp>(apply->getParentOp()))
      return;
    rewriter.setInsertionPoint(apply);
    if (auto values = affine::expandAffineMap(rewriter, apply.getLoc(), apply.getAffineMap(), apply.getOperands()))
      rewriter.replaceOp(apply, *values);
  });
  markStreamedResults(kernel, target);
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
