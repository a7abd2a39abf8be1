// Emits the loops of a tile plan: outer parallel loops, chunks of the reduction, lanes, rows, and the tile itself.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "nnc/codegen/cpu/Epilogue.h"
#include "nnc/codegen/cpu/Parts.h"
#include "nnc/codegen/cpu/Streaming.h"
#include "nnc/codegen/cpu/TileEmitter.h"
#include <numeric>

using namespace mlir;

namespace nnc::codegen::cpu {

void TileEmitter::emit() {
  SmallVector<unsigned> outer, last;
  for (unsigned d : nest.dims(false))
    if ((int)d != plan.lane && (int)d != plan.row)
      (sharesCopies(nest, plan, d) ? shared
       : goesOn(d)                 ? last // next to the lanes what goes on where they end
                                   : outer)
          .push_back(d);
  llvm::append_range(outer, last);
  chooseChunk();
  chooseStreams(nest, plan.lane, plan.vectors * lanes,
                reductions.empty() || (!chunked && !llvm::is_contained(nest.initial, Value())));
  overOuter(outer, Cursor::start(nest, builder));
}

// A short loop through which an operand is read on, line by line.
bool TileEmitter::goesOn(unsigned d) const {
  constexpr int64_t fewStreams = 16;
  return reductions.empty() && !ShapedType::isDynamic(nest.sizes[d]) && nest.sizes[d] <= fewStreams &&
         llvm::any_of(nest.accesses, [&](const Access &access) {
           return !access.isScalar() && !access.written && access.strides[plan.lane] == 1 &&
                  access.strides[d] == nest.sizes[plan.lane];
         });
}

void TileEmitter::chooseChunk() {
  if (reductions.empty())
    return;
  Chunk chunk = ready ? Chunk{0, nest.sizes[reductions[0]], false} : chunkOf(nest, plan, target);
  chunkAt = chunk.at;
  chunkSize = chunk.size;
  chunked = chunk.several;
  chunkBegin = attr(0);
  chunkEnd = nest.extents[reductions[chunkAt]];
  fetchesChunks = hasPanels(nest) && plan.row >= 0 && comeFromAfar(nest, plan, target);
  firstCopies = !ready && copiesInTile(nest, plan);
  for (unsigned i = 0; i < nest.accesses.size(); ++i) {
    if (!isPacked(i))
      continue;
    if (nest.accesses[i].strides[plan.lane] == 0) {
      rowBlocks.push_back(rowBlockOf(i));
      continue;
    }
    Panel panel{i, Value(), SmallVector<int64_t>(reductions.size(), 0), 1};
    for (unsigned r = reductions.size(); r-- > chunkAt;) {
      panel.steps[r] = panel.stepsInAll;
      panel.stepsInAll *= r == chunkAt ? chunkSize : nest.sizes[reductions[r]];
    }
    if (ready && ready->access == i) {
      panel.memory = ready->memory;
      ++panel.stepsInAll;
      packsAll = true;
      panels.push_back(panel);
      continue;
    }
    int64_t size = nest.sizes[plan.lane], width = plan.vectors * lanes;
    // where each lane is a line of memory of its own, the blocks may as well come one by one
    packsAll = !firstCopies && alongOf(nest.accesses[i]) < 0 && !ShapedType::isDynamic(size) &&
               size * panel.stepsInAll * 4 <= target.l2Bytes / 2;
    panel.memory = scratchMemory(nest, (packsAll ? llvm::alignTo(size, lanes) : width) * panel.stepsInAll,
                                 nest.accesses[i].element, builder);
    panels.push_back(panel);
  }
  packsAll &= panels.size() == 1;
}

void TileEmitter::overOuter(ArrayRef<unsigned> dims, const Cursor &cursor) {
  if (dims.empty())
    return overOuterReductions(0, cursor);
  loopOver(nest, cursor, dims[0], attr(0), nest.extents[dims[0]], 1, {}, builder, [&](const Cursor &at, ValueRange) {
    overOuter(dims.drop_front(), at);
    return SmallVector<Value>();
  });
}

void TileEmitter::overOuterReductions(unsigned r, const Cursor &cursor) {
  if (!chunked)
    return overLanes(packRows(cursor));
  unsigned d = reductions[r];
  if (r < chunkAt) {
    loopOver(nest, cursor, d, attr(0), nest.extents[d], 1, {}, builder, [&](const Cursor &at, ValueRange) {
      overOuterReductions(r + 1, at);
      return SmallVector<Value>();
    });
    return;
  }
  // the loop over chunks only names their bounds; its index enters no position
  int64_t size = nest.sizes[d];
  if (chunkSize >= size) {
    chunkBegin = attr(0);
    chunkEnd = attr(size);
    return overLanes(packRows(cursor));
  }
  auto loop = scf::ForOp::create(builder, loc, asValue(attr(0)), asValue(attr(size)), asValue(attr(chunkSize)));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  chunkBegin = loop.getInductionVar();
  Value end = addIndex(builder, loc, loop.getInductionVar(), chunkSize);
  if (size % chunkSize)
    end = arith::MinSIOp::create(builder, loc, end, asValue(attr(size)));
  chunkEnd = end;
  overLanes(packRows(cursor));
}

// Blocks of `vectors` vectors, then what is left, the last vector perhaps partial.
SmallVector<TileEmitter::Blocks> TileEmitter::blocksOfLanes() {
  int64_t block = plan.vectors * lanes, size = nest.sizes[plan.lane];
  SmallVector<Blocks> all;
  if (!ShapedType::isDynamic(size)) {
    int64_t main = size / block * block, rest = size - main, vectors = llvm::divideCeil(rest, lanes);
    all.push_back({attr(0), attr(main), plan.vectors, lanes, attr(lanes)});
    if (rest && !plan.partial)
      all.push_back({attr(main), attr(size), 1, 1, attr(1)});
    else if (rest)
      all.push_back({attr(main), attr(main + 1), vectors, lanes, attr(rest - (vectors - 1) * lanes)});
    return all;
  }
  Value extent = asValue(nest.extents[plan.lane]);
  auto floor = [&](int64_t width) -> Value {
    Value rest = arith::RemUIOp::create(builder, loc, extent, asValue(attr(width)));
    return arith::SubIOp::create(builder, loc, extent, rest);
  };
  Value main = floor(block), whole = plan.vectors > 1 ? floor(lanes) : main;
  all.push_back({attr(0), main, plan.vectors, lanes, attr(lanes)});
  if (plan.vectors > 1)
    all.push_back({main, whole, 1, lanes, attr(lanes)});
  if (!plan.partial)
    all.push_back({whole, extent, 1, 1, attr(1)});
  else
    all.push_back({whole, extent, 1, lanes, Value(arith::SubIOp::create(builder, loc, extent, whole))});
  return all;
}

void TileEmitter::overLanes(const Cursor &cursor) {
  int64_t all = lanes;
  SmallVector<Blocks> blocks = blocksOfLanes();
  if (packsAll && !ready)
    for (const Blocks &each : blocks)
      packBlocks(cursor, each);
  for (const Blocks &each : blocks) {
    lanes = each.lanes;
    panelWidth = each.width();
    loopOver(nest, cursor, plan.lane, each.from, each.to, each.width(), {}, builder, [&](const Cursor &at, ValueRange) {
      Cursor inside = packsAll || firstCopies ? at : pack(at, each);
      if (firstCopies)
        copyInTile(at, each);
      announceNext(at, each);
      for (const Panel &panel : panels) {
        Value base = packsAll ? scaleIndex(builder, loc, at.indices[plan.lane], panel.stepsInAll)
                              : constantIndex(builder, loc, 0);
        inside.positions[panel.access] = beforeChunk(base, panel.stride(chunkAt, each.width()));
      }
      overLoops(nest, inside, shared, builder, [&](const Cursor &row) { overRows(row, each.vectors, each.last); });
      next.clear();
      return SmallVector<Value>();
    });
  }
  lanes = all;
}

// The first rows of a block, which copy what they read.
void TileEmitter::copyInTile(const Cursor &cursor, const Blocks &blocks) {
  for (const Panel &panel : panels)
    copyTo.push_back(beforeChunk(constantIndex(builder, loc, 0), panel.stride(chunkAt, blocks.width())));
  copying = true;
  tile(cursor.at(nest, plan.row, constantIndex(builder, loc, 0), builder), plan.rows, blocks.vectors, blocks.last);
  copying = false;
  copyTo.clear();
}

void TileEmitter::overRows(const Cursor &cursor, int64_t vectors, OpFoldResult last) {
  if (plan.row < 0)
    return tile(cursor, 1, vectors, last);
  auto overBlock = [&](OpFoldResult from, OpFoldResult to, int64_t rows) {
    loopOver(nest, cursor, plan.row, from, to, rows, {}, builder, [&](const Cursor &at, ValueRange) {
      fetchNext(at);
      tile(at, rows, vectors, last);
      return SmallVector<Value>();
    });
  };
  int64_t size = nest.sizes[plan.row];
  if (!ShapedType::isDynamic(size)) {
    int64_t main = size / plan.rows * plan.rows;
    overBlock(attr(firstCopies ? plan.rows : 0), attr(main), plan.rows);
    if (size > main) {
      if (plan.transposed) {
        // rows one by one read their lanes one by one
        loopOver(nest, cursor, plan.row, attr(main), attr(size), 1, {}, builder, [&](const Cursor &at, ValueRange) {
          tile(at, 1, vectors, last);
          return SmallVector<Value>();
        });
      } else
        loopOver(nest, cursor, plan.row, attr(main), attr(main + 1), 1, {}, builder, [&](const Cursor &at, ValueRange) {
          tile(at, size - main, vectors, last);
          return SmallVector<Value>();
        });
    }
    return;
  }
  Value extent = asValue(nest.extents[plan.row]);
  Value rest = arith::RemUIOp::create(builder, loc, extent, asValue(attr(plan.rows)));
  Value main = arith::SubIOp::create(builder, loc, extent, rest);
  overBlock(attr(0), main, plan.rows);
  if (plan.rows > 1)
    overBlock(main, extent, 1);
}

// The value of access `i` for row `u`, vector `v` at `cursor`.
Value TileEmitter::load(const Cursor &cursor, unsigned i, int64_t u, int64_t v, int64_t vectors, OpFoldResult last) {
  const Access &access = nest.accesses[i];
  if (access.isScalar())
    return access.value;
  Value flat = access.flat;
  int64_t stride = access.strides[plan.lane];
  OpFoldResult count = countOf(v, vectors, last);
  for (const Panel &panel : panels)
    if (panel.access == i && !copying) {
      flat = panel.memory;
      stride = 1;
      count = attr(lanes);
    }
  bool panel = access.panelLoop == plan.lane; // whole to its end
  bool byTiles = llvm::any_of(rowBlocks, [&](const RowBlock &block) { return block.access == i && block.byTiles; });
  Value position = addIndex(builder, loc, cursor.positions[i],
                            u * (byTiles ? 1 : rowStride(access)) +
                                (panel ? access.distance(plan.lane, v * lanes) : v * lanes * stride));
  Value value = loadLanes(builder, loc, flat, position, stride, lanes, panel ? attr(lanes) : count);
  if (copying)
    for (auto [each, to] : llvm::zip(panels, copyTo))
      if (each.access == i) {
        storeLanes(builder, loc, value, each.memory, addIndex(builder, loc, to, v * lanes), 1, lanes, attr(lanes));
        fetchAhead(cursor, access, position, v, count);
      }
  if (panel && fetchesChunks && v * lanes % access.panelWidth == 0)
    fetchNextChunk(cursor, access, position);
  if (plan.row < 0 && !reductions.empty() && !access.written && stride == 1)
    fetchAhead(cursor, access, position, v, count);
  // and the lines of all rows, where they lie together
  if (copying && u == 0 && !access.written && stride == 0 && rowStride(access) == 1)
    for (int64_t row = 0; row < std::min<int64_t>(nest.sizes[plan.row], 64); row += 16)
      fetchAhead(cursor, access, addIndex(builder, loc, position, row), 0, attr(lanes));
  return value;
}

void TileEmitter::tile(const Cursor &cursor, int64_t rows, int64_t vectors, OpFoldResult last) {
  if (reductions.empty()) {
    SmallVector<Value> none;
    for (auto [o, results] : llvm::enumerate(evaluate(cursor, rows, vectors, last, none)))
      store(cursor, results, o / nest.outputs() / vectors, o / nest.outputs() % vectors, o % nest.outputs(), vectors,
            last);
    return;
  }
  SmallVector<Value> results;
  for (int64_t u = 0; u < rows; ++u)
    for (int64_t v = 0; v < vectors; ++v)
      for (unsigned o = 0; o < nest.outputs(); ++o) {
        Value value = nest.initial[o] ? nest.initial[o] : load(cursor, nest.inputs + o, u, v, vectors, last);
        results.push_back(broadcast(builder, loc, value, lanes));
      }
  fetchResults(cursor, rows, vectors);
  results = reduce(chunked ? chunkAt : 0, cursor, results, rows, vectors, last);
  if (nest.epilogue.op)
    return emitEpilogue(nest, plan, lanes, cursor, results, vectors, last, builder);
  size_t at = 0;
  for (int64_t u = 0; u < rows; ++u)
    for (int64_t v = 0; v < vectors; ++v)
      for (unsigned o = 0; o < nest.outputs(); ++o)
        store(cursor, results[at++], u, v, o, vectors, last);
}

void TileEmitter::store(const Cursor &cursor, Value value, int64_t u, int64_t v, unsigned o, int64_t vectors,
                        OpFoldResult last) {
  const Access &access = nest.output(o);
  int64_t stride = access.strides[plan.lane];
  Value position =
      addIndex(builder, loc, cursor.positions[nest.inputs + o], u * rowStride(access) + v * lanes * stride);
  storeLanes(builder, loc, value, access.flat, position, stride, lanes, countOf(v, vectors, last), access.streamed);
}

SmallVector<Value> TileEmitter::reduce(unsigned r, const Cursor &cursor, ValueRange results, int64_t rows,
                                       int64_t vectors, OpFoldResult last) {
  if (r == reductions.size()) {
    if (!copying && rows == plan.rows)
      fetchNextStep(cursor);
    return evaluate(cursor, rows, vectors, last, results);
  }
  unsigned d = reductions[r];
  bool chunk = r == chunkAt && chunked;
  int64_t together = stepsTogether(r, rows, vectors);
  auto step = [&](const Cursor &at, ValueRange carried) {
    Cursor inside = at;
    SmallVector<Value> outside(copyTo);
    for (auto [i, panel] : llvm::enumerate(panels)) {
      Value &position = copying ? copyTo[i] : inside.positions[panel.access];
      position = addIndex(builder, loc, copying ? position : cursor.positions[panel.access],
                          scaleIndex(builder, loc, at.indices[d], panel.stride(r, panelWidth)));
    }
    SmallVector<Value> next = reduce(r + 1, inside, carried, rows, vectors, last);
    copyTo = outside;
    return next;
  };
  auto body = [&](const Cursor &at, ValueRange carried) {
    SmallVector<Value> values = step(at, carried);
    for (int64_t i = 1; i < together; ++i)
      values = step(cursor.at(nest, d, addIndex(builder, loc, at.indices[d], i), builder), values);
    return values;
  };
  if (const Bound *bound = boundOfRows(r, rows); bound && !chunk) {
    SmallVector<Value> values(results);
    for (int64_t tap = 0; tap < nest.sizes[d]; ++tap) {
      int64_t base = bound->byStep * tap, first = *getConstantIntValue(bound->first) - base,
              end = *getConstantIntValue(bound->end) - base;
      insideFrom = llvm::divideCeil(std::max<int64_t>(first, 0), bound->byPlace);
      insideTo = llvm::divideCeil(std::max<int64_t>(end, 0), bound->byPlace);
      values = step(cursor.at(nest, d, constantIndex(builder, loc, tap), builder), values);
    }
    insideFrom = 0, insideTo = plan.rows;
    return values;
  }
  OpFoldResult from = chunk ? chunkBegin : attr(0), to = chunk ? chunkEnd : nest.extents[d];
  if (!copying)
    std::tie(from, to) = bounded(r, cursor, from, to, together);
  return loopOver(nest, cursor, d, from, to, together, results, builder, body);
}

// Where a tile has all rows of an image, each tap is code of its own, for the rows that read the image at it.
const Bound *TileEmitter::boundOfRows(unsigned r, int64_t rows) const {
  constexpr int64_t mostTaps = 5;
  if (copying || plan.row < 0 || rows != nest.sizes[plan.row] || nest.sizes[reductions[r]] > mostTaps)
    return nullptr;
  auto bound = llvm::find_if(nest.bounds, [&](const Bound &bound) {
    return bound.place == plan.row && bound.step == reductions[r] && bound.byPlace > 0 &&
           getConstantIntValue(bound.first) && getConstantIntValue(bound.end);
  });
  return bound == nest.bounds.end() ? nullptr : bound;
}

// The part of [from, to) of reductions[r] that reads the image and not the zeros around it; empty where a reduction
// outside of the tiles stands at zeros.
std::pair<OpFoldResult, OpFoldResult> TileEmitter::bounded(unsigned r, const Cursor &cursor, OpFoldResult from,
                                                           OpFoldResult to, int64_t together) {
  auto number = [&](int64_t value) { return asValue(attr(value)); };
  for (const Bound &bound : nest.bounds) {
    if (bound.place >= 0 && (!cursor.indices[bound.place] || bound.place == plan.row || bound.place == plan.lane))
      continue;
    Value base = number(0);
    if (bound.place >= 0)
      base = scaleIndex(builder, loc, cursor.indices[bound.place], bound.byPlace);
    Value first = builder.createOrFold<arith::SubIOp>(loc, asValue(bound.first), base);
    Value end = builder.createOrFold<arith::SubIOp>(loc, asValue(bound.end), base);
    if (bound.step == reductions[r] && together == 1) { // several at once need the extent they divide
      auto steps = [&](Value distance) {                // so many until it is passed
        distance =
            builder.createOrFold<arith::MaxSIOp>(loc, addIndex(builder, loc, distance, bound.byStep - 1), number(0));
        return builder.createOrFold<arith::DivUIOp>(loc, distance, number(bound.byStep));
      };
      from = builder.createOrFold<arith::MaxSIOp>(loc, asValue(from), steps(first));
      to = builder.createOrFold<arith::MinSIOp>(loc, asValue(to), steps(end));
    } else if (chunked && r == chunkAt && llvm::is_contained(ArrayRef(reductions).take_front(r), bound.step)) {
      Value at = scaleIndex(builder, loc, cursor.indices[bound.step], bound.byStep);
      Value isInside = builder.createOrFold<arith::AndIOp>(
          loc, builder.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::sge, at, first),
          builder.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::slt, at, end));
      to = builder.createOrFold<arith::SelectOp>(loc, isInside, asValue(to), asValue(from));
    }
  }
  return {from, to};
}

