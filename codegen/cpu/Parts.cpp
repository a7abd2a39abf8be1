// How a sum is cut into parts, and the loops over them: see the header.
#include "nnc/codegen/cpu/Parts.h"

using namespace mlir;

namespace nnc::codegen::cpu {

Parts partsWithin(const Nest &nest, int64_t budget) {
  SmallVector<unsigned> reductions = nest.dims(true);
  Parts parts;
  int64_t inner = 1;
  parts.at = reductions.size() - 1;
  while (parts.at > 0 && inner * nest.sizes[reductions[parts.at]] <= budget)
    inner *= nest.sizes[reductions[parts.at--]];
  int64_t size = nest.sizes[reductions[parts.at]];
  int64_t count = llvm::divideCeil(size, std::max<int64_t>(1, budget / inner));
  parts.steps = llvm::divideCeil(size, count);
  for (int64_t even = parts.steps; even * 4 > parts.steps * 3; --even)
    if (size % even == 0) {
      parts.steps = even;
      break;
    }
  return parts;
}

bool areSeveral(const Nest &nest, Parts parts) {
  return parts.at > 0 || parts.steps < nest.sizes[nest.dims(true)[parts.at]];
}

void overLoops(const Nest &nest, const Cursor &cursor, ArrayRef<unsigned> dims, OpBuilder &builder,
               llvm::function_ref<void(const Cursor &)> body) {
  if (dims.empty())
    return body(cursor);
  loopOver(nest, cursor, dims[0], builder.getIndexAttr(0), nest.extents[dims[0]], 1, {}, builder,
           [&](const Cursor &at, ValueRange) {
             overLoops(nest, at, dims.drop_front(), builder, body);
             return SmallVector<Value>();
           });
}

void overParts(const Nest &nest, const Cursor &cursor, Parts parts, OpBuilder &builder,
               llvm::function_ref<void(const Cursor &, int64_t)> part) {
  SmallVector<unsigned> reductions = nest.dims(true);
  overLoops(nest, cursor, ArrayRef(reductions).take_front(parts.at), builder, [&](const Cursor &outside) {
    unsigned d = reductions[parts.at];
    int64_t size = nest.sizes[d], whole = size / parts.steps * parts.steps;
    loopOver(nest, outside, d, builder.getIndexAttr(0), builder.getIndexAttr(whole), parts.steps, {}, builder,
             [&](const Cursor &at, ValueRange) {
               part(at, parts.steps);
               return SmallVector<Value>();
             });
    if (size > whole)
      part(outside.at(nest, d, constantIndex(builder, nest.op->getLoc(), whole), builder), size - whole);
  });
}

} // namespace nnc::codegen::cpu
