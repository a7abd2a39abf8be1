// Emits the loops of a tile plan: outer parallel loops, chunks of the reduction, lanes, rows, and the tile itself.
#include "nnc/codegen/cpu/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "nnc/codegen/cpu/Epilogue.h"
#include "nnc/codegen/cpu/Parts.h"
#include "nnc/codegen/cpu/Streaming.h"
#include <numeric>

using namespace mlir;

namespace nnc::codegen::cpu {

namespace {

class TileEmitter {
public:
  TileEmitter(const Nest &nest, const TilePlan &plan, const Target &target, OpBuilder &builder, const ReadyPanel *ready)
      : nest(nest), plan(plan), target(target), builder(builder), ready(ready), loc(nest.op->getLoc()),
        lanes(plan.lanes), reductions(nest.dims(true)), insideTo(plan.rows) {}

  void emit() {
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

private:
  Nest nest; // its own: an operand that is copied is from then on the copy
  const TilePlan &plan;
  const Target &target;
  OpBuilder &builder;
  const ReadyPanel *ready;
  Location loc;
  int64_t lanes; // plan.lanes, but 1 in a tail that goes one by one
  SmallVector<unsigned> reductions;
  SmallVector<unsigned> shared; // parallel loops that run inside a chunk, on one copy of its operands

  // Reductions before `chunkAt` run outside the tiles; of reductions[chunkAt] a tile sees `chunkSize` steps, of the
  // later ones all.
  unsigned chunkAt = 0;
  int64_t chunkSize = 0;
  bool chunked = false;
  OpFoldResult chunkBegin, chunkEnd;
  // An operand copied so that each step of a block of lanes is one row, the rows of a block one after another and the
  // blocks too: block i, of `width` lanes, begins at i * width * steps of a chunk. All blocks of a chunk are copied
  // before the first is used, so that the copy reads what lies together.
  struct Panel {
    unsigned access;
    Value memory;
    SmallVector<int64_t> steps; // rows of a block from one index of a reduction to the next
    int64_t stepsInAll = 0;
    int64_t stride(unsigned r, int64_t width) const { return steps[r] * width; }
  };
  struct Blocks { // of lanes, from..to by width; the last vector of each has `last` lanes
    OpFoldResult from, to;
    int64_t vectors, lanes;
    OpFoldResult last;
    int64_t width() const { return vectors * lanes; }
  };
  int64_t panelWidth = 0; // of the block being emitted
  SmallVector<Panel> panels;
  bool packsAll = false;     // all blocks of a chunk have room; else each is copied just before it is used
  bool firstCopies = false;  // or by its first tile of rows
  bool copying = false;      // emitting that tile
  SmallVector<Value> copyTo; // where it stands in each panel
  struct Next {              // where the next block of lanes begins in an operand
    unsigned access;
    Value position;
  };
  SmallVector<Next> next;
  int64_t nextLines = 0, nextTiles = 0; // lines of a step, and the tiles that share those of all steps
  // The next chunk of panels that are there already comes to the second cache while tiles work on this one.
  bool fetchesChunks = false;
  // An operand that the lanes share, all rows of a chunk in one place: rows far apart in memory fall into the same sets
  // of the first cache, and every block of lanes reads them again. Where rows lie together and steps far apart, the
  // rows of a tile follow each other step by step, tile after tile: it reads a line for a few of its elements
  // otherwise.
  struct RowBlock {
    unsigned access;
    Access source;
    bool byTiles;
  };
  SmallVector<RowBlock> rowBlocks;

  int64_t insideFrom = 0, insideTo = 0; // rows of the tile that read no zeros around an image; the others stay

  static constexpr int64_t lineElements = 16; // of a line of the caches

  OpFoldResult attr(int64_t value) { return builder.getIndexAttr(value); }
  Value asValue(OpFoldResult value) { return getValueOrCreateConstantIndexOp(builder, loc, value); }
  bool isPacked(unsigned access) const { return plan.packed[access]; }
  static bool isSmall(int64_t rows, int64_t vectors) { // a tile: few multiply-adds a step
    constexpr int64_t fewOperations = 16;
    return rows * vectors <= fewOperations;
  }
  int64_t rowStride(const Access &access) const { return plan.row < 0 ? 0 : access.strides[plan.row]; }

  // A short loop through which an operand is read on, line by line.
  bool goesOn(unsigned d) const {
    constexpr int64_t fewStreams = 16;
    return reductions.empty() && !ShapedType::isDynamic(nest.sizes[d]) && nest.sizes[d] <= fewStreams &&
           llvm::any_of(nest.accesses, [&](const Access &access) {
             return !access.isScalar() && !access.written && access.strides[plan.lane] == 1 &&
                    access.strides[d] == nest.sizes[plan.lane];
           });
  }

  void chooseChunk() {
    if (reductions.empty())
      return;
    Chunk chunk = ready ? Chunk{0, nest.sizes[reductions[0]], false} : chunkOf(nest, plan, target);
    chunkAt = chunk.at;
    chunkSize = chunk.size;
    chunked = chunk.several;
    chunkBegin = attr(0);
    chunkEnd = nest.extents[reductions[chunkAt]];
    fetchesChunks = hasPanels(nest) && comeFromAfar(nest, plan, target);
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

  int64_t stepsInAll() const {
    int64_t steps = 1;
    for (unsigned r : reductions)
      steps *= nest.sizes[r];
    return steps;
  }
  int64_t chunkSteps() const {
    int64_t steps = chunkSize;
    for (unsigned r = chunkAt + 1; r < reductions.size(); ++r)
      steps *= nest.sizes[reductions[r]];
    return steps;
  }

  // Where the copy of operand `i` has its elements: by tiles, or row by row, a few elements apart from a multiple of a
  // cache's way.
  RowBlock rowBlockOf(unsigned i) {
    RowBlock block{i, nest.accesses[i], nest.accesses[i].strides[plan.row] == 1};
    Access copy = block.source;
    copy.strides.assign(nest.loops(), 0);
    copy.offset = 0;
    int64_t stride = 1;
    auto place = [&](unsigned d, int64_t size) {
      copy.strides[d] = stride;
      stride *= size;
    };
    if (block.byTiles)
      stride = plan.rows;
    for (unsigned r = reductions.size(); r-- > chunkAt;)
      place(reductions[r], r == chunkAt ? chunkSize : nest.sizes[reductions[r]]);
    if (block.byTiles) { // a tile begins `plan.rows` rows on; whole vectors may be stored at the end of its last step
      copy.strides[plan.row] = stride / plan.rows + llvm::divideCeil(lanes, plan.rows);
      stride = copy.strides[plan.row] * llvm::alignTo(nest.sizes[plan.row], plan.rows);
    } else {
      stride = llvm::alignTo(stride, lineElements) + lineElements;
      place(plan.row, nest.sizes[plan.row]);
    }
    copy.flat = scratchMemory(nest, stride + lineElements, copy.element, builder); // and at the end of a line
    copies.push_back(copy);
    return block;
  }
  SmallVector<Access> copies; // of rowBlocks, in their order

  // Copies this chunk of the operands the lanes share; from then on they are read from the copy.
  Cursor packRows(const Cursor &cursor) {
    Cursor result = cursor;
    for (auto [block, copy] : llvm::zip(rowBlocks, copies)) {
      nest.accesses[block.access] = block.source;
      SmallVector<unsigned> dims; // outer ones first, the contiguous one last
      if (!block.byTiles)
        dims.push_back(plan.row);
      for (unsigned r = chunkAt; r < reductions.size(); ++r)
        dims.push_back(reductions[r]);
      if (block.byTiles)
        dims.push_back(plan.row);
      Value begin = asValue(chunkBegin);
      Value base = builder.createOrFold<arith::SubIOp>(
          loc, constantIndex(builder, loc, 0), scaleIndex(builder, loc, begin, copy.strides[reductions[chunkAt]]));
      copyRows(block, copy, cursor, base, dims);
      nest.accesses[block.access] = copy;
      result.positions[block.access] = base;
    }
    return result;
  }

  void copyRows(const RowBlock &block, const Access &copy, const Cursor &cursor, Value target,
                ArrayRef<unsigned> dims) {
    unsigned d = dims.front();
    bool chunk = d == reductions[chunkAt] && chunked;
    OpFoldResult from = chunk ? chunkBegin : attr(0), to = chunk ? chunkEnd : nest.extents[d];
    auto moved = [&](const Cursor &at) {
      return addIndex(builder, loc, target, scaleIndex(builder, loc, at.indices[d], copy.strides[d]));
    };
    if (dims.size() > 1) {
      loopOver(nest, cursor, d, from, to, 1, {}, builder, [&](const Cursor &at, ValueRange) {
        copyRows(block, copy, at, moved(at), dims.drop_front());
        return SmallVector<Value>();
      });
      return;
    }
    int64_t stride = block.source.strides[d];
    auto copyLanes = [&](const Cursor &at, OpFoldResult count, int64_t first = 0) {
      Value from = addIndex(builder, loc, at.positions[block.access], first);
      Value value = loadLanes(builder, loc, block.source.flat, from, stride, plan.lanes, count);
      storeLanes(builder, loc, value, copy.flat, addIndex(builder, loc, moved(at), first), 1, plan.lanes,
                 attr(plan.lanes));
    };
    if (block.byTiles) {
      auto copyTiles = [&](int64_t begin, int64_t end, int64_t rows) {
        loopOver(nest, cursor, d, attr(begin), attr(end), plan.rows, {}, builder, [&](const Cursor &at, ValueRange) {
          for (int64_t row = 0; row < rows; row += plan.lanes)
            copyLanes(at, attr(std::min(plan.lanes, rows - row)), row);
          return SmallVector<Value>();
        });
      };
      int64_t size = nest.sizes[d], main = size / plan.rows * plan.rows;
      copyTiles(0, main, plan.rows);
      copyTiles(main, size, size - main);
      return;
    }
    auto first = getConstantIntValue(from), end = getConstantIntValue(to);
    OpFoldResult whole, rest;
    if (first && end) {
      whole = attr(*first + (*end - *first) / plan.lanes * plan.lanes);
      rest = attr((*end - *first) % plan.lanes);
    } else {
      Value length = builder.createOrFold<arith::SubIOp>(loc, asValue(to), asValue(from));
      Value left = builder.createOrFold<arith::RemUIOp>(loc, length, asValue(attr(plan.lanes)));
      rest = left;
      whole = builder.createOrFold<arith::SubIOp>(loc, asValue(to), left);
    }
    loopOver(nest, cursor, d, from, whole, plan.lanes, {}, builder, [&](const Cursor &at, ValueRange) {
      copyLanes(at, attr(plan.lanes));
      return SmallVector<Value>();
    });
    if (getConstantIntValue(rest) == 0)
      return;
    copyLanes(cursor.at(nest, d, asValue(whole), builder), rest);
  }

  void overOuter(ArrayRef<unsigned> dims, const Cursor &cursor) {
    if (dims.empty())
      return overOuterReductions(0, cursor);
    loopOver(nest, cursor, dims[0], attr(0), nest.extents[dims[0]], 1, {}, builder, [&](const Cursor &at, ValueRange) {
      overOuter(dims.drop_front(), at);
      return SmallVector<Value>();
    });
  }

  void overOuterReductions(unsigned r, const Cursor &cursor) {
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
  SmallVector<Blocks> blocksOfLanes() {
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

  void overLanes(const Cursor &cursor) {
    int64_t all = lanes;
    SmallVector<Blocks> blocks = blocksOfLanes();
    if (packsAll && !ready)
      for (const Blocks &each : blocks)
        packBlocks(cursor, each);
    for (const Blocks &each : blocks) {
      lanes = each.lanes;
      panelWidth = each.width();
      loopOver(nest, cursor, plan.lane, each.from, each.to, each.width(), {}, builder,
               [&](const Cursor &at, ValueRange) {
                 Cursor inside = packsAll || firstCopies ? at : pack(at, each);
                 if (firstCopies)
                   copyInTile(at, each);
                 announceNext(at, each);
                 for (const Panel &panel : panels) {
                   Value base = packsAll ? scaleIndex(builder, loc, at.indices[plan.lane], panel.stepsInAll)
                                         : constantIndex(builder, loc, 0);
                   inside.positions[panel.access] = beforeChunk(base, panel.stride(chunkAt, each.width()));
                 }
                 overLoops(nest, inside, shared, builder,
                           [&](const Cursor &row) { overRows(row, each.vectors, each.last); });
                 next.clear();
                 return SmallVector<Value>();
               });
    }
    lanes = all;
  }

  // Positions count from the first index of a loop, a chunk's copy begins at the chunk's.
  Value beforeChunk(Value base, int64_t stride) {
    return builder.createOrFold<arith::SubIOp>(loc, base, scaleIndex(builder, loc, asValue(chunkBegin), stride));
  }

  // The first rows of a block, which copy what they read.
  void copyInTile(const Cursor &cursor, const Blocks &blocks) {
    for (const Panel &panel : panels)
      copyTo.push_back(beforeChunk(constantIndex(builder, loc, 0), panel.stride(chunkAt, blocks.width())));
    copying = true;
    tile(cursor.at(nest, plan.row, constantIndex(builder, loc, 0), builder), plan.rows, blocks.vectors, blocks.last);
    copying = false;
    copyTo.clear();
  }

  void prefetch(const Access &access, Value position) {
    memref::PrefetchOp::create(builder, loc, access.flat, position, /*isWrite=*/false, /*localityHint=*/2,
                               /*isDataCache=*/true);
  }

  // What the next block of lanes will read, step by step from far apart, comes to the second cache while tiles of rows
  // work on this one.
  void announceNext(const Cursor &cursor, const Blocks &blocks) {
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
  void fetchNextStep(const Cursor &cursor) {
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
  void fetchNext(const Cursor &cursor) {
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
        position =
            addIndex(builder, loc, position, scaleIndex(builder, loc, indices[r], access.strides[reductions[r]]));
      prefetch(access, position);
    }
  }

  void overRows(const Cursor &cursor, int64_t vectors, OpFoldResult last) {
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
          loopOver(nest, cursor, plan.row, attr(main), attr(main + 1), 1, {}, builder,
                   [&](const Cursor &at, ValueRange) {
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

  // The dimension of the chunk along which the packed operand is contiguous, if the lanes are not.
  int alongOf(const Access &access) {
    int along = -1;
    for (unsigned r = chunkAt; r < reductions.size(); ++r)
      if (access.strides[reductions[r]] == 1 && access.strides[plan.lane] != 1)
        along = r;
    return along;
  }

  // Copies what this chunk and block of lanes reads of each packed operand: a row of lanes a step.
  Cursor pack(const Cursor &cursor, const Blocks &blocks) {
    for (const Panel &panel : panels) {
      const Access &access = nest.accesses[panel.access];
      Value base = beforeChunk(constantIndex(builder, loc, 0), panel.stride(chunkAt, blocks.width()));
      packLoops(panel, access, cursor, base, chunkAt, alongOf(access), blocks, nullptr);
    }
    return cursor;
  }

  // The same for all of `blocks`: the innermost loop is over them where a step's lanes lie together.
  void packBlocks(const Cursor &cursor, const Blocks &blocks) {
    for (const Panel &panel : panels) {
      const Access &access = nest.accesses[panel.access];
      Value base = beforeChunk(constantIndex(builder, loc, 0), panel.stride(chunkAt, blocks.width()));
      packLoops(panel, access, cursor, base, chunkAt, -1, blocks, &blocks);
    }
  }

  // From the loop of reduction `r` on; `over`: blocks that the innermost loop runs over, null where the cursor stands
  // at the one.
  void packLoops(const Panel &panel, const Access &access, const Cursor &cursor, Value target, unsigned r, int along,
                 const Blocks &blocks, const Blocks *over) {
    int64_t vectors = blocks.vectors, width = blocks.width();
    OpFoldResult last = blocks.last;
    if (r < reductions.size()) {
      if ((int)r == along)
        return packLoops(panel, access, cursor, target, r + 1, along, blocks, over);
      unsigned d = reductions[r];
      OpFoldResult from = r == chunkAt ? chunkBegin : attr(0), to = r == chunkAt ? chunkEnd : nest.extents[d];
      loopOver(nest, cursor, d, from, to, 1, {}, builder, [&](const Cursor &at, ValueRange) {
        Value position =
            addIndex(builder, loc, target, scaleIndex(builder, loc, at.indices[d], panel.stride(r, width)));
        packLoops(panel, access, at, position, r + 1, along, blocks, over);
        return SmallVector<Value>();
      });
      return;
    }
    int64_t stride = access.strides[plan.lane];
    auto copyStep = [&](const Cursor &at, Value position) {
      for (int64_t v = 0; v < vectors; ++v) {
        OpFoldResult count = v + 1 == vectors ? last : attr(lanes);
        Value from = addIndex(builder, loc, at.positions[panel.access], v * lanes * stride);
        Value row = loadLanes(builder, loc, access.flat, from, stride, lanes, count);
        storeLanes(builder, loc, row, panel.memory, addIndex(builder, loc, position, v * lanes), 1, lanes, attr(lanes));
      }
    };
    if (over) {
      loopOver(nest, cursor, plan.lane, over->from, over->to, width, {}, builder, [&](const Cursor &at, ValueRange) {
        copyStep(at, addIndex(builder, loc, target, scaleIndex(builder, loc, at.indices[plan.lane], panel.stepsInAll)));
        return SmallVector<Value>();
      });
      return;
    }
    if (along < 0)
      return copyStep(cursor, target);
    unsigned d = reductions[along];
    OpFoldResult from = along == (int)chunkAt ? chunkBegin : attr(0),
                 to = along == (int)chunkAt ? chunkEnd : nest.extents[d];
    auto place = [&](const Cursor &at) {
      return addIndex(builder, loc, target, scaleIndex(builder, loc, at.indices[d], panel.stride(along, width)));
    };
    // blocks of lanes x lanes through registers; a computed number of lanes goes one by one
    OpFoldResult whole = from;
    if (getConstantIntValue(last)) {
      auto first = getConstantIntValue(from), end = getConstantIntValue(to);
      if (first && end)
        whole = attr(*first + (*end - *first) / lanes * lanes);
      else {
        Value length = builder.createOrFold<arith::SubIOp>(loc, asValue(to), asValue(from));
        Value rest = builder.createOrFold<arith::RemUIOp>(loc, length, asValue(attr(lanes)));
        whole = builder.createOrFold<arith::SubIOp>(loc, asValue(to), rest);
      }
      loopOver(nest, cursor, d, from, whole, lanes, {}, builder, [&](const Cursor &at, ValueRange) {
        Value position = place(at);
        for (int64_t v = 0; v < vectors; ++v) {
          int64_t count = v + 1 == vectors ? *getConstantIntValue(last) : lanes;
          SmallVector<Value> block;
          Value empty;
          for (int64_t lane = 0; lane < lanes; ++lane) {
            if (lane < count) {
              Value line = addIndex(builder, loc, at.positions[panel.access], (v * lanes + lane) * stride);
              block.push_back(loadLanes(builder, loc, access.flat, line, 1, lanes, attr(lanes)));
            } else {
              if (!empty)
                empty = zero(builder, loc, VectorType::get({lanes}, access.element));
              block.push_back(empty);
            }
          }
          block = transpose(builder, loc, block);
          for (int64_t i = 0; i < lanes; ++i)
            storeLanes(builder, loc, block[i], panel.memory,
                       addIndex(builder, loc, position, i * panel.stride(along, width) + v * lanes), 1, lanes,
                       attr(lanes));
        }
        return SmallVector<Value>();
      });
    }
    loopOver(nest, cursor, d, whole, to, 1, {}, builder, [&](const Cursor &at, ValueRange) {
      copyStep(at, place(at));
      return SmallVector<Value>();
    });
  }

  OpFoldResult countOf(int64_t v, int64_t vectors, OpFoldResult last) { return v + 1 == vectors ? last : attr(lanes); }

  // The value of access `i` for row `u`, vector `v` at `cursor`.
  Value load(const Cursor &cursor, unsigned i, int64_t u, int64_t v, int64_t vectors, OpFoldResult last) {
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

  // Of a panel's next chunk each pass of tiles over this one asks for its share, evenly over the steps: what comes from
  // memory comes while all of them compute. After the last chunk follows the next task's first one.
  void fetchNextChunk(const Cursor &cursor, const Access &access, Value position) {
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
      isLast = arith::AndIOp::create(builder, loc, isLast,
                                     isAt(cursor.indices[reductions[r]], nest.sizes[reductions[r]] - 1));
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
  void fetchAhead(const Cursor &cursor, const Access &access, Value position, int64_t v, OpFoldResult count) {
    constexpr int64_t ahead = 16;
    unsigned d = reductions.back();
    int64_t size = nest.sizes[d], stride = access.strides[d];
    if (v * lanes % lineElements || std::abs(stride) <= plan.vectors * lanes || size <= ahead ||
        getConstantIntValue(count) != lanes)
      return;
    Value index = cursor.indices[d];
    Value later = arith::MinSIOp::create(builder, loc, addIndex(builder, loc, index, ahead),
                                         constantIndex(builder, loc, size - 1));
    Value distance = arith::SubIOp::create(builder, loc, later, index);
    Value there = addIndex(builder, loc, position, scaleIndex(builder, loc, distance, stride));
    memref::PrefetchOp::create(builder, loc, access.flat, there, /*isWrite=*/false, /*localityHint=*/3,
                               /*isDataCache=*/true);
  }

  // Lines of results that no cache of the core holds come while the sum is made, which a store would wait for.
  void fetchResults(const Cursor &cursor, int64_t rows, int64_t vectors) {
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

  void tile(const Cursor &cursor, int64_t rows, int64_t vectors, OpFoldResult last) {
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

  void store(const Cursor &cursor, Value value, int64_t u, int64_t v, unsigned o, int64_t vectors, OpFoldResult last) {
    const Access &access = nest.output(o);
    int64_t stride = access.strides[plan.lane];
    Value position =
        addIndex(builder, loc, cursor.positions[nest.inputs + o], u * rowStride(access) + v * lanes * stride);
    storeLanes(builder, loc, value, access.flat, position, stride, lanes, countOf(v, vectors, last), access.streamed);
  }

  SmallVector<Value> reduce(unsigned r, const Cursor &cursor, ValueRange results, int64_t rows, int64_t vectors,
                            OpFoldResult last) {
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
      std::tie(from, to) = bounded(r, cursor, from, to);
    return loopOver(nest, cursor, d, from, to, together, results, builder, body);
  }

  // Where a tile has all rows of an image, each tap is code of its own, for the rows that read the image at it.
  const Bound *boundOfRows(unsigned r, int64_t rows) const {
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
  std::pair<OpFoldResult, OpFoldResult> bounded(unsigned r, const Cursor &cursor, OpFoldResult from, OpFoldResult to) {
    auto number = [&](int64_t value) { return asValue(attr(value)); };
    for (const Bound &bound : nest.bounds) {
      if (bound.place >= 0 && (!cursor.indices[bound.place] || bound.place == plan.row || bound.place == plan.lane))
        continue;
      Value base = number(0);
      if (bound.place >= 0)
        base = scaleIndex(builder, loc, cursor.indices[bound.place], bound.byPlace);
      Value first = builder.createOrFold<arith::SubIOp>(loc, asValue(bound.first), base);
      Value end = builder.createOrFold<arith::SubIOp>(loc, asValue(bound.end), base);
      if (bound.step == reductions[r] && stepsTogether(r, plan.rows, plan.vectors) == 1) {
        auto steps = [&](Value distance) { // so many until it is passed
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
  int64_t stepsTogether(unsigned r, int64_t rows, int64_t vectors) const {
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
  SmallVector<Value> evaluatePair(ArrayRef<Value> first, ArrayRef<Value> second,
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
  SmallVector<Value> evaluate(const Cursor &cursor, int64_t rows, int64_t vectors, OpFoldResult last,
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
};

} // namespace

LogicalResult emitTile(const Nest &nest, const TilePlan &plan, const Target &target, OpBuilder &builder,
                       const ReadyPanel *ready) {
  TileEmitter(nest, plan, target, builder, ready).emit();
  return success();
}

} // namespace nnc::codegen::cpu
