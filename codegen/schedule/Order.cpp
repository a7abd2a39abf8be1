// The order of a schedule before memory is planned: what counts loops first, then run-time checks with what they need,
// then the rest, in the order that keeps the fewest bytes alive.
#include "nnc/codegen/schedule/Order.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "nnc/codegen/schedule/Live.h"

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

// A launch that reads nothing and writes one tensor.
static LaunchOp fillOf(Value destination) {
  auto launch = destination.getDefiningOp<LaunchOp>();
  bool fills = launch && launch.getInputs().empty() && launch.getNumResults() == 1 &&
               launch.getOutputs()[0].getDefiningOp<tensor::EmptyOp>();
  return fills ? launch : LaunchOp();
}

// Every destination that starts as a fill has a fill of its own: writing it again takes less than a copy of one that is
// kept.
static void repeatFills(func::FuncOp function) {
  SmallVector<OpOperand *> starts;
  function.walk([&](Operation *op) {
    if (auto launch = dyn_cast<LaunchOp>(op))
      for (OpOperand &operand : launch.getOutputsMutable())
        starts.push_back(&operand);
    else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      starts.push_back(&insert.getDestMutable());
  });
  for (OpOperand *start : starts) {
    LaunchOp fill = fillOf(start->get());
    if (!fill || fill->hasOneUse() || fill->getBlock() != start->getOwner()->getBlock())
      continue;
    OpBuilder builder(start->getOwner());
    start->set(builder.clone(*fill)->getResult(0));
  }
}

namespace {
// The operations that may change places, and what each waits for.
class Order {
public:
  Order(func::FuncOp function, Block &block, InPlace &inPlace, ArrayRef<Operation *> fixed, ArrayRef<Operation *> free)
      : block(block), live(block, inPlace), fixed(fixed), free(free), isFree(free.begin(), free.end()) {
    for (Operation *op : free)
      op->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          wait(op, operand.getDefiningOp());
      });
    if (&block == &function.getBody().front())
      updateLast(function);
  }

  /// The order of the fewest bytes of some that are tried.
  SmallVector<Operation *> best();

private:
  /// Of the operations that are ready, the one that adds the fewest bytes if that is less than `bound`, and else the
  /// first of `order`.
  SmallVector<Operation *> forwards(ArrayRef<Operation *> order, int64_t bound);
  /// The same from the last operation to the first: what is alive before an operation, but not behind it, is added.
  SmallVector<Operation *> backwards(ArrayRef<Operation *> order, int64_t bound);
  LiveRun begin() {
    LiveRun bytes(live);
    for (Operation *op : fixed)
      bytes.run(op);
    return bytes;
  }
  int64_t peakOf(ArrayRef<Operation *> order) {
    LiveRun bytes = begin();
    for (Operation *op : order)
      bytes.run(op);
    return bytes.peak;
  }

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
  Live live;
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

// Takes what is ready one after another: `before` and `after` are what an operation waits for in this direction, and
// what waits for it.
template <typename Before, typename After, typename Change, typename Run>
static SmallVector<Operation *> listed(ArrayRef<Operation *> order, int64_t bound, const Before &before,
                                       const After &after, Change change, Run run) {
  DenseMap<Operation *, int64_t> place;
  DenseMap<Operation *, size_t> open;
  SmallVector<Operation *> ready, result;
  for (auto [index, op] : llvm::enumerate(order)) {
    place[op] = index;
    auto waits = before.find(op);
    if (!(open[op] = waits == before.end() ? 0 : waits->second.size()))
      ready.push_back(op);
  }
  while (!ready.empty()) {
    auto first = [&](Operation *a, Operation *b) { return place[a] < place[b]; };
    auto best = llvm::min_element(ready, first);
    auto takesNothing = [](Operation *op) { return !isa<LaunchOp, scf::ForOp, tensor::InsertSliceOp, CheckOp>(op); };
    if (auto free = llvm::find_if(ready, takesNothing); bound != INT64_MIN && free != ready.end()) {
      best = free; // views and empty tensors take nothing, and others wait for them
    } else if (bound != INT64_MIN) {
      std::pair<int64_t, int64_t> least(bound, -1);
      for (auto at = ready.begin(); at != ready.end(); ++at)
        if (std::pair<int64_t, int64_t> own(change(*at), place[*at]); own < least) {
          least = own;
          best = at;
        }
    }
    Operation *op = *best;
    ready.erase(best);
    run(op);
    result.push_back(op);
    if (auto users = after.find(op); users != after.end())
      for (Operation *user : users->second)
        if (--open[user] == 0)
          ready.push_back(user);
  }
  return result;
}

SmallVector<Operation *> Order::forwards(ArrayRef<Operation *> order, int64_t bound) {
  LiveRun bytes = begin();
  return listed(
      order, bound, waits, users, [&](Operation *op) { return bytes.change(op); },
      [&](Operation *op) { bytes.run(op); });
}

SmallVector<Operation *> Order::backwards(ArrayRef<Operation *> order, int64_t bound) {
  std::vector<bool> alive(live.count());
  auto change = [&](Operation *op) {
    const Live::Uses &uses = live.of(op);
    int64_t bytes = 0;
    for (int tensor : uses.made)
      bytes -= alive[tensor] ? live.bytes(tensor) : 0;
    for (int tensor : uses.read)
      bytes += alive[tensor] ? 0 : live.bytes(tensor);
    return bytes;
  };
  auto run = [&](Operation *op) {
    for (int tensor : live.of(op).read)
      alive[tensor] = true;
    for (int tensor : live.of(op).made)
      alive[tensor] = false;
  };
  SmallVector<Operation *> reversed(llvm::reverse(order));
  SmallVector<Operation *> result = listed(reversed, bound, users, waits, change, run);
  std::reverse(result.begin(), result.end());
  return result;
}

SmallVector<Operation *> Order::best() {
  constexpr int64_t never = INT64_MIN, always = INT64_MAX;
  SmallVector<Operation *> given = forwards(free, never), chosen = given;
  if (given.size() != free.size()) // something waits for itself
    return SmallVector<Operation *>(free);
  int64_t least = peakOf(given);
  auto attempt = [&](SmallVector<Operation *> order) {
    if (int64_t peak = peakOf(order); peak < least) {
      least = peak;
      chosen = order;
    }
    return order;
  };
  // what only adds bytes moves down to who needs it, then what frees some moves up
  auto settled = [&](ArrayRef<Operation *> order) { attempt(forwards(attempt(backwards(order, 0)), 0)); };
  settled(given);
  settled(attempt(forwards(given, always)));
  settled(attempt(backwards(given, always)));
  return chosen;
}

// Everything up to the last check keeps its place.
static void lowerPeak(func::FuncOp function, Block &block, InPlace &inPlace) {
  SmallVector<Operation *> fixed, free;
  for (Operation &op : block.without_terminator()) {
    free.push_back(&op);
    if (hasCheck(&op)) {
      fixed.append(free.begin(), free.end());
      free.clear();
    }
  }
  if (free.size() > 10000) // huge schedules keep compile time
    return;
  for (Operation *op : Order(function, block, inPlace, fixed, free).best())
    op->moveBefore(block.getTerminator());
}

void codegen::orderSchedule(func::FuncOp function, InPlace &inPlace) {
  repeatFills(function);
  SmallVector<Block *> blocks{&function.getBody().front()};
  function.walk([&](scf::ForOp loop) { blocks.push_back(loop.getBody()); });
  for (Block *block : blocks) {
    moveFirst(*block, hasCheck);
    lowerPeak(function, *block, inPlace);
    moveFirst(*block, countsOnly);
  }
}
