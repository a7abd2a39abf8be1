// Assigns a storage to every tensor of a schedule, in order of execution: over a dying tensor where a kernel allows it,
// straight in a result, in the argument that a result updates, or in a larger tensor it is inserted in.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "nnc/codegen/schedule/InPlace.h"
#include "nnc/codegen/schedule/Storage.h"

using namespace mlir;
using namespace nnc::codegen;

namespace {
class Placer {
public:
  Placer(func::FuncOp function, const Timeline &timeline, ModuleOp module)
      : function(function), timeline(timeline), symbols(module) {}
  Placement run();

private:
  // where a tensor should end up: in a result, in the argument it updates, in what a loop carries
  struct Goal {
    Storage::Place place;
    int64_t number; // of the result, of the argument, of the carried storage
  };
  void setGoals();
  void findChecks(Block &block);
  void visit(Block &block);
  void visit(LaunchOp launch);
  void visit(scf::ForOp loop);
  void visit(tensor::InsertSliceOp insert);

  int64_t add(Storage::Place place, int64_t number, Value value, int64_t first);
  std::optional<int64_t> inResult(Value value, Operation *op);
  void put(Value value, int64_t storage);
  bool isDead(Value value, Operation *after) { return timeline.lastUse(value) <= timeline.endOf(after); }
  bool isFree(int64_t storage, Operation *at, Value taking);
  bool mayWrite(int64_t storage, Value result, Operation *op);
  bool inputsAllow(LaunchOp launch, func::FuncOp kernel, unsigned output, int64_t storage);
  std::optional<int64_t> over(Value destination, Value result, Operation *op);
  std::optional<int64_t> atGoal(LaunchOp launch, func::FuncOp kernel, unsigned output);
  std::optional<int64_t> overInput(LaunchOp launch, func::FuncOp kernel, unsigned output, ArrayRef<int64_t> taken);
  bool forward(LaunchOp launch, unsigned output);
  void copyBefore(Operation *op, Value from, int64_t to);
  void finish(Operation *terminator, ArrayRef<std::pair<Value, int64_t>> targets);

  func::FuncOp function;
  const Timeline &timeline;
  SymbolTable symbols;
  Placement result;
  DenseMap<Value, Goal> goals;
  int64_t lastCheck = -1;
};
} // namespace

int64_t Placer::add(Storage::Place place, int64_t number, Value value, int64_t first) {
  Storage storage;
  storage.place = place;
  storage.number = number;
  storage.bytes = bytesOf(value.getType());
  storage.first = storage.last = first;
  result.storages.push_back(storage);
  return result.storages.size() - 1;
}

// The storage of the result that a tensor ends in, if it does and nothing that is still needed is there.
std::optional<int64_t> Placer::inResult(Value value, Operation *op) {
  auto goal = goals.find(value);
  if (goal == goals.end() || goal->second.place != Storage::Result)
    return std::nullopt;
  for (auto [index, storage] : llvm::enumerate(result.storages))
    if (storage.place == Storage::Result && storage.number == goal->second.number) {
      bool free = !storage.holds || timeline.lastUse(storage.holds) < timeline.at(op);
      return free && !storage.carried ? std::optional<int64_t>(index) : std::nullopt;
    }
  return add(Storage::Result, goal->second.number, value, timeline.at(op));
}

void Placer::put(Value value, int64_t storage) {
  result.of[value] = storage;
  Storage &into = result.storages[storage];
  into.holds = value;
  Operation *definer = value.getDefiningOp();
  into.last = std::max({into.last, timeline.lastUse(value), definer ? timeline.endOf(definer) : into.first});
}

// Nobody needs what the storage holds any more when `at` has run.
bool Placer::isFree(int64_t storage, Operation *at, Value taking) {
  Value held = result.storages[storage].holds;
  return !held || held == taking || isDead(held, at);
}

// Arguments may be written only by what updates them, and after all checks.
bool Placer::mayWrite(int64_t storage, Value value, Operation *op) {
  const Storage &into = result.storages[storage];
  if (into.place == Storage::Constant)
    return false;
  if (into.place != Storage::Argument)
    return true;
  auto goal = goals.find(value);
  return goal != goals.end() && goal->second.place == Storage::Argument && goal->second.number == into.number &&
         timeline.at(op) > lastCheck;
}

bool Placer::inputsAllow(LaunchOp launch, func::FuncOp kernel, unsigned output, int64_t storage) {
  for (auto [number, input] : llvm::enumerate(launch.getInputs())) {
    auto at = result.of.find(baseOf(input));
    if (at == result.of.end() || at->second != storage)
      continue;
    if (bytesOf(input.getType()) != result.storages[storage].bytes || !mayOverwrite(kernel, number, output))
      return false;
  }
  return true;
}

