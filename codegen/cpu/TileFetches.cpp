// Lines that are asked for before they are read or written: of the next block of lanes, the next chunk of panels, later
// steps of the sum, and far results. See TileEmitter.h.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "nnc/codegen/cpu/Epilogue.h"
#include "nnc/codegen/cpu/TileEmitter.h"

using namespace mlir;

namespace nnc::codegen::cpu {

void TileEmitter::prefetch(const Access &access, Value position) {
  memref::PrefetchOp::create(builder, loc, access.flat, position, /*isWrite=*/false, /*localityHint=*/2,
                             /*isDataCache=*/true);
}

// What the next block of lanes will read, step by step from far apart, comes to the second cache while tiles of rows
// work on this one.
void TileEmitter::announceNext(const Cursor &cursor, const Blocks &blocks) {
  constexpr int64_t nearElements = 32 << 10; // in the second cache from the task before
  if (reductions.empty() || plan.row < 0 || llvm::any_of(nest.sizes, ShapedType::isDynamic))
    return;
  nextLines = blocks.width() / lineElements;
  nextTiles = nest.sizes[plan.row] / plan.rows - firstCopies;
  if (!nextLines || nextTiles < nextLines || nest.sizes[reductions.back()] < lineElements ||
      nest.sizes[plan.lane] * stepsInAll() <= nearElements)
    return;
  for (auto [i, access] : llvm::enumerate(nest.accesses))
    if (!access.isScalar() && !access.written && access.panelLoop < 0 && access.strides[plan.lane] == 1 &&
        access.strides[plan.row] == 0 && std::abs(access.strides[reductions.back()]) > blocks.width() &&
        (!isPacked(i) || firstCopies))
      next.push_back({unsigned(i), addIndex(builder, loc, cursor.positions[i], blocks.width())});
}

// A tile of many multiply-adds asks for a line a step: spread out, requests do not hold up its own loads.
void TileEmitter::fetchNextStep(const Cursor &cursor) {
  if (isSmall(plan.rows, plan.vectors))
    return;
  for (auto [i, position] : next) {
    const Access &access = nest.accesses[i];
    for (unsigned r = chunked ? chunkAt : 0; r < reductions.size(); ++r)
      position = addIndex(builder, loc, position,
                          scaleIndex(builder, loc, cursor.indices[reductions[r]], access.strides[reductions[r]]));
    Value tile = arith::DivUIOp::create(builder, loc, cursor.indices[plan.row], asValue(attr(plan.rows)));
    Value line = arith::RemUIOp::create(builder, loc, tile, asValue(attr(nextLines)));
    prefetch(access, addIndex(builder, loc, position, scaleIndex(builder, loc, line, lineElements)));
  }
}

// A small tile asks for its share of the lines once, before its loop: with a request a step, as many as it has loads,
// a product took a seventh longer on Zen 3.
void TileEmitter::fetchNext(const Cursor &cursor) {
  if (next.empty() || !isSmall(plan.rows, plan.vectors))
    return;
  int64_t lines = chunkSteps() * nextLines, share = llvm::divideCeil(lines, nextTiles);
  Value tile = arith::DivUIOp::create(builder, loc, cursor.indices[plan.row], asValue(attr(plan.rows)));
  Value first = scaleIndex(builder, loc, addIndex(builder, loc, tile, -int64_t(firstCopies)), share);
  auto loop = scf::ForOp::create(builder, loc, asValue(attr(0)), asValue(attr(share)), asValue(attr(1)));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  Value at = arith::AddIOp::create(builder, loc, first, loop.getInductionVar());
  auto split = [&](int64_t size) { // the next index of `size`, going outwards
    Value index = arith::RemUIOp::create(builder, loc, at, asValue(attr(size)));
    at = arith::DivUIOp::create(builder, loc, at, asValue(attr(size)));
    return index;
  };
  Value line = split(nextLines);
  SmallVector<Value> indices(reductions.size());
  for (unsigned r = reductions.size(); r-- > chunkAt;)
    indices[r] = r > chunkAt ? split(nest.sizes[reductions[r]]) : at;
  for (auto [i, position] : next) {
    const Access &access = nest.accesses[i];
    position = addIndex(builder, loc, position, scaleIndex(builder, loc, line, lineElements));
    if (chunked)
      position = addIndex(builder, loc, position,
                          scaleIndex(builder, loc, asValue(chunkBegin), access.strides[reductions[chunkAt]]));
    for (unsigned r = chunkAt; r < reductions.size(); ++r)
      position = addIndex(builder, loc, position, scaleIndex(builder, loc, indices[r], access.strides[reductions[r]]));
    prefetch(access, position);
  }
}

// Of a panel's next chunk each pass of tiles over this one asks for its share, evenly over the steps: what comes from
// memory comes while all of them compute. After the last chunk follows the next task's first one.
void TileEmitter::fetchNextChunk(const Cursor &cursor, const Access &access, Value position) {
  int64_t width = access.panelWidth, piece = llvm::divideCeil(width, tilesOfRows(nest, plan));
  Value zero = constantIndex(builder, loc, 0), step = zero, pass = zero, steps;
  for (unsigned r = chunkAt; r < reductions.size(); ++r) {
    Value index = cursor.indices[reductions[r]];
    if (r == chunkAt) {
      index = builder.createOrFold<arith::SubIOp>(loc, index, asValue(chunkBegin));
      steps = builder.createOrFold<arith::SubIOp>(loc, asValue(chunkEnd), asValue(chunkBegin));
    } else {
      step = scaleIndex(builder, loc, step, nest.sizes[reductions[r]]);
      steps = scaleIndex(builder, loc, steps, nest.sizes[reductions[r]]);
    }
    step = addIndex(builder, loc, step, index);
  }
  for (unsigned d : shared)
    pass = addIndex(builder, loc, scaleIndex(builder, loc, pass, nest.sizes[d]), cursor.indices[d]);
  pass = addIndex(builder, loc, scaleIndex(builder, loc, pass, llvm::divideCeil(nest.sizes[plan.row], plan.rows)),
                  arith::DivUIOp::create(builder, loc, cursor.indices[plan.row], asValue(attr(plan.rows))));
  auto isAt = [&](Value index, int64_t value) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, index, asValue(attr(value)));
  };
  Value isLast = isAt(asValue(chunkEnd), nest.sizes[reductions[chunkAt]]);
  for (unsigned r = 0; r < chunkAt; ++r)
    isLast =
        arith::AndIOp::create(builder, loc, isLast, isAt(cursor.indices[reductions[r]], nest.sizes[reductions[r]] - 1));
  // past the panels of the task, or the block of lanes
  int64_t others = chunked ? nest.sizes[plan.lane] : plan.vectors * plan.lanes;
  others = (llvm::divideCeil(others, width) - 1) * stepsInAll() * width;
  Value next = arith::SelectOp::create(builder, loc, isLast, asValue(attr(others)), zero);
  next = addIndex(builder, loc, next, scaleIndex(builder, loc, steps, width));
  next =
      addIndex(builder, loc, next, scaleIndex(builder, loc, arith::MulIOp::create(builder, loc, pass, steps), piece));
  next = addIndex(builder, loc, next, scaleIndex(builder, loc, step, piece - width));
  prefetch(access, addIndex(builder, loc, position, next));
}

