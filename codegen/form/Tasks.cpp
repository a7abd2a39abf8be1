// How a kernel's work is cut: which loops of the root are task dimensions, and how much one task takes. By shape only.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "nnc/codegen/form/Group.h"
#include "nnc/codegen/form/Traits.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

namespace {
// Walks from a root up through elementwise producers and finds the reductions that feed it.
struct Feeding {
  SmallVector<int64_t> ranges;
  SmallVector<bool> cut; // candidate task dimensions
  int64_t volume = 1;    // of the root's loops
  DenseSet<Operation *> seen;

  void visit(Value value, const Labels &labels);
  void restrict(linalg::LinalgOp reduction, const Labels &labels);
};
} // namespace

// A reduction feeds the root and keeps some of its loops: if the kernel is cut along those only, a task has all that
// the reduction needs, and each value is computed once.
void Feeding::restrict(linalg::LinalgOp reduction, const Labels &labels) {
  SmallVector<bool> kept(cut);
  int64_t parallel = 1, reduced = 1;
  bool innermostKept = false;
  for (int dim = 0; dim < int(cut.size()); ++dim) {
    kept[dim] = cut[dim] && llvm::is_contained(labels, dim);
    if (kept[dim])
      parallel *= ranges[dim];
    if (ranges[dim] != 1)
      innermostKept = kept[dim];
  }
  for (auto [range, kind] : llvm::zip(reduction.getStaticLoopRanges(), reduction.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      reduced *= range;
  bool small = std::max(volume, loopVolume(reduction)) <= taskElements;
  bool rows = !innermostKept && parallel >= 8;
  bool columns = innermostKept && parallel >= 64 && reduced < splitRows && volume / (parallel / 64) <= 4 * taskElements;
  if (small || rows || columns)
    cut = kept;
}

void Feeding::visit(Value value, const Labels &labels) {
  auto producer = value.getDefiningOp<linalg::LinalgOp>();
  if (!producer || isContraction(producer) || isa<linalg::FillOp>(producer) || producer->hasAttr(partialAttr) ||
      !isStatic(producer) || llvm::all_of(labels, [](int label) { return label < 0; }))
    return;
  if (isReduction(producer))
    restrict(producer, labels);
  if (!seen.insert(producer).second)
    return;
  for (OpOperand *input : producer.getDpsInputOperands())
    if (auto next = labelsThrough(*input, labels))
      visit(input->get(), *next);
}

SmallVector<bool> codegen::taskDims(Operation *root) {
  Feeding feeding;
  feeding.ranges = loopRanges(root);
  Labels own;
  for (auto [dim, range] : llvm::enumerate(feeding.ranges)) {
    auto loops = dyn_cast<linalg::LinalgOp>(root);
    bool parallel = !loops || loops.getIteratorTypesArray()[dim] == utils::IteratorType::parallel;
    feeding.cut.push_back(parallel);
    feeding.volume *= range;
    own.push_back(parallel ? int(dim) : -1);
  }
  if (isContraction(root))
    return feeding.cut;
  for (OpOperand &operand : root->getOpOperands())
    if (auto labels = labelsThrough(operand, own))
      feeding.visit(operand.get(), *labels);
  return feeding.cut;
}

//===--- sizes ---===//

// Work of one iteration of a member's loops, in units of a load and an add.
static int64_t costOf(Operation *op) {
  int64_t cost = 1;
  if (isContraction(op))
    return cost;
  op->walk([&](Operation *inner) {
    if (isa<arith::DivFOp, arith::DivSIOp, arith::RemSIOp>(inner) || inner->getName().getDialectNamespace() == "math")
      cost += 3;
  });
  return cost;
}

// A tile of `range` near `wanted`: a divisor if a good one is there, else even parts of which the last is smaller.
static int64_t tileOf(int64_t range, int64_t wanted, int64_t multiple) {
  if (wanted >= range)
    return range;
  wanted = std::max<int64_t>(1, wanted);
  for (int64_t tile = wanted; 2 * tile >= wanted && tile > 0; --tile)
    if (range % tile == 0 && (tile % multiple == 0 || multiple == 1))
      return tile;
  for (int64_t tile = wanted; 2 * tile >= wanted && tile > 0; --tile)
    if (range % tile == 0)
      return tile;
  int64_t parts = (range + wanted - 1) / wanted, tile = (range + parts - 1) / parts;
  return std::min(range, (tile + multiple - 1) / multiple * multiple);
}

void codegen::chooseTiles(Group &group, Operation *root) {
  int64_t indices = 1;
  for (int64_t range : group.ranges)
    indices *= range;
  int64_t light = 0, heavy = 0; // elements touched, and multiply-adds of a contraction
  for (auto &[op, labels] : group.members) {
    int64_t volume = 1;
    for (int64_t range : loopRanges(op))
      volume *= range;
    if (isContraction(op))
      heavy += volume;
    else
      light += volume * costOf(op);
  }
  // A contraction does about 32 multiply-adds in the time of a load and an add. No more than 256 such tasks: a large
  // one reuses what it packs. And a task of fewer than 64 x 64 results, however long their sums, reads each operand for
  // too few of them, unless there would be too few tasks for the threads.
  int64_t tasks = std::max<int64_t>(1, light / (2 * taskElements));
  if (heavy) {
    int64_t most = std::clamp<int64_t>(indices / 4096, 32, 256);
    tasks = std::max(std::min<int64_t>(tasks, 256), std::clamp<int64_t>(heavy / (32 * taskElements), 1, most));
  }
  int64_t budget = std::max<int64_t>(1, indices / tasks);
  // is the last task dimension the one whose neighbours are neighbours in memory?
  Labels &labels = group.members.find(root)->second;
  bool inner = !labels.empty() && labels.back() == int(group.ranges.size()) - 1;
  if (isContraction(root)) { // its reductions come last, and say nothing of its results
    auto last = llvm::find_if(llvm::reverse(labels), [](int label) { return label >= 0; });
    inner = last != labels.rend() && *last == int(group.ranges.size()) - 1;
  }
  group.tiles.assign(group.ranges.size(), 1);
  for (int dim = int(group.ranges.size()) - 1; dim >= 0; --dim) {
    int64_t range = group.ranges[dim], wanted = budget, multiple = 1;
    if (range > 1 && inner) {
      wanted = std::max<int64_t>(wanted, 64);
      if (heavy && indices > range) // rather more rows than wide ones: what is packed for a task serves them all
        wanted = std::clamp<int64_t>(budget / 32, 64, 256);
      multiple = 64;
      inner = false;
    } else if (heavy) {
      wanted = std::max<int64_t>(wanted, 8);
      multiple = 8;
    }
    group.tiles[dim] = tileOf(range, wanted, range > multiple ? multiple : 1);
    budget = std::max<int64_t>(1, budget / group.tiles[dim]);
  }
}
