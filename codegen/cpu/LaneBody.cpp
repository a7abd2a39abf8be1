// Bodies in lanes, and the loads, stores and transposes of lanes: see the header.
#include "nnc/codegen/cpu/LaneBody.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "nnc/ir/ScalarOps.h"

using namespace mlir;

namespace nnc::codegen::cpu {

BodyTraits traitsOf(Block &body) {
  BodyTraits traits;
  for (Operation &op : body.without_terminator()) {
    ++traits.ops;
    if (isa<linalg::IndexOp>(op) || op.hasTrait<OpTrait::ConstantLike>())
      continue;
    if (isa<memref::LoadOp>(op)) {
      if (cast<memref::LoadOp>(op).getMemRefType().getElementType().isInteger(1))
        traits.lanes = false;
      traits.partial = false;
      continue;
    }
    if (!op.hasTrait<OpTrait::Elementwise>() || op.getNumRegions() != 0)
      traits.lanes = false;
    if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::CeilDivSIOp, arith::CeilDivUIOp,
            arith::FloorDivSIOp>(op))
      traits.partial = false;
    if (isa<math::MathDialect, scalar::ScalarDialect>(op.getDialect()) &&
        !isa<math::FmaOp, math::AbsFOp, math::SqrtOp, math::CopySignOp>(op))
      traits.heavy = true;
    // through f64 (VectorMath.h): each vector is two already
    traits.wide |= isa<math::PowFOp, math::CbrtOp, math::ErfcOp, math::TanOp, math::AtanOp, math::Atan2Op, math::AsinOp,
                       math::AcosOp>(op);
  }
  return traits;
}

Value broadcast(OpBuilder &builder, Location loc, Value value, int64_t lanes) {
  if (isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(builder, loc, VectorType::get({lanes}, value.getType()), value);
}

Value zero(OpBuilder &builder, Location loc, Type type) {
  return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
}

Value laneMask(OpBuilder &builder, Location loc, int64_t lanes, OpFoldResult count) {
  auto type = VectorType::get({lanes}, builder.getI1Type());
  if (auto fixed = getConstantIntValue(count)) {
    SmallVector<bool> bits;
    for (int64_t lane = 0; lane < lanes; ++lane)
      bits.push_back(lane < *fixed);
    return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, bits));
  }
  return vector::CreateMaskOp::create(builder, loc, type, ValueRange(cast<Value>(count)));
}

// Position and element of each lane, one after another: the loads of a gather.
static Value loadOneByOne(OpBuilder &builder, Location loc, VectorType type, llvm::function_ref<Value(int64_t)> load,
                          int64_t count) {
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < count; ++lane)
    elements.push_back(load(lane));
  if (count < type.getNumElements()) {
    Value rest = zero(builder, loc, type.getElementType());
    elements.resize(type.getNumElements(), rest);
  }
  return vector::FromElementsOp::create(builder, loc, type, elements);
}

// Is the value one more from each lane to the next: the position along the lanes, or that and something all lanes
// share?
static bool countsLanes(Value value, const IRMapping &map) {
  if (!isa<VectorType>(map.lookupOrDefault(value).getType()))
    return false;
  if (value.getDefiningOp<linalg::IndexOp>())
    return true;
  auto sum = value.getDefiningOp<arith::AddIOp>();
  auto isShared = [&](Value part) { return !isa<VectorType>(map.lookupOrDefault(part).getType()); };
  return sum && ((countsLanes(sum.getLhs(), map) && isShared(sum.getRhs())) ||
                 (countsLanes(sum.getRhs(), map) && isShared(sum.getLhs())));
}

// Do the lanes of a load read neighbours: does its last index count them, and no other know them?
static bool isRow(memref::LoadOp load, ArrayRef<Value> operands, const IRMapping &map) {
  return !load.getIndices().empty() && countsLanes(load.getIndices().back(), map) &&
         load.getMemRefType().isLastDimUnitStride() &&
         llvm::none_of(operands.drop_front().drop_back(), [](Value value) { return isa<VectorType>(value.getType()); });
}

