// A reduction along contiguous memory: lane j takes elements j, j + lanes, j + 2 lanes ...; then the lanes are joined
// in halves. The number of lanes is part of the result's bits, so it depends on the shape alone: not on the target, and
// not on what was fused into the body. How many results are computed at once, and how many of a result's lanes, is not:
// results that share an operand (the taps of a depthwise weight gradient) load it once.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "nnc/codegen/cpu/Parts.h"
#include "nnc/codegen/cpu/Tile.h"
#include <map>

using namespace mlir;

namespace nnc::codegen::cpu {

// The op that joins the result of an iteration with the value so far, if that is all the value so far is used for.
static Operation *combinerOf(Block &body, unsigned argument, unsigned result) {
  Value sofar = body.getArgument(argument), value = body.getTerminator()->getOperand(result);
  Operation *op = value.getDefiningOp();
  if (!op || !sofar.hasOneUse() || !value.hasOneUse() || *sofar.getUsers().begin() != op)
    return nullptr;
  if (auto fma = dyn_cast<math::FmaOp>(op))
    return fma.getC() == sofar ? op : nullptr;
  if (isa<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp,
          arith::AddIOp, arith::MulIOp, arith::AndIOp, arith::OrIOp, arith::XOrIOp, arith::MaxSIOp, arith::MinSIOp,
          arith::MaxUIOp, arith::MinUIOp>(op))
    return op;
  return nullptr;
}

static Value combine(OpBuilder &builder, Location loc, Operation *combiner, Value a, Value b) {
  if (isa<math::FmaOp>(combiner))
    return arith::AddFOp::create(builder, loc, a, b);
  Operation *op =
      Operation::create(loc, combiner->getName(), {a.getType()}, {a, b}, combiner->getDiscardableAttrDictionary(),
                        combiner->getPropertiesStorage(), BlockRange(), 0);
  builder.insert(op);
  return op->getResult(0);
}

static Value neutral(OpBuilder &builder, Location loc, Operation *combiner) {
  Type type = combiner->getResult(0).getType();
  TypedAttr value;
  if (auto floating = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = floating.getFloatSemantics();
    llvm::APFloat number = llvm::APFloat::getZero(semantics, /*Negative=*/true); // -0 + x is x, for x = -0 too
    if (isa<arith::MulFOp>(combiner))
      number = llvm::APFloat(semantics, 1);
    else if (isa<arith::MaximumFOp>(combiner))
      number = llvm::APFloat::getInf(semantics, true);
    else if (isa<arith::MinimumFOp>(combiner))
      number = llvm::APFloat::getInf(semantics, false);
    else if (isa<arith::MaxNumFOp, arith::MinNumFOp>(combiner))
      number = llvm::APFloat::getNaN(semantics);
    value = builder.getFloatAttr(type, number);
  } else {
    unsigned bits = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
    llvm::APInt number(bits, 0);
    if (isa<arith::MulIOp>(combiner))
      number = llvm::APInt(bits, 1);
    else if (isa<arith::AndIOp, arith::MinUIOp>(combiner))
      number = llvm::APInt::getAllOnes(bits);
    else if (isa<arith::MaxSIOp>(combiner))
      number = llvm::APInt::getSignedMinValue(bits);
    else if (isa<arith::MinSIOp>(combiner))
      number = llvm::APInt::getSignedMaxValue(bits);
    value = builder.getIntegerAttr(type, number);
  }
  return arith::ConstantOp::create(builder, loc, value);
}

// The value of the one lane there is.
static Value laneOf(OpBuilder &builder, Location loc, Value value) {
  return isa<VectorType>(value.getType()) ? Value(vector::ExtractOp::create(builder, loc, value, 0)) : value;
}

static int64_t widthOf(Type type) { return type.isIndex() ? 64 : type.getIntOrFloatBitWidth(); }

// Loops of neighbouring results computed at once: through each, an operand stays where it is. Inner loops first.
static void chooseBlock(const Nest &nest, const BodyTraits &traits, const Target &target, LaneReductionPlan &plan) {
  int64_t vector = target.vectorBits / widthOf(plan.combiners.front()->getResult(0).getType());
  if (!plan.partial || traits.heavy || nest.indexed || nest.outputs() != 1 || !hasOneType(nest))
    return;
  int64_t most = int64_t(target.registers) - 5, results = 1; // beside what is loaded
  SmallVector<unsigned> parallel = nest.dims(false);
  for (unsigned d : llvm::reverse(parallel)) {
    bool shares = false;
    for (unsigned i = 0; i < nest.inputs; ++i)
      shares |= !nest.accesses[i].isScalar() && nest.accesses[i].strides[d] == 0;
    if (!shares || ShapedType::isDynamic(nest.sizes[d]) || results * nest.sizes[d] > most)
      break;
    plan.block.push_back(d);
    results *= nest.sizes[d];
  }
  if (plan.block.empty())
    return;
  plan.piece = std::min(plan.lanes, vector);
  plan.pieces = std::clamp<int64_t>(most / results, 1, plan.lanes / plan.piece);
}

std::optional<LaneReductionPlan> planLaneReduction(const Nest &nest, const BodyTraits &traits, const Target &target) {
  if (!traits.lanes)
    return std::nullopt;
  SmallVector<unsigned> reductions = nest.dims(true);
  LaneReductionPlan plan;
  for (unsigned i = 0; i < nest.outputs(); ++i) {
    Operation *combiner = combinerOf(*nest.body, nest.inputs + i, i);
    if (!combiner)
      return std::nullopt;
    plan.combiners.push_back(combiner);
  }
  int64_t longest = 0;
  for (unsigned d : reductions) {
    bool contiguous = false, even = true;
    for (unsigned i = 0; i < nest.inputs; ++i) {
      const Access &access = nest.accesses[i];
      if (access.isScalar())
        continue;
      contiguous |= access.strides[d] == 1;
      even &= access.strides[d] >= 0 && access.strides[d] <= 2;
    }
    int64_t size = ShapedType::isDynamic(nest.sizes[d]) ? 16 : nest.sizes[d];
    if (contiguous && even && size >= 4 && size > longest) {
      longest = size;
      plan.dim = d;
    }
  }
  if (!longest)
    return std::nullopt;
  bool wide = llvm::any_of(plan.combiners, [](Operation *op) { return widthOf(op->getResult(0).getType()) == 64; });
  plan.lanes = std::min<int64_t>(wide ? 32 : 64, llvm::bit_ceil((uint64_t)longest));
  plan.piece = std::min<int64_t>(plan.lanes, traits.heavy || traits.ops > 8 ? (wide ? 8 : 16) : plan.lanes);
  plan.pieces = plan.lanes / plan.piece;
  plan.partial = traits.partial;
  if (!plan.partial && ShapedType::isDynamic(nest.sizes[plan.dim]))
    return std::nullopt;
  chooseBlock(nest, traits, target, plan);
  return plan;
}

namespace {
class LaneReductionEmitter {
public:
  LaneReductionEmitter(const Nest &nest, const LaneReductionPlan &plan, OpBuilder &builder)
      : nest(nest), plan(plan), builder(builder), loc(nest.op->getLoc()) {}