// The storage of a destination that is written over, if the tensor in it dies here.
std::optional<int64_t> Placer::over(Value destination, Value value, Operation *op) {
  Value base = baseOf(destination);
  auto at = result.of.find(base);
  if (at == result.of.end() || destination != base || !isDead(base, op) || !mayWrite(at->second, value, op) ||
      !isFree(at->second, op, base))
    return std::nullopt;
  if (result.storages[at->second].carried) {
    auto goal = goals.find(value); // what a loop carries is overwritten by its next value only
    if (goal == goals.end() || goal->second.place != Storage::Arena || goal->second.number != at->second)
      return std::nullopt;
  }
  return at->second;
}

std::optional<int64_t> Placer::atGoal(LaunchOp launch, func::FuncOp kernel, unsigned output) {
  Value value = launch.getResult(output);
  auto found = goals.find(value);
  if (found == goals.end())
    return std::nullopt;
  Goal goal = found->second;
  if (goal.place == Storage::Result)
    return inResult(value, launch);
  int64_t storage = goal.number;
  if (goal.place == Storage::Argument)
    storage = result.of.lookup(function.getArgument(goal.number));
  const Storage &into = result.storages[storage];
  if (into.bytes != bytesOf(value.getType()) || !mayWrite(storage, value, launch) || !isFree(storage, launch, value) ||
      !inputsAllow(launch, kernel, output, storage))
    return std::nullopt;
  return storage;
}

std::optional<int64_t> Placer::overInput(LaunchOp launch, func::FuncOp kernel, unsigned output,
                                         ArrayRef<int64_t> taken) {
  Value value = launch.getResult(output);
  for (Value input : launch.getInputs()) {
    Value base = baseOf(input);
    auto at = result.of.find(base);
    if (at == result.of.end() || llvm::is_contained(taken, at->second))
      continue;
    const Storage &storage = result.storages[at->second];
    if (storage.place == Storage::Arena && !storage.carried && storage.bytes == bytesOf(value.getType()) &&
        !result.forwarded.contains(base) && isDead(base, launch) && isFree(at->second, launch, base) &&
        inputsAllow(launch, kernel, output, at->second))
      return at->second;
  }
  return std::nullopt;
}

// A row of a sequence is written to its place in the sequence by the launch that makes it.
bool Placer::forward(LaunchOp launch, unsigned output) {
  Value value = launch.getResult(output);
  for (OpOperand &use : value.getUses()) {
    auto insert = dyn_cast<tensor::InsertSliceOp>(use.getOwner());
    if (!insert || &use != &insert.getSourceMutable() || insert->getBlock() != launch->getBlock())
      continue;
    Value into = insert.getDest();
    auto at = result.of.find(into);
    if (at == result.of.end() || !isFree(at->second, insert, into) || !mayWrite(at->second, insert, insert))
      continue;
    bool alone = llvm::all_of(into.getUses(), [&](OpOperand &other) {
      Operation *user = other.getOwner(), *ancestor = launch->getBlock()->findAncestorOpInBlock(*user);
      bool view = isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp>(user);
      int64_t until = view ? timeline.lastUse(user->getResult(0)) : timeline.endOf(ancestor);
      return user == insert || until < timeline.at(launch);
    });
    bool last = llvm::all_of(insert->getUsers(), [](Operation *user) { return isa<scf::YieldOp>(user); });
    if (!alone || !last || !over(into, insert.getResult(), insert))
      continue;
    result.forwarded[value] = insert;
    result.of[value] = at->second;
    return true;
  }
  return false;
}

void Placer::copyBefore(Operation *op, Value from, int64_t to) {
  if (!from.getDefiningOp<tensor::EmptyOp>())
    result.before[op].push_back({from, to});
}

//===--- operations ---===//

