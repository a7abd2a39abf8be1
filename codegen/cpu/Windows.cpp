// A contraction over windows (a convolution) as a plain product: of one operand, what some steps of the sum read is
// copied to panels, a row of results for each step, in which windows that overlap are repeated. The loops over
// positions are then one, whatever padding or stride lies between their rows in memory, and no lane is lost at the end
// of a row.
#include "nnc/codegen/cpu/Windows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace nnc::codegen::cpu {

// Vectors of one step that the copy writes out one by one.
static constexpr int64_t mostStores = 192;
// Fewer positions than these leave registers empty.
static constexpr int64_t enoughPositions = 128;
static constexpr int64_t leastRow = 4, mostStride = 4;
// So many results of a position are worth a copy of their own.
static constexpr int64_t leastRows = 16;

static bool walksEvenly(const Access &access, unsigned outer, unsigned inner, int64_t size) {
  return access.isScalar() || access.strides[outer] == access.strides[inner] * size;
}

// The loops over positions of operand `i`: the innermost loop of the result, and those around it through which the
// result walks evenly. Its elements may be a few apart, as those of one phase of a strided input gradient are.
static SmallVector<unsigned> positionsOf(const Nest &nest, unsigned i) {
  const Access &windowed = nest.accesses[i], &other = nest.accesses[1 - i], &result = nest.output(0);
  if (windowed.isScalar() || other.isScalar())
    return {};
  auto isMine = [&](unsigned d) { return windowed.strides[d] != 0 && other.strides[d] == 0; };
  SmallVector<unsigned> positions;
  for (unsigned d : nest.dims(false))
    if (isMine(d) && result.strides[d] >= 1 && result.strides[d] <= mostStride &&
        (positions.empty() || result.strides[d] <= result.strides[positions[0]]))
      positions.assign(1, d);
  // far apart in memory, lanes are better transposed (Tile.cpp)
  if (positions.empty() || windowed.strides[positions[0]] < 1 || windowed.strides[positions[0]] > mostStride)
    return {};
  for (bool grown = true; grown;) {
    grown = false;
    for (unsigned d : nest.dims(false))
      if (!grown && !llvm::is_contained(positions, d) && isMine(d) &&
          walksEvenly(result, d, positions.front(), nest.sizes[positions.front()])) {
        positions.insert(positions.begin(), d);
        grown = true;
      }
  }
  return positions;
}

// Loops of the operand alone through which the result does not walk evenly: images, where each has few positions.
static SmallVector<unsigned> imagesOf(const Nest &nest, const WindowPlan &plan) {
  SmallVector<unsigned> images;
  const Access &windowed = nest.accesses[plan.access], &other = nest.accesses[1 - plan.access];
  for (unsigned d : nest.dims(false))
    if (windowed.strides[d] != 0 && other.strides[d] == 0 && !llvm::is_contained(plan.positions, d))
      images.push_back(d);
  return images;
}

static bool isDense(const Nest &nest, const WindowPlan &plan) {
  const Access &windowed = nest.accesses[plan.access];
  bool even = windowed.strides[plan.positions.back()] == 1;
  for (size_t p = 0; p + 1 < plan.positions.size(); ++p)
    even &= walksEvenly(windowed, plan.positions[p], plan.positions[p + 1], nest.sizes[plan.positions[p + 1]]);
  return even;
}

// Loops of the other operand alone.
static SmallVector<unsigned> rowsOf(const Nest &nest, const WindowPlan &plan) {
  SmallVector<unsigned> rows;
  for (unsigned d : nest.dims(false))
    if (nest.accesses[plan.access].strides[d] == 0 && nest.accesses[1 - plan.access].strides[d] != 0)
      rows.push_back(d);
  return rows;
}

// Elements from one row of a gathered result to the next.
static int64_t gatheredLine(const Nest &nest, const WindowPlan &plan) {
  return llvm::alignTo(volumeOf(nest, plan.positions), 16) + 16;
}

