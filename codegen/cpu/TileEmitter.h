// What emits the loops of a tile plan. Its parts: the loops and the tile itself (Tile.cpp), copies of operands
// (TileCopies.cpp), and lines that are asked for before they are read (TileFetches.cpp).
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "nnc/codegen/cpu/Tile.h"

namespace nnc::codegen::cpu {

class TileEmitter {
public:
  TileEmitter(const Nest &nest, const TilePlan &plan, const Target &target, mlir::OpBuilder &builder,
              const ReadyPanel *ready)
      : nest(nest), plan(plan), target(target), builder(builder), ready(ready), loc(nest.op->getLoc()),
        lanes(plan.lanes), reductions(nest.dims(true)), insideTo(plan.rows) {}

  void emit();

private:
  Nest nest; // its own: an operand that is copied is from then on the copy
  const TilePlan &plan;
  const Target &target;
  mlir::OpBuilder &builder;
  const ReadyPanel *ready;
  mlir::Location loc;
  int64_t lanes; // plan.lanes, but 1 in a tail that goes one by one
  llvm::SmallVector<unsigned> reductions;
  llvm::SmallVector<unsigned> shared; // parallel loops that run inside a chunk, on one copy of its operands

  // Reductions before `chunkAt` run outside the tiles; of reductions[chunkAt] a tile sees `chunkSize` steps, of the
  // later ones all.
  unsigned chunkAt = 0;
  int64_t chunkSize = 0;
  bool chunked = false;
  mlir::OpFoldResult chunkBegin, chunkEnd;
  // An operand copied so that each step of a block of lanes is one row, the rows of a block one after another and the
  // blocks too: block i, of `width` lanes, begins at i * width * steps of a chunk. All blocks of a chunk are copied
  // before the first is used, so that the copy reads what lies together.
  struct Panel {
    unsigned access;
    mlir::Value memory;
    llvm::SmallVector<int64_t> steps; // rows of a block from one index of a reduction to the next
    int64_t stepsInAll = 0;
    int64_t stride(unsigned r, int64_t width) const { return steps[r] * width; }
  };
  struct Blocks { // of lanes, from..to by width; the last vector of each has `last` lanes
    mlir::OpFoldResult from, to;
    int64_t vectors, lanes;
    mlir::OpFoldResult last;
    int64_t width() const { return vectors * lanes; }
  };
  int64_t panelWidth = 0; // of the block being emitted
  llvm::SmallVector<Panel> panels;
  bool packsAll = false;                 // all blocks of a chunk have room; else each is copied just before it is used
  bool firstCopies = false;              // or by its first tile of rows
  bool copying = false;                  // emitting that tile
  llvm::SmallVector<mlir::Value> copyTo; // where it stands in each panel
  struct Next {                          // where the next block of lanes begins in an operand
    unsigned access;
    mlir::Value position;
  };
  llvm::SmallVector<Next> next;
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
  llvm::SmallVector<RowBlock> rowBlocks;
  llvm::SmallVector<Access> copies; // of rowBlocks, in their order

  int64_t insideFrom = 0, insideTo = 0; // rows of the tile that read no zeros around an image; the others stay

  static constexpr int64_t lineElements = 16; // of a line of the caches

  mlir::OpFoldResult attr(int64_t value) { return builder.getIndexAttr(value); }
  mlir::Value asValue(mlir::OpFoldResult value) { return mlir::getValueOrCreateConstantIndexOp(builder, loc, value); }
  bool isPacked(unsigned access) const { return plan.packed[access]; }
  static bool isSmall(int64_t rows, int64_t vectors) { // a tile: few multiply-adds a step
    constexpr int64_t fewOperations = 16;
    return rows * vectors <= fewOperations;
  }
  int64_t rowStride(const Access &access) const { return plan.row < 0 ? 0 : access.strides[plan.row]; }

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
  mlir::OpFoldResult countOf(int64_t v, int64_t vectors, mlir::OpFoldResult last) {
    return v + 1 == vectors ? last : attr(lanes);
  }
  // Positions count from the first index of a loop, a chunk's copy begins at the chunk's.
  mlir::Value beforeChunk(mlir::Value base, int64_t stride) {
    return builder.createOrFold<mlir::arith::SubIOp>(loc, base, scaleIndex(builder, loc, asValue(chunkBegin), stride));
  }

  // Tile.cpp: loops around tiles
  bool goesOn(unsigned d) const;
  void chooseChunk();
  void overOuter(llvm::ArrayRef<unsigned> dims, const Cursor &cursor);
  void overOuterReductions(unsigned r, const Cursor &cursor);
  llvm::SmallVector<Blocks> blocksOfLanes();
  void overLanes(const Cursor &cursor);
  void copyInTile(const Cursor &cursor, const Blocks &blocks);
  void overRows(const Cursor &cursor, int64_t vectors, mlir::OpFoldResult last);
  // and tiles
  mlir::Value load(const Cursor &cursor, unsigned i, int64_t u, int64_t v, int64_t vectors, mlir::OpFoldResult last);
  void tile(const Cursor &cursor, int64_t rows, int64_t vectors, mlir::OpFoldResult last);
  void store(const Cursor &cursor, mlir::Value value, int64_t u, int64_t v, unsigned o, int64_t vectors,
             mlir::OpFoldResult last);
  llvm::SmallVector<mlir::Value> reduce(unsigned r, const Cursor &cursor, mlir::ValueRange results, int64_t rows,
                                        int64_t vectors, mlir::OpFoldResult last);
  const Bound *boundOfRows(unsigned r, int64_t rows) const;
  std::pair<mlir::OpFoldResult, mlir::OpFoldResult> bounded(unsigned r, const Cursor &cursor, mlir::OpFoldResult from,
                                                            mlir::OpFoldResult to, int64_t together);
  int64_t stepsTogether(unsigned r, int64_t rows, int64_t vectors) const;
  llvm::SmallVector<mlir::Value> evaluatePair(llvm::ArrayRef<mlir::Value> first, llvm::ArrayRef<mlir::Value> second,
                                              llvm::function_ref<mlir::Value(unsigned, int64_t)> index);
  llvm::SmallVector<mlir::Value> evaluate(const Cursor &cursor, int64_t rows, int64_t vectors, mlir::OpFoldResult last,
                                          mlir::ValueRange carried);

  // TileCopies.cpp
  RowBlock rowBlockOf(unsigned i);
  Cursor packRows(const Cursor &cursor);
  void copyRows(const RowBlock &block, const Access &copy, const Cursor &cursor, mlir::Value target,
                llvm::ArrayRef<unsigned> dims);
  int alongOf(const Access &access);
  Cursor pack(const Cursor &cursor, const Blocks &blocks);
  void packBlocks(const Cursor &cursor, const Blocks &blocks);
  void packLoops(const Panel &panel, const Access &access, const Cursor &cursor, mlir::Value target, unsigned r,
                 int along, const Blocks &blocks, const Blocks *over);

  // TileFetches.cpp
  void prefetch(const Access &access, mlir::Value position);
  void announceNext(const Cursor &cursor, const Blocks &blocks);
  void fetchNextStep(const Cursor &cursor);
  void fetchNext(const Cursor &cursor);
  void fetchNextChunk(const Cursor &cursor, const Access &access, mlir::Value position);
  void fetchAhead(const Cursor &cursor, const Access &access, mlir::Value position, int64_t v,
                  mlir::OpFoldResult count);
  void fetchResults(const Cursor &cursor, int64_t rows, int64_t vectors);
};

} // namespace nnc::codegen::cpu
