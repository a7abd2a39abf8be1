// The compiler, read top to bottom: which stages there are, in which order, and what each has promised when it ends.
#include "nnc/codegen/Pipelines.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "nnc/codegen/CheckSource.h"
#include "nnc/codegen/object/Signature.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "nnc/passes/FoldScales.h"
#include "nnc/passes/Simplify.h"

using namespace mlir;

namespace nnc::codegen {

static constexpr std::pair<Level, llvm::StringLiteral> levelNames[] = {
    {Level::Graph, "graph"},     {Level::Linalg, "linalg"}, {Level::Kernels, "kernels"},
    {Level::Buffers, "buffers"}, {Level::Llvm, "llvm"},     {Level::Object, "object"}};

StringRef nameOf(Level level) { return levelNames[unsigned(level)].second; }

std::optional<Level> parseLevel(StringRef name) {
  for (auto [level, spelling] : levelNames)
    if (name == spelling)
      return level;
  return std::nullopt;
}

Level levelOf(ModuleOp module) {
  bool graph = false, kernels = false, buffers = false, llvm = false;
  module.walk([&](Operation *op) {
    StringRef dialect = op->getName().getDialectNamespace();
    graph |= dialect == "nn";
    llvm |= isa<LLVM::LLVMFuncOp>(op);
    if (auto function = dyn_cast<func::FuncOp>(op)) {
      kernels |= isKernel(function);
      buffers |= !isKernel(function) && function->hasAttr(ScheduleDialect::peakBytesAttr);
    }
  });
  return graph     ? Level::Graph
         : buffers ? Level::Buffers
         : kernels ? Level::Kernels
         : llvm    ? Level::Llvm
                   : Level::Linalg;
}

//===--- what a stage promises ---===//

static LogicalResult checkLinalg(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) -> WalkResult {
    if (op->getName().getDialectNamespace() == "nn")
      return op->emitOpError("is left after lowering to linalg");
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

// A schedule computes nothing itself: tensor values come from launches, and are only viewed.
static LogicalResult checkKernels(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (isKernel(function))
      continue;
    WalkResult result = function.walk([](Operation *op) -> WalkResult {
      StringRef dialect = op->getName().getDialectNamespace();
      if (dialect == "linalg" || dialect == "math")
        return op->emitOpError("is left outside of every kernel");
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
  }
  return success();
}

static LogicalResult checkBuffers(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (isKernel(function))
      continue;
    if (!function->hasAttr(ScheduleDialect::peakBytesAttr))
      return function.emitOpError("is not planned");
    WalkResult result = function.walk([](Operation *op) -> WalkResult {
      auto isTensor = [](Type type) { return isa<TensorType>(type); };
      if (!isa<func::FuncOp>(op) &&
          (llvm::any_of(op->getOperandTypes(), isTensor) || llvm::any_of(op->getResultTypes(), isTensor)))
        return op->emitOpError("is on tensors after planning");
      if (isa<memref::AllocOp, memref::AllocaOp>(op))
        return op->emitOpError("allocates");
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
  }
  return success();
}

LogicalResult lowerTo(ModuleOp module, Level level, const LowerOptions &options,
                      llvm::function_ref<void(Level, ModuleOp)> after) {
  Level current = levelOf(module);
  if (current > level)
    return module.emitError("cannot go back from level ") << nameOf(current) << " to level " << nameOf(level);
  auto stage = [&](Level next, auto run, auto check) -> LogicalResult {
    if (current >= next || level < next)
      return success();
    if (failed(run(module)) || failed(verify(module)) || failed(check(module)))
      return failure();
    current = next;
    if (after)
      after(current, module);
    return success();
  };
  if (current < Level::Buffers && failed(checkSource(module)))
    return failure();
  // What callers see is written down while the types are the user's.
  completeSignatures(module);
  // What nobody uses and what repeats goes first: later it would be kernels and memory.
  if (current == Level::Graph && level > Level::Graph)
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal()) {
        passes::simplify(function);
        // Scales of frozen weights go before fusion, which would keep them where they are; what they leave is
        // simplified.
        if (passes::foldScales(function))
          passes::simplify(function);
      }
  // Everything is loops with indexing maps before fusion is decided, so one rule covers all ops.
  if (failed(stage(Level::Linalg, lowerToLinalg, checkLinalg)))
    return failure();
  // Kernels are cut before memory is planned: what is fused needs no memory.
  // What frozen weights make known leaves before that, so that it is fused among itself alone; and once more, with what
  // kernels turn out to want in another order.
  auto form = [&](ModuleOp at) {
    return failure(failed(hoistFrozen(at)) || failed(formKernels(at, options.fuse)) || failed(hoistFrozen(at)));
  };
  if (failed(stage(Level::Kernels, form, checkKernels)))
    return failure();
  // Memory is planned before kernels are compiled: a kernel that runs in place loses `noalias`, which is part of what
  // it is and of its cache key.
  return stage(Level::Buffers, planBuffers, checkBuffers);
}

} // namespace nnc::codegen