void Placer::visit(LaunchOp launch) {
  auto kernel = symbols.lookup<func::FuncOp>(launch.getKernel());
  SmallVector<int64_t> taken;
  for (Value input : launch.getInputs()) // an input without content still needs a place
    if (input.getDefiningOp<tensor::EmptyOp>() && !result.of.count(input))
      put(input, add(Storage::Arena, 0, input, timeline.at(launch)));
  for (auto [number, value] : llvm::enumerate(launch.getResults())) {
    Value destination = launch.getOutputs()[number];
    std::optional<int64_t> storage;
    bool fresh = destination.getDefiningOp<tensor::EmptyOp>() && !result.of.count(destination);
    if (!fresh) {
      storage = over(destination, value, launch);
      if (storage && (llvm::is_contained(taken, *storage) || !inputsAllow(launch, kernel, number, *storage)))
        storage.reset();
    } else if (forward(launch, number)) {
      taken.push_back(result.of.lookup(value));
      continue;
    }
    if (!storage) {
      storage = atGoal(launch, kernel, number);
      if (storage && llvm::is_contained(taken, *storage))
        storage.reset();
      // a destination with content is copied in before the launch, which must not lose an input by that
      if (storage && !fresh && llvm::any_of(launch.getInputs(), [&](Value input) {
            auto at = result.of.find(baseOf(input));
            return at != result.of.end() && at->second == *storage;
          }))
        storage.reset();
      if (!storage && fresh)
        storage = overInput(launch, kernel, number, taken);
      if (!storage)
        storage = add(Storage::Arena, 0, value, timeline.at(launch));
      if (!fresh)
        copyBefore(launch, destination, *storage);
    }
    for (Value input : launch.getInputs())
      if (auto at = result.of.find(baseOf(input)); at != result.of.end() && at->second == *storage)
        result.inPlace.insert(launch);
    taken.push_back(*storage);
    put(value, *storage);
  }
}

void Placer::visit(tensor::InsertSliceOp insert) {
  Value value = insert.getResult();
  std::optional<int64_t> storage = over(insert.getDest(), value, insert);
  if (!storage) {
    storage = inResult(value, insert);
    if (!storage)
      storage = add(Storage::Arena, 0, value, timeline.at(insert));
    copyBefore(insert, insert.getDest(), *storage);
  }
  put(value, *storage);
}

void Placer::visit(scf::ForOp loop) {
  SmallVector<int64_t> carried;
  for (auto [init, argument, value] : llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs(), loop.getResults())) {
    Value base = baseOf(init);
    auto at = result.of.find(base);
    bool fresh = base.getDefiningOp<tensor::EmptyOp>() && at == result.of.end();
    auto goal = goals.find(value);
    std::optional<int64_t> storage;
    if (!fresh && at != result.of.end() && bytesOf(base.getType()) == bytesOf(value.getType()) &&
        base.getType() == value.getType() && timeline.lastUse(base) <= timeline.at(loop) &&
        llvm::count_if(loop.getInitArgs(), [&](Value other) { return baseOf(other) == base; }) == 1 &&
        mayWrite(at->second, value, loop) && isFree(at->second, loop, base) && !result.storages[at->second].carried &&
        !llvm::is_contained(carried, at->second) && !result.forwarded.contains(base) &&
        (goal == goals.end() || goal->second.place != Storage::Result ||
         result.storages[at->second].place == Storage::Result))
      storage = at->second;
    if (!storage) {
      storage = inResult(value, loop);
      if (!storage || llvm::is_contained(carried, *storage))
        storage = add(Storage::Arena, 0, value, timeline.at(loop));
      if (!fresh)
        copyBefore(loop, init, *storage);
    }
    carried.push_back(*storage);
    put(argument, *storage);
    Storage &into = result.storages[*storage];
    into.carried = true;
    into.last = std::max(into.last, timeline.endOf(loop));
  }
  Operation *yield = loop.getBody()->getTerminator();
  for (auto [value, storage] : llvm::zip(yield->getOperands(), carried))
    if (value.getParentBlock() == loop.getBody())
      goals.try_emplace(value, Goal{Storage::Arena, storage});
  visit(*loop.getBody());
  finish(yield, llvm::to_vector(llvm::map_range(llvm::zip(yield->getOperands(), carried), [](auto pair) {
           return std::pair<Value, int64_t>(std::get<0>(pair), std::get<1>(pair));
         })));
  for (auto [value, storage] : llvm::zip(loop.getResults(), carried)) {
    result.storages[storage].carried = false;
    put(value, storage);
  }
}

// Bring values to their storages, all at once: those that are read are copied before they are written.
void Placer::finish(Operation *terminator, ArrayRef<std::pair<Value, int64_t>> targets) {
  SmallVector<Copy, 1> pending;
  for (auto [value, to] : targets) {
    Value base = baseOf(value);
    auto at = result.of.find(base);
    if (base.getDefiningOp<tensor::EmptyOp>() && at == result.of.end())
      continue; // no content
    bool part = result.forwarded.contains(base) || bytesOf(value.getType()) != result.storages[at->second].bytes;
    if (at->second != to || part)
      pending.push_back({value, to});
  }
  SmallVector<Copy, 1> &ordered = result.atEnd[terminator];
  auto reads = [&](const Copy &copy, int64_t storage) {
    return copy.saved < 0 && result.of.lookup(baseOf(copy.from)) == storage;
  };
  while (!pending.empty()) {
    auto free = llvm::find_if(pending, [&](const Copy &copy) {
      return llvm::none_of(pending, [&](const Copy &other) { return &other != &copy && reads(other, copy.to); });
    });
    if (free != pending.end()) {
      ordered.push_back(*free);
      pending.erase(free);
      continue;
    }
    // a cycle, as in a swap: by way of a spare storage
    Value from = pending.front().from;
    int64_t spare = add(Storage::Arena, 0, from, timeline.at(terminator));
    result.storages[spare].last = timeline.endOf(terminator);
    ordered.push_back({from, spare});
    for (Copy &copy : pending)
      if (copy.from == from)
        copy.saved = spare;
  }
}

