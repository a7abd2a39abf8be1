// Which operations are computed inside the tasks of a root. A producer joins when all of its uses in the group read it
// through the same task dimensions and every element is computed exactly once, or when it is cheap to compute again.
#include "nnc/codegen/form/Group.h"
#include "nnc/codegen/form/Form.h"
#include "nnc/codegen/form/Traits.h"
#include <queue>

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

int64_t Group::tasks() const {
  int64_t count = 1;
  for (auto [range, tile] : llvm::zip(ranges, tiles))
    count *= (range + tile - 1) / tile;
  return count;
}

bool Group::isPartitioned(Operation *op) const {
  const Labels &labels = members.find(op)->second;
  for (int dim = 0; dim < int(ranges.size()); ++dim)
    if (!llvm::is_contained(labels, dim))
      return false;
  return true;
}

SmallVector<int64_t> codegen::loopRanges(Operation *op) {
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return SmallVector<int64_t>(insert.getSourceType().getShape());
  return cast<linalg::LinalgOp>(op).getStaticLoopRanges();
}

std::optional<Labels> codegen::labelsThrough(OpOperand &use, const Labels &labels) {
  auto producer = dyn_cast_or_null<linalg::LinalgOp>(use.get().getDefiningOp());
  if (!producer)
    return std::nullopt;
  Operation *user = use.getOwner();
  SmallVector<int> wanted; // label of each dimension of the value
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(user)) {
    if (&use != &insert.getSourceMutable())
      return std::nullopt;
    wanted.assign(labels.begin(), labels.end());
  } else if (auto consumer = dyn_cast<linalg::LinalgOp>(user)) {
    for (AffineExpr expr : consumer.getMatchingIndexingMap(&use).getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim)
        return std::nullopt;
      wanted.push_back(labels[dim.getPosition()]);
    }
  } else {
    return std::nullopt;
  }
  AffineMap made = producer.getIndexingMapMatchingResult(cast<OpResult>(use.get()));
  if (!made.isProjectedPermutation())
    return std::nullopt;
  Labels result(producer.getNumLoops(), -1);
  for (auto [expr, label] : llvm::zip(made.getResults(), wanted))
    result[cast<AffineDimExpr>(expr).getPosition()] = label;
  llvm::SmallBitVector reversed = reversedLoops(producer);
  for (unsigned loop : reversed.set_bits())
    if (result[loop] >= 0)
      return std::nullopt;
  return result;
}

namespace {
// One attempt; operations found to be in the way are banned and the next attempt goes without them.
class Grouping {
public:
  Grouping(Operation *root, const Group &seed, const DenseSet<Operation *> &banned)
      : root(root), block(root->getBlock()), group(seed), banned(banned) {
    for (auto &[op, labels] : seed.members)
      seeds.insert(op);
  }

  Group &&take() { return std::move(group); }

  // Producers of members, from the last one upwards: each is looked at when all members that could use it are known.
  void grow() {
    hasContraction = isContraction(root);
    auto isEarlier = [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); };
    std::priority_queue<Operation *, std::vector<Operation *>, decltype(isEarlier)> candidates(isEarlier);
    DenseSet<Operation *> seen;
    auto addProducers = [&](Operation *member) {
      for (Value operand : member->getOperands())
        if (Operation *producer = operand.getDefiningOp(); producer && producer->getBlock() == block &&
                                                           producer->isBeforeInBlock(root) &&
                                                           seen.insert(producer).second)
          candidates.push(producer);
    };
    for (auto &[op, labels] : group.members)
      addProducers(op);
    while (!candidates.empty()) {
      Operation *op = candidates.top();
      candidates.pop();
      if (group.contains(op))
        continue;
      if (auto labels = admit(op)) {
        group.members.insert({op, *labels});
        addProducers(op);
      }
    }
  }

