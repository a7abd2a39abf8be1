// The tasks of a kernel: it becomes a function of one task, whose linear index is the new last argument. A loop over
// tasks is not in it but in its caller (Object.cpp): LLVM would hoist the constants of an epilogue over the loops of
// the contraction before it, where tiles of 16 registers leave none, and spill a result in the innermost loop.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "nnc/codegen/cpu/Cpu.h"

using namespace mlir;

namespace nnc::codegen::cpu {

static LogicalResult lowerForall(scf::ForallOp forall, Value task, IRRewriter &rewriter) {
  auto lower = getConstantIntValues(forall.getMixedLowerBound());
  auto upper = getConstantIntValues(forall.getMixedUpperBound());
  auto step = getConstantIntValues(forall.getMixedStep());
  if (!lower || !upper || !step)
    return forall.emitError("expected tasks with constant bounds");
  Location loc = forall.getLoc();
  rewriter.setInsertionPoint(forall);
  auto index = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(rewriter, loc, value); };
  Value rest = task;
  SmallVector<Value> indices(lower->size());
  for (int64_t d = (int64_t)lower->size() - 1; d >= 0; --d) {
    int64_t count = llvm::divideCeil(std::max<int64_t>((*upper)[d] - (*lower)[d], 0), (*step)[d]);
    Value position = rest;
    if (d > 0) {
      Value n = index(std::max<int64_t>(count, 1));
      position = arith::RemUIOp::create(rewriter, loc, rest, n);
      rest = arith::DivUIOp::create(rewriter, loc, rest, n);
    }
    Value scaled = arith::MulIOp::create(rewriter, loc, position, index((*step)[d]));
    indices[d] = (*lower)[d] ? arith::AddIOp::create(rewriter, loc, scaled, index((*lower)[d])).getResult() : scaled;
  }
  rewriter.eraseOp(forall.getTerminator());
  rewriter.inlineBlockBefore(forall.getBody(), forall, indices);
  rewriter.eraseOp(forall);
  return success();
}

// A forall inside a task or beside another one is an ordinary loop nest.
static void lowerNestedForall(scf::ForallOp forall, IRRewriter &rewriter) {
  Location loc = forall.getLoc();
  rewriter.setInsertionPoint(forall);
  auto lower = getValueOrCreateConstantIndexOp(rewriter, loc, forall.getMixedLowerBound());
  auto upper = getValueOrCreateConstantIndexOp(rewriter, loc, forall.getMixedUpperBound());
  auto step = getValueOrCreateConstantIndexOp(rewriter, loc, forall.getMixedStep());
  scf::LoopNest nest = scf::buildLoopNest(rewriter, loc, lower, upper, step);
  SmallVector<Value> indices;
  for (scf::ForOp loop : nest.loops)
    indices.push_back(loop.getInductionVar());
  rewriter.eraseOp(forall.getTerminator());
  Block *inner = nest.loops.back().getBody();
  rewriter.inlineBlockBefore(forall.getBody(), inner->getTerminator(), indices);
  rewriter.eraseOp(forall);
}

LogicalResult lowerTasks(func::FuncOp kernel) {
  IRRewriter rewriter(kernel.getContext());
  Block &entry = kernel.getBody().front();
  auto foralls = llvm::to_vector(entry.getOps<scf::ForallOp>());
  Type index = rewriter.getIndexType();
  unsigned arguments = kernel.getNumArguments();
  if (failed(kernel.insertArgument(arguments, index, DictionaryAttr(), kernel.getLoc())))
    return failure();
  if (foralls.size() > 1)
    return kernel.emitError("expected at most one loop over tasks, got ") << foralls.size();
  if (foralls.size() == 1)
    if (failed(lowerForall(foralls[0], kernel.getArgument(arguments), rewriter)))
      return failure();
  SmallVector<scf::ForallOp> nested;
  kernel.walk([&](scf::ForallOp forall) { nested.push_back(forall); });
  for (scf::ForallOp forall : nested)
    lowerNestedForall(forall, rewriter);

  return success();
}

} // namespace nnc::codegen::cpu
