// Operands that a tile reads from copies: rows that all lanes share, and panels of the lanes' operand. See
// TileEmitter.h.
#include "nnc/codegen/cpu/TileEmitter.h"

using namespace mlir;

namespace nnc::codegen::cpu {

// Where the copy of operand `i` has its elements: by tiles, or row by row, a few elements apart from a multiple of a
// cache's way.
TileEmitter::RowBlock TileEmitter::rowBlockOf(unsigned i) {
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

// Copies this chunk of the operands the lanes share; from then on they are read from the copy.
Cursor TileEmitter::packRows(const Cursor &cursor) {
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

void TileEmitter::copyRows(const RowBlock &block, const Access &copy, const Cursor &cursor, Value target,
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

// The dimension of the chunk along which the packed operand is contiguous, if the lanes are not.
int TileEmitter::alongOf(const Access &access) {
  int along = -1;
  for (unsigned r = chunkAt; r < reductions.size(); ++r)
    if (access.strides[reductions[r]] == 1 && access.strides[plan.lane] != 1)
      along = r;
  return along;
}

// Copies what this chunk and block of lanes reads of each packed operand: a row of lanes a step.
Cursor TileEmitter::pack(const Cursor &cursor, const Blocks &blocks) {
  for (const Panel &panel : panels) {
    const Access &access = nest.accesses[panel.access];
    Value base = beforeChunk(constantIndex(builder, loc, 0), panel.stride(chunkAt, blocks.width()));
    packLoops(panel, access, cursor, base, chunkAt, alongOf(access), blocks, nullptr);
  }
  return cursor;
}

// The same for all of `blocks`: the innermost loop is over them where a step's lanes lie together.
void TileEmitter::packBlocks(const Cursor &cursor, const Blocks &blocks) {
  for (const Panel &panel : panels) {
    const Access &access = nest.accesses[panel.access];
    Value base = beforeChunk(constantIndex(builder, loc, 0), panel.stride(chunkAt, blocks.width()));
    packLoops(panel, access, cursor, base, chunkAt, -1, blocks, &blocks);
  }
}

// From the loop of reduction `r` on; `over`: blocks that the innermost loop runs over, null where the cursor stands
// at the one.
void TileEmitter::packLoops(const Panel &panel, const Access &access, const Cursor &cursor, Value target, unsigned r,
                            int along, const Blocks &blocks, const Blocks *over) {
  int64_t vectors = blocks.vectors, width = blocks.width();
  OpFoldResult last = blocks.last;
  if (r < reductions.size()) {
    if ((int)r == along)
      return packLoops(panel, access, cursor, target, r + 1, along, blocks, over);
    unsigned d = reductions[r];
    OpFoldResult from = r == chunkAt ? chunkBegin : attr(0), to = r == chunkAt ? chunkEnd : nest.extents[d];
    loopOver(nest, cursor, d, from, to, 1, {}, builder, [&](const Cursor &at, ValueRange) {
      Value position = addIndex(builder, loc, target, scaleIndex(builder, loc, at.indices[d], panel.stride(r, width)));
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

} // namespace nnc::codegen::cpu