// The product that remains for `steps` of the chunk's loop, once the operand is copied: its positions one after
// another, a row a step. Loops that run outside the copy are gone.
static Nest productOf(const Nest &nest, const WindowPlan &plan, int64_t steps) {
  Nest product = nest;
  product.bounds.clear(); // of other loops
  product.derived = true;
  SmallVector<unsigned> reductions = nest.dims(true);
  Access &copy = product.accesses[plan.access];
  copy.offset = 0;
  copy.strides.assign(nest.loops(), 0);
  int64_t stride = 1;
  for (unsigned d : llvm::reverse(plan.positions)) {
    copy.strides[d] = stride;
    stride *= nest.sizes[d];
  }
  for (unsigned r = reductions.size(); r-- > plan.parts.at;) {
    copy.strides[reductions[r]] = stride;
    stride *= r == plan.parts.at ? steps : nest.sizes[reductions[r]];
  }
  if (plan.gathered) {
    Access &result = product.accesses[nest.inputs];
    result.offset = 0;
    result.strides = copy.strides;
    for (unsigned d : reductions)
      result.strides[d] = 0;
    int64_t line = gatheredLine(nest, plan);
    SmallVector<unsigned> rows = rowsOf(nest, plan);
    for (unsigned d : llvm::reverse(rows)) {
      result.strides[d] = line;
      line *= nest.sizes[d];
    }
  }
  product.sizes[reductions[plan.parts.at]] = steps;
  product.extents[reductions[plan.parts.at]] = IntegerAttr::get(IndexType::get(nest.op->getContext()), steps);
  for (unsigned d = nest.loops(); d-- > 0;) {
    bool isReduction = nest.reduction[d];
    bool outside = isReduction ? llvm::find(reductions, d) - reductions.begin() < plan.parts.at
                               : nest.accesses[plan.access].strides[d] != 0 && !llvm::is_contained(plan.positions, d);
    if (outside)
      product.drop(d);
  }
  mergeLoops(product);
  return product;
}

// The tile of such a product: lanes run along positions, which the copy and the result have as neighbours.
static std::optional<TilePlan> planProduct(const Nest &product, const WindowPlan &plan, const BodyTraits &traits,
                                           const Target &target) {
  const Access &copy = product.accesses[plan.access];
  for (unsigned d : product.dims(false))
    if (copy.strides[d] == 1)
      if (std::optional<TilePlan> tile = planTile(product, traits, target, int(d)))
        if (tile->row >= 0 && !tile->transposed && copy.strides[tile->row] == 0)
          return tile;
  return std::nullopt;
}

std::optional<WindowPlan> planWindows(const Nest &nest, const BodyTraits &traits, const Target &target) {
  if (!traits.lanes || !traits.partial || nest.indexed || hasPanels(nest) || nest.inputs != 2 || nest.outputs() != 1)
    return std::nullopt;
  SmallVector<unsigned> reductions = nest.dims(true);
  if (llvm::any_of(nest.sizes, ShapedType::isDynamic) || reductions.empty() || !hasOneType(nest))
    return std::nullopt;
  for (unsigned i = 0; i < nest.inputs; ++i) {
    WindowPlan plan;
    plan.access = i;
    plan.positions = positionsOf(nest, i);
    if (plan.positions.empty())
      continue;
    int64_t row = nest.sizes[plan.positions.back()], width = volumeOf(nest, plan.positions);
    int64_t lanes = target.vectorBits / nest.accesses[i].element.getIntOrFloatBitWidth();
    bool apart = nest.output(0).strides[plan.positions.back()] != 1;
    if (apart && volumeOf(nest, rowsOf(nest, plan)) < leastRows)
      continue;
    auto fits = [&](const WindowPlan &wanted) {
      return llvm::divideCeil(volumeOf(nest, wanted.positions), lanes) <= mostStores;
    };
    if (width < enoughPositions || apart) {
      WindowPlan wider = plan;
      SmallVector<unsigned> images = imagesOf(nest, plan);
      wider.gathered = true;
      wider.outside = images.size();
      wider.positions.insert(wider.positions.begin(), images.begin(), images.end());
      if ((volumeOf(nest, images) > 1 || apart) && fits(wider) &&
          volumeOf(nest, rowsOf(nest, plan)) * gatheredLine(nest, wider) * 4 <= target.l2Bytes / 2)
        plan = wider;
      else if (apart)
        continue;
      width = volumeOf(nest, plan.positions);
    }
    if (!plan.gathered && isDense(nest, plan))
      continue; // a plain product already
    if (row < leastRow || !fits(plan))
      continue;
    // The steps at once: as many as a block of lanes has room for in the first cache, and all blocks in the second.
    plan.parts = partsWithin(nest, 256);
    std::optional<TilePlan> tile = planProduct(productOf(nest, plan, plan.parts.steps), plan, traits, target);
    if (!tile)
      continue;
    int64_t first = target.l1Bytes * 3 / 4 / (tile->vectors * tile->lanes * 4),
            second = target.l2Bytes / 2 / (width * 4);
    plan.parts = partsWithin(nest, std::max<int64_t>(16, std::min(first, second)));
    if (planProduct(productOf(nest, plan, plan.parts.steps), plan, traits, target))
      return plan;
  }
  return std::nullopt;
}

