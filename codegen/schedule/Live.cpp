#include "nnc/codegen/schedule/Live.h"

using namespace mlir;
using namespace nnc::codegen;

Live::Live(Block &block, InPlace &inPlace) {
  DenseSet<Value> placed; // in an argument or a result
  if (auto end = dyn_cast<func::ReturnOp>(block.getTerminator()))
    for (Value value : end.getOperands())
      placed.insert(baseOf(value));
  for (Operation &op : block) {
    Uses &own = uses[&op];
    if (isa<LaunchOp, scf::ForOp, tensor::InsertSliceOp>(op))
      for (Value value : op.getResults())
        if (!placed.contains(value)) {
          numbers[value] = int(sizes.size());
          own.made.push_back(int(sizes.size()));
          sizes.push_back(bytesOf(value.getType()));
          reading.push_back(0);
        }
    op.walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (std::optional<int> number = numberOf(operand); number && !llvm::is_contained(own.read, *number))
          own.read.push_back(*number);
    });
    for (int number : own.read)
      ++reading[number];
  }
  for (Operation &op : block) {
    uses[&op].over.resize(uses[&op].made.size());
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      std::optional<int> into = numberOf(insert.getDest());
      if (into && !uses[&op].made.empty())
        uses[&op].over[0] = {*into};
    } else if (auto launch = dyn_cast<LaunchOp>(op)) {
      findOver(launch, inPlace);
    }
  }
}

std::optional<int> Live::numberOf(Value value) const {
  if (!isa<TensorType>(value.getType()))
    return std::nullopt;
  auto at = numbers.find(baseOf(value));
  return at == numbers.end() ? std::nullopt : std::optional<int>(at->second);
}

void Live::findOver(LaunchOp launch, InPlace &inPlace) {
  Uses &own = uses[launch];
  size_t at = 0;
  for (auto [output, value] : llvm::enumerate(launch.getResults())) {
    if (!numbers.contains(value))
      continue;
    SmallVector<int, 2> &over = own.over[at++];
    Value destination = launch.getOutputs()[output];
    auto fits = [&](std::optional<int> number) { return number && sizes[*number] == bytesOf(value.getType()); };
    if (!destination.getDefiningOp<tensor::EmptyOp>()) {
      if (auto number = numberOf(destination); fits(number))
        over.push_back(*number);
      continue;
    }
    for (auto [input, tensor] : llvm::enumerate(launch.getInputs())) {
      std::optional<int> number = numberOf(tensor);
      if (fits(number) && inPlace.mayOverwrite(launch, input, output))
        over.push_back(*number);
    }
  }
}

LiveRun::LiveRun(const Live &live) : live(live) {
  for (size_t tensor = 0; tensor < live.count(); ++tensor)
    pending.push_back(live.readers(int(tensor)));
}

int64_t LiveRun::change(Operation *op) const {
  const Live::Uses &uses = live.of(op);
  int64_t bytes = 0;
  for (int tensor : uses.made)
    bytes += live.bytes(tensor);
  for (int tensor : uses.read)
    bytes -= pending[tensor] == 1 ? live.bytes(tensor) : 0;
  return bytes;
}

void LiveRun::run(Operation *op) {
  const Live::Uses &uses = live.of(op);
  now = alive;
  SmallVector<int> taken;
  for (auto [made, over] : llvm::zip(uses.made, uses.over)) {
    auto dying = llvm::find_if(over, [&](int old) { return pending[old] == 1 && !llvm::is_contained(taken, old); });
    if (dying != over.end())
      taken.push_back(*dying);
    else
      now += live.bytes(made);
  }
  peak = std::max(peak, now);
  alive += change(op);
  for (int tensor : uses.read)
    --pending[tensor];
  for (int tensor : uses.made) // that nobody reads
    alive -= live.readers(tensor) == 0 ? live.bytes(tensor) : 0;
}
