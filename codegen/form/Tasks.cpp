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
  void keepSlabs(linalg::LinalgOp reduction, const Labels &labels);
};
} // namespace

// Of what tasks pad for themselves each takes whole slabs.
void Feeding::keepSlabs(linalg::LinalgOp reduction, const Labels &labels) {
  for (OpOperand *input : reduction.getDpsInputOperands()) {
    Operation *pad = input->get().getDefiningOp();
    if (!pad || !isPaddedInTasks(pad))
      continue;
    SmallVector<bool> kept(cut.size(), false);
    ArrayRef<AffineExpr> exprs = reduction.getMatchingIndexingMap(input).getResults();
    for (AffineExpr expr : exprs.take_front(paddedFrom(cast<tensor::InsertSliceOp>(pad))))
      if (int label = labels[cast<AffineDimExpr>(expr).getPosition()]; label >= 0)
        kept[label] = cut[label];
    cut = kept;
  }
}

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
  if (isReduction(producer)) {
    restrict(producer, labels);
    keepSlabs(producer, labels);
  }
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
  if (auto loops = dyn_cast<linalg::LinalgOp>(root)) {
    llvm::SmallBitVector reversed = reversedLoops(loops); // named: the range of its bits would outlive a temporary
    for (unsigned loop : reversed.set_bits())
      feeding.cut[loop] = false;
  }
  if (isContraction(root))
    return feeding.cut;
  if (isReduction(root))
    feeding.keepSlabs(cast<linalg::LinalgOp>(root), own);
  for (auto [label, cut] : llvm::zip(own, feeding.cut))
    label = cut ? label : -1;
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
// `strictly`: where no divisor is a multiple, the last tile is smaller.
static int64_t tileOf(int64_t range, int64_t wanted, int64_t multiple, bool strictly = false) {
  if (wanted >= range)
    return range;
  wanted = std::max<int64_t>(1, wanted);
  for (int64_t tile = wanted; 2 * tile >= wanted && tile > 0; --tile)
    if (range % tile == 0 && (tile % multiple == 0 || multiple == 1))
      return tile;
  for (int64_t tile = wanted; 2 * tile >= wanted && tile > 0 && !strictly; --tile)
    if (range % tile == 0)
      return tile;
  int64_t parts = (range + wanted - 1) / wanted, tile = (range + parts - 1) / parts;
  return std::min(range, (tile + multiple - 1) / multiple * multiple);
}

static constexpr int64_t line = 16; // of memory, in elements

//===--- contractions ---===//

namespace {
// The task dimensions of a contraction by the operand they belong to. A task copies its part of each operand to where
// it can be read in order, so the copy of one side is paid by the size of the other.
struct Side {
  static constexpr double dense = 0.15, packed = 0.05; // panels are only read
  static constexpr double turned = 0.35;               // through registers, a block of lanes at a time
  // What no pass of its own copies: rows, or little; the lanes' operand; what the third cache holds, as panels or where
  // it lies; what comes from memory. The sizes are elements of a batch.
  static constexpr double inPlace = 0.06, inTile = 0.2;
  static constexpr double farPanels = 0.4, far = 0.6, farthest = 1.0;
  static constexpr int64_t little = 192 << 10, large = 1 << 20, largest = 4 << 20;
  static constexpr double shared = 0.04, apart = 0.5; // channels last: the image, the weights
  static constexpr int64_t wholeRows = 64;
  SmallVector<int> dims;  // task dimensions, inner ones last
  int64_t whole = 1;      // what a task runs whole
  double copying = dense; // cycles an element
  int panels = -1;        // the dimension along which it lies in panels, which are not cut
  int64_t multiple = 8;   // of the innermost tile
  int64_t unit = 4;       // its results are computed so many at a time: rows, or lanes

