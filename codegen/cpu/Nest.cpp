// Linear accesses of a linalg op on buffers, the folding of its loops, and cursors over them: see the header.
#include "nnc/codegen/cpu/Nest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "nnc/codegen/schedule/Schedule.h"

using namespace mlir;

namespace nnc::codegen::cpu {

SmallVector<unsigned> Nest::dims(bool reductions) const {
  SmallVector<unsigned> result;
  for (unsigned d = 0; d < loops(); ++d)
    if (reduction[d] == reductions)
      result.push_back(d);
  return result;
}

void Nest::drop(unsigned d) {
  sizes.erase(sizes.begin() + d);
  extents.erase(extents.begin() + d);
  reduction.erase(reduction.begin() + d);
  for (Access &access : llvm::concat<Access>(accesses, epilogue.accesses))
    if (!access.isScalar()) {
      access.strides.erase(access.strides.begin() + d);
      access.panelLoop -= access.panelLoop > int(d);
    }
  llvm::erase_if(bounds, [&](const Bound &bound) { return bound.step == d; });
  for (Bound &bound : bounds) {
    bound.step -= bound.step > d;
    bound.place = bound.place == int(d) ? -1 : bound.place - (bound.place > int(d));
  }
}

Value constantIndex(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value addIndex(OpBuilder &builder, Location loc, Value a, Value b) {
  return builder.createOrFold<arith::AddIOp>(loc, a, b);
}

Value addIndex(OpBuilder &builder, Location loc, Value a, int64_t b) {
  return b == 0 ? a : addIndex(builder, loc, a, constantIndex(builder, loc, b));
}

Value scaleIndex(OpBuilder &builder, Location loc, Value a, int64_t b) {
  return b == 1 ? a : builder.createOrFold<arith::MulIOp>(loc, a, constantIndex(builder, loc, b));
}

int64_t elementBytes(Type element) {
  return element.isIndex() ? 8 : int64_t(llvm::divideCeil(element.getIntOrFloatBitWidth(), 8));
}

Value rootOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return buffer;
}

int64_t bytesBehind(Value memref) {
  memref = rootOf(memref);
  auto type = cast<MemRefType>(memref.getType());
  if (!isa<BlockArgument>(memref) || !type.hasStaticShape())
    return 0;
  return type.getNumElements() * elementBytes(type.getElementType());
}

Value flatten(OpBuilder &builder, Location loc, Value memref) {
  auto metadata = memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  MemRefType type = cast<MemRefType>(memref.getType());
  auto flatType = MemRefType::get({ShapedType::kDynamic}, type.getElementType(),
                                  StridedLayoutAttr::get(builder.getContext(), ShapedType::kDynamic, {1}));
  // nothing reads the size; it only has to be a value
  return memref::ReinterpretCastOp::create(
      builder, loc, flatType, metadata.getBaseBuffer(), OpFoldResult(metadata.getOffset()),
      ArrayRef<OpFoldResult>{constantIndex(builder, loc, 1)}, ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
}

int64_t volumeOf(const Nest &nest, ArrayRef<unsigned> dims) {
  int64_t volume = 1;
  for (unsigned d : dims)
    volume *= nest.sizes[d];
  return volume;
}

Value scratchMemory(const Nest &nest, int64_t elements, Type element, OpBuilder &builder) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&nest.op->getParentOfType<func::FuncOp>().getBody().front());
  Location loc = nest.op->getLoc();
  Value memory =
      memref::AllocaOp::create(builder, loc, MemRefType::get({elements}, element), builder.getI64IntegerAttr(64));
  return flatten(builder, loc, memory);
}

// Adds scale * expr to the strides and the offset. False unless expr is linear in the loops.
static bool accumulate(AffineExpr expr, int64_t scale, Access &access) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    access.strides[dim.getPosition()] += scale;
    return true;
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    access.offset += scale * constant.getValue();
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (binary.getKind() == AffineExprKind::Add)
    return accumulate(binary.getLHS(), scale, access) && accumulate(binary.getRHS(), scale, access);
  if (binary.getKind() == AffineExprKind::Mul) {
    if (auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS()))
      return accumulate(binary.getLHS(), scale * factor.getValue(), access);
    if (auto factor = dyn_cast<AffineConstantExpr>(binary.getLHS()))
      return accumulate(binary.getRHS(), scale * factor.getValue(), access);
  }
  // panels: d floordiv w, and d mod w with stride 1
  auto dim = dyn_cast<AffineDimExpr>(binary.getLHS());
  auto width = dyn_cast<AffineConstantExpr>(binary.getRHS());
  bool within = binary.getKind() == AffineExprKind::Mod;
  if (!dim || !width || (!within && binary.getKind() != AffineExprKind::FloorDiv) || (within && scale != 1) ||
      (access.panelLoop >= 0 && (access.panelLoop != int(dim.getPosition()) || access.panelWidth != width.getValue())))
    return false;
  access.panelLoop = dim.getPosition();
  access.panelWidth = width.getValue();
  if (within)
    access.strides[dim.getPosition()] = 1;
  else
    access.panelStride = scale;
  return true;
}

