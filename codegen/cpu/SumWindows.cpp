// A contraction whose sum runs over windows (a convolution's weight gradient) as a plain product: of one operand, what
// some steps of the sum read is copied to a dense block, a line for each of its own results. The loops over steps are
// then one for both operands, whatever padding or stride lies between the rows of the image they walk.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "nnc/codegen/cpu/Windows.h"

using namespace mlir;

namespace nnc::codegen::cpu {

std::optional<SumWindowPlan> planSumWindows(const Nest &nest, const BodyTraits &traits, const Target &target) {
  SmallVector<unsigned> reductions = nest.dims(true);
  if (!traits.lanes || !traits.partial || nest.indexed || hasPanels(nest) || nest.inputs != 2 || nest.outputs() != 1 ||
      reductions.size() < 2 || llvm::any_of(nest.sizes, ShapedType::isDynamic) || !hasOneType(nest))
    return std::nullopt;
  unsigned column = reductions.back(), line = reductions[reductions.size() - 2];
  for (unsigned i = 0; i < nest.inputs; ++i) {
    const Access &windowed = nest.accesses[i], &other = nest.accesses[1 - i];
    if (windowed.isScalar() || other.isScalar())
      continue;
    auto isEven = [&](const Access &access) {
      return access.strides[line] == access.strides[column] * nest.sizes[column];
    };
    if (other.strides[column] != 1 || !isEven(other) || (windowed.strides[column] == 1 && isEven(windowed)) ||
        windowed.strides[column] < 1 || windowed.strides[column] > 4)
      continue;
    SumWindowPlan plan;
    plan.access = i;
    int64_t sharing = 1; // results of the other operand that read a copied element
    for (unsigned d : nest.dims(false)) {
      bool mine = windowed.strides[d] != 0, theirs = other.strides[d] != 0;
      if (mine && !theirs)
        plan.lines.push_back(d);
      else if (theirs && !mine)
        sharing *= nest.sizes[d];
    }
    int64_t lines = volumeOf(nest, plan.lines);
    if (sharing < 8 || lines < 4 || nest.sizes[column] < 4)
      continue;
    int64_t budget =
        std::min<int64_t>(target.l1Bytes * 3 / 4 / (2 * target.vectorBits / 8), target.l2Bytes / 2 / (lines * 4));
    if (budget < nest.sizes[column])
      continue;
    plan.parts = partsWithin(nest, budget);
    return plan;
  }
  return std::nullopt;
}

namespace {

class SumWindowEmitter {
public:
  SumWindowEmitter(const Nest &nest, const SumWindowPlan &plan, const BodyTraits &traits, const Target &target,
                   OpBuilder &builder)
      : nest(nest), plan(plan), traits(traits), target(target), builder(builder), loc(nest.op->getLoc()),
        reductions(nest.dims(true)) {
    lanes = target.vectorBits / nest.accesses[plan.access].element.getIntOrFloatBitWidth();
  }

  LogicalResult emit() {
    for (unsigned d : nest.dims(false))
      if (nest.accesses[plan.access].strides[d] != 0 && !llvm::is_contained(plan.lines, d))
        outside.push_back(d);
    int64_t most = plan.parts.steps;
    for (unsigned r = plan.parts.at + 1; r < reductions.size(); ++r)
      most *= nest.sizes[reductions[r]];
    // a line apart from a multiple of a cache's way, with room for what is stored past its end
    length = llvm::alignTo(most + lanes, 16);
    if (length % 256 == 0)
      length += 16;
    block = scratchMemory(nest, volumeOf(nest, plan.lines) * length, nest.accesses[plan.access].element, builder);
    overLoops(nest, Cursor::start(nest, builder), outside, builder, [&](const Cursor &cursor) {
      overParts(nest, cursor, plan.parts, builder, [&](const Cursor &at, int64_t steps) { part(at, steps); });
    });
    return success(!failedPart);
  }

private:
  const Nest &nest;
  const SumWindowPlan &plan;
  const BodyTraits &traits;
  const Target &target;
  OpBuilder &builder;
  Location loc;
  SmallVector<unsigned> reductions, outside;
  int64_t lanes, length = 0;
  Value block;
  bool failedPart = false;