  void emit() {
    for (unsigned d : nest.dims(true))
      if (d != plan.dim)
        outer.push_back(d);
    SmallVector<unsigned> around = nest.dims(false);
    llvm::erase_if(around, [&](unsigned d) { return llvm::is_contained(plan.block, d); });
    offsets.push_back(SmallVector<int64_t>(nest.accesses.size(), 0));
    for (unsigned d : plan.block) {
      SmallVector<SmallVector<int64_t>> before = std::move(offsets);
      offsets.clear();
      for (int64_t index = 0; index < nest.sizes[d]; ++index)
        for (SmallVector<int64_t> offset : before) {
          for (auto [access, value] : llvm::zip(nest.accesses, offset))
            value += access.isScalar() ? 0 : index * access.strides[d];
          offsets.push_back(offset);
        }
    }
    overLoops(nest, Cursor::start(nest, builder), around, builder, [&](const Cursor &cursor) { results(cursor); });
  }

private:
  const Nest &nest;
  const LaneReductionPlan &plan;
  OpBuilder &builder;
  Location loc;
  SmallVector<unsigned> outer;               // reductions around the lanes' own
  SmallVector<SmallVector<int64_t>> offsets; // a result of the block each: how far its accesses are from the first's

  unsigned outputs() const { return nest.outputs(); }
  OpFoldResult attr(int64_t value) { return builder.getIndexAttr(value); }
  // Partial results are ordered by piece, result of the block, and output.
  size_t at(int64_t piece, size_t result) const { return (piece * offsets.size() + result) * outputs(); }