SmallVector<Value> emitBody(OpBuilder &builder, Block &body, ValueRange arguments, int64_t lanes,
                            llvm::function_ref<Value(unsigned)> index) {
  IRMapping map;
  map.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator()) {
    Location loc = op.getLoc();
    if (auto position = dyn_cast<linalg::IndexOp>(op)) {
      map.map(position.getResult(), index(position.getDim()));
      continue;
    }
    SmallVector<Value> operands;
    bool uniform = true;
    for (Value operand : op.getOperands()) {
      operands.push_back(map.lookupOrDefault(operand));
      uniform &= !isa<VectorType>(operands.back().getType());
    }
    if (uniform) {
      builder.clone(op, map);
      continue;
    }
    if (auto load = dyn_cast<memref::LoadOp>(op)) {
      auto type = VectorType::get({lanes}, load.getType());
      if (isRow(load, operands, map)) { // a gather of whole rows: the lanes are neighbours
        SmallVector<Value> position(llvm::drop_begin(operands));
        position.back() = vector::ExtractOp::create(builder, loc, position.back(), 0);
        map.map(load.getResult(), vector::LoadOp::create(builder, loc, type, operands[0], position));
        continue;
      }
      map.map(load.getResult(), loadOneByOne(
                                    builder, loc, type,
                                    [&](int64_t lane) -> Value {
                                      SmallVector<Value> position;
                                      for (Value value : llvm::drop_begin(operands))
                                        position.push_back(isa<VectorType>(value.getType())
                                                               ? vector::ExtractOp::create(builder, loc, value, lane)
                                                               : value);
                                      return memref::LoadOp::create(builder, loc, operands[0], position);
                                    },
                                    lanes));
      continue;
    }
    for (Value &operand : operands)
      operand = broadcast(builder, loc, operand, lanes);
    SmallVector<Type> types;
    for (Type type : op.getResultTypes())
      types.push_back(VectorType::get({lanes}, type));
    Operation *vectorised = Operation::create(loc, op.getName(), types, operands, op.getDiscardableAttrDictionary(),
                                              op.getPropertiesStorage(), BlockRange(), 0);
    builder.insert(vectorised);
    map.map(op.getResults(), vectorised->getResults());
  }
  SmallVector<Value> results;
  for (Value value : body.getTerminator()->getOperands())
    results.push_back(map.lookupOrDefault(value));
  return results;
}

Value loadLanes(OpBuilder &builder, Location loc, Value flat, Value position, int64_t stride, int64_t lanes,
                OpFoldResult count) {
  Type element = cast<MemRefType>(flat.getType()).getElementType();
  if (stride == 0)
    return memref::LoadOp::create(builder, loc, flat, position);
  auto type = VectorType::get({lanes}, element);
  auto fixed = getConstantIntValue(count);
  bool all = fixed && *fixed >= lanes;
  if (stride == 1) {
    if (all)
      return vector::LoadOp::create(builder, loc, type, flat, position);
    return vector::MaskedLoadOp::create(builder, loc, type, flat, position, laneMask(builder, loc, lanes, count),
                                        zero(builder, loc, type));
  }
  if (stride == -1 && fixed) {
    int64_t read = std::min(*fixed, lanes);
    Value row = loadLanes(builder, loc, flat, addIndex(builder, loc, position, 1 - read), 1, lanes, count);
    SmallVector<int64_t> pick;
    for (int64_t lane = 0; lane < lanes; ++lane)
      pick.push_back(lane < read ? read - 1 - lane : lanes - 1); // past the end, a lane that holds 0
    return vector::ShuffleOp::create(builder, loc, row, row, pick);
  }
  if (stride == 2 && fixed && lanes >= 4) {
    // Two vectors that overlap by one element read exactly the span of the lanes.
    int64_t span = 2 * std::min(*fixed, lanes) - 1;
    auto part = [&](int64_t from) {
      return loadLanes(builder, loc, flat, addIndex(builder, loc, position, from), 1, lanes,
                       builder.getIndexAttr(std::min(span - from, lanes)));
    };
    Value low = part(0), high = span > lanes ? part(lanes - 1) : low;
    SmallVector<int64_t> pick;
    for (int64_t lane = 0; lane < lanes; ++lane)
      pick.push_back(lane >= *fixed ? 2 * lanes - 1 : lane < lanes / 2 ? 2 * lane : lanes + 2 * lane - (lanes - 1));
    return vector::ShuffleOp::create(builder, loc, low, high, pick);
  }
  if (fixed)
    return loadOneByOne(
        builder, loc, type,
        [&](int64_t lane) -> Value {
          return memref::LoadOp::create(builder, loc, flat, addIndex(builder, loc, position, lane * stride));
        },
        std::min(*fixed, lanes));
  // a computed number of lanes: lanes past it read the first element again
  Value limit = cast<Value>(count);
  return loadOneByOne(
      builder, loc, type,
      [&](int64_t lane) -> Value {
        Value inside =
            arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, constantIndex(builder, loc, lane), limit);
        Value at =
            arith::SelectOp::create(builder, loc, inside, addIndex(builder, loc, position, lane * stride), position);
        return memref::LoadOp::create(builder, loc, flat, at);
      },
      lanes);
}

