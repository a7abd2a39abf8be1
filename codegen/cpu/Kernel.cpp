// One kernel from tensors to the LLVM dialect: read top to bottom. The order matters and each step says why.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/cpu/Cpu.h"

using namespace mlir;

namespace nnc::codegen {

void cpu::cleanUp(Operation *op) {
  RewritePatternSet patterns(op->getContext());
  for (Dialect *dialect : op->getContext()->getLoadedDialects())
    dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName name : op->getContext()->getRegisteredOperations())
    name.getCanonicalizationPatterns(patterns, op->getContext());
  (void)applyPatternsGreedily(op, std::move(patterns));
  IRRewriter rewriter(op->getContext());
  DominanceInfo dominance(op);
  eliminateCommonSubExpressions(rewriter, dominance, op);
}

LogicalResult lowerKernel(ModuleOp module, const Target &target) {
  auto kernels = llvm::to_vector(module.getOps<func::FuncOp>());
  if (kernels.size() != 1 || kernels[0].isExternal())
    return module.emitError("expected one kernel function with a body, got ") << kernels.size() << " functions";
  func::FuncOp kernel = kernels[0];

  cpu::storeBfloatAsInteger(kernel);
  // Which multiplications and additions are fused decides bits, so it is decided first.
  cpu::fuseMultiplyAdd(kernel);
  if (failed(cpu::bufferize(module)))
    return failure();
  kernel = *module.getOps<func::FuncOp>().begin();
  if (failed(cpu::lowerTasks(kernel)))
    return failure();
  // After the tasks: scratch of one is not needed by the next.
  if (failed(cpu::placeScratch(kernel)))
    return failure();
  if (failed(cpu::lowerToLoops(kernel, target)))
    return failure();
  // Elementary functions are written out on the vectors there are now: the same operations in any number of lanes.
  if (failed(cpu::expandMath(kernel)))
    return failure();
  if (failed(cpu::convertToLlvm(module)))
    return failure();
  return verify(module);
}

} // namespace nnc::codegen