  // The body for `width` neighbours from `first` past the cursor on, of which `count` are there.
  SmallVector<Value> evaluate(const Cursor &cursor, int64_t first, int64_t width, ArrayRef<int64_t> offset,
                              std::map<std::pair<unsigned, int64_t>, Value> &loaded, ValueRange partial,
                              OpFoldResult count) {
    SmallVector<Value> arguments;
    for (unsigned i = 0; i < nest.inputs; ++i) {
      const Access &access = nest.accesses[i];
      if (access.isScalar()) {
        arguments.push_back(access.value);
        continue;
      }
      Value &value = loaded[{i, offset[i]}];
      if (!value) {
        Value position = addIndex(builder, loc, cursor.positions[i], first * access.strides[plan.dim] + offset[i]);
        value = loadLanes(builder, loc, access.flat, position, access.strides[plan.dim], width, count);
      }
      arguments.push_back(value);
    }
    arguments.append(partial.begin(), partial.end());
    auto index = [&](unsigned d) -> Value {
      if (d != plan.dim)
        return cursor.indices[d];
      if (width == 1)
        return addIndex(builder, loc, cursor.indices[d], first);
      SmallVector<Attribute> positions;
      for (int64_t lane = 0; lane < width; ++lane)
        positions.push_back(builder.getIndexAttr(first + lane));
      auto type = VectorType::get({width}, builder.getIndexType());
      Value iota = arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, positions));
      return arith::AddIOp::create(builder, loc, broadcast(builder, loc, cursor.indices[d], width), iota);
    };
    return emitBody(builder, *nest.body, arguments, width, index);
  }

  // One step of the pieces from `from` on: the new partial results, lanes past `count` unchanged.
  SmallVector<Value> step(const Cursor &cursor, int64_t from, ValueRange partial, OpFoldResult count) {
    auto fixed = getConstantIntValue(count);
    SmallVector<Value> results(partial);
    int64_t pieces = results.size() / (offsets.size() * outputs());
    for (int64_t p = 0; p < pieces; ++p) {
      int64_t first = (from + p) * plan.piece;
      if (fixed && *fixed <= first)
        break;
      OpFoldResult here = attr(plan.piece);
      if (fixed)
        here = attr(std::min(*fixed - first, plan.piece));
      else if (getConstantIntValue(count) != plan.lanes) {
        Value rest = arith::SubIOp::create(builder, loc, cast<Value>(count), constantIndex(builder, loc, first));
        rest = arith::MaxSIOp::create(builder, loc, rest, constantIndex(builder, loc, 0));
        here = Value(arith::MinSIOp::create(builder, loc, rest, constantIndex(builder, loc, plan.piece)));
      }
      bool whole = getConstantIntValue(here) == plan.piece;
      std::map<std::pair<unsigned, int64_t>, Value> loaded;
      for (auto [o, offset] : llvm::enumerate(offsets)) {
        MutableArrayRef<Value> mine = MutableArrayRef<Value>(results).slice(at(p, o), outputs());
        if (!whole && !plan.partial) {
          oneByOne(cursor, first, *getConstantIntValue(here), offset, mine);
          continue;
        }
        SmallVector<Value> values = evaluate(cursor, first, plan.piece, offset, loaded, mine, here);
        for (auto [value, result] : llvm::zip(values, mine)) {
          value = broadcast(builder, loc, value, plan.piece);
          result = whole ? value
                         : Value(arith::SelectOp::create(builder, loc, laneMask(builder, loc, plan.piece, here), value,
                                                         result));
        }
      }
    }
    return results;
  }

