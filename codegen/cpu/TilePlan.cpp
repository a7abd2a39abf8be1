// Which dimension gets the lanes, which the rows, and how many registers: the cheapest by a small model of the
// processor.
#include "nnc/codegen/cpu/Tile.h"
#include <numeric>

using namespace mlir;

namespace nnc::codegen::cpu {

namespace {

// What one step of a tile touches, as seen from a choice of lane and row dimension.
struct Costs {
  const Nest &nest;
  const BodyTraits &traits;
  int lane, row;
  double lanes;
  ArrayRef<bool> packed;
  bool reduces, panels;
  double instructions;      // a cycle
  bool nearWindows = false; // what is read for a row is read again for the next ones

  int64_t stride(const Access &access, int dim) const { return dim < 0 ? 0 : access.strides[dim]; }

  double loads(int64_t rows, int64_t vectors) const {
    double total = 0;
    for (unsigned i = 0; i < nest.accesses.size(); ++i) {
      const Access &access = nest.accesses[i];
      if (access.isScalar() || (access.written && (reduces || !access.read)))
        continue;
      int64_t along = stride(access, lane);
      double each = along == 0 || along == 1 || packed[i] ? 1 : along == -1 ? 2 : along == 2 ? 3 : 1.5 * lanes;
      // a vector for each row and column is read once, at addresses that cross cache lines
      if (along == 1 && stride(access, row) != 0 && reduces && !nearWindows)
        each = 1.5;
      total += each * (stride(access, row) != 0 ? rows : 1) * (along != 0 ? vectors : 1);
    }
    return total;
  }