// Steps of the sum that lie far apart are not foreseen by the processor: the line of a later one.
void TileEmitter::fetchAhead(const Cursor &cursor, const Access &access, Value position, int64_t v,
                             OpFoldResult count) {
  constexpr int64_t ahead = 16;
  unsigned d = reductions.back();
  int64_t size = nest.sizes[d], stride = access.strides[d];
  if (v * lanes % lineElements || std::abs(stride) <= plan.vectors * lanes || size <= ahead ||
      getConstantIntValue(count) != lanes)
    return;
  Value index = cursor.indices[d];
  Value later =
      arith::MinSIOp::create(builder, loc, addIndex(builder, loc, index, ahead), constantIndex(builder, loc, size - 1));
  Value distance = arith::SubIOp::create(builder, loc, later, index);
  Value there = addIndex(builder, loc, position, scaleIndex(builder, loc, distance, stride));
  memref::PrefetchOp::create(builder, loc, access.flat, there, /*isWrite=*/false, /*localityHint=*/3,
                             /*isDataCache=*/true);
}

// Lines of results that no cache of the core holds come while the sum is made, which a store would wait for.
void TileEmitter::fetchResults(const Cursor &cursor, int64_t rows, int64_t vectors) {
  if (llvm::is_contained(nest.initial, Value()))
    return;
  auto fetch = [&](const Access &access, Value memory, Value begin) {
    if (access.streamed || access.strides[plan.lane] != 1 || bytesBehind(memory) <= target.l2Bytes)
      return;
    auto line = [&](int64_t u, int64_t element) {
      memref::PrefetchOp::create(builder, loc, access.flat,
                                 addIndex(builder, loc, begin, u * rowStride(access) + element), /*isWrite=*/true,
                                 /*localityHint=*/3, /*isDataCache=*/true);
    };
    int64_t width = vectors * lanes;
    for (int64_t u = 0; u < rows; ++u) {
      for (int64_t element = 0; element < width; element += lineElements)
        line(u, element);
      if (rowStride(access) % lineElements != 0) // rows begin anywhere in a line
        line(u, width - 1);
    }
  };
  if (linalg::LinalgOp after = nest.epilogue.op) {
    for (auto [access, operand] : llvm::zip(nest.epilogue.accesses, after->getOperands()))
      if (access.written)
        fetch(access, operand, beginOf(access, nest, cursor, builder));
    return;
  }
  for (unsigned o = 0; o < nest.outputs(); ++o)
    fetch(nest.output(o), nest.op.getDpsInits()[o], cursor.positions[nest.inputs + o]);
}

} // namespace nnc::codegen::cpu
