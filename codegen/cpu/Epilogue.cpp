// The epilogue of a tile: its body sees the results where they are, in registers, and only what it makes of them is
// stored. What all rows read is loaded once for them.
#include "nnc/codegen/cpu/Epilogue.h"

using namespace mlir;

namespace nnc::codegen::cpu {

Value beginOf(const Access &access, const Nest &nest, const Cursor &cursor, OpBuilder &builder) {
  Location loc = nest.op->getLoc();
  Value position = constantIndex(builder, loc, access.offset);
  for (unsigned d : nest.dims(false))
    if (access.strides[d] != 0)
      position = addIndex(builder, loc, position, scaleIndex(builder, loc, cursor.indices[d], access.strides[d]));
  return position;
}

void emitEpilogue(const Nest &nest, const TilePlan &plan, int64_t lanes, const Cursor &cursor, ArrayRef<Value> results,
                  int64_t vectors, OpFoldResult last, OpBuilder &builder) {
  Location loc = nest.op->getLoc();
  linalg::LinalgOp op = nest.epilogue.op;
  ArrayRef<Access> accesses = nest.epilogue.accesses;
  Block &body = *op.getBlock();
  auto rowStride = [&](const Access &access) { return plan.row < 0 ? 0 : access.strides[plan.row]; };
  SmallVector<Value> begins;
  for (const Access &access : accesses)
    begins.push_back(access.isScalar() ? Value() : beginOf(access, nest, cursor, builder));
  auto place = [&](unsigned i, int64_t u, int64_t v) {
    return addIndex(builder, loc, begins[i], u * rowStride(accesses[i]) + v * lanes * accesses[i].strides[plan.lane]);
  };
  int64_t rows = int64_t(results.size()) / vectors;
  for (int64_t v = 0; v < vectors; ++v) {
    OpFoldResult count = v + 1 == vectors ? last : builder.getIndexAttr(lanes);
    SmallVector<Value> shared(accesses.size());
    for (int64_t u = 0; u < rows; ++u) {
      SmallVector<Value> arguments;
      for (auto [i, access] : llvm::enumerate(accesses)) {
        if (i == nest.epilogue.results)
          arguments.push_back(results[u * vectors + v]);
        else if (access.isScalar())
          arguments.push_back(access.value);
        else if (!access.read)
          arguments.push_back(zero(builder, loc, body.getArgument(i).getType()));
        else if (Value &value = shared[i]; value && rowStride(access) == 0)
          arguments.push_back(value);
        else
          arguments.push_back(
              value = loadLanes(builder, loc, access.flat, place(i, u, v), access.strides[plan.lane], lanes, count));
      }
      unsigned first = op.getNumDpsInputs();
      for (auto [o, value] : llvm::enumerate(emitBody(builder, body, arguments, lanes, nullptr)))
        storeLanes(builder, loc, broadcast(builder, loc, value, lanes), accesses[first + o].flat,
                   place(first + o, u, v), 1, lanes, count, accesses[first + o].streamed);
    }
  }
}

} // namespace nnc::codegen::cpu
