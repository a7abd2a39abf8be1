// The one generator for everything computed lane by lane over a parallel dimension: contractions (dot, convolution and
// its gradients), reductions over other dimensions than the lanes', and elementwise work.
//
// A tile is `rows` x `vectors` registers of results: lanes run along dimension `lane`, rows along dimension `row`. All
// reductions run inside a tile with its results in registers, each result one chain in the order of the reduction
// loops: no choice made here changes a bit.
#pragma once
#include "nnc/codegen/Target.h"
#include "nnc/codegen/cpu/LaneBody.h"

namespace nnc::codegen::cpu {

struct TilePlan {
  int lane = -1, row = -1;
  int64_t lanes = 8, rows = 1, vectors = 1;
  bool partial = true;            // lanes past the end may be computed; otherwise the tail goes one by one
  bool paired = false;            // two vectors go through the body as one
  bool transposed = false;        // rows == lanes: operands contiguous along `row` are read as rows and transposed
  llvm::SmallVector<bool> packed; // an access each: copied to a panel contiguous along the lanes
  int kept = -1;   // nothing is packed, but this access is read again from the cache by tile after tile of a chunk
  double cost = 0; // estimated cycles an element and step
};

/// The cheapest tile, if any dimension has room for lanes; with lanes along loop `along`, if it is given.
std::optional<TilePlan> planTile(const Nest &nest, const BodyTraits &traits, const Target &target, int along = -1);

/// Does the parallel loop, neither lane nor row, run inside a chunk: does it leave every copied or kept operand where
/// it is?
bool sharesCopies(const Nest &nest, const TilePlan &plan, unsigned loop);

/// How many tiles of rows, through all loops that share copies, read the same part of the lanes' operand.
int64_t tilesOfRows(const Nest &nest, const TilePlan &plan);

/// Do panels come from memory or the third cache while they are computed with: large ones, weights of a small image,
/// which few tiles read?
bool comeFromAfar(const Nest &nest, const TilePlan &plan, const Target &target);

/// Are operands copied by the first tile of rows, which stores what it loads, and not in a pass of their own? A tile
/// waits for its multiply-adds, so the stores take no time.
bool copiesInTile(const Nest &nest, const TilePlan &plan);

/// Which part of the reduction a tile sees at once. What is packed at once should stay in the first cache: then the
/// reduction comes in chunks, with the results in memory between them (and destinations must hold their initial
/// values).
struct Chunk {
  unsigned at =
      0; // reductions before this one run outside the tiles; of this one a tile sees `size` steps, of later ones all
  int64_t size = 0;
  bool several = false;
};
Chunk chunkOf(const Nest &nest, const TilePlan &plan, const Target &target);

/// A packed operand that somebody else has copied, the whole sum's steps at once: block i of lanes, of as many vectors
/// as the plan has (the last perhaps of fewer), begins at i * (steps + 1) rows of its width. The row behind the last
/// step holds nothing: the copy may store past the end of a row.
struct ReadyPanel {
  unsigned access = 0;
  mlir::Value memory; // flat
};
mlir::LogicalResult emitTile(const Nest &nest, const TilePlan &plan, const Target &target, mlir::OpBuilder &builder,
                             const ReadyPanel *ready = nullptr);

/// Sums and the like along the lanes themselves: a fixed number of partial results, which depends on the shape alone,
/// joined by a fixed tree (LaneReduction.cpp).
struct LaneReductionPlan {
  unsigned dim = 0;
  int64_t lanes = 0;  // partial results
  int64_t piece = 0;  // so many of them are one vector: a body of many operations has registers for few
  int64_t pieces = 1; // so many vectors are computed at once: where results are, too, there are passes of fewer
  llvm::SmallVector<unsigned> block;              // loops of results that are computed at once, inner ones first
  bool partial = true;                            // as in a TilePlan
  llvm::SmallVector<mlir::Operation *> combiners; // a result each
};
std::optional<LaneReductionPlan> planLaneReduction(const Nest &nest, const BodyTraits &traits, const Target &target);
mlir::LogicalResult emitLaneReduction(Nest &nest, const LaneReductionPlan &plan, mlir::OpBuilder &builder);

} // namespace nnc::codegen::cpu
