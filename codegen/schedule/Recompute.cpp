// A value that is made early and used late is often cheap to make again from what is alive anyway: what a norm and an
// activation of the forward pass have made of a convolution's result, say, which the backward pass reads too. The last
// operations of the kernel that made it are launched again as they are, so every bit is the same.
#include "nnc/codegen/schedule/Recompute.h"
#include "nnc/codegen/cpu/Work.h"
#include "nnc/codegen/form/Kernel.h"
#include "nnc/codegen/form/Narrow.h"
#include "nnc/codegen/form/Traits.h"
#include "nnc/codegen/schedule/Live.h"

using namespace mlir;
using namespace nnc::codegen;

namespace {

// A kernel that makes some results of another.
struct Part {
  std::optional<NarrowKernel> kernel; // none: it cannot be made, or is no cheap one
  int64_t cost = 0;
  std::string name = {}; // once it is used
};

class Recompute {
public:
  Recompute(func::FuncOp function, InPlace &inPlace, SymbolTable &symbols);
  /// Makes again what is best for the peak as it is now. False if there is nothing.
  bool step();

private:
  struct Use {
    OpOperand *operand;
    int64_t when;
  };
  struct Late {
    LaunchOp launch;
    llvm::SmallBitVector wanted; // results that are made again
    Part *part = nullptr;
    SmallVector<OpOperand *> uses; // of those, behind the peak
    int64_t first = INT64_MAX;     // of these
    int64_t lastEarly = 0;         // use of what is kept until then
    int64_t gain = 0, cost = 0;
  };
  void number();
  void findUses(Value value, SmallVectorImpl<Use> &uses);
  int64_t lastUse(Value base);
  static int64_t costOf(func::FuncOp kernel);
  Part &partOf(LaunchOp launch, const llvm::SmallBitVector &wanted);
  std::optional<Late> consider(LaunchOp launch, std::optional<unsigned> only, const Live &live, int64_t peak,
                               int64_t least);
  bool addDestinations(Late &late);
  bool addInputs(Late &late, const Live &live, int64_t peak);
  SmallVector<Value> inputsOf(const Late &late);
  void repeat(const Late &late);

  func::FuncOp function;
  Block &block;
  InPlace &inPlace;
  SymbolTable &symbols;
  int64_t budget = 0;
  std::vector<Operation *> order;
  DenseMap<Operation *, int64_t> at; // in the order
  DenseMap<Value, int64_t> updated;  // when an argument gets its new value
  std::map<std::string, Part> parts; // by the kernel's name and what is wanted
};
} // namespace

// An estimate of the time, in bytes that are moved in it: a byte takes as long as ten operations, a launch by itself as
// long as 32 kB.
int64_t Recompute::costOf(func::FuncOp kernel) {
  KernelWork work = workOf(kernel);
  int64_t bytes = 1 << 15;
  for (int64_t count : work.reads)
    bytes += count;
  for (int64_t count : work.writes)
    bytes += count;
  return std::max(bytes, work.flops / 10);
}

Recompute::Recompute(func::FuncOp function, InPlace &inPlace, SymbolTable &symbols)
    : function(function), block(function.getBody().front()), inPlace(inPlace), symbols(symbols) {
  llvm::StringMap<int64_t> costs;
  int64_t all = 0;
  function.walk([&](LaunchOp launch) {
    int64_t times = 1;
    for (auto loop = launch->getParentOfType<scf::ForOp>(); loop; loop = loop->getParentOfType<scf::ForOp>())
      if (auto trips = loop.getStaticTripCount())
        times *= trips->getSExtValue();
    auto [cost, isNew] = costs.try_emplace(launch.getKernel(), 0);
    if (isNew)
      cost->second = costOf(inPlace.kernel(launch));
    all += times * cost->second;
  });
  budget = all / 50;
}

void Recompute::number() {
  order.clear();
  for (Operation &op : block) {
    at[&op] = int64_t(order.size());
    order.push_back(&op);
  }
  updated.clear();
  for (auto [number, value] : llvm::enumerate(block.getTerminator()->getOperands()))
    if (auto argument = updatedArgument(function, number))
      if (Operation *update = baseOf(value).getDefiningOp())
        updated[function.getArgument(*argument)] = at.lookup(update);
}

