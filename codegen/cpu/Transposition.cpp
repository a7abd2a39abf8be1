// A tensor whose lanes lie apart where it comes from, or where it goes to, is moved in blocks of lanes x lanes: whole
// vectors are read, turned in registers, and stored. The runs of the one side may consist of several loops (an image of
// taps for each pair of channels): then a block has as many vectors as they have steps, so that every line of memory is
// used whole; or they are the whole run (an image of 7 x 7 positions for each channel). Where sizes are no multiples of
// the lanes, the last block begins early and moves some elements again.
#include "nnc/codegen/cpu/Transposition.h"
#include "nnc/codegen/cpu/Parts.h"
#include "nnc/codegen/cpu/Streaming.h"

using namespace mlir;

namespace nnc::codegen::cpu {

// Vectors of a block that are still code and not a loop; elements of a run that are more than loads of single ones.
static constexpr int64_t mostSteps = 32, leastRun = 4;

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
  return plan.steps >= leastRun ? std::optional(plan) : std::nullopt;
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
      if (d != plan.lane && int(d) != plan.row && !llvm::is_contained(plan.inner, d))
        outer.push_back(d);
    overLoops(nest, Cursor::start(nest, builder), outer, builder, [&](const Cursor &cursor) {
      overBlocks(cursor, plan.lane, [&](const Cursor &lane) {
        if (plan.row < 0) {
          int64_t last = std::max<int64_t>(0, plan.steps - plan.lanes);
          for (int64_t first = 0; first < plan.steps; first += plan.lanes)
            block(lane, std::min(first, last), std::min(plan.lanes, plan.steps));
          return;
        }
        overBlocks(lane, plan.row, [&](const Cursor &at) {
          for (int64_t vector = 0; vector < plan.steps; ++vector)
            block(at, vector * plan.lanes, plan.lanes);
        });
      });
    });
  }

private:
  const Nest &nest;
  const TranspositionPlan &plan;
  OpBuilder &builder;
  Location loc;

  void overBlocks(const Cursor &cursor, unsigned d, llvm::function_ref<void(const Cursor &)> body) {
    int64_t size = nest.sizes[d];
    loopOver(nest, cursor, d, builder.getIndexAttr(0), builder.getIndexAttr(size), plan.lanes, {}, builder,
             [&](const Cursor &at, ValueRange) {
               if (size % plan.lanes == 0) {
                 body(at);
               } else {
                 Value last = constantIndex(builder, loc, size - plan.lanes);
                 body(cursor.at(nest, d, builder.createOrFold<arith::MinUIOp>(loc, at.indices[d], last), builder));
               }
               return SmallVector<Value>();
             });
  }

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
    return plan.row < 0 ? offset : offset + step * other.strides[plan.row];
  }
  int64_t firstOfRun() const {
    int64_t offset = 0;
    for (unsigned d : plan.inner)
      offset += std::min<int64_t>(0, nest.accesses[plan.runs].strides[d] * (nest.sizes[d] - 1));
    return offset;
  }

  // `count` elements of the run, from `first` on, in all lanes.
  void block(const Cursor &at, int64_t first, int64_t count) {
    const Access &run = nest.accesses[plan.runs], &other = nest.accesses[1 - plan.runs];
    bool gathers = plan.runs == 0;
    auto place = [&](bool inRun, int64_t i) {
      return inRun ? addIndex(builder, loc, at.positions[plan.runs], firstOfRun() + first + i * run.strides[plan.lane])
                   : addIndex(builder, loc, at.positions[1 - plan.runs], offsetOf(first + i));
    };
    auto elements = [&](bool inRun) { return builder.getIndexAttr(inRun ? count : plan.lanes); };
    SmallVector<Value> rows;
    for (int64_t i = 0; i < (gathers ? plan.lanes : count); ++i)
      rows.push_back(
          loadLanes(builder, loc, (gathers ? run : other).flat, place(gathers, i), 1, plan.lanes, elements(gathers)));
    rows.resize(plan.lanes, rows.front()); // of which nothing is stored
    rows = transpose(builder, loc, rows);
    for (int64_t i = 0; i < (gathers ? count : plan.lanes); ++i)
      storeLanes(builder, loc, rows[i], (gathers ? other : run).flat, place(!gathers, i), 1, plan.lanes,
                 elements(!gathers), nest.accesses[1].streamed);
  }
};
} // namespace

void emitTransposition(Nest nest, const TranspositionPlan &plan, OpBuilder &builder) {
  if (plan.runs == 0) // else lines are not stored one after another
    chooseStreams(nest, plan.lane, plan.lanes,
                  nest.sizes[plan.lane] % plan.lanes == 0 &&
                      (plan.row < 0 ? plan.steps : nest.sizes[plan.row]) % plan.lanes == 0);
  TranspositionEmitter(nest, plan, builder).emit();
}

} // namespace nnc::codegen::cpu