static bool isBounded(const Nest &nest, unsigned d) {
  return llvm::any_of(nest.bounds, [&](const Bound &bound) { return bound.place == int(d) || bound.step == d; });
}

// Two neighbouring loops of one kind walked as one, if every access steps through both evenly.
static bool mergeOnce(Nest &nest) {
  for (unsigned outer = 0; outer < nest.loops(); ++outer)
    for (unsigned inner = outer + 1; inner < nest.loops(); ++inner) {
      if (nest.reduction[outer] != nest.reduction[inner])
        continue;
      // the order of a reduction decides bits: only loops next to each other among the reductions merge
      bool between = false;
      for (unsigned d = outer + 1; d < inner; ++d)
        between |= nest.reduction[d] && nest.reduction[outer];
      if (between || ShapedType::isDynamic(nest.sizes[outer]) || ShapedType::isDynamic(nest.sizes[inner]) ||
          isBounded(nest, outer) || isBounded(nest, inner))
        continue;
      if (!llvm::all_of(llvm::concat<Access>(nest.accesses, nest.epilogue.accesses), [&](const Access &access) {
            return access.isScalar() || (access.panelLoop != int(outer) && access.panelLoop != int(inner) &&
                                         access.strides[outer] == access.strides[inner] * nest.sizes[inner]);
          }))
        continue;
      nest.sizes[inner] *= nest.sizes[outer];
      nest.extents[inner] = IntegerAttr::get(IndexType::get(nest.op->getContext()), nest.sizes[inner]);
      nest.drop(outer);
      return true;
    }
  return false;
}

bool hasPanels(const Nest &nest) {
  return llvm::any_of(nest.accesses, [](const Access &access) { return access.panelLoop >= 0; });
}

bool hasOneType(const Nest &nest) {
  return llvm::all_of(nest.accesses,
                      [&](const Access &access) { return access.element == nest.accesses.front().element; });
}

// A loop of one iteration beside another of its kind says nothing.
static bool dropSingle(Nest &nest) {
  for (unsigned d = 0; d < nest.loops(); ++d)
    if (nest.sizes[d] == 1 && nest.dims(nest.reduction[d]).size() > 1 &&
        llvm::none_of(nest.accesses, [&](const Access &access) { return access.panelLoop == int(d); })) {
      nest.drop(d);
      return true;
    }
  return false;
}

void mergeLoops(Nest &nest) {
  if (!nest.indexed)
    while (dropSingle(nest) || mergeOnce(nest)) {
    }
}

// What the operand of `sched.inside` says about steps, in the coordinates of this task's part of it.
static void findBounds(Nest &nest, RewriterBase &rewriter) {
  constexpr int64_t mostPositions = 16; // of more, few read the border, and loops are better merged
  auto inside = nest.op->getAttrOfType<DenseI64ArrayAttr>(ScheduleDialect::insideAttr);
  if (!inside)
    return;
  Location loc = nest.op->getLoc();
  Value memref = nest.op->getOperand(inside[0]);
  AffineMap map = nest.op.getMatchingIndexingMap(&nest.op->getOpOperand(inside[0]));
  unsigned rank = map.getNumResults();
  SmallVector<SmallVector<OpFoldResult>> offsets(rank);
  while (auto view = memref.getDefiningOp<memref::SubViewOp>()) {
    if (view.getSourceType().getRank() != int64_t(rank) || view.getType().getRank() != int64_t(rank) ||
        !view.hasUnitStride())
      return;
    for (auto [all, offset] : llvm::zip(offsets, view.getMixedOffsets()))
      all.push_back(offset);
    memref = view.getSource();
  }
  if (!isa<BlockArgument>(memref) || inside.size() != 2 * int64_t(rank) + 1)
    return;
  for (unsigned dim = 0; dim < rank; ++dim) {
    int64_t low = inside[1 + 2 * dim], size = inside[2 + 2 * dim];
    Access linear;
    linear.strides.assign(nest.loops(), 0);
    if (isa<AffineDimExpr>(map.getResult(dim)) || !accumulate(map.getResult(dim), 1, linear) || linear.panelLoop >= 0)
      continue;
    Bound bound;
    unsigned loops = 0, steps = 0;
    for (unsigned d = 0; d < nest.loops(); ++d) {
      if (!linear.strides[d])
        continue;
      ++loops;
      if (nest.reduction[d]) {
        ++steps;
        bound.step = d;
        bound.byStep = linear.strides[d];
      } else {
        bound.place = int(d);
        bound.byPlace = linear.strides[d];
      }
    }
    if (loops != 2 || steps != 1 || bound.byStep < 0 || llvm::any_of(nest.sizes, ShapedType::isDynamic) ||
        std::max(nest.sizes[bound.place], nest.sizes[bound.step]) > mostPositions)
      continue;
    low -= linear.offset;
    Value moved; // by what the task's part begins at
    for (OpFoldResult offset : offsets[dim]) {
      if (auto constant = getConstantIntValue(offset))
        low -= *constant;
      else
        moved = moved ? addIndex(rewriter, loc, moved, cast<Value>(offset)) : cast<Value>(offset);
    }
    auto place = [&](int64_t at) -> OpFoldResult {
      return moved ? OpFoldResult(rewriter.createOrFold<arith::SubIOp>(loc, constantIndex(rewriter, loc, at), moved))
                   : OpFoldResult(rewriter.getIndexAttr(at));
    };
    bound.first = place(low);
    bound.end = place(low + size);
    nest.bounds.push_back(bound);
  }
}