  int64_t choose(ArrayRef<int64_t> ranges, int64_t wanted, SmallVectorImpl<int64_t> &tiles) const {
    int64_t size = whole;
    wanted = std::max<int64_t>(1, wanted / whole);
    for (auto [at, dim] : llvm::enumerate(llvm::reverse(dims))) {
      int64_t unit = at == 0 ? multiple : dim == panels ? panelWidth : 1, range = ranges[dim];
      tiles[dim] = tileOf(range, std::max(wanted, std::min(unit, range)), range > unit ? unit : 1, dim == panels);
      wanted = std::max<int64_t>(1, wanted / tiles[dim]);
      size *= tiles[dim];
    }
    return size;
  }
};

struct Sides {
  SmallVector<int> batch, taken; // of the latter a task takes all
  Side left, right;
  int64_t depth = 1; // steps of the sum

  bool isTurned() const { return left.copying == Side::turned || right.copying == Side::turned; }
};
} // namespace

// Where lanes are not what lies together of the kernel's result, it is turned by the task that makes it: the short
// inner dimensions (the taps of a weight gradient), of which a task needs all to write most of a line of memory.
static SmallVector<int> takenDims(ArrayRef<int64_t> ranges, int lanes) {
  SmallVector<int> taken;
  int64_t run = 1;
  for (int dim = int(ranges.size()) - 1; dim >= 0 && dim != lanes && run < line / 2 && ranges[dim] <= line; --dim) {
    taken.push_back(dim);
    run *= ranges[dim];
  }
  return taken;
}

// Copying the windows of an image, an element: a load, a shuffle and a store for each vector, more where rows are
// short.
static double gathered(int64_t row) { return 0.16 + 0.6 / double(row); }
// Where the sum walks along rows: each as vectors, and one more where it crosses a block, at three cycles.
static double byRows(int64_t row) { return 3.0 * (double(llvm::divideCeil(row, 16)) + 0.8) / double(row); }

