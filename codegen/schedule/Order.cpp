// The order of a schedule before memory is planned: what counts loops first, then run-time checks with what they need,
// then the rest, in the order that keeps the fewest bytes alive.
#include "nnc/codegen/schedule/Order.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "nnc/codegen/schedule/Storage.h"
#include <unordered_map>

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
  const SetVector<Value> &basesOf(Operation *op) {
    auto [at, isNew] = known.try_emplace(op);
    SetVector<Value> &bases = at->second;
    if (!isNew)
      return bases;
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (isa<TensorType>(operand.getType()))
          bases.insert(baseOf(operand));
    });
    return bases;
  }
  Block &block;
  std::unordered_map<Operation *, SetVector<Value>> known; // bases of an operation's operands
  DenseMap<Value, int> pending;                            // uses that have not run
  int64_t live = 0;
};
} // namespace

namespace {
// The operations that may change places, and what each waits for.
class Order {
public:
  Order(func::FuncOp function, Block &block, ArrayRef<Operation *> fixed, ArrayRef<Operation *> free)
      : block(block), fixed(fixed), free(free), isFree(free.begin(), free.end()) {
    for (Operation *op : free)
      op->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          wait(op, operand.getDefiningOp());
      });
    if (&block == &function.getBody().front())
      updateLast(function);
  }
  /// Of the operations that are ready, `fewest` takes the one that adds the fewest bytes; the given order among equals.
  SmallVector<Operation *> sorted(bool fewest);
  int64_t peakOf(ArrayRef<Operation *> order) {
    Bytes bytes(block);
    for (Operation *op : fixed)
      bytes.run(op);
    for (Operation *op : order)
      bytes.run(op);
    return bytes.peak;
  }

private:
  void wait(Operation *op, Operation *from) {
    if (from && from != op && isFree.contains(from))
      if (waits[op].insert(from))
        users[from].push_back(op);
  }
  bool reaches(Operation *from, Operation *to) {
    SmallVector<Operation *> work{from};
    DenseSet<Operation *> seen;
    while (!work.empty()) {
      Operation *op = work.pop_back_val();
      if (op == to)
        return true;
      if (seen.insert(op).second)
        llvm::append_range(work, users[op]);
    }
    return false;
  }
  void updateLast(func::FuncOp function);

  Block &block;
  ArrayRef<Operation *> fixed, free;
  DenseSet<Operation *> isFree;
  std::unordered_map<Operation *, SetVector<Operation *>> waits;
  std::unordered_map<Operation *, SmallVector<Operation *>> users;
};
} // namespace

// The new value of an argument is made when nobody else has to read the old one: it can then be made in place.
void Order::updateLast(func::FuncOp function) {
  Operation *end = block.getTerminator();
  for (auto [number, value] : llvm::enumerate(end->getOperands())) {
    std::optional<int64_t> argument = updatedArgument(function, number);
    Operation *update = argument ? baseOf(value).getDefiningOp() : nullptr;
    if (!update || !isFree.contains(update))
      continue;
    SmallVector<Value> views{function.getArgument(*argument)};
    while (!views.empty())
      for (Operation *user : views.pop_back_val().getUsers()) {
        if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp>(user))
          views.push_back(user->getResult(0));
        Operation *reader = block.findAncestorOpInBlock(*user);
        if (reader && reader != end && reader != update && !reaches(update, reader))
          wait(update, reader);
      }
  }
}

SmallVector<Operation *> Order::sorted(bool fewest) {
  Bytes bytes(block);
  for (Operation *op : fixed)
    bytes.run(op);
  DenseMap<Operation *, int64_t> place;
  DenseMap<Operation *, size_t> open;
  SmallVector<Operation *> ready, order;
  for (auto [index, op] : llvm::enumerate(free)) {
    place[op] = index;
    if (!(open[op] = waits[op].size()))
      ready.push_back(op);
  }
  while (!ready.empty()) {
    auto best = llvm::min_element(ready, [&](Operation *a, Operation *b) {
      int64_t changeA = fewest ? bytes.change(a) : 0, changeB = fewest ? bytes.change(b) : 0;
      return changeA != changeB ? changeA < changeB : place[a] < place[b];
    });
    Operation *op = *best;
    ready.erase(best);
    bytes.run(op);
    order.push_back(op);
    for (Operation *user : users[op])
      if (--open[user] == 0)
        ready.push_back(user);
  }
  return order;
}

// Everything up to the last check keeps its place.
static void lowerPeak(func::FuncOp function, Block &block) {
  SmallVector<Operation *> fixed, free;
  for (Operation &op : block.without_terminator()) {
    free.push_back(&op);
    if (hasCheck(&op)) {
      fixed.append(free.begin(), free.end());
      free.clear();
    }
  }
  if (free.size() > 3000) // huge schedules keep compile time
    return;
  Order order(function, block, fixed, free);
  SmallVector<Operation *> given = order.sorted(false), greedy = order.sorted(true);
  if (given.size() != free.size() || greedy.size() != free.size())
    return;
  for (Operation *op : order.peakOf(greedy) < order.peakOf(given) ? greedy : given)
    op->moveBefore(block.getTerminator());
}

void codegen::orderSchedule(func::FuncOp function) {
  SmallVector<Block *> blocks{&function.getBody().front()};
  function.walk([&](scf::ForOp loop) { blocks.push_back(loop.getBody()); });
  for (Block *block : blocks) {
    moveFirst(*block, hasCheck);
    lowerPeak(function, *block);
    moveFirst(*block, countsOnly);
  }
}
