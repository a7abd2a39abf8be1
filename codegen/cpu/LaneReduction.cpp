// A reduction along contiguous memory: lane j takes elements j, j + lanes, j + 2 lanes ...; then the lanes are joined
// in halves. The number of lanes is part of the result's bits, so it depends on the shape alone: not on the target, and
// not on what was fused into the body.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "nnc/codegen/cpu/Tile.h"

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

std::optional<LaneReductionPlan> planLaneReduction(const Nest &nest, const BodyTraits &traits) {
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
      even &= access.strides[d] == 0 || access.strides[d] == 1;
    }
    int64_t size = ShapedType::isDynamic(nest.sizes[d]) ? 16 : nest.sizes[d];
    if (contiguous && even && size >= 4 && size > longest) {
      longest = size;
      plan.dim = d;
    }
  }
  if (!longest)
    return std::nullopt;
  bool wide = llvm::any_of(plan.combiners, [](Operation *op) {
    Type type = op->getResult(0).getType();
    return type.isIndex() || type.getIntOrFloatBitWidth() == 64;
  });
  plan.lanes = std::min<int64_t>(wide ? 32 : 64, llvm::bit_floor((uint64_t)longest));
  plan.piece = std::min<int64_t>(plan.lanes, traits.heavy || traits.ops > 8 ? (wide ? 8 : 16) : plan.lanes);
  plan.partial = traits.partial;
  if (!plan.partial && ShapedType::isDynamic(nest.sizes[plan.dim]))
    return std::nullopt;
  return plan;
}