  /// A member whose result somebody outside needs before the kernel can be done with; null if there is none.
  Operation *conflict() {
    for (auto &[op, labels] : group.members) {
      bool outside = llvm::any_of(op->getUsers(), [&](Operation *user) { return !group.contains(user); });
      if (outside && !isSeed(op) && (!group.isPartitioned(op) || isa<linalg::FillOp>(op) || losesTasks(op)))
        return op;
    }
    return cycle();
  }

private:
  std::optional<Labels> admit(Operation *op);
  std::optional<Labels> admitPad(tensor::InsertSliceOp pad);
  Operation *cycle();
  bool losesTasks(Operation *op);
  bool isSeed(Operation *op) { return seeds.contains(op); }

  Operation *root;
  Block *block;
  Group group;
  const DenseSet<Operation *> &banned;
  DenseSet<Operation *> seeds; // the root and its siblings
  bool hasContraction = false, hasPad = false;
};
} // namespace

// Are the innermost elements spread over tasks while an outer parallel loop is run whole? A sum over rows cuts what it
// sums like that.
static bool isCutInColumns(linalg::LinalgOp op, const Labels &labels) {
  bool innermost = false, outerWhole = false;
  for (auto [range, label, kind] : llvm::zip(op.getStaticLoopRanges(), labels, op.getIteratorTypesArray()))
    if (range != 1 && kind == utils::IteratorType::parallel) {
      innermost = label >= 0;
      outerWhole |= label < 0;
    }
  return innermost && outerWhole;
}

// A value that others need as well is better made where all of its loops are cut, unless the root is cut like it.
bool Grouping::losesTasks(Operation *op) {
  auto loops = cast<linalg::LinalgOp>(op);
  int64_t volume = 1;
  for (int64_t range : loopRanges(root))
    volume *= range;
  return isa<linalg::GenericOp>(op) && !isReduction(op) && isCutInColumns(loops, group.members.find(op)->second) &&
         (isReduction(root) || loopVolume(loops) > volume);
}

// A pad joins its reader if tasks take whole slabs of it, each others.
std::optional<Labels> Grouping::admitPad(tensor::InsertSliceOp pad) {
  if (hasContraction || banned.contains(pad) || !pad->hasOneUse() || !group.contains(*pad->user_begin()))
    return std::nullopt;
  OpOperand &use = *pad->use_begin();
  auto reader = cast<linalg::LinalgOp>(use.getOwner());
  const Labels &of = group.members.find(reader)->second;
  unsigned outer = paddedFrom(pad);
  Labels labels;
  for (auto [dim, expr] : llvm::enumerate(reader.getMatchingIndexingMap(&use).getResults())) {
    bool isCut = false;
    expr.walk([&](AffineExpr part) {
      if (auto loop = dyn_cast<AffineDimExpr>(part))
        isCut |= of[loop.getPosition()] >= 0;
    });
    if (dim >= outer && isCut)
      return std::nullopt;
    labels.push_back(dim < outer ? of[cast<AffineDimExpr>(expr).getPosition()] : -1);
  }
  for (int dim = 0; dim < int(group.ranges.size()); ++dim)
    if (group.ranges[dim] > 1 && !llvm::is_contained(labels, dim))
      return std::nullopt;
  hasPad = true;
  return labels;
}