  double step(int64_t rows, int64_t vectors) const {
    double arithmetic = double(rows * vectors) * std::max(1u, traits.ops), memory = loads(rows, vectors);
    // two of each a cycle, some instructions in all, and a chain of additions takes four
    double cycles = std::max({arithmetic / 2, memory / 2, (arithmetic + memory) / instructions, reduces ? 4.0 : 0.0});
    // with whole panels in order, loads are what is left to spare
    return cycles + 0.75 + (panels ? 0.1 * memory : 0);
  }
};

} // namespace

static constexpr int64_t cacheWay = 4096; // bytes

static int64_t known(int64_t size) { return ShapedType::isDynamic(size) ? 64 : size; }

// Vector registers a tile needs.
static int64_t registersOf(const Nest &nest, const BodyTraits &traits, int lane, int row, int64_t rows, int64_t vectors,
                           bool reduces) {
  int64_t needed = (reduces ? nest.outputs() : 1) * rows * vectors;
  bool single = false;
  for (unsigned i = 0; i < nest.inputs; ++i) {
    const Access &access = nest.accesses[i];
    if (access.isScalar())
      continue;
    bool along = access.strides[lane] != 0, down = row >= 0 && access.strides[row] != 0;
    if (along && !down && reduces && rows > 1)
      needed += vectors; // kept while the rows go by
    else
      single = true;
  }
  return needed + single + (traits.ops > 1 ? 2 : 0);
}

// Of `rows` rows of an operand that is read where it lies, so many lines of the first cache fall into one set.
static int64_t linesInASet(const Access &access, int row, int64_t rows) {
  int64_t bytes = elementBytes(access.element);
  int64_t stride = std::abs(access.strides[row]) * bytes;
  return stride <= bytes ? 1 : llvm::divideCeil(rows, cacheWay / std::gcd(stride, cacheWay));
}

// Is an operand that all lanes share worth a copy: several blocks of lanes read it, from the same few sets of the first
// cache, and the copy stays in the second?
static bool isReadAgain(int64_t rows, double steps, const Access &access, int row, const Target &target) {
  constexpr int64_t mostElements = 128 << 10, tileRows = 6;
  return rows >= 4 && steps >= 32 && linesInASet(access, row, tileRows) > int64_t(target.l1Bytes) / cacheWay / 2 &&
         double(rows) * std::min(steps, 512.0) <= mostElements;
}

// The same where rows lie together and steps far apart: a tile of few rows reads a part of each step's line, and the
// first cache does not keep the lines of all steps for the next tile. Tiles of 32 registers read most of a line.
static bool isReadInParts(int64_t rows, double steps, const Access &access, int row, unsigned inner,
                          const Target &target) {
  constexpr int64_t lineBytes = 64, leastRows = 8, mostRows = 1024; // of which the second cache holds 64 steps
  int64_t bytes = std::abs(access.strides[inner]) * elementBytes(access.element);
  if (target.registers > 16 || access.strides[row] != 1 || bytes < lineBytes || rows < leastRows || rows > mostRows)
    return false;
  int64_t sets = std::min(cacheWay / std::gcd(bytes, cacheWay), cacheWay / lineBytes);
  return steps > double(sets * target.l1Bytes / cacheWay) / 2;
}

bool sharesCopies(const Nest &nest, const TilePlan &plan, unsigned loop) {
  if (plan.kept >= 0)
    return nest.accesses[plan.kept].strides[loop] == 0;
  bool any = false;
  for (auto [access, isPacked] : llvm::zip(nest.accesses, plan.packed))
    if (isPacked || access.panelLoop >= 0) {
      any = true;
      if (access.strides[loop] != 0)
        return false;
    }
  return any;
}

bool copiesInTile(const Nest &nest, const TilePlan &plan) {
  if (plan.row < 0 || nest.sizes[plan.row] < 2 * plan.rows) // fewer where it is not known
    return false;
  bool any = false;
  for (auto [access, packed] : llvm::zip(nest.accesses, plan.packed))
    if (packed && access.strides[plan.lane] != 0) {
      any = true;
      if (access.strides[plan.lane] != 1)
        return false;
    }
  return any && llvm::none_of(nest.dims(false), [&](unsigned d) {
           return int(d) != plan.lane && int(d) != plan.row && sharesCopies(nest, plan, d);
         });
}

std::optional<TilePlan> planTile(const Nest &nest, const BodyTraits &traits, const Target &target, int along) {
  if (!traits.lanes)
    return std::nullopt;
  SmallVector<unsigned> parallel = nest.dims(false), reductions = nest.dims(true);
  bool reduces = !reductions.empty();
  double steps = 1;
  bool fixed = traits.partial; // packing needs reductions of constant extents
  for (unsigned d : reductions)
    fixed &= !ShapedType::isDynamic(nest.sizes[d]);
  for (unsigned d : reductions)
    steps *= std::max<int64_t>(known(nest.sizes[d]), 1);
  unsigned bits = 32;
  for (unsigned i = 0; i < nest.outputs(); ++i)
    bits = std::max<unsigned>(bits,
                              nest.output(i).element.isIndex() ? 64 : nest.output(i).element.getIntOrFloatBitWidth());
  int64_t lanes = target.vectorBits / bits;

  // Does the loop leave an operand where it is that is not operand `i`?
  auto isShared = [&](unsigned i, unsigned loop) {
    for (unsigned other = 0; other < nest.inputs; ++other)
      if (other != i && !nest.accesses[other].isScalar() && nest.accesses[other].strides[loop] == 0)
        return true;
    return false;
  };
  std::optional<TilePlan> best;
  for (unsigned lane : parallel) {
    int64_t width = known(nest.sizes[lane]);
    bool distinct = true; // lanes of one result must not share an element
    for (unsigned i = 0; i < nest.outputs(); ++i)
      distinct &= nest.output(i).strides[lane] != 0;
    bool alongPanels = true; // no other loop walks through panels
    int64_t panel = 0;
    for (const Access &access : nest.accesses)
      if (access.panelLoop >= 0) {
        alongPanels &= access.panelLoop == int(lane);
        panel = access.panelWidth;
      }
    if (width < 2 || !distinct || !alongPanels || (along >= 0 && int(lane) != along))
      continue;
    int64_t vectorsInAll = llvm::divideCeil(width, lanes);
    SmallVector<int> rowChoices = {-1};
    for (unsigned row : llvm::reverse(parallel)) // of equal ones the innermost, whose elements are nearest
      if (row != lane && known(nest.sizes[row]) > 1)
        rowChoices.push_back(row);
    for (int row : rowChoices) {
      int64_t height = row < 0 ? 1 : known(nest.sizes[row]);
      SmallVector<bool> packed(nest.accesses.size(), false);
      bool transposed = false;
      double packing = 0;
      for (unsigned i = 0; i < nest.accesses.size(); ++i) {
        const Access &access = nest.accesses[i];
        if (access.isScalar())
          continue;
        bool far = access.strides[lane] < -1 || access.strides[lane] > 1;
        if (!reduces) {
          if (far && row >= 0 && access.strides[row] == 1 && access.read && !access.written)
            transposed = true;
          continue;
        }
        if (access.written || !fixed || row < 0 || access.panelLoop >= 0)
          continue;
        if (access.strides[lane] == 0 && access.strides[row] != 0) {
          // The lanes share it: each block of lanes reads all of it again, from a first cache in which rows that are
          // far apart compete for few places.
          // Not if other loops walk it too: windows are read where they lie.
          bool alone = llvm::none_of(parallel, [&](unsigned d) {
            return d != lane && int(d) != row && access.strides[d] != 0 && nest.sizes[d] != 1 && isShared(i, d);
          });
          constexpr int64_t fewVectors = 6; // a tile has two or more of them
          int64_t line = access.strides[row] == 1 ? nest.sizes[row] : nest.sizes[reductions.back()]; // of the copy
          packed[i] = alone && !ShapedType::isDynamic(nest.sizes[row]) && line >= lanes && vectorsInAll >= fewVectors &&
                      (isReadInParts(height, steps, access, row, reductions.back(), target) ||
                       isReadAgain(height, steps, access, row, target));
          packing += packed[i] ? double(height) * 2 / double(lanes) : 0;
          continue;
        }
        if (access.strides[row] != 0 || access.strides[lane] == 0)
          continue;
        // worth a copy if enough rows read it, in a layout the copy improves
        int64_t inner = std::abs(access.strides[reductions.back()]);
        bool rowsOfMemory = llvm::any_of(reductions, [&](unsigned d) { return access.strides[d] == 1; });
        double each = !far ? 0.3 : rowsOfMemory ? 0.6 : 1.5;
        double rowsInAll = double(height); // which read one copy
        for (unsigned d : parallel)
          if (d != lane && int(d) != row && access.strides[d] == 0)
            rowsInAll *= double(known(nest.sizes[d]));
        bool worth = far ? rowsInAll * 1.5 > each * 4 && steps >= 8
                         : rowsInAll >= 24 && steps >= 64 && (inner >= 128 || inner % lanes);
        if (worth) {
          packed[i] = true;
          packing += width * each * double(height) / rowsInAll;
        }
      }
      if (transposed && (width < lanes || height < lanes))
        transposed = false;
      if (!reduces && row >= 0 && !transposed)
        continue;
      // tiles of few registers have the more instructions beside the multiply-adds, and compete for them with a thread
      // that shares the core
      double instructions = target.registers > 16 ? 4.5 : 3.5;
      Costs costs{nest, traits, (int)lane, row, (double)lanes, packed, reduces, panel > 0, instructions};
      int64_t mostVectors = transposed ? 1 : traits.heavy || traits.ops > 12 ? 2 : 4;
      if (traits.ops > 40)
        mostVectors = 1;
      // what is read once is best read in long runs of memory
      if (reduces && row < 0 && traits.ops <= 2 && nest.outputs() == 1 && (nest.inputs == 1 || rowChoices.size() == 1))
        mostVectors = 16;
      // of windows, each lane with its own weight, all channels of a position: then a row of the image is read in order
      constexpr int64_t windowVectors = 9;
      bool ownWindows = reduces && row >= 0 && nest.inputs == 2 && nest.outputs() == 1 && traits.ops == 1 &&
                        reductions.size() > 1 && llvm::all_of(nest.accesses, [&](const Access &access) {
                          return !access.isScalar() && access.strides[lane] == 1;
                        });
      // rows that the first cache keeps are read by column instead, each weight once for all positions of a tile, where
      // registers are few
      constexpr int64_t shortRow = 16;
      costs.nearWindows = ownWindows && target.registers <= 16 && height <= shortRow;
      ownWindows &= !costs.nearWindows;
      if (ownWindows)
        mostVectors = windowVectors;
      int64_t firstRows = transposed ? lanes : 1, lastRows = transposed ? lanes : std::min<int64_t>(height, 14);
      if (traits.heavy && !transposed)
        lastRows = std::min<int64_t>(lastRows, 2);
      for (int64_t rows = firstRows; rows <= lastRows; ++rows)
        for (int64_t vectors = 1; vectors <= std::min(vectorsInAll, mostVectors); ++vectors) {
          if (panel && (vectors * lanes) % panel && panel % (vectors * lanes))
            continue; // a block begins with a panel or stays in one
          if (!transposed && rows * vectors > 1 &&
              registersOf(nest, traits, lane, row, rows, vectors, reduces) > (int64_t)target.registers)
            continue;
          if (!transposed && rows * vectors * traits.ops > 64 && rows * vectors > 1)
            continue;
          // every line of the tile is to be there for the next steps
          if (reduces && rows > 4 && llvm::any_of(llvm::seq(0u, nest.inputs), [&](unsigned i) {
                const Access &access = nest.accesses[i];
                return !access.isScalar() && !packed[i] && access.strides[lane] == 0 &&
                       linesInASet(access, row, rows) > int64_t(target.l1Bytes) / cacheWay * 3 / 4;
              }))
            continue;
          double cycles = 0;
          auto column = [&](int64_t vectorsHere) {
            return double(height / rows) * costs.step(rows, vectorsHere) +
                   (height % rows ? costs.step(height % rows, vectorsHere) : 0.0);
          };
          if (transposed) {
            // a shuffle a vector and level stands for the loads one by one
            cycles = double(height) * vectorsInAll * 6;
          } else {
            cycles = double(vectorsInAll / vectors) * column(vectors);
            if (vectorsInAll % vectors)
              cycles += column(vectorsInAll % vectors);
          }
          cycles += packing;
          // between the chunks of a sum whose operands are packed, results are in memory
          double visit = steps;
          if (panel || llvm::is_contained(packed, true))
            visit = std::min(visit, double(target.l1Bytes) * 3 / 4 / double(vectors * lanes * 4));
          for (unsigned i = 0; i < nest.outputs(); ++i)
            cycles += double(height) * vectorsInAll * (nest.output(i).strides[lane] == 1 ? 2 : 4 * lanes) / visit;
          double cost = cycles / (double(height) * width);
          // of lanes that lie apart, those whose lines are nearest
          if (int64_t apart = std::abs(nest.output(0).strides[lane]); !reduces && apart > 1)
            cost *= 1 + 0.01 * std::log2(double(apart));
          if (ownWindows)
            cost *= 2 - double(vectors) / double(std::min(vectorsInAll, windowVectors));
          if (!best || cost < best->cost * 0.999) {
            TilePlan plan;
            plan.lane = lane;
            plan.row = row;
            plan.lanes = lanes;
            plan.rows = rows;
            plan.vectors = vectors;
            plan.paired = traits.heavy && !traits.wide && !reduces && !transposed;
            plan.transposed = transposed;
            plan.partial = traits.partial;
            plan.packed = packed;
            plan.cost = cost;
            best = plan;
          }
        }
    }
  }
  // Where nothing is copied: what all rows of a block of lanes read anew, if a cache does not hold it for the whole
  // sum.
  if (best && reduces && fixed && best->row >= 0 && !hasPanels(nest) && !llvm::is_contained(best->packed, true) &&
      nest.sizes[best->row] >= 2 * best->rows &&
      steps * double(best->vectors * best->lanes * 4) > double(target.l1Bytes * 4))
    for (unsigned i = 0; i < nest.inputs; ++i)
      if (const Access &access = nest.accesses[i];
          !access.isScalar() && access.strides[best->lane] == 1 && access.strides[best->row] == 0)
        best->kept = int(i);
  return best;
}

int64_t tilesOfRows(const Nest &nest, const TilePlan &plan) {
  if (llvm::any_of(nest.sizes, ShapedType::isDynamic))
    return 1; // not known
  int64_t tiles = plan.row < 0 ? 1 : llvm::divideCeil(nest.sizes[plan.row], plan.rows);
  for (unsigned d : nest.dims(false))
    if (int(d) != plan.lane && int(d) != plan.row && sharesCopies(nest, plan, d))
      tiles *= nest.sizes[d];
  return tiles;
}

bool comeFromAfar(const Nest &nest, const TilePlan &plan, const Target &target) {
  constexpr int64_t fewTiles = 12, largerThanRows = 8;
  int64_t panels = 0, rows = 0; // bytes
  for (unsigned i = 0; i < nest.inputs; ++i)
    if (!nest.accesses[i].isScalar())
      (nest.accesses[i].panelLoop >= 0 ? panels : rows) += bytesBehind(nest.op->getOperand(i));
  return panels > int64_t(target.l2Bytes) && panels >= largerThanRows * rows && tilesOfRows(nest, plan) <= fewTiles;
}

Chunk chunkOf(const Nest &nest, const TilePlan &plan, const Target &target) {
  SmallVector<unsigned> reductions = nest.dims(true);
  Chunk chunk;
  // panels that several tiles read come from the second cache
  bool panels = hasPanels(nest) && plan.row >= 0 && tilesOfRows(nest, plan) > 1;
  // Rows of memory that are added up are read in order: a few at a time along all lanes, and not all of them a block of
  // lanes at a time, which the processor does not foresee.
  constexpr int64_t longRun = 16, fewRows = 8; // vectors
  if (!reductions.empty() && plan.row < 0 && plan.vectors == longRun && nest.inputs == 1 &&
      !nest.accesses[0].isScalar() && nest.accesses[0].strides[plan.lane] == 1 &&
      nest.sizes[plan.lane] > plan.vectors * plan.lanes) {
    chunk.at = reductions.size() - 1;
    chunk.size = std::min(fewRows, nest.sizes[reductions.back()]);
    chunk.several = nest.sizes[reductions.back()] > fewRows || chunk.at > 0;
    return chunk;
  }
  if (reductions.empty() || !(panels || plan.kept >= 0 || llvm::is_contained(plan.packed, true))) {
    chunk.size = reductions.empty() ? 0 : nest.sizes[reductions[0]];
    return chunk;
  }
  int64_t width = plan.vectors * plan.lanes;
  // what each task copies stays in the first cache, or little of the second; panels come in order from there, and what
  // they take from the rows' operand, which comes in order, too, costs less than results in memory between chunks; a
  // chunk that comes while the one before is computed is short, for the first one is waited for
  int64_t most = panels ? (comeFromAfar(nest, plan, target) ? target.l2Bytes / 8 : target.l2Bytes / 2)
                 : plan.kept >= 0 || copiesInTile(nest, plan) ? target.l1Bytes * 2
                                                              : target.l1Bytes * 3 / 4;
  // rows that lie together, as few channels do, stay in the first cache beside the lanes' operand
  if (panels || plan.kept >= 0)
    for (const Access &access : nest.accesses)
      if (!access.isScalar() && !access.written && access.strides[plan.lane] == 0 && access.strides[plan.row] == 1 &&
          nest.sizes[plan.row] <= 64) {
        most = target.l1Bytes * 3 / 4;
        width += llvm::alignTo(nest.sizes[plan.row], 16);
      }
  // copied rows stay on the stack; those by tiles in the second cache: the others come from the third in order, which
  // costs less than results in memory between chunks
  constexpr int64_t mostCopied = 2 << 20; // bytes
  for (auto [access, packed] : llvm::zip(nest.accesses, plan.packed))
    if (packed && access.strides[plan.lane] == 0) {
      int64_t copied = access.strides[plan.row] == 1 ? target.l2Bytes / 2 : mostCopied;
      most = std::min(most, copied / nest.sizes[plan.row] * width);
    }
  int64_t budget = std::max<int64_t>(64, most / (width * 4)), inner = 1;
  chunk.at = reductions.size() - 1;
  auto isTap = [&](unsigned d) { // a chunk has all taps along the rows, for each of which a tile has code of its own
    return llvm::any_of(nest.bounds, [&](const Bound &bound) { return bound.place == plan.row && bound.step == d; });
  };
  while (chunk.at > 0 && (inner * nest.sizes[reductions[chunk.at]] <= budget || isTap(reductions[chunk.at])))
    inner *= nest.sizes[reductions[chunk.at--]];
  int64_t size = nest.sizes[reductions[chunk.at]];
  int64_t count = llvm::divideCeil(size, std::max<int64_t>(1, budget / inner));
  int64_t unit = chunk.at + 1 == reductions.size() ? plan.lanes : 1; // whole transposed blocks
  chunk.size = std::min<int64_t>(size, llvm::alignTo(llvm::divideCeil(size, count), unit));
  chunk.several = chunk.at > 0 || chunk.size < size;
  return chunk;
}

} // namespace nnc::codegen::cpu