LogicalResult emitLaneReduction(Nest &nest, const LaneReductionPlan &plan, OpBuilder &builder) {
  Location loc = nest.op->getLoc();
  int64_t lanes = plan.lanes, pieces = plan.lanes / plan.piece;
  OpFoldResult zeroAttr = builder.getIndexAttr(0), all = builder.getIndexAttr(lanes);

  // The body for `width` neighbours from `first` past the cursor on, of which `count` are there.
  auto evaluate = [&](const Cursor &cursor, int64_t first, int64_t width, ValueRange partial, OpFoldResult count) {
    SmallVector<Value> arguments;
    for (unsigned i = 0; i < nest.inputs; ++i) {
      const Access &access = nest.accesses[i];
      if (access.isScalar()) {
        arguments.push_back(access.value);
        continue;
      }
      Value position = addIndex(builder, loc, cursor.positions[i], first * access.strides[plan.dim]);
      arguments.push_back(loadLanes(builder, loc, access.flat, position, access.strides[plan.dim], width, count));
    }
    arguments.append(partial.begin(), partial.end());
    auto index = [&](unsigned d) -> Value {
      if (d != plan.dim)
        return cursor.indices[d];
      if (width == 1)
        return addIndex(builder, loc, cursor.indices[d], first);
      SmallVector<Attribute> offsets;
      for (int64_t lane = 0; lane < width; ++lane)
        offsets.push_back(builder.getIndexAttr(first + lane));
      auto type = VectorType::get({width}, builder.getIndexType());
      Value iota = arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, offsets));
      return arith::AddIOp::create(builder, loc, broadcast(builder, loc, cursor.indices[d], width), iota);
    };
    return emitBody(builder, *nest.body, arguments, width, index);
  };

  // One step: the new partial results, by piece and output, lanes past `count` unchanged.
  auto step = [&](const Cursor &cursor, ValueRange partial, OpFoldResult count) {
    unsigned outputs = nest.outputs();
    auto fixed = getConstantIntValue(count);
    SmallVector<Value> results(partial);
    for (int64_t p = 0; p < pieces; ++p) {
      int64_t first = p * plan.piece;
      MutableArrayRef<Value> mine = MutableArrayRef<Value>(results).slice(p * outputs, outputs);
      if (fixed && *fixed <= first)
        break;
      if (fixed && *fixed < first + plan.piece && !plan.partial) { // one by one
        for (int64_t lane = 0; first + lane < *fixed; ++lane) {
          SmallVector<Value> before;
          for (Value value : mine)
            before.push_back(vector::ExtractOp::create(builder, loc, value, lane));
          SmallVector<Value> values = evaluate(cursor, first + lane, 1, before, builder.getIndexAttr(1));
          for (auto [value, result] : llvm::zip(values, mine))
            result = vector::InsertOp::create(builder, loc, laneOf(builder, loc, value), result, lane);
        }
        break;
      }
      OpFoldResult here = builder.getIndexAttr(plan.piece);
      if (fixed)
        here = builder.getIndexAttr(std::min(*fixed - first, plan.piece));
      else if (getConstantIntValue(count) != lanes) {
        Value rest = arith::SubIOp::create(builder, loc, cast<Value>(count), constantIndex(builder, loc, first));
        rest = arith::MaxSIOp::create(builder, loc, rest, constantIndex(builder, loc, 0));
        here = Value(arith::MinSIOp::create(builder, loc, rest, constantIndex(builder, loc, plan.piece)));
      }
      SmallVector<Value> values = evaluate(cursor, first, plan.piece, mine, here);
      bool whole = getConstantIntValue(here) == plan.piece;
      for (auto [value, result] : llvm::zip(values, mine)) {
        value = broadcast(builder, loc, value, plan.piece);
        result =
            whole
                ? value
                : Value(arith::SelectOp::create(builder, loc, laneMask(builder, loc, plan.piece, here), value, result));
      }
    }
    return results;
  };

  SmallVector<unsigned> outer;
  for (unsigned d : nest.dims(true))
    if (d != plan.dim)
      outer.push_back(d);
  std::function<SmallVector<Value>(ArrayRef<unsigned>, const Cursor &, ValueRange)> reduce =
      [&](ArrayRef<unsigned> dims, const Cursor &cursor, ValueRange partial) -> SmallVector<Value> {
    if (!dims.empty())
      return loopOver(nest, cursor, dims[0], zeroAttr, nest.extents[dims[0]], 1, partial, builder,
                      [&](const Cursor &at, ValueRange carried) { return reduce(dims.drop_front(), at, carried); });
    int64_t size = nest.sizes[plan.dim];
    OpFoldResult main, rest;
    if (ShapedType::isDynamic(size)) {
      Value extent = getValueOrCreateConstantIndexOp(builder, loc, nest.extents[plan.dim]);
      Value left = arith::RemUIOp::create(builder, loc, extent, constantIndex(builder, loc, lanes));
      rest = left;
      main = Value(arith::SubIOp::create(builder, loc, extent, left));
    } else {
      main = builder.getIndexAttr(size / lanes * lanes);
      rest = builder.getIndexAttr(size % lanes);
    }
    SmallVector<Value> results = loopOver(nest, cursor, plan.dim, zeroAttr, main, lanes, partial, builder,
                                          [&](const Cursor &at, ValueRange carried) { return step(at, carried, all); });
    if (getConstantIntValue(rest) == 0)
      return results;
    return step(cursor.at(nest, plan.dim, getValueOrCreateConstantIndexOp(builder, loc, main), builder), results, rest);
  };

  std::function<void(ArrayRef<unsigned>, const Cursor &)> overParallel = [&](ArrayRef<unsigned> dims,
                                                                             const Cursor &cursor) {
    if (!dims.empty()) {
      loopOver(nest, cursor, dims[0], zeroAttr, nest.extents[dims[0]], 1, {}, builder,
               [&](const Cursor &at, ValueRange) {
                 overParallel(dims.drop_front(), at);
                 return SmallVector<Value>();
               });
      return;
    }
    SmallVector<Value> partial;
    for (int64_t p = 0; p < pieces; ++p)
      for (Operation *combiner : plan.combiners)
        partial.push_back(broadcast(builder, loc, neutral(builder, loc, combiner), plan.piece));
    partial = reduce(outer, cursor, partial);
    unsigned outputs = nest.outputs();
    for (unsigned o = 0; o < outputs; ++o) {
      // halves: whole pieces first, then within the one that is left
      for (int64_t half = pieces / 2; half >= 1; half /= 2)
        for (int64_t p = 0; p < half; ++p)
          partial[p * outputs + o] =
              combine(builder, loc, plan.combiners[o], partial[p * outputs + o], partial[(half + p) * outputs + o]);
      Value value = partial[o];
      for (int64_t width = plan.piece / 2; width >= 1; width /= 2) {
        SmallVector<int64_t> low, high;
        for (int64_t lane = 0; lane < width; ++lane) {
          low.push_back(lane);
          high.push_back(width + lane);
        }
        value = combine(builder, loc, plan.combiners[o], vector::ShuffleOp::create(builder, loc, value, value, low),
                        vector::ShuffleOp::create(builder, loc, value, value, high));
      }
      Value joined = vector::ExtractOp::create(builder, loc, value, 0);
      Value position = cursor.positions[nest.inputs + o], flat = nest.output(o).flat;
      Value before = nest.initial[o] ? nest.initial[o] : memref::LoadOp::create(builder, loc, flat, position);
      memref::StoreOp::create(builder, loc, combine(builder, loc, plan.combiners[o], before, joined), flat, position);
    }
  };
  overParallel(nest.dims(false), Cursor::start(nest, builder));
  return success();
}

} // namespace nnc::codegen::cpu
