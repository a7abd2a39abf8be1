// linalg on memrefs -> loops. Ops no vector form fits become plain scalar loops, in which LLVM's vectoriser may try.
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "nnc/codegen/cpu/Cpu.h"

using namespace mlir;

namespace nnc::codegen::cpu {

LogicalResult lowerToLoops(func::FuncOp kernel, const Target &target) {
  SmallVector<linalg::LinalgOp> ops;
  kernel.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
  IRRewriter rewriter(kernel.getContext());
  for (linalg::LinalgOp op : ops) {
    rewriter.setInsertionPoint(op);
    if (failed(linalg::linalgOpToLoops(rewriter, op)))
      return op.emitError("no loops for this operation");
    rewriter.eraseOp(op);
  }
  return success();
}

} // namespace nnc::codegen::cpu