namespace {

class WindowEmitter {
public:
  WindowEmitter(const Nest &nest, const WindowPlan &plan, const BodyTraits &traits, const Target &target,
                OpBuilder &builder)
      : nest(nest), plan(plan), traits(traits), target(target), builder(builder), loc(nest.op->getLoc()),
        reductions(nest.dims(true)) {
    width = volumeOf(nest, plan.positions);
    rows = rowsOf(nest, plan);
  }

  LogicalResult emit() {
    SmallVector<unsigned> outer;
    for (unsigned d : nest.dims(false))
      if (nest.accesses[plan.access].strides[d] != 0 && !llvm::is_contained(plan.positions, d))
        outer.push_back(d);
    if (plan.gathered)
      gathered = memoryFor(volumeOf(nest, rows) * gatheredLine(nest, plan));
    overLoops(nest, Cursor::start(nest, builder), outer, builder, [&](const Cursor &cursor) {
      if (plan.gathered && !nest.initial[0])
        moveResults(cursor, /*out=*/false);
      else if (plan.gathered && areSeveral(nest, plan.parts))
        fillResults();
      overParts(nest, cursor, plan.parts, builder, [&](const Cursor &at, int64_t steps) { part(at, steps); });
      if (plan.gathered)
        moveResults(cursor, /*out=*/true);
    });
    return success(!failedPart);
  }

private:
  const Nest &nest;
  const WindowPlan &plan;
  const BodyTraits &traits;
  const Target &target;
  OpBuilder &builder;
  Location loc;
  SmallVector<unsigned> reductions;
  int64_t width = 1; // positions in all
  SmallVector<unsigned> rows;
  Value memory, gathered;
  bool failedPart = false;

  OpFoldResult attr(int64_t value) { return builder.getIndexAttr(value); }

  Value memoryFor(int64_t elements) {
    return scratchMemory(nest, elements, nest.accesses[plan.access].element, builder);
  }

  // The block starts from the initial value.
  void fillResults() {
    int64_t lanes = target.vectorBits / nest.output(0).element.getIntOrFloatBitWidth();
    int64_t elements = volumeOf(nest, rows) * gatheredLine(nest, plan);
    auto loop = scf::ForOp::create(builder, loc, constantIndex(builder, loc, 0), constantIndex(builder, loc, elements),
                                   constantIndex(builder, loc, lanes));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(loop.getBody()->getTerminator());
    storeLanes(builder, loc, nest.initial[0], gathered, loop.getInductionVar(), 1, lanes, attr(lanes));
  }

  // Copies results between memory and the block they are gathered in.
  void moveResults(const Cursor &cursor, bool out) {
    SmallVector<unsigned> loops(rows);
    loops.append(plan.positions.begin(), plan.positions.begin() + plan.outside);
    moveRuns(cursor, loops, constantIndex(builder, loc, 0), out);
  }