  void oneByOne(const Cursor &cursor, int64_t first, int64_t count, ArrayRef<int64_t> offset,
                MutableArrayRef<Value> results) {
    for (int64_t lane = 0; lane < count; ++lane) {
      SmallVector<Value> before;
      for (Value value : results)
        before.push_back(vector::ExtractOp::create(builder, loc, value, lane));
      std::map<std::pair<unsigned, int64_t>, Value> loaded;
      SmallVector<Value> values = evaluate(cursor, first + lane, 1, offset, loaded, before, attr(1));
      for (auto [value, result] : llvm::zip(values, results))
        result = vector::InsertOp::create(builder, loc, laneOf(builder, loc, value), result, lane);
    }
  }

  SmallVector<Value> reduce(ArrayRef<unsigned> dims, const Cursor &cursor, int64_t from, ValueRange partial) {
    if (!dims.empty())
      return loopOver(
          nest, cursor, dims[0], attr(0), nest.extents[dims[0]], 1, partial, builder,
          [&](const Cursor &at, ValueRange carried) { return reduce(dims.drop_front(), at, from, carried); });
    int64_t size = nest.sizes[plan.dim], lanes = plan.lanes;
    OpFoldResult main, rest;
    if (ShapedType::isDynamic(size)) {
      Value extent = getValueOrCreateConstantIndexOp(builder, loc, nest.extents[plan.dim]);
      Value left = arith::RemUIOp::create(builder, loc, extent, constantIndex(builder, loc, lanes));
      rest = left;
      main = Value(arith::SubIOp::create(builder, loc, extent, left));
    } else {
      main = attr(size / lanes * lanes);
      rest = attr(size % lanes);
    }
    SmallVector<Value> results =
        loopOver(nest, cursor, plan.dim, attr(0), main, lanes, partial, builder,
                 [&](const Cursor &at, ValueRange carried) { return step(at, from, carried, attr(lanes)); });
    if (getConstantIntValue(rest) == 0)
      return results;
    Value end = getValueOrCreateConstantIndexOp(builder, loc, main);
    return step(cursor.at(nest, plan.dim, end, builder), from, results, rest);
  }

  // The results of the block at the cursor.
  void results(const Cursor &cursor) {
    int64_t pieces = plan.lanes / plan.piece;
    SmallVector<Value> partial;
    for (int64_t from = 0; from < pieces; from += plan.pieces) {
      SmallVector<Value> some;
      for (int64_t p = from; p < std::min(pieces, from + plan.pieces); ++p)
        for (size_t o = 0; o < offsets.size(); ++o)
          for (Operation *combiner : plan.combiners)
            some.push_back(broadcast(builder, loc, neutral(builder, loc, combiner), plan.piece));
      llvm::append_range(partial, reduce(outer, cursor, from, some));
    }
    for (auto [o, offset] : llvm::enumerate(offsets))
      for (unsigned i = 0; i < outputs(); ++i) {
        // halves: whole pieces first, then within the one that is left
        auto of = [&](int64_t piece) -> Value & { return partial[at(piece, o) + i]; };
        for (int64_t half = pieces / 2; half >= 1; half /= 2)
          for (int64_t p = 0; p < half; ++p)
            of(p) = combine(builder, loc, plan.combiners[i], of(p), of(half + p));
        Value joined = joinLanes(of(0), plan.combiners[i]), flat = nest.output(i).flat;
        Value position = addIndex(builder, loc, cursor.positions[nest.inputs + i], offset[nest.inputs + i]);
        Value before = nest.initial[i] ? nest.initial[i] : memref::LoadOp::create(builder, loc, flat, position);
        memref::StoreOp::create(builder, loc, combine(builder, loc, plan.combiners[i], before, joined), flat, position);
      }
  }

  Value joinLanes(Value value, Operation *combiner) {
    for (int64_t width = plan.piece / 2; width >= 1; width /= 2) {
      SmallVector<int64_t> low, high;
      for (int64_t lane = 0; lane < width; ++lane) {
        low.push_back(lane);
        high.push_back(width + lane);
      }
      value = combine(builder, loc, combiner, vector::ShuffleOp::create(builder, loc, value, value, low),
                      vector::ShuffleOp::create(builder, loc, value, value, high));
    }
    return vector::ExtractOp::create(builder, loc, value, 0);
  }
};
} // namespace

LogicalResult emitLaneReduction(Nest &nest, const LaneReductionPlan &plan, OpBuilder &builder) {
  LaneReductionEmitter(nest, plan, builder).emit();
  return success();
}

} // namespace nnc::codegen::cpu