void Placer::visit(Block &block) {
  for (Operation &op : block) {
    if (auto launch = dyn_cast<LaunchOp>(op))
      visit(launch);
    else if (auto loop = dyn_cast<scf::ForOp>(op))
      visit(loop);
    else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      visit(insert);
    else if (op.hasTrait<OpTrait::ConstantLike>() && isa<TensorType>(op.getResult(0).getType()))
      put(op.getResult(0), add(Storage::Constant, 0, op.getResult(0), 0));
    else if (isa<tensor::FromElementsOp>(op))
      put(op.getResult(0), add(Storage::Arena, 0, op.getResult(0), timeline.at(&op)));
    else if (isa<CheckOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp>(op))
      for (Value operand : op.getOperands()) // without content, but it needs a place
        if (operand.getDefiningOp<tensor::EmptyOp>() && !result.of.count(operand))
          put(operand, add(Storage::Arena, 0, operand, timeline.at(&op)));
  }
}

//===--- the function ---===//

std::optional<int64_t> nnc::codegen::updatedArgument(func::FuncOp function, unsigned result) {
  auto attribute = function.getResultAttrOfType<IntegerAttr>(result, "nn.updates");
  return attribute ? std::optional<int64_t>(attribute.getInt()) : std::nullopt;
}

void Placer::setGoals() {
  Operation *end = function.getBody().front().getTerminator();
  for (auto [number, value] : llvm::enumerate(end->getOperands())) {
    Value base = value;
    while (auto view = base.getDefiningOp())
      if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(view))
        base = view->getOperand(0);
      else
        break;
    if (std::optional<int64_t> argument = updatedArgument(function, number))
      goals.try_emplace(base, Goal{Storage::Argument, *argument});
    else
      goals.try_emplace(base, Goal{Storage::Result, int64_t(number)});
  }
  // a tensor that is written part by part should be where it ends from the first part on
  for (Operation &op : llvm::reverse(*end->getBlock())) {
    auto start = [&](Value value, Value from) {
      auto goal = goals.find(value);
      Value base = baseOf(from);
      if (goal != goals.end() && base == from && isa_and_nonnull<LaunchOp, scf::ForOp>(from.getDefiningOp()) &&
          timeline.lastUse(from) <= timeline.endOf(&op))
        goals.try_emplace(from, Goal(goal->second));
    };
    if (auto launch = dyn_cast<LaunchOp>(op))
      for (auto [value, from] : llvm::zip(launch.getResults(), launch.getOutputs()))
        start(value, from);
    else if (auto loop = dyn_cast<scf::ForOp>(op))
      for (auto [value, from] : llvm::zip(loop.getResults(), loop.getInitArgs()))
        start(value, from);
  }
}

void Placer::findChecks(Block &block) {
  for (Operation &op : block) {
    bool checks = isa<CheckOp>(op);
    op.walk([&](CheckOp) { checks = true; });
    if (checks)
      lastCheck = std::max(lastCheck, timeline.endOf(&op));
  }
}

Placement Placer::run() {
  Block &body = function.getBody().front();
  for (BlockArgument argument : function.getArguments())
    put(argument, add(Storage::Argument, argument.getArgNumber(), argument, 0));
  setGoals();
  findChecks(body);
  visit(body);
  SmallVector<std::pair<Value, int64_t>> targets;
  for (auto [number, value] : llvm::enumerate(body.getTerminator()->getOperands())) {
    if (std::optional<int64_t> argument = updatedArgument(function, number)) {
      targets.push_back({value, result.of.lookup(function.getArgument(*argument))});
      continue;
    }
    auto made = llvm::find_if(result.storages, [&, number = int64_t(number)](const Storage &storage) {
      return storage.place == Storage::Result && storage.number == number;
    });
    int64_t storage = made != result.storages.end()
                          ? made - result.storages.begin()
                          : add(Storage::Result, number, value, timeline.at(body.getTerminator()));
    targets.push_back({value, storage});
  }
  finish(body.getTerminator(), targets);
  return std::move(result);
}

Placement nnc::codegen::placeTensors(func::FuncOp function, const Timeline &timeline, ModuleOp module) {
  return Placer(function, timeline, module).run();
}