// With all its loops and the operands' memrefs as they are.
static FailureOr<Nest> linearNest(linalg::LinalgOp op, RewriterBase &rewriter) {
  Location loc = op.getLoc();
  Nest nest;
  nest.op = op;
  nest.body = op.getBlock();
  nest.inputs = op.getNumDpsInputs();
  nest.indexed = op.hasIndexSemantics();
  nest.initial.resize(op.getNumDpsInits());
  for (utils::IteratorType type : op.getIteratorTypesArray()) {
    if (type != utils::IteratorType::parallel && type != utils::IteratorType::reduction)
      return failure();
    nest.reduction.push_back(type == utils::IteratorType::reduction);
  }
  nest.sizes = op.getStaticLoopRanges();
  // an extent that is not constant is the size of the dimension of some operand the loop indexes alone
  for (unsigned d = 0; d < nest.loops(); ++d) {
    if (!ShapedType::isDynamic(nest.sizes[d])) {
      nest.extents.push_back(rewriter.getIndexAttr(nest.sizes[d]));
      continue;
    }
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      for (auto [position, expr] : llvm::enumerate(map.getResults()))
        if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && dim.getPosition() == d && nest.extents.size() == d)
          nest.extents.push_back(rewriter.createOrFold<memref::DimOp>(loc, operand.get(), (int64_t)position));
    }
    if (nest.extents.size() == d)
      return failure();
  }
  for (OpOperand &operand : op->getOpOperands()) {
    Access access;
    access.written = op.isDpsInit(&operand);
    access.read = op.payloadUsesValueFromOperand(&operand);
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type) {
      access.value = operand.get();
      access.element = access.value.getType();
      nest.accesses.push_back(access);
      continue;
    }
    SmallVector<int64_t> strides;
    int64_t offset;
    if (failed(type.getStridesAndOffset(strides, offset)) || llvm::any_of(strides, ShapedType::isDynamic))
      return failure();
    access.element = type.getElementType();
    // a bit each in vector memory, a byte each in scalar memory
    if (access.element.isInteger(1) || !access.element.isIntOrIndexOrFloat())
      return failure();
    access.strides.assign(nest.loops(), 0);
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [expr, stride] : llvm::zip(map.getResults(), strides))
      if (!accumulate(expr, stride, access))
        return failure();
    if (access.panelLoop >= 0 && (access.written || access.strides[access.panelLoop] != 1 || !access.panelStride))
      return failure();
    if (access.written)
      for (unsigned d = 0; d < nest.loops(); ++d)
        if (nest.reduction[d] && access.strides[d] != 0 && nest.sizes[d] != 1)
          return failure();
    access.flat = operand.get();
    nest.accesses.push_back(access);
  }
  return nest;
}

// flat views last: nothing has been created if the analysis fails
static Nest finish(Nest nest, RewriterBase &rewriter) {
  findBounds(nest, rewriter);
  mergeLoops(nest);
  for (Access &access : llvm::concat<Access>(nest.accesses, nest.epilogue.accesses))
    if (!access.isScalar())
      access.flat = flatten(rewriter, nest.op.getLoc(), access.flat);
  return nest;
}

FailureOr<Nest> analyse(linalg::LinalgOp op, RewriterBase &rewriter) {
  FailureOr<Nest> nest = linearNest(op, rewriter);
  if (failed(nest))
    return failure();
  return finish(*nest, rewriter);
}