  void moveRuns(const Cursor &cursor, ArrayRef<unsigned> dims, Value at, bool out) {
    int64_t run = volumeOf(nest, ArrayRef(plan.positions).drop_front(plan.outside));
    if (!dims.empty()) {
      unsigned d = dims.front();
      int64_t stride = gatheredLine(nest, plan);
      for (unsigned row : llvm::reverse(rows)) {
        if (row == d)
          break;
        stride *= nest.sizes[row];
      }
      if (!llvm::is_contained(rows, d)) {
        stride = run;
        for (unsigned image : llvm::reverse(ArrayRef(plan.positions).take_front(plan.outside))) {
          if (image == d)
            break;
          stride *= nest.sizes[image];
        }
      }
      loopOver(nest, cursor, d, attr(0), nest.extents[d], 1, {}, builder, [&](const Cursor &inside, ValueRange) {
        moveRuns(inside, dims.drop_front(),
                 addIndex(builder, loc, at, scaleIndex(builder, loc, inside.indices[d], stride)), out);
        return SmallVector<Value>();
      });
      return;
    }
    int64_t lanes = target.vectorBits / nest.output(0).element.getIntOrFloatBitWidth();
    const Access &result = nest.output(0);
    int64_t stride = result.strides[plan.positions.back()];
    for (int64_t p = 0; p < run; p += lanes) {
      OpFoldResult count = attr(std::min(lanes, run - p));
      Value there = addIndex(builder, loc, cursor.positions[nest.inputs], p * stride),
            here = addIndex(builder, loc, at, p);
      Value value = out ? loadLanes(builder, loc, gathered, here, 1, lanes, count)
                        : loadLanes(builder, loc, result.flat, there, stride, lanes, count);
      if (out)
        storeLanes(builder, loc, value, result.flat, there, stride, lanes, count);
      else
        storeLanes(builder, loc, value, gathered, here, 1, lanes, count);
    }
  }

  // `steps` iterations of the chunk's loop from `cursor` on.
  void part(const Cursor &cursor, int64_t steps) {
    Nest product = productOf(nest, plan, steps);
    std::optional<TilePlan> tile = planProduct(product, plan, traits, target);
    if (!tile) {
      failedPart = true;
      return;
    }
    // few steps would not be packed for their own sake
    tile->packed[plan.access] = true;
    tile->kept = -1;
    product.starts.assign(nest.accesses.size(), Value());
    for (unsigned i = 0; i < nest.accesses.size(); ++i)
      if (i != plan.access && !nest.accesses[i].isScalar()) {
        product.starts[i] = cursor.positions[i];
        product.accesses[i].offset = 0;
      }
    if (plan.gathered) {
      product.accesses[nest.inputs].flat = gathered;
      product.starts[nest.inputs] = Value();
      if (areSeveral(nest, plan.parts))
        product.initial[0] = Value();
    }
    int64_t inAll = steps;
    for (unsigned r = plan.parts.at + 1; r < reductions.size(); ++r)
      inAll *= nest.sizes[reductions[r]];
    if (!memory) { // the first part is the largest
      memory = memoryFor(llvm::alignTo(width, tile->lanes) * (inAll + 1) + tile->lanes);
    }
    Geometry geometry{tile->lanes, tile->vectors * tile->lanes, inAll + 1, 0, 0};
    geometry.main = width / geometry.block * geometry.block;
    geometry.rest = llvm::alignTo(width - geometry.main, tile->lanes);
    copySteps(cursor, plan.parts.at, steps, constantIndex(builder, loc, 0), geometry);
    ReadyPanel ready{plan.access, memory};
    failedPart |= failed(emitTile(product, *tile, target, builder, &ready));
  }

  // Where a position of a step lies.
  struct Geometry {
    int64_t lanes, block; // positions of a block
    int64_t rows;         // of a block
    int64_t main, rest;   // positions in whole blocks; width of the last one

    int64_t blockOf(int64_t p) const { return p < main ? p / block * block : main; }
    int64_t widthAt(int64_t p) const { return p < main ? block : rest; }
  };

