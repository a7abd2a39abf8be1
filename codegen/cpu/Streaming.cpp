// A store to a line that is in no cache reads it first, and puts it in the place of another. A result that is larger
// than the third cache comes from memory whoever reads it next, and one that the caller is given pushes out what is
// read meanwhile, where both do not fit: these are stored past the caches, whole lines at a time. Such a store needs an
// address that is a multiple of its size. What is known about it here are the steps and offsets inside of an argument;
// whether the argument itself lies on a line is looked at by the kernel's entry, which has a second version of the task
// for those that do not (Object.cpp).
#include "nnc/codegen/cpu/Streaming.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "nnc/codegen/schedule/Schedule.h"
#include <numeric>

using namespace mlir;

namespace nnc::codegen::cpu {

static constexpr llvm::StringLiteral streamsAttr = "nnc.streams"; // the numbers of an operation's results

static constexpr int64_t lineElements = 16;

// Does nobody read the argument, and only `writer` write it, but for fills that its sums start from?
static bool isOnlyWritten(Value argument, Operation *writer) {
  SmallVector<Value> views{argument};
  while (!views.empty()) {
    Value view = views.pop_back_val();
    for (OpOperand &use : view.getUses()) {
      Operation *user = use.getOwner();
      if (isa<ViewLikeOpInterface>(user)) {
        llvm::append_range(views, user->getResults());
        continue;
      }
      auto loops = dyn_cast<linalg::LinalgOp>(user);
      if (!loops || !loops.isDpsInit(&use) || (user != writer && !isa<linalg::FillOp>(user)))
        return false;
    }
  }
  return true;
}

// A number that the index is a multiple of; 0 for 0.
static int64_t factorOf(OpFoldResult index) {
  if (auto constant = getConstantIntValue(index))
    return std::abs(*constant);
  Operation *op = cast<Value>(index).getDefiningOp();
  if (isa_and_nonnull<arith::MulIOp>(op))
    return factorOf(op->getOperand(0)) * factorOf(op->getOperand(1));
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp>(op))
    return std::gcd(factorOf(op->getOperand(0)), factorOf(op->getOperand(1)));
  return 1;
}

// Does the part of an argument begin at a whole line of it?
static bool beginsAtLine(Value memref) {
  int64_t factor = 0;
  while (Operation *view = memref.getDefiningOp()) {
    if (auto part = dyn_cast<memref::SubViewOp>(view)) {
      auto [strides, offset] = part.getSourceType().getStridesAndOffset();
      for (auto [at, stride] : llvm::zip(part.getMixedOffsets(), strides)) {
        if (ShapedType::isDynamic(stride))
          return false;
        factor = std::gcd(factor, factorOf(at) * stride);
      }
    } else if (!isa<memref::CollapseShapeOp, memref::ExpandShapeOp>(view)) {
      return false;
    }
    memref = cast<ViewLikeOpInterface>(view).getViewSource();
  }
  return factor % lineElements == 0;
}

void markStreamedResults(func::FuncOp kernel, const Target &target) {
  // of most third caches; of a result, the least that is worth it
  constexpr int64_t cacheBytes = 32 << 20, leastBytes = 8 << 20;
  if (!StringRef(target.triple).starts_with("x86_64") || kernel->hasAttr(ScheduleDialect::mayAliasAttr))
    return;
  auto given = kernel->getAttrOfType<DenseI64ArrayAttr>(ScheduleDialect::givenAttr);
  int64_t allBytes = 0;
  for (BlockArgument argument : kernel.getArguments())
    allBytes += isa<MemRefType>(argument.getType()) ? bytesBehind(argument) : 0;
  kernel.walk([&](linalg::LinalgOp op) {
    SmallVector<int64_t> streamed;
    auto isLarge = [&](Value memref) {
      auto argument = dyn_cast<BlockArgument>(rootOf(memref));
      bool isGiven = argument && given && llvm::is_contained(given.asArrayRef(), argument.getArgNumber());
      return isGiven ? allBytes >= cacheBytes && bytesBehind(memref) >= leastBytes : bytesBehind(memref) > cacheBytes;
    };
    for (OpOperand &init : op.getDpsInitsMutable())
      if (isa<MemRefType>(init.get().getType()) && getElementTypeOrSelf(init.get().getType()).isF32() &&
          isLarge(init.get()) && beginsAtLine(init.get()) && isOnlyWritten(rootOf(init.get()), op))
        streamed.push_back(init.getOperandNumber() - op.getNumDpsInputs());
    if (!streamed.empty())
      op->setAttr(streamsAttr, DenseI64ArrayAttr::get(op.getContext(), streamed));
  });
}

void chooseStreams(Nest &nest, unsigned lane, int64_t width, bool complete) {
  linalg::LinalgOp op = nest.epilogue.op ? nest.epilogue.op : nest.op;
  MutableArrayRef<Access> accesses = nest.epilogue.op ? nest.epilogue.accesses : nest.accesses;
  auto streams = op->getAttrOfType<DenseI64ArrayAttr>(streamsAttr);
  // a nest made of an operation's, as for windows, begins elsewhere
  if (!streams || !complete || width % lineElements || nest.derived)
    return;
  for (int64_t result : streams.asArrayRef()) {
    Access &access = accesses[op.getNumDpsInputs() + result];
    bool wholeLines = access.strides[lane] == 1 && access.offset % lineElements == 0;
    for (unsigned d = 0; d < nest.loops(); ++d)
      wholeLines &= d == lane || nest.sizes[d] == 1 || access.strides[d] % lineElements == 0;
    access.streamed = wholeLines && !(op.getNumReductionLoops() == 0 && access.read);
  }
}

} // namespace nnc::codegen::cpu