// Uses through views of this block, and when they are.
void Recompute::findUses(Value value, SmallVectorImpl<Use> &uses) {
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (user->getBlock() == &block && user->getNumResults() == 1 && baseOf(user->getResult(0)) != user->getResult(0))
      findUses(user->getResult(0), uses);
    else
      uses.push_back({&use, at.lookup(block.findAncestorOpInBlock(*user))});
  }
}

int64_t Recompute::lastUse(Value base) {
  SmallVector<Use> uses;
  findUses(base, uses);
  int64_t last = -1;
  for (const Use &use : uses)
    last = std::max(last, use.when);
  return last;
}

Part &Recompute::partOf(LaunchOp launch, const llvm::SmallBitVector &wanted) {
  std::string key = launch.getKernel().str();
  for (unsigned result = 0; result < wanted.size(); ++result)
    key += wanted.test(result) ? '1' : '0';
  auto [known, isNew] = parts.try_emplace(key);
  Part &part = known->second;
  if (isNew && (part.kernel = narrowKernel(inPlace.kernel(launch), wanted))) {
    part.cost = costOf(*part.kernel->function);
    WalkResult cheap = part.kernel->function->walk(
        [](Operation *op) { return isContraction(op) ? WalkResult::interrupt() : WalkResult::advance(); });
    if (cheap.wasInterrupted())
      part.kernel.reset();
  }
  return part;
}

// A launch that reads nothing and writes one tensor.
static LaunchOp fillOf(Value destination) {
  auto launch = destination.getDefiningOp<LaunchOp>();
  bool fills = launch && launch.getInputs().empty() && launch.getNumResults() == 1 &&
               launch.getOutputs()[0].getDefiningOp<tensor::EmptyOp>();
  return fills ? launch : LaunchOp();
}

// Destinations start empty, or from a fill that is repeated with the launch.
bool Recompute::addDestinations(Late &late) {
  for (unsigned result : late.wanted.set_bits()) {
    Value destination = late.launch.getOutputs()[result];
    if (destination.getDefiningOp<tensor::EmptyOp>())
      continue;
    LaunchOp fill = fillOf(destination);
    if (!fill)
      return false;
    late.cost += costOf(inPlace.kernel(fill));
  }
  return true;
}

SmallVector<Value> Recompute::inputsOf(const Late &late) {
  LaunchOp launch = late.launch;
  SmallVector<Value> inputs;
  for (unsigned input : late.part->kernel->inputs)
    inputs.push_back(launch.getInputs()[input]);
  for (unsigned result : late.part->kernel->results)
    inputs.push_back(launch.getResult(result));
  return inputs;
}

// Can all inputs be read at the late place, which may be one further up, behind the peak? What has to live longer for
// that is taken from the gain, and must be small.
bool Recompute::addInputs(Late &late, const Live &live, int64_t peak) {
  const int64_t gain = late.gain;
  llvm::SmallDenseSet<Value> seen;
  for (Value input : inputsOf(late)) {
    Value base = baseOf(input);
    if (!seen.insert(base).second)
      continue;
    if (auto update = updated.find(base); update != updated.end() && update->second <= late.first)
      return false;
    if (!live.counts(base))
      continue;
    int64_t last = lastUse(base), bytes = bytesOf(base.getType());
    if (last >= late.first)
      continue;
    if (last > peak) { // in front of its last reader
      late.first = last;
      continue;
    }
    if (bytes > gain / (last >= late.lastEarly ? 8 : 64))
      return false;
    late.gain -= last < peak ? bytes : 0;
  }
  return true;
}