  // From reduction `r` on; `step`: the number of the step so far.
  void copySteps(const Cursor &cursor, unsigned r, int64_t steps, Value step, const Geometry &geometry) {
    if (r == reductions.size())
      return copyStep(cursor, step, geometry);
    unsigned d = reductions[r];
    int64_t size = r == plan.parts.at ? steps : nest.sizes[d];
    // of the chunk's loop the cursor already stands at the first step
    loopOver(nest, cursor, d, attr(0), attr(size), 1, {}, builder, [&](const Cursor &at, ValueRange) {
      copySteps(at, r + 1, steps, addIndex(builder, loc, scaleIndex(builder, loc, step, size), at.indices[d]),
                geometry);
      return SmallVector<Value>();
    });
  }

  // All positions of one step, a vector of them at a time.
  void copyStep(const Cursor &cursor, Value step, const Geometry &geometry) {
    const Access &source = nest.accesses[plan.access];
    SmallVector<int64_t> offsets; // of positions in the source
    for (int64_t p = 0; p < width; ++p) {
      int64_t offset = 0, rest = p;
      for (unsigned d : llvm::reverse(plan.positions)) {
        offset += rest % nest.sizes[d] * source.strides[d];
        rest /= nest.sizes[d];
      }
      offsets.push_back(offset);
    }
    std::map<int64_t, Value> starts; // of the step's row in blocks of one width
    for (int64_t p = 0; p < width; p += geometry.lanes) {
      Value &start = starts[geometry.widthAt(p)];
      if (!start)
        start = scaleIndex(builder, loc, step, geometry.widthAt(p));
      Value value = gather(cursor.positions[plan.access],
                           ArrayRef(offsets).slice(p, std::min(geometry.lanes, width - p)), geometry.lanes);
      int64_t to = geometry.blockOf(p) * geometry.rows + (p - geometry.blockOf(p));
      storeLanes(builder, loc, value, memory, addIndex(builder, loc, start, to), 1, geometry.lanes,
                 attr(geometry.lanes));
    }
  }

  // A vector of the elements at `offsets` from `position`: of few rows of an image, so that few loads have them all and
  // shuffles put them together. Lanes past the last position are computed like all others: what lies in them is one of
  // the elements or 0, and no number that is slow to compute with.
  Value gather(Value position, ArrayRef<int64_t> offsets, int64_t lanes) {
    const Access &source = nest.accesses[plan.access];
    int64_t stride = offsets.size() > 1 ? offsets[1] - offsets[0] : 1;
    auto load = [&](int64_t from, int64_t step, int64_t count) {
      return loadLanes(builder, loc, source.flat, addIndex(builder, loc, position, from), step, lanes, attr(count));
    };
    bool even = stride >= 1 && stride <= mostStride;
    for (size_t i = 1; i < offsets.size(); ++i)
      even &= offsets[i] - offsets[i - 1] == stride;
    if (even)
      return load(offsets[0], stride, int64_t(offsets.size()));
    struct Load {
      int64_t from, count;
    };
    SmallVector<Load> loads;
    SmallVector<std::pair<int64_t, int64_t>> places; // of each lane: a load, an element of it
    for (int64_t offset : offsets) {
      if (loads.empty() || offset < loads.back().from || offset >= loads.back().from + lanes)
        loads.push_back({offset, 0});
      int64_t place = offset - loads.back().from;
      loads.back().count = std::max(loads.back().count, place + 1);
      places.push_back({int64_t(loads.size()) - 1, place});
    }
    places.resize(lanes, places.back());
    Value all = load(loads[0].from, 1, loads[0].count);
    for (int64_t l = std::min<int64_t>(1, int64_t(loads.size()) - 1); l < int64_t(loads.size()); ++l) {
      Value next = l ? load(loads[l].from, 1, loads[l].count) : all;
      SmallVector<int64_t> mask;
      for (auto [lane, place] : llvm::enumerate(places))
        mask.push_back(place.first == l && l        ? lanes + place.second
                       : place.first == 0 && l <= 1 ? place.second
                                                    : int64_t(lane));
      all = vector::ShuffleOp::create(builder, loc, all, next, mask);
    }
    return all;
  }
};

} // namespace

LogicalResult emitWindows(const Nest &nest, const WindowPlan &plan, const BodyTraits &traits, const Target &target,
                          OpBuilder &builder) {
  return WindowEmitter(nest, plan, traits, target, builder).emit();
}

} // namespace nnc::codegen::cpu