// So many steps of the sum, or all taps, are one iteration of a small tile's loop, whose own instructions are one of
// ten of it: a processor that shares its decoder with another thread waits for instructions, not for multiply-adds.
int64_t TileEmitter::stepsTogether(unsigned r, int64_t rows, int64_t vectors) const {
  constexpr int64_t wanted = 4, mostTaps = 5;
  int64_t size = nest.sizes[reductions[r]];
  if (r + 1 != reductions.size() || copying || plan.row < 0 || rows != plan.rows || !isSmall(rows, vectors) ||
      ShapedType::isDynamic(size))
    return 1;
  if (r == chunkAt && chunked)
    size = std::gcd(size, chunkSize); // the last chunk, too
  return size <= mostTaps ? size : std::gcd(size, wanted);
}

// The body of two vectors as one of twice the lanes: the code generator then has two chains of operations side by
// side and loads each constant once. Results by vector, output.
SmallVector<Value> TileEmitter::evaluatePair(ArrayRef<Value> first, ArrayRef<Value> second,
                                             llvm::function_ref<Value(unsigned, int64_t)> index) {
  SmallVector<int64_t> all(2 * lanes);
  std::iota(all.begin(), all.end(), 0);
  SmallVector<Value> both;
  for (auto [a, b] : llvm::zip(first, second))
    both.push_back(a == b && !isa<VectorType>(a.getType())
                       ? a
                       : vector::ShuffleOp::create(builder, loc, broadcast(builder, loc, a, lanes),
                                                   broadcast(builder, loc, b, lanes), all)
                             .getResult());
  SmallVector<Value> values =
      emitBody(builder, *nest.body, both, 2 * lanes, [&](unsigned d) { return index(d, 2 * lanes); });
  SmallVector<Value> results;
  for (int64_t v = 0; v < 2; ++v)
    for (Value value : values)
      results.push_back(
          isa<VectorType>(value.getType())
              ? vector::ShuffleOp::create(builder, loc, value, value, ArrayRef<int64_t>(all).slice(v * lanes, lanes))
                    .getResult()
              : value);
  return results;
}