std::optional<Labels> Grouping::admit(Operation *op) {
  if (isPaddedInTasks(op))
    return admitPad(cast<tensor::InsertSliceOp>(op));
  auto loops = dyn_cast<linalg::LinalgOp>(op);
  if (!loops || banned.contains(op) || op->hasAttr(partialAttr) || !isStatic(loops) || !loops.hasPureTensorSemantics())
    return std::nullopt;
  std::optional<Labels> labels;
  for (OpOperand &use : op->getUses()) {
    Operation *user = use.getOwner();
    if (!group.contains(user)) {
      // read whole, by index, from inside a member
      if (Operation *ancestor = block->findAncestorOpInBlock(*user); ancestor && group.contains(ancestor))
        return std::nullopt;
      continue;
    }
    auto consumer = dyn_cast<linalg::LinalgOp>(user);
    bool isInit = consumer && consumer.isDpsInit(&use);
    // An operand of a contraction is read again by every tile: what makes it belongs to the kernel before.
    if (!isInit && isContraction(user))
      return std::nullopt;
    const Labels &theirs = group.members.find(user)->second;
    auto pad = dyn_cast<tensor::InsertSliceOp>(user);
    bool isPadded = pad && user != root && &use == &pad.getDestMutable();
    std::optional<Labels> wanted = isPadded ? theirs : labelsThrough(use, theirs);
    if (!wanted || (labels && *labels != *wanted))
      return std::nullopt;
    labels = wanted;
  }
  if (!labels)
    return std::nullopt;
  bool partitioned = true;
  for (int dim = 0; dim < int(group.ranges.size()); ++dim)
    partitioned &= llvm::is_contained(*labels, dim);
  if (isa<linalg::FillOp>(op))
    return labels;
  if (op->hasAttr(reorderedAttr) && !isa<tensor::InsertSliceOp>(root)) // cut as it is read and written in blocks
    return std::nullopt;
  if (isContraction(op)) {
    // One contraction a kernel, cut as it would be alone or into rows, and not if a row is huge. Windows are copied for
    // each task, so they are cut along everything. Each of few rows would read all of the other operand; if that is
    // more than caches near it hold, a task needs more of them.
    constexpr int64_t fewRows = 32, fewOfLarge = 384, large = 256 << 10;
    int64_t whole = 1, rows = 1, depth = 1;
    for (auto [range, label, kind] : llvm::zip(loops.getStaticLoopRanges(), *labels, loops.getIteratorTypesArray()))
      (kind == utils::IteratorType::reduction ? depth : label < 0 ? whole : rows) *= range;
    if (whole > 1 && rows < (whole * depth > large ? fewOfLarge : fewRows) && loopVolume(loops) > 16 * taskElements)
      return std::nullopt;
    if (hasContraction || hasPad || !partitioned || whole > (hasWindows(loops) ? 1 : 4096) ||
        isCutInColumns(loops, *labels))
      return std::nullopt;
    hasContraction = true;
    return labels;
  }
  if (group.ranges.empty()) // one task: only what is little work
    return loopVolume(loops) <= taskElements / 2 ? labels : std::nullopt;
  if (partitioned)
    return labels;
  auto generic = dyn_cast<linalg::GenericOp>(op);
  bool again = generic && isPointwise(op) && isCheap(generic) && loopVolume(loops) <= taskElements;
  return again ? labels : std::nullopt;
}

// The kernel runs at once, so nothing outside may need a member and be needed by another.
Operation *Grouping::cycle() {
  Operation *first = root;
  for (auto &[op, labels] : group.members)
    if (op->isBeforeInBlock(first))
      first = op;
  SmallVector<Operation *> work;
  DenseSet<Operation *> seen;
  Operation *found = nullptr;
  auto visit = [&](Operation *op, bool member) {
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands()) {
        Operation *from = operand.getDefiningOp();
        if (!from || from->getBlock() != block || from->isBeforeInBlock(first))
          continue;
        if (group.contains(from)) {
          if (!member)
            found = from;
        } else if (seen.insert(from).second) {
          work.push_back(from);
        }
      }
    });
  };
  for (auto &[op, labels] : group.members)
    visit(op, true);
  while (!work.empty() && !found)
    visit(work.pop_back_val(), false);
  return found;
}

//===--- siblings ---===//

// Labels of an operation that reads `value` as a member does.
static std::optional<Labels> labelsOfReader(linalg::LinalgOp reader, OpOperand &read, linalg::LinalgOp member,
                                            OpOperand &use, const Labels &labels) {
  AffineMap mine = reader.getMatchingIndexingMap(&read), other = member.getMatchingIndexingMap(&use);
  if (!mine.isProjectedPermutation() || !other.isProjectedPermutation())
    return std::nullopt;
  Labels result(reader.getNumLoops(), -1);
  for (auto [to, from] : llvm::zip(mine.getResults(), other.getResults()))
    result[cast<AffineDimExpr>(to).getPosition()] = labels[cast<AffineDimExpr>(from).getPosition()];
  return result;
}

