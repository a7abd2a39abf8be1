// The order of a schedule before memory is planned: what counts loops first, then run-time checks with what they need,
// then the rest, in the order that keeps the fewest bytes alive.
#include "nnc/codegen/schedule/Order.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "nnc/codegen/schedule/Storage.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

static bool countsOnly(Operation *op) {
  return op->getNumResults() == 1 && op->getNumRegions() == 0 && !isa<TensorType>(op->getResult(0).getType()) &&
         isMemoryEffectFree(op) &&
         llvm::none_of(op->getOperandTypes(), [](Type type) { return isa<TensorType>(type); });
}

static bool hasCheck(Operation *op) {
  bool found = isa<CheckOp>(op);
  op->walk([&](CheckOp) { found = true; });
  return found;
}

// Move operations with what they need in this block to the front, in order.
static void moveFirst(Block &block, function_ref<bool(Operation *)> isFirst) {
  DenseSet<Operation *> first;
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    if (!first.contains(&op) && !isFirst(&op))
      continue;
    first.insert(&op);
    op.walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (Operation *from = operand.getDefiningOp(); from && from->getBlock() == &block)
          first.insert(from);
    });
  }
  Operation *after = nullptr;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!first.contains(&op))
      continue;
    if (after)
      op.moveAfter(after);
    else
      op.moveBefore(&block, block.begin());
    after = &op;
  }
}

//===--- fewest bytes alive ---===//

namespace {
// One try at ordering the block's operations: which tensor bytes are alive after each, views counted with their base.
class Bytes {
public:
  explicit Bytes(Block &block) : block(block) {
    for (Operation &op : block)
      for (Value base : basesOf(&op))
        ++pending[base];
  }
  /// Bytes that running `op` adds, less those it frees.
  int64_t change(Operation *op) {
    int64_t bytes = added(op);
    for (Value base : basesOf(op))
      if (pending[base] == 1 && counts(base))
        bytes -= bytesOf(base.getType());
    return bytes;
  }
  void run(Operation *op) {
    live += added(op);
    peak = std::max(peak, live);
    for (Value base : basesOf(op))
      if (--pending[base] == 0 && counts(base))
        live -= bytesOf(base.getType());
  }
  int64_t peak = 0;

private:
  bool counts(Value base) {
    return base.getParentBlock() == &block && base.getDefiningOp() &&
           isa<LaunchOp, scf::ForOp, tensor::InsertSliceOp>(base.getDefiningOp());
  }
  int64_t added(Operation *op) {
    int64_t bytes = 0;
    for (Value value : op->getResults())
      if (counts(value))
        bytes += bytesOf(value.getType());
    return bytes;
  }
  SetVector<Value> basesOf(Operation *op) {
    SetVector<Value> bases;
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (isa<TensorType>(operand.getType()))
          bases.insert(baseOf(operand));
    });
    return bases;
  }
  Block &block;
  DenseMap<Value, int> pending; // uses that have not run
  int64_t live = 0;
};
} // namespace

static int64_t peakOf(Block &block, ArrayRef<Operation *> order) {
  Bytes bytes(block);
  for (Operation *op : order)
    bytes.run(op);
  return bytes.peak;
}

// Greedy: of the operations that are ready, the one that adds the fewest bytes; the given order among equals.
static SmallVector<Operation *> greedyOrder(Block &block, ArrayRef<Operation *> given) {
  Bytes bytes(block);
  DenseMap<Operation *, int> waits;
  DenseMap<Operation *, SmallVector<Operation *>> users;
  for (Operation *op : given) {
    SetVector<Operation *> needs;
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (Operation *from = operand.getDefiningOp(); from && from->getBlock() == &block)
          needs.insert(from);
    });
    waits[op] = needs.size();
    for (Operation *from : needs)
      users[from].push_back(op);
  }
  SmallVector<Operation *> ready, order;
  for (Operation *op : given)
    if (!waits[op])
      ready.push_back(op);
  while (!ready.empty()) {
    auto best = llvm::min_element(ready, [&](Operation *a, Operation *b) {
      int64_t changeA = bytes.change(a), changeB = bytes.change(b);
      return changeA != changeB ? changeA < changeB : a->isBeforeInBlock(b);
    });
    Operation *op = *best;
    ready.erase(best);
    bytes.run(op);
    order.push_back(op);
    for (Operation *user : users[op])
      if (--waits[user] == 0)
        ready.push_back(user);
  }
  return order;
}

static void lowerPeak(Block &block) {
  SmallVector<Operation *> given;
  bool fixed = false;
  for (Operation &op : block.without_terminator()) {
    given.push_back(&op);
    fixed |= hasCheck(&op);
  }
  if (fixed || given.size() > 4000) // checks keep their place; huge schedules keep compile time
    return;
  SmallVector<Operation *> order = greedyOrder(block, given);
  if (order.size() != given.size() || peakOf(block, order) >= peakOf(block, given))
    return;
  for (Operation *op : order)
    op->moveBefore(block.getTerminator());
}

void codegen::orderSchedule(func::FuncOp function) {
  SmallVector<Block *> blocks{&function.getBody().front()};
  function.walk([&](scf::ForOp loop) { blocks.push_back(loop.getBody()); });
  for (Block *block : blocks) {
    lowerPeak(*block);
    moveFirst(*block, hasCheck);
    moveFirst(*block, countsOnly);
  }
}