// One step of the body for all rows and vectors; results by row, vector, output.
SmallVector<Value> TileEmitter::evaluate(const Cursor &cursor, int64_t rows, int64_t vectors, OpFoldResult last,
                                         ValueRange carried) {
  std::map<std::tuple<unsigned, int64_t, int64_t>, Value> loaded;
  bool blocks = plan.transposed && rows == lanes && getConstantIntValue(last) == lanes;
  auto operand = [&](unsigned i, int64_t u, int64_t v) -> Value {
    const Access &access = nest.accesses[i];
    bool down = !access.isScalar() && rowStride(access) != 0;
    bool along = !access.isScalar() && access.strides[plan.lane] != 0;
    Value &value = loaded[{i, down ? u : 0, along ? v : 0}];
    if (value)
      return value;
    if (blocks && down && along && rowStride(access) == 1 && access.strides[plan.lane] != 1) {
      SmallVector<Value> block;
      for (int64_t lane = 0; lane < lanes; ++lane)
        block.push_back(
            loadLanes(builder, loc, access.flat,
                      addIndex(builder, loc, cursor.positions[i], (v * lanes + lane) * access.strides[plan.lane]), 1,
                      lanes, attr(lanes)));
      block = transpose(builder, loc, block);
      for (int64_t row = 0; row < rows; ++row)
        loaded[{i, row, v}] = block[row];
      return loaded[{i, u, v}];
    }
    return value = load(cursor, i, u, v, vectors, last);
  };
  auto argumentsOf = [&](int64_t u, int64_t v) {
    SmallVector<Value> values;
    for (unsigned i = 0; i < nest.accesses.size(); ++i) {
      const Access &access = nest.accesses[i];
      if (access.written && !reductions.empty())
        values.push_back(carried[(u * vectors + v) * nest.outputs() + i - nest.inputs]);
      else if (!access.read) // an argument nobody looks at: any value of its type
        values.push_back(zero(builder, loc, nest.body->getArgument(i).getType()));
      else
        values.push_back(operand(i, u, v));
    }
    return values;
  };
  // Elementwise, all loads come before the first store of the tile: destinations may be inputs too. In a reduction
  // each comes where it is needed, which is where registers are fewest.
  SmallVector<SmallVector<Value>> arguments;
  if (reductions.empty())
    for (int64_t u = 0; u < rows; ++u)
      for (int64_t v = 0; v < vectors; ++v)
        arguments.push_back(argumentsOf(u, v));
  SmallVector<Value> results;
  for (int64_t u = 0; u < rows; ++u)
    for (int64_t v = 0; v < vectors; ++v) {
      if (!reductions.empty() && (u < insideFrom || u >= insideTo)) {
        llvm::append_range(results, carried.slice((u * vectors + v) * nest.outputs(), nest.outputs()));
        continue;
      }
      auto index = [&](unsigned d, int64_t count) -> Value {
        Value position = cursor.indices[d];
        if ((int)d == plan.row)
          return addIndex(builder, loc, position, u);
        if ((int)d != plan.lane)
          return position;
        SmallVector<Attribute> offsets;
        for (int64_t lane = 0; lane < count; ++lane)
          offsets.push_back(builder.getIndexAttr(v * lanes + lane));
        auto type = VectorType::get({count}, builder.getIndexType());
        Value iota = arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, offsets));
        return arith::AddIOp::create(builder, loc, broadcast(builder, loc, position, count), iota);
      };
      if (plan.paired && v + 1 < vectors) {
        results.append(evaluatePair(arguments[u * vectors + v], arguments[u * vectors + v + 1], index));
        ++v;
        continue;
      }
      SmallVector<Value> values =
          emitBody(builder, *nest.body, reductions.empty() ? arguments[u * vectors + v] : argumentsOf(u, v), lanes,
                   [&](unsigned d) { return index(d, lanes); });
      for (Value value : values)
        results.push_back(reductions.empty() ? value : broadcast(builder, loc, value, lanes));
    }
  return results;
}

LogicalResult emitTile(const Nest &nest, const TilePlan &plan, const Target &target, OpBuilder &builder,
                       const ReadyPanel *ready) {
  TileEmitter(nest, plan, target, builder, ready).emit();
  return success();
}

} // namespace nnc::codegen::cpu