  OpFoldResult attr(int64_t value) { return builder.getIndexAttr(value); }

  void part(const Cursor &cursor, int64_t steps) {
    Nest dense = nest;
    dense.bounds.clear(); // of other loops
    dense.derived = true;
    Access &copy = dense.accesses[plan.access];
    copy.flat = block;
    copy.offset = 0;
    copy.strides.assign(nest.loops(), 0);
    int64_t stride = 1;
    for (unsigned r = reductions.size(); r-- > plan.parts.at;) {
      copy.strides[reductions[r]] = stride;
      stride *= r == plan.parts.at ? steps : nest.sizes[reductions[r]];
    }
    stride = length;
    for (unsigned d : llvm::reverse(plan.lines)) {
      copy.strides[d] = stride;
      stride *= nest.sizes[d];
    }
    SmallVector<unsigned> dims(plan.lines);
    dims.append(reductions.begin() + plan.parts.at, reductions.end());
    copyLoops(copy, cursor, constantIndex(builder, loc, 0), dims, steps);

    dense.starts.assign(nest.accesses.size(), Value());
    for (unsigned i = 0; i < nest.accesses.size(); ++i)
      if (i != plan.access && !nest.accesses[i].isScalar()) {
        dense.starts[i] = cursor.positions[i];
        dense.accesses[i].offset = 0;
      }
    dense.sizes[reductions[plan.parts.at]] = steps;
    dense.extents[reductions[plan.parts.at]] = attr(steps);
    SmallVector<unsigned> gone = outside;
    gone.append(reductions.begin(), reductions.begin() + plan.parts.at);
    llvm::sort(gone);
    for (unsigned d : llvm::reverse(gone))
      dense.drop(d);
    mergeLoops(dense);
    std::optional<TilePlan> tile = planTile(dense, traits, target);
    if (tile && chunkOf(dense, *tile, target).several && llvm::any_of(dense.initial, [](Value v) { return bool(v); })) {
      tile->packed.assign(tile->packed.size(), false);
      tile->kept = -1;
    }
    failedPart |= !tile || failed(emitTile(dense, *tile, target, builder));
  }

  void copyLoops(const Access &copy, const Cursor &cursor, Value target, ArrayRef<unsigned> dims, int64_t steps) {
    unsigned d = dims.front();
    auto moved = [&](const Cursor &at) {
      return addIndex(builder, loc, target, scaleIndex(builder, loc, at.indices[d], copy.strides[d]));
    };
    int64_t size = d == reductions[plan.parts.at] ? steps : nest.sizes[d];
    if (dims.size() > 1) {
      loopOver(nest, cursor, d, attr(0), attr(size), 1, {}, builder, [&](const Cursor &at, ValueRange) {
        copyLoops(copy, at, moved(at), dims.drop_front(), steps);
        return SmallVector<Value>();
      });
      return;
    }
    // a row of the image; what is stored past its end the next row writes again
    const Access &source = nest.accesses[plan.access];
    int64_t whole = size / lanes * lanes;
    auto copyLanes = [&](const Cursor &at, int64_t count) {
      Value row =
          loadLanes(builder, loc, source.flat, at.positions[plan.access], source.strides[d], lanes, attr(count));
      storeLanes(builder, loc, row, copy.flat, moved(at), 1, lanes, attr(lanes));
    };
    loopOver(nest, cursor, d, attr(0), attr(whole), lanes, {}, builder, [&](const Cursor &at, ValueRange) {
      copyLanes(at, lanes);
      return SmallVector<Value>();
    });
    if (size > whole)
      copyLanes(cursor.at(nest, d, constantIndex(builder, loc, whole), builder), size - whole);
  }
};

} // namespace

LogicalResult emitSumWindows(const Nest &nest, const SumWindowPlan &plan, const BodyTraits &traits,
                             const Target &target, OpBuilder &builder) {
  return SumWindowEmitter(nest, plan, traits, target, builder).emit();
}

} // namespace nnc::codegen::cpu