// Of images of few positions, several are copied row by row to where their positions lie together
// (codegen/cpu/Windows.cpp): the length of those rows, 0 for any other operand.
static int64_t rowOfSmallImages(AffineMap map, ArrayRef<int64_t> loops, unsigned lanes, AffineMap other) {
  constexpr int64_t fewPositions = 128;
  int64_t positions = 1, images = 1;
  bool inside = true; // going outwards from the last dimension
  for (AffineExpr expr : llvm::reverse(map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    bool mine = dim && !other.isFunctionOfDim(dim.getPosition());
    inside &= mine;
    if (mine)
      (inside ? positions : images) *= loops[dim.getPosition()];
  }
  auto inner = dyn_cast<AffineDimExpr>(map.getResults().back());
  return inner && inner.getPosition() == lanes && positions < fewPositions && images > 1 ? loops[lanes] : 0;
}

static Sides sidesOf(linalg::LinalgOp op, const Labels &labels, ArrayRef<int64_t> ranges) {
  llvm::SmallBitVector uses[2] = {llvm::SmallBitVector(op.getNumLoops()), llvm::SmallBitVector(op.getNumLoops())};
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  Sides sides;
  Side *both[2] = {&sides.left, &sides.right};
  for (int input = 0; input < 2; ++input) {
    for (AffineExpr expr : op.getMatchingIndexingMap(op.getDpsInputOperand(input)).getResults()) {
      int row = -1; // of an image, whose innermost windows come last
      expr.walk([&](AffineExpr part) {
        if (auto dim = dyn_cast<AffineDimExpr>(part)) {
          uses[input].set(dim.getPosition());
          if (row < 0 || loops[dim.getPosition()] > loops[row])
            row = dim.getPosition();
        }
      });
      if (readsPanels(op, *op.getDpsInputOperand(input)))
        both[input]->copying = Side::packed;
      else if (!isa<AffineDimExpr>(expr) && row >= 0)
        both[input]->copying = op.getIteratorTypesArray()[row] == utils::IteratorType::reduction ? byRows(loops[row])
                                                                                                 : gathered(loops[row]);
    }
  }
  int lanes = -1; // the loop along which results are neighbours in memory
  for (AffineExpr expr : op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && loops[dim.getPosition()] > 1)
      lanes = int(dim.getPosition());
  for (int input = 0; input < 2 && lanes >= 0; ++input)
    if (int64_t row = rowOfSmallImages(op.getMatchingIndexingMap(op.getDpsInputOperand(input)), loops, lanes,
                                       op.getMatchingIndexingMap(op.getDpsInputOperand(1 - input))))
      both[input]->copying = gathered(row);
  for (int input = 0; input < 2 && lanes >= 0; ++input)
    if (both[input]->copying > Side::dense && !uses[input].test(lanes)) { // all lanes read one element where it lies
      both[input]->copying = Side::shared;
      if (both[1 - input]->copying != Side::packed)
        both[1 - input]->copying = Side::apart;
      both[input]->multiple = Side::wholeRows;
    }
  if (lanes >= 0 && labels[lanes] >= 0)
    sides.taken = takenDims(ranges, labels[lanes]);
  for (auto [loop, range, kind] : llvm::enumerate(loops, op.getIteratorTypesArray())) {
    if (kind == utils::IteratorType::reduction) {
      sides.depth *= range;
      continue;
    }
    bool l = uses[0].test(loop), r = uses[1].test(loop);
    Side *side = l && r ? nullptr : l ? &sides.left : &sides.right;
    if (labels[loop] < 0 || llvm::is_contained(sides.taken, labels[loop])) {
      if (side)
        side->whole *= range;
    } else if (side) {
      side->dims.push_back(labels[loop]);
      if (int(loop) == lanes) // rows of an image stay whole: then a task's results are one row of lanes
        side->unit = 16,
        side->multiple = side->copying == Side::apart || (l ? sides.right : sides.left).copying == Side::shared ? 32
                         : side->copying > Side::dense ? std::clamp<int64_t>(ranges[labels[loop]], 8, 256)
                                                       : 64;
      if (int(loop) == lanes && side->copying == Side::packed)
        side->panels = labels[loop];
    } else {
      sides.batch.push_back(labels[loop]);
    }
  }
  if (!sides.taken.empty())
    for (Side *side : both)
      if (side->multiple == Side::wholeRows)
        side->multiple = 16;
  // Windows of a sum over positions are copied position by position, and lanes run along taps and channels.
  for (int input = 0; input < 2 && lanes >= 0; ++input) {
    AffineExpr inner = op.getMatchingIndexingMap(op.getDpsInputOperand(input)).getResults().back();
    bool sums = false;
    inner.walk([&](AffineExpr part) {
      if (auto dim = dyn_cast<AffineDimExpr>(part))
        sums |= op.getIteratorTypesArray()[dim.getPosition()] == utils::IteratorType::reduction;
    });
    if (sums && !isa<AffineDimExpr>(inner) && uses[input].test(lanes))
      both[input]->copying += Side::turned;
  }
  // The first tile copies what lies together along the lanes (copiesInTile), and rows are read where they are.
  for (int input = 0; input < 2; ++input) {
    OpOperand *operand = op.getDpsInputOperand(input);
    AffineExpr inner = op.getMatchingIndexingMap(operand).getResults().back();
    int64_t elements = both[input]->whole * sides.depth; // of a batch
    for (int dim : both[input]->dims)
      elements *= ranges[dim];
    // an image beside panels is read again for each tap, and better kept small
    if (both[input]->copying == Side::packed && both[1 - input]->copying != Side::shared && elements > Side::large)
      both[input]->copying = Side::farPanels;
    if (both[input]->copying != Side::dense || lanes < 0)
      continue;
    if (!uses[input].test(lanes))
      both[input]->copying = Side::inPlace;
    else if (auto dim = dyn_cast<AffineDimExpr>(inner); dim && int(dim.getPosition()) == lanes) {
      both[input]->copying = elements > Side::largest  ? Side::farthest
                             : elements > Side::large  ? Side::far
                             : elements > Side::little ? Side::inTile
                                                       : Side::inPlace;
      if (loops[lanes] % 48 == 0) // tiles of three vectors
        both[input]->multiple = 48;
    } else
      both[input]->copying = Side::turned;
  }
  return sides;
}

// The cut with the least copying that leaves about `least` tasks.
static void cutContraction(Group &group, const Sides &sides, int64_t least) {
  struct Cut {
    SmallVector<int64_t> tiles; // of the side's dimensions alone
    int64_t size, tasks;
  };
  // every size worth trying, smallest first
  auto cutsOf = [&](const Side &side) {
    SmallVector<Cut> cuts;
    int64_t extent = side.whole;
    for (int dim : side.dims)
      extent *= group.ranges[dim];
    for (int64_t wanted = 8;; wanted += std::max<int64_t>(8, wanted / 4)) {
      Cut cut{SmallVector<int64_t>(group.ranges.size(), 1), 0, 1};
      cut.size = side.choose(group.ranges, std::min(wanted, extent), cut.tiles);
      for (int dim : side.dims)
        cut.tasks *= llvm::divideCeil(group.ranges[dim], cut.tiles[dim]);
      if (cuts.empty() || cuts.back().tiles != cut.tiles)
        cuts.push_back(cut);
      if (wanted >= extent)
        return cuts;
    }
  };
  Side batch;
  batch.dims = sides.batch;
  batch.multiple = 1;
  int64_t batches = 1;
  for (int dim : sides.batch)
    batches *= group.ranges[dim];
  Cut together{SmallVector<int64_t>(group.ranges.size(), 1), 1, 1};
  together.size = batch.choose(group.ranges, std::max<int64_t>(1, batches / least), together.tiles);
  for (int dim : sides.batch)
    together.tasks *= llvm::divideCeil(group.ranges[dim], together.tiles[dim]);

  auto padded = [](int64_t size, int64_t unit) { return double(llvm::alignTo(size, unit)); };
  double depth = double(sides.depth), bestCost = 0;
  // what is done with the results next finds them in the second cache, or far away
  bool further = group.members.size() > 2;
  constexpr int64_t cached = 32 << 10;
  for (const Cut &rows : cutsOf(sides.left))
    for (const Cut &columns : cutsOf(sides.right)) {
      int64_t tasks = together.tasks * rows.tasks * columns.tasks;
      // a single register of lanes is loaded for each row anew; what is turned, a block of lanes for all rows
      double lanes = double(sides.left.unit > sides.right.unit ? rows.size : columns.size);
      double narrow = 1 + (lanes < 48 || sides.isTurned() ? 8 : 3) / std::max(lanes, 16.0);
      if (sides.left.copying == Side::shared || sides.right.copying == Side::shared)
        narrow = lanes >= 64 ? 1 : lanes >= 32 ? 1.05 : 1.3;
      double cost = padded(rows.size, sides.left.unit) * padded(columns.size, sides.right.unit) * depth / 16 * narrow +
                    depth * (double(rows.size) * sides.left.copying + double(columns.size) * sides.right.copying) +
                    double(rows.size * columns.size) * (further && rows.size * columns.size > cached ? 1.5 : 0.2);
      cost = double(tasks) * (cost * double(together.size) + 500);
      SmallVector<int64_t> tiles(group.ranges.size(), 1);
      for (size_t dim = 0; dim < tiles.size(); ++dim) {
        tiles[dim] = std::max({rows.tiles[dim], columns.tiles[dim], together.tiles[dim]});
        if (llvm::is_contained(sides.taken, int(dim)))
          tiles[dim] = group.ranges[dim];
        cost *= group.ranges[dim] % tiles[dim] ? 1.05 : 1; // a last tile of another size: a second version of the code
      }
      if (tasks < least) // leaves threads without work, of which most processors have fewer than sixteen
        cost *= std::pow(double(least) / double(tasks), tasks < 16 ? 0.5 : 0.05);
      if (least > 1 && tasks < 8) // for two threads
        cost *= double(llvm::alignTo(tasks, 2)) / double(tasks);
      if (group.tiles.empty() || cost < bestCost) {
        group.tiles = tiles;
        bestCost = cost;
      }
    }
}

//===--- transpositions ---===//

// Of an operation that moves a tensor with its outer loops in another order: the task dimension that goes on where a
// run of the source's last dimension ends. A task takes some of it, so that it reads more than a line at a place.
static constexpr int64_t runElements = 8;
static int runDim(Operation *root, const Labels &labels) {
  auto generic = dyn_cast<linalg::GenericOp>(root);
  if (!generic || !onlyMoves(generic) || generic.getNumDpsInputs() != 1)
    return -1;
  AffineMap map = generic.getMatchingIndexingMap(generic.getDpsInputOperand(0));
  if (!map.isPermutation() || map.getNumResults() < 3 ||
      map.getDimPosition(map.getNumResults() - 1) + 1 != map.getNumDims())
    return -1;
  unsigned loop = map.getDimPosition(map.getNumResults() - 2);
  return loop + 2 == map.getNumDims() ? -1 : labels[loop];
}

// How a move that changes the order of dimensions reads its one tensor.
static std::optional<AffineMap> turnedSource(Operation *root) {
  auto move = dyn_cast<linalg::GenericOp>(root);
  if (!move || !onlyMoves(move) || move.getNumDpsInputs() != 1 || !isPointwise(move))
    return std::nullopt;
  AffineMap map = move.getMatchingIndexingMap(move.getDpsInputOperand(0));
  if (!map.isPermutation() || map.getResults().back() == move.getIndexingMapsArray().back().getResults().back())
    return std::nullopt;
  return map;
}

// A part of the source's innermost dimensions that lies together, and lines of the result. Where rows of the result are
// long, a task writes a few of them in long runs and reads one line of each row of the source: more than a line would
// be as many more rows to write to, which no processor keeps apart.
static void cutTransposition(Group &group, const Labels &labels, AffineMap source) {
  constexpr int64_t longRun = 256;
  int64_t budget = 2 * taskElements;
  group.tiles.assign(group.ranges.size(), 1);
  auto take = [&](unsigned loop, int64_t wanted, bool strictly = false) {
    int label = labels[loop];
    if (label < 0 || group.tiles[label] > 1)
      return;
    group.tiles[label] = tileOf(group.ranges[label], std::min(wanted, budget), 16, strictly);
    budget = std::max<int64_t>(1, budget / group.tiles[label]);
  };
  // what lies together of the result: one dimension, or several short ones (the taps of weights), for lines are not to
  // be written in pieces
  int64_t run = 1, together = 1; // elements of the result's last dimensions that the source has in the same order
  unsigned read = source.getDimPosition(source.getNumResults() - 1), outermost = labels.size();
  auto position = [&](unsigned loop) { return *source.getResultPosition(getAffineDimExpr(loop, source.getContext())); };
  while (outermost > 0 && labels[outermost - 1] >= 0 &&
         (outermost == labels.size() || position(outermost - 1) + 1 == position(outermost)))
    together *= group.ranges[labels[--outermost]];
  if (together >= longRun && labels[read] >= 0 && group.ranges[labels[read]] > line) {
    for (unsigned loop = labels.size(), taken = 1; loop-- > outermost && taken < 2 * longRun;) {
      take(loop, 2 * longRun / taken, true);
      taken *= group.tiles[labels[loop]];
    }
    take(read, line, true);
    return;
  }
  for (unsigned loop = labels.size(); loop-- > 0 && run < 16;) {
    take(loop, run == 1 ? 64 : llvm::divideCeil(64, run));
    if (labels[loop] >= 0)
      run *= group.tiles[labels[loop]];
  }
  for (AffineExpr expr : llvm::reverse(source.getResults()))
    take(cast<AffineDimExpr>(expr).getPosition(), budget);
}

// Task dimensions along which a large operand of a member lies together in memory: tasks take whole lines of those.
static llvm::SmallBitVector inLines(const Group &group) {
  llvm::SmallBitVector dims(group.ranges.size());
  for (auto &[op, labels] : group.members)
    if (auto loops = dyn_cast<linalg::LinalgOp>(op))
      for (OpOperand *input : loops.getDpsInputOperands()) {
        auto type = dyn_cast<RankedTensorType>(input->get().getType());
        if (!type || !type.getRank() || type.getNumElements() < taskElements)
          continue;
        auto inner = dyn_cast<AffineDimExpr>(loops.getMatchingIndexingMap(input).getResults().back());
        if (inner && labels[inner.getPosition()] >= 0)
          dims.set(labels[inner.getPosition()]);
      }
  return dims;
}

// No task pads more than it has scratch for.
static void limitPads(Group &group) {
  for (auto &[op, labels] : group.members) {
    auto pad = dyn_cast<tensor::InsertSliceOp>(op);
    if (!pad || !isPaddedInTasks(op))
      continue;
    RankedTensorType type = pad.getDestType();
    auto bytes = [&] {
      int64_t size = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
      for (auto [label, extent] : llvm::zip(labels, type.getShape()))
        size *= label >= 0 ? group.tiles[label] : extent;
      return size;
    };
    for (int label : labels)
      while (label >= 0 && group.tiles[label] > 1 && bytes() > mostPaddedBytes)
        group.tiles[label] = llvm::divideCeil(group.tiles[label], 2);
  }
}

void codegen::chooseTiles(Group &group, Operation *root) {
  int64_t indices = 1;
  for (int64_t range : group.ranges)
    indices *= range;
  constexpr int64_t reuse = 32; // so many multiply-adds take about as long as a load and an add
  int64_t light = 0, heavy = 0; // elements touched, and multiply-adds of a contraction
  Operation *contraction = nullptr;
  for (auto &[op, labels] : group.members) {
    int64_t volume = 1;
    for (int64_t range : loopRanges(op))
      volume *= range;
    if (isContraction(op)) {
      heavy += volume;
      // Of a single row, or a few, it is the reading of the other operand that takes time.
      int64_t read = 0;
      for (OpOperand *input : cast<linalg::LinalgOp>(op).getDpsInputOperands())
        read += cast<RankedTensorType>(input->get().getType()).getNumElements();
      light += std::max<int64_t>(0, read - volume / reuse);
      contraction = op;
    } else {
      light += volume * costOf(op);
    }
  }
  int64_t tasks = std::max<int64_t>(1, light / (2 * taskElements));
  if (contraction) {
    // A large contraction has few large tasks, for each repeats the copying of what it reads.
    constexpr int64_t small = reuse * taskElements, large = 32 << 20;
    int64_t most = std::clamp<int64_t>(heavy / (2 * small), heavy >= small / 2 ? 2 : 1, 16);
    tasks = std::max(std::min<int64_t>(tasks, 64), std::clamp<int64_t>(heavy / large, most, 64));
    group.tiles.clear();
    cutContraction(group,
                   sidesOf(cast<linalg::LinalgOp>(contraction), group.members.find(contraction)->second, group.ranges),
                   std::clamp<int64_t>(tasks, 1, indices));
    return;
  }
  if (std::optional<AffineMap> source = group.members.size() == 1 ? turnedSource(root) : std::nullopt)
    return cutTransposition(group, group.members.find(root)->second, *source);
  int64_t budget = std::max<int64_t>(1, indices / tasks);
  group.tiles.assign(group.ranges.size(), 1);
  // is the last task dimension the one whose neighbours are neighbours in memory?
  Labels &labels = group.members.find(root)->second;
  bool inner = !labels.empty() && labels.back() == int(group.ranges.size()) - 1;
  int runs = runDim(root, labels);
  llvm::SmallBitVector lines = inLines(group);
  for (int dim = int(group.ranges.size()) - 1; dim >= 0; --dim) {
    int64_t range = group.ranges[dim], wanted = budget, multiple = 1;
    if (dim > runs && runs >= 0 && dim + 1 < int(group.ranges.size()))
      wanted = std::max<int64_t>(1, budget / std::min(group.ranges[runs], runElements));
    if (range > 1 && inner) {
      constexpr int64_t longRow = 1024, enough = 64; // a page, which rows of a sum are read in
      bool rows = isReduction(root) && indices / range >= enough;
      wanted = std::max<int64_t>(wanted, rows ? longRow : 64);
      multiple = 64;
      inner = false;
    } else if (lines.test(dim) && range > line) {
      wanted = std::max(wanted, line);
      multiple = line;
    }
    group.tiles[dim] = tileOf(range, wanted, range > multiple ? multiple : 1);
    // a short range without a divisor is taken whole, where outer dimensions leave tasks enough: tiles of two sizes
    // have no constant extents, and windows no rows
    constexpr int64_t enough = 4;
    int64_t outer = 1;
    for (int64_t other : llvm::ArrayRef(group.ranges).take_front(dim))
      outer *= other;
    if (range % group.tiles[dim] && range <= line && range < 3 * wanted && outer >= enough)
      group.tiles[dim] = range;
    budget = std::max<int64_t>(1, budget / group.tiles[dim]);
  }
  limitPads(group);
}
