// A tensor whose lanes lie apart where it comes from, or where it goes to, is moved in blocks of lanes x lanes: whole
// vectors are read, turned in registers, and stored. The runs of the one side may consist of several loops (an image of
// taps for each pair of channels): then a block has as many vectors as they have steps, so that every line of memory is
// used whole.
#include "nnc/codegen/cpu/Transposition.h"
#include "nnc/codegen/cpu/Parts.h"
#include "nnc/codegen/cpu/Tile.h"

using namespace mlir;

namespace nnc::codegen::cpu {

// Vectors of a block that are still code and not a loop.
static constexpr int64_t mostSteps = 32;

static std::optional<TranspositionPlan> planFor(const Nest &nest, unsigned runs, int64_t lanes) {
  const Access &run = nest.accesses[runs], &other = nest.accesses[1 - runs];
  TranspositionPlan plan;
  plan.runs = runs;
  plan.lanes = lanes;
  int lane = -1;
  for (unsigned d = 0; d < nest.loops(); ++d)
    if (other.strides[d] == 1 && std::abs(run.strides[d]) > 1 && nest.sizes[d] >= lanes)
      lane = int(d);
  if (lane < 0)
    return std::nullopt;
  plan.lane = lane;
  for (bool found = true; found;) {
    found = false;
    for (unsigned d = 0; d < nest.loops() && !found; ++d) {
      if (int(d) == lane || std::abs(run.strides[d]) != plan.steps || other.strides[d] == 0 ||
          llvm::is_contained(plan.inner, d) || nest.sizes[d] == 1)
        continue;
      if (nest.sizes[d] >= lanes && run.strides[d] > 0) {
        plan.row = d;
        return plan;
      }
      plan.inner.insert(plan.inner.begin(), d);
      plan.steps *= nest.sizes[d];
      found = plan.steps <= mostSteps;
    }
  }
  return std::nullopt;
}

std::optional<TranspositionPlan> planTransposition(const Nest &nest, const BodyTraits &traits, const Target &target) {
  if (nest.inputs != 1 || nest.outputs() != 1 || traits.ops || nest.indexed || !nest.dims(true).empty() ||
      llvm::any_of(nest.sizes, ShapedType::isDynamic) || nest.accesses[0].isScalar() || !hasOneType(nest) ||
      nest.body->getTerminator()->getOperand(0) != nest.body->getArgument(0))
    return std::nullopt;
  int64_t lanes = target.vectorBits / nest.accesses[0].element.getIntOrFloatBitWidth();
  for (unsigned runs : {0, 1})
    if (auto plan = planFor(nest, runs, lanes))
      return plan;
  return std::nullopt;
}

namespace {
class TranspositionEmitter {
public:
  TranspositionEmitter(const Nest &nest, const TranspositionPlan &plan, OpBuilder &builder)
      : nest(nest), plan(plan), builder(builder), loc(nest.op->getLoc()) {}

  void emit() {
    SmallVector<unsigned> outer;
    for (unsigned d = 0; d < nest.loops(); ++d)
      if (d != plan.lane && d != plan.row && !llvm::is_contained(plan.inner, d))
        outer.push_back(d);
    auto whole = [&](unsigned d) { return builder.getIndexAttr(nest.sizes[d] / plan.lanes * plan.lanes); };
    overLoops(nest, Cursor::start(nest, builder), outer, builder, [&](const Cursor &cursor) {
      loopOver(nest, cursor, plan.lane, builder.getIndexAttr(0), whole(plan.lane), plan.lanes, {}, builder,
               [&](const Cursor &lane, ValueRange) {
                 loopOver(nest, lane, plan.row, builder.getIndexAttr(0), whole(plan.row), plan.lanes, {}, builder,
                          [&](const Cursor &at, ValueRange) {
                            for (int64_t vector = 0; vector < plan.steps; ++vector)
                              block(at, vector);
                            return SmallVector<Value>();
                          });
                 return SmallVector<Value>();
               });
    });
  }

private:
  const Nest &nest;
  const TranspositionPlan &plan;
  OpBuilder &builder;
  Location loc;

  // Where element `step` of the run lies on the other side; a loop that runs backwards through the run begins at its
  // end.
  int64_t offsetOf(int64_t step) const {
    const Access &run = nest.accesses[plan.runs], &other = nest.accesses[1 - plan.runs];
    int64_t offset = 0;
    for (unsigned d : llvm::reverse(plan.inner)) {
      int64_t index = step % nest.sizes[d];
      step /= nest.sizes[d];
      offset += (run.strides[d] < 0 ? nest.sizes[d] - 1 - index : index) * other.strides[d];
    }
    return offset + step * other.strides[plan.row];
  }
  int64_t firstOfRun() const {
    int64_t offset = 0;
    for (unsigned d : plan.inner)
      offset += std::min<int64_t>(0, nest.accesses[plan.runs].strides[d] * (nest.sizes[d] - 1));
    return offset;
  }

  // Vector `vector` of the run in all lanes.
  void block(const Cursor &at, int64_t vector) {
    const Access &run = nest.accesses[plan.runs], &other = nest.accesses[1 - plan.runs];
    OpFoldResult all = builder.getIndexAttr(plan.lanes);
    auto inRun = [&](int64_t lane) {
      return addIndex(builder, loc, at.positions[plan.runs],
                      firstOfRun() + vector * plan.lanes + lane * run.strides[plan.lane]);
    };
    auto beside = [&](int64_t i) {
      return addIndex(builder, loc, at.positions[1 - plan.runs], offsetOf(vector * plan.lanes + i));
    };
    bool gathers = plan.runs == 0;
    SmallVector<Value> rows;
    for (int64_t i = 0; i < plan.lanes; ++i)
      rows.push_back(
          loadLanes(builder, loc, (gathers ? run : other).flat, gathers ? inRun(i) : beside(i), 1, plan.lanes, all));
    rows = transpose(builder, loc, rows);
    for (int64_t i = 0; i < plan.lanes; ++i)
      storeLanes(builder, loc, rows[i], (gathers ? other : run).flat, gathers ? beside(i) : inRun(i), 1, plan.lanes,
                 all);
  }
};
} // namespace

// The part of the nest from `from` on along loop `d`.
static Nest restOf(Nest nest, unsigned d, int64_t from) {
  for (Access &access : nest.accesses)
    access.offset += from * access.strides[d];
  nest.sizes[d] -= from;
  nest.extents[d] = IntegerAttr::get(IndexType::get(nest.op->getContext()), nest.sizes[d]);
  return nest;
}

LogicalResult emitTransposition(const Nest &nest, const TranspositionPlan &plan, const BodyTraits &traits,
                                const Target &target, OpBuilder &builder) {
  TranspositionEmitter(nest, plan, builder).emit();
  Nest left = nest;
  for (unsigned d : {plan.row, plan.lane}) {
    int64_t whole = nest.sizes[d] / plan.lanes * plan.lanes;
    if (whole < nest.sizes[d]) {
      Nest rest = restOf(left, d, whole);
      std::optional<TilePlan> tile = planTile(rest, traits, target);
      if (!tile || failed(emitTile(rest, *tile, target, builder)))
        return failure();
    }
    left.sizes[d] = whole;
    left.extents[d] = builder.getIndexAttr(whole);
  }
  return success();
}

} // namespace nnc::codegen::cpu