// All results of the launch that live across the peak, or only one of them.
std::optional<Recompute::Late> Recompute::consider(LaunchOp launch, std::optional<unsigned> only, const Live &live,
                                                   int64_t peak, int64_t least) {
  Late late;
  late.launch = launch;
  late.wanted.resize(launch.getNumResults());
  for (auto [number, result] : llvm::enumerate(launch.getResults())) {
    if ((only && *only != number) || !live.counts(result) || bytesOf(result.getType()) * 16 < least)
      continue;
    SmallVector<Use> uses;
    findUses(result, uses);
    int64_t early = at.lookup(launch);
    size_t before = late.uses.size();
    for (const Use &use : uses)
      if (use.when <= peak) {
        early = std::max(early, use.when);
      } else {
        late.uses.push_back(use.operand);
        late.first = std::min(late.first, use.when);
      }
    if (late.uses.size() == before)
      continue;
    late.wanted.set(number);
    late.lastEarly = std::max(late.lastEarly, early);
    if (early < peak)
      late.gain += bytesOf(result.getType());
  }
  if (late.gain < least)
    return std::nullopt;
  late.part = &partOf(launch, late.wanted);
  late.cost = late.part->cost;
  if (!late.part->kernel || !addDestinations(late) || late.cost > budget || !addInputs(late, live, peak) ||
      late.gain < least)
    return std::nullopt;
  return late;
}

void Recompute::repeat(const Late &late) {
  Part &part = *late.part;
  if (part.name.empty()) {
    func::FuncOp kernel = part.kernel->function->clone();
    part.name = nameKernel(kernel, symbols).getName().str();
  }
  LaunchOp launch = late.launch;
  SmallVector<Value> inputs = inputsOf(late), outputs;
  OpBuilder builder(order[size_t(late.first)]);
  IRMapping map;
  SmallVector<Type> types;
  for (unsigned result : late.wanted.set_bits()) {
    Value destination = launch.getOutputs()[result];
    outputs.push_back(builder.clone(*destination.getDefiningOp())->getResult(0));
    types.push_back(launch.getResult(result).getType());
  }
  OperationState state(launch.getLoc(), LaunchOp::getOperationName());
  LaunchOp::build(builder, state, types, FlatSymbolRefAttr::get(builder.getContext(), part.name), launch.getTasksAttr(),
                  inputs, outputs, launch.getLayersAttr());
  Operation *again = builder.create(state);
  for (auto [number, result] : llvm::enumerate(late.wanted.set_bits()))
    map.map(launch.getResult(result), again->getResult(number));
  std::function<Value(Value)> made = [&](Value value) -> Value {
    if (!map.contains(value)) { // a view
      made(value.getDefiningOp()->getOperand(0));
      builder.clone(*value.getDefiningOp(), map);
    }
    return map.lookup(value);
  };
  for (OpOperand *use : late.uses)
    use->set(made(use->get()));
  budget -= late.cost;
}

bool Recompute::step() {
  number();
  Live live(block, inPlace);
  LiveRun run(live);
  int64_t peak = 0, most = 0;
  for (auto [when, op] : llvm::enumerate(order)) {
    run.run(op);
    if (run.now > most) {
      most = run.now;
      peak = int64_t(when);
    }
  }
  std::optional<Late> best;
  auto attempt = [&](LaunchOp launch, std::optional<unsigned> only) {
    std::optional<Late> late = consider(launch, only, live, peak, std::max<int64_t>(most / 1000, 1 << 16));
    if (late && (!best || double(late->gain) * double(best->cost) > double(best->gain) * double(late->cost)))
      best = late;
  };
  for (int64_t when = 0; when < peak; ++when)
    if (auto launch = dyn_cast<LaunchOp>(order[size_t(when)])) {
      attempt(launch, std::nullopt);
      for (unsigned result = 0; launch.getNumResults() > 1 && result < launch.getNumResults(); ++result)
        attempt(launch, result);
    }
  if (best)
    repeat(*best);
  return best.has_value();
}

bool nnc::codegen::recomputeAcrossPeak(func::FuncOp function, InPlace &inPlace, SymbolTable &symbols) {
  if (function.getBody().front().getOperations().size() > 10000) // huge schedules keep compile time
    return false;
  Recompute recompute(function, inPlace, symbols);
  bool any = false;
  for (int steps = 0; steps < 300 && recompute.step(); ++steps)
    any = true;
  return any;
}