FailureOr<Nest> analyse(linalg::LinalgOp op, linalg::LinalgOp epilogue, RewriterBase &rewriter) {
  FailureOr<Nest> nest = linearNest(op, rewriter), after = linearNest(epilogue, rewriter);
  if (failed(nest) || failed(after) || nest->outputs() != 1 || after->indexed || !after->dims(true).empty())
    return failure();
  OpOperand *read = llvm::find_if(epilogue->getOpOperands(),
                                  [&](OpOperand &operand) { return operand.get() == op.getDpsInits()[0]; });
  if (read == epilogue->getOpOperands().end())
    return failure();
  // which of its loops is which
  SmallVector<int> loopOf(nest->loops(), -1);
  for (auto [mine, its] : llvm::zip(op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResults(),
                                    epilogue.getMatchingIndexingMap(read).getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(mine), other = dyn_cast<AffineDimExpr>(its);
    if (!loop || !other || nest->sizes[loop.getPosition()] != after->sizes[other.getPosition()])
      return failure();
    loopOf[loop.getPosition()] = int(other.getPosition());
  }
  if (llvm::count_if(loopOf, [](int loop) { return loop >= 0; }) != after->loops())
    return failure();
  for (unsigned d : nest->dims(false))
    if (loopOf[d] < 0)
      return failure();
  nest->epilogue = {epilogue, after->accesses, read->getOperandNumber()};
  for (Access &access : nest->epilogue.accesses) {
    if (access.panelLoop >= 0)
      return failure();
    SmallVector<int64_t> strides(nest->loops(), 0);
    for (unsigned d = 0; d < nest->loops(); ++d)
      if (loopOf[d] >= 0 && !access.isScalar())
        strides[d] = access.strides[loopOf[d]];
    if (!access.isScalar())
      access.strides = strides;
  }
  return finish(*nest, rewriter);
}

Cursor Cursor::start(const Nest &nest, OpBuilder &builder) {
  Cursor cursor;
  cursor.indices.resize(nest.loops());
  for (auto [i, access] : llvm::enumerate(nest.accesses)) {
    Value position = access.isScalar() ? Value() : constantIndex(builder, nest.op->getLoc(), access.offset);
    if (position && i < nest.starts.size() && nest.starts[i])
      position = addIndex(builder, nest.op->getLoc(), nest.starts[i], position);
    cursor.positions.push_back(position);
  }
  return cursor;
}

Cursor Cursor::at(const Nest &nest, unsigned d, Value index, OpBuilder &builder) const {
  Cursor cursor = *this;
  cursor.indices[d] = index;
  for (auto [access, position] : llvm::zip(nest.accesses, cursor.positions))
    if (!access.isScalar() && access.panelLoop == int(d)) {
      Location loc = nest.op->getLoc();
      Value width = constantIndex(builder, loc, access.panelWidth);
      Value panel = builder.createOrFold<arith::DivUIOp>(loc, index, width);
      position = addIndex(builder, loc, position, scaleIndex(builder, loc, panel, access.panelStride));
      position = addIndex(builder, loc, position, builder.createOrFold<arith::RemUIOp>(loc, index, width));
    } else if (!access.isScalar() && access.strides[d] != 0)
      position = addIndex(builder, nest.op->getLoc(), position,
                          scaleIndex(builder, nest.op->getLoc(), index, access.strides[d]));
  return cursor;
}

SmallVector<Value> loopOver(const Nest &nest, const Cursor &cursor, unsigned d, OpFoldResult lower, OpFoldResult upper,
                            int64_t step, ValueRange carried, OpBuilder &builder,
                            llvm::function_ref<SmallVector<Value>(const Cursor &, ValueRange)> body) {
  Location loc = nest.op->getLoc();
  auto from = getConstantIntValue(lower), to = getConstantIntValue(upper);
  if (from && to && *from >= *to)
    return SmallVector<Value>(carried);
  Value first = getValueOrCreateConstantIndexOp(builder, loc, lower);
  if (from && to && *to - *from <= step)
    return body(cursor.at(nest, d, first, builder), carried);
  auto loop = scf::ForOp::create(builder, loc, first, getValueOrCreateConstantIndexOp(builder, loc, upper),
                                 constantIndex(builder, loc, step), carried);
  OpBuilder::InsertionGuard guard(builder);
  if (carried.empty())
    builder.setInsertionPoint(loop.getBody()->getTerminator());
  else
    builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> results = body(cursor.at(nest, d, loop.getInductionVar(), builder), loop.getRegionIterArgs());
  if (!carried.empty())
    scf::YieldOp::create(builder, loc, results);
  return SmallVector<Value>(loop.getResults());
}

} // namespace nnc::codegen::cpu