void storeLanes(OpBuilder &builder, Location loc, Value value, Value flat, Value position, int64_t stride,
                int64_t lanes, OpFoldResult count, bool streamed) {
  auto fixed = getConstantIntValue(count);
  bool all = fixed && *fixed >= lanes;
  value = broadcast(builder, loc, value, lanes);
  if (stride == 1) {
    if (all && streamed && lanes > 1)
      vector::StoreOp::create(builder, loc, value, flat, position, /*nontemporal=*/true, llvm::MaybeAlign(lanes * 4));
    else if (all)
      vector::StoreOp::create(builder, loc, value, flat, position);
    else
      vector::MaskedStoreOp::create(builder, loc, flat, position, laneMask(builder, loc, lanes, count), value);
    return;
  }
  if (stride == 2 && fixed && lanes > 1) { // both halves spread, between what stays
    for (int64_t half = 0; half < 2 && half * lanes / 2 < *fixed; ++half) {
      SmallVector<int64_t> spread;
      SmallVector<bool> written;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        spread.push_back(half * lanes / 2 + lane / 2);
        written.push_back(lane % 2 == 0 && spread.back() < *fixed);
      }
      Value mask = arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(VectorType::get({lanes}, builder.getI1Type()), written));
      Value part = vector::ShuffleOp::create(builder, loc, value, value, spread);
      vector::MaskedStoreOp::create(builder, loc, flat, addIndex(builder, loc, position, half * lanes), mask, part);
    }
    return;
  }
  for (int64_t lane = 0; lane < (fixed ? std::min(*fixed, lanes) : lanes); ++lane) {
    OpBuilder::InsertionGuard guard(builder);
    if (!fixed) {
      Value inside = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, constantIndex(builder, loc, lane),
                                           cast<Value>(count));
      auto branch = scf::IfOp::create(builder, loc, inside, /*withElseRegion=*/false);
      builder.setInsertionPoint(branch.thenBlock()->getTerminator());
    }
    Value element = vector::ExtractOp::create(builder, loc, value, lane);
    memref::StoreOp::create(builder, loc, element, flat, addIndex(builder, loc, position, lane * stride));
  }
}

// Exchanges the blocks of `width` lanes off the diagonal, between rows `width` apart.
static void exchange(OpBuilder &builder, Location loc, SmallVector<Value> &rows, int64_t width) {
  int64_t lanes = rows.size();
  SmallVector<int64_t> low, high;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    low.push_back(lane & width ? lanes + lane - width : lane);
    high.push_back(lane & width ? lanes + lane : lane + width);
  }
  for (int64_t i = 0; i < lanes; ++i) {
    if (i & width)
      continue;
    Value a = rows[i], b = rows[i + width];
    rows[i] = vector::ShuffleOp::create(builder, loc, a, b, low);
    rows[i + width] = vector::ShuffleOp::create(builder, loc, a, b, high);
  }
}

SmallVector<Value> transpose(OpBuilder &builder, Location loc, SmallVector<Value> rows) {
  int64_t lanes = rows.size();
  bool words = lanes >= 4 && cast<VectorType>(rows[0].getType()).getElementTypeBitWidth() <= 32;
  if (!words) {
    for (int64_t width = 1; width < lanes; width *= 2)
      exchange(builder, loc, rows, width);
    return rows;
  }
  // Four rows at a time, 128 bits at a time: unpacks that are one instruction each on every x86.
  auto shuffle = [&](Value a, Value b, std::array<int64_t, 4> pick) -> Value {
    SmallVector<int64_t> all;
    for (int64_t block = 0; block < lanes; block += 4)
      for (int64_t p : pick)
        all.push_back(p < 4 ? block + p : lanes + block + p - 4);
    return vector::ShuffleOp::create(builder, loc, a, b, all);
  };
  for (int64_t i = 0; i < lanes; i += 4) {
    Value a = shuffle(rows[i], rows[i + 1], {0, 4, 1, 5}), b = shuffle(rows[i], rows[i + 1], {2, 6, 3, 7});
    Value c = shuffle(rows[i + 2], rows[i + 3], {0, 4, 1, 5}), d = shuffle(rows[i + 2], rows[i + 3], {2, 6, 3, 7});
    rows[i] = shuffle(a, c, {0, 1, 4, 5});
    rows[i + 1] = shuffle(a, c, {2, 3, 6, 7});
    rows[i + 2] = shuffle(b, d, {0, 1, 4, 5});
    rows[i + 3] = shuffle(b, d, {2, 3, 6, 7});
  }
  for (int64_t width = 4; width < lanes; width *= 2)
    exchange(builder, loc, rows, width);
  return rows;
}

} // namespace nnc::codegen::cpu