// Would the operation be cut like this if it were a root of its own?
static bool isCutLike(linalg::LinalgOp op, const Labels &labels, size_t dims) {
  SmallVector<bool> cut = taskDims(op);
  size_t labelled = 0;
  for (auto [isTask, label] : llvm::zip(cut, labels)) {
    if (isTask != (label >= 0))
      return false;
    labelled += isTask;
  }
  return labelled == dims;
}

// Operations that nobody waits for but kernels already formed, and that read a tensor of the group in the same way: one
// pass over that tensor serves both.
static void addSiblings(Group &group, const Group &seed, Group &wider) {
  Operation *root = seed.members.begin()->first;
  size_t operands = 0;
  for (auto &[op, labels] : group.members)
    operands += op->getNumOperands();
  for (auto &[op, labels] : group.members) {
    auto member = dyn_cast<linalg::LinalgOp>(op);
    if (!member || isContraction(op))
      continue;
    for (OpOperand *input : member.getDpsInputOperands()) {
      auto type = dyn_cast<RankedTensorType>(input->get().getType());
      if (!type || type.getNumElements() < taskElements / 4)
        continue;
      for (OpOperand &read : input->get().getUses()) {
        auto reader = dyn_cast<linalg::LinalgOp>(read.getOwner());
        if (!reader || reader->getBlock() != root->getBlock() || group.contains(reader) || wider.contains(reader) ||
            isContraction(reader) || !isStatic(reader) || isa<linalg::FillOp>(reader) || reader->use_empty() ||
            !reader.isDpsInput(&read) || (operands += reader->getNumOperands()) > 32)
          continue;
        // the first level of a tree is never taken by its merge
        bool last =
            reader->hasAttr(partialAttr) || llvm::all_of(reader->getUsers(), [&](Operation *user) {
              return user->getBlock() == root->getBlock() && !isa<linalg::LinalgOp, tensor::InsertSliceOp>(user);
            });
        auto mine = last ? labelsOfReader(reader, read, member, *input, labels) : std::nullopt;
        if (mine && isCutLike(reader, *mine, group.ranges.size()))
          wider.members.insert({reader, *mine});
      }
    }
  }
}

static Group grown(Operation *root, Group seed, DenseSet<Operation *> banned) {
  while (true) {
    Grouping grouping(root, seed, banned);
    grouping.grow();
    Operation *conflict = grouping.conflict();
    if (!conflict || conflict == root)
      return grouping.take();
    if (seed.contains(conflict))
      seed.members.erase(conflict); // a sibling that is needed before
    else
      banned.insert(conflict);
  }
}

Group codegen::groupOf(Operation *root, bool fuse) {
  Group seed;
  SmallVector<bool> cut = taskDims(root);
  SmallVector<int64_t> ranges = loopRanges(root);
  Labels labels(ranges.size(), -1);
  for (auto [dim, isTask] : llvm::enumerate(cut))
    if (isTask) {
      labels[dim] = seed.ranges.size();
      seed.ranges.push_back(ranges[dim]);
    }
  seed.members.insert({root, labels});
  DenseSet<Operation *> banned;
  if (!fuse)
    for (Operation &op : *root->getBlock())
      if (&op != root && !isa<linalg::FillOp>(op))
        banned.insert(&op);
  Group group = grown(root, seed, banned);
  if (fuse && !seed.ranges.empty() && !isContraction(root) && isa<linalg::LinalgOp>(root)) {
    Group wider = seed;
    addSiblings(group, seed, wider);
    if (wider.members.size() > 1)
      group = grown(root, wider, banned);
  }
  chooseTiles(group, root);
  return group;
}
