// linalg -> kernels. Read formKernels top to bottom: it is the order of the steps, with the reason for it.
#include "nnc/codegen/form/Form.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/TilingInterfaceImpl.h"
#include "mlir/IR/Verifier.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/form/Kernel.h"
#include "nnc/codegen/form/Traits.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

static void eraseDead(RewriterBase &rewriter, Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      rewriter.eraseOp(&op);
}

// What a group can end in.
static bool isRoot(Operation *op) {
  if (auto loops = dyn_cast<linalg::LinalgOp>(op))
    return isStatic(loops) && loops.hasPureTensorSemantics() && isa<TilingInterface>(op);
  return isa<tensor::InsertSliceOp>(op) && !staysInSchedule(op);
}

// Operations repeated inside of the kernels that read them; they are dead when all kernels are formed.
static bool isRepeatedInKernels(Operation *op) {
  if (isViewInKernels(op))
    return true;
  return op->getNumRegions() == 0 && isMemoryEffectFree(op) &&
         llvm::none_of(op->getResultTypes(), [](Type type) { return isa<TensorType>(type); });
}

static bool usedOnlyInit(linalg::FillOp fill) {
  return llvm::all_of(fill->getUses(), [](OpOperand &use) {
    auto user = dyn_cast<linalg::LinalgOp>(use.getOwner());
    return user && user.isDpsInit(&use);
  });
}

LogicalResult codegen::formBlock(Block &block, SymbolTable &symbols, bool fuse) {
  IRRewriter rewriter(block.getParentOp()->getContext());
  // numbers and odd operations first: whatever reads them must find tensors
  for (Operation &op : llvm::make_early_inc_range(block))
    if (!isRoot(&op) && !staysInSchedule(&op) && !isRepeatedInKernels(&op) && !isOpTriviallyDead(&op))
      if (failed(wrapKernel(rewriter, &op, symbols)))
        return failure();
  eraseDead(rewriter, block);
  // roots from the last operation upwards, so that every operation meets its consumers first
  Operation *cursor = block.getTerminator();
  while ((cursor = cursor->getPrevNode())) {
    if (!isRoot(cursor) || cursor->use_empty())
      continue;
    if (auto fill = dyn_cast<linalg::FillOp>(cursor); fill && usedOnlyInit(fill))
      continue; // computed where it is used
    FailureOr<LaunchOp> launch = buildKernel(rewriter, groupOf(cursor, fuse), symbols);
    if (failed(launch))
      return failure();
    // results of a group's earlier members may be used before the launch
    bool ordered = llvm::all_of((*launch)->getUsers(), [&](Operation *user) {
      Operation *ancestor = block.findAncestorOpInBlock(*user);
      return !ancestor || (*launch)->isBeforeInBlock(ancestor);
    });
    eraseDead(rewriter, block);
    cursor = *launch;
    if (!ordered) {
      sortTopologically(&block);
      cursor = block.getTerminator();
    }
  }
  eraseDead(rewriter, block);
  return success();
}

namespace {
// Operations by what they do, for maps of equal ones.
struct SimpleOperationInfo : llvm::DenseMapInfo<Operation *> {
  static unsigned getHashValue(const Operation *op) {
    return OperationEquivalence::computeHash(const_cast<Operation *>(op), OperationEquivalence::directHashValue,
                                             OperationEquivalence::ignoreHashValue,
                                             OperationEquivalence::IgnoreLocations);
  }
  static bool isEqual(const Operation *a, const Operation *b) {
    auto *empty = getEmptyKey(), *tombstone = getTombstoneKey();
    if (a == b || a == empty || a == tombstone || b == empty || b == tombstone)
      return a == b;
    return OperationEquivalence::isEquivalentTo(const_cast<Operation *>(a), const_cast<Operation *>(b),
                                                OperationEquivalence::IgnoreLocations);
  }
};
} // namespace

// Equal views are one value: who reads the same tensor is found by its value.
static void shareViews(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  for (Block *block : scheduleBlocks(function)) {
    DenseMap<Operation *, Operation *, SimpleOperationInfo> known;
    for (Operation &op : llvm::make_early_inc_range(*block)) {
      if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp>(op))
        continue;
      auto [at, isNew] = known.try_emplace(&op, &op);
      if (!isNew)
        rewriter.replaceOp(&op, at->second->getResults());
    }
  }
}

// Fusion moves operations from one body into another. Each says where the operation that it was a part of comes from,
// so that the kernel it ends in can name that.
static void markBodies(func::FuncOp function) {
  function.walk(
      [](linalg::LinalgOp op) { op->getRegion(0).walk([&](Operation *inner) { inner->setLoc(op.getLoc()); }); });
}

// The promise of the level: nothing in a schedule computes.
static LogicalResult verifySchedule(func::FuncOp function) {
  for (Block *block : scheduleBlocks(function))
    for (Operation &op : *block)
      if (!staysInSchedule(&op))
        return op.emitError("is left outside of kernels");
  return success();
}

LogicalResult codegen::formKernels(ModuleOp module, bool fuse) {
  module.getContext()->getOrLoadDialect<ScheduleDialect>();
  SymbolTable symbols(module);
  SmallVector<func::FuncOp> functions;
  for (auto function : module.getOps<func::FuncOp>())
    if (!isKernel(function) && !function.isExternal())
      functions.push_back(function);
  for (func::FuncOp function : functions) {
    // One spelling first, so that every rule below is about loops and maps.
    if (failed(normalize(function)))
      return failure();
    // Before anything looks at neighbours in memory; in one spelling every operation but a few is loops, which carry
    // any order.
    chooseLayouts(function);
    // Before borders are filled, in the layout that is chosen.
    spacePositions(function);
    markZeroBorders(function);
    ownInitialValues(function);
    markBodies(function);
    // Before fusion, which must not decide bits.
    splitContractions(function);
    // Elementwise chains are one operation before anything is grouped: groups are then short.
    if (fuse && failed(fuseElementwise(function)))
      return failure();
    // After fusion, which has put transpositions into the contractions that read them.
    if (fuse)
      packOperands(function);
    // After fusion, so that what is summed is computed in the first level of the tree.
    splitReductions(function);
    // After splitting, whose views would hide shared inputs.
    if (fuse)
      mergeSiblings(function);
    // After the last step that makes contractions of others.
    markPaddedOperands(function);
    shareViews(function);
    // Inner loops first: the kernels of a loop's body do not depend on what is around it. The list is named: a range
    // made of a temporary would outlive it.
    SmallVector<Block *> blocks = scheduleBlocks(function);
    for (Block *block : llvm::reverse(blocks))
      if (failed(formBlock(*block, symbols, fuse)))
        return failure();
    if (failed(verifySchedule(function)))
      return failure();
  }
  return verify(module);
}
