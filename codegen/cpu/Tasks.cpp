// The tasks of a kernel: its top-level forall becomes a loop over the linear task index in [begin, end), and its
// scratch becomes allocas in the entry block.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "nnc/codegen/cpu/Cpu.h"

using namespace mlir;

namespace nnc::codegen::cpu {

static LogicalResult lowerForall(scf::ForallOp forall, Value begin, Value end, IRRewriter &rewriter) {
  auto lower = getConstantIntValues(forall.getMixedLowerBound());
  auto upper = getConstantIntValues(forall.getMixedUpperBound());
  auto step = getConstantIntValues(forall.getMixedStep());
  if (!lower || !upper || !step)
    return forall.emitError("expected tasks with constant bounds");
  Location loc = forall.getLoc();
  rewriter.setInsertionPoint(forall);
  auto index = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(rewriter, loc, value); };
  auto loop = scf::ForOp::create(rewriter, loc, begin, end, index(1));
  rewriter.setInsertionPointToStart(loop.getBody());
  Value rest = loop.getInductionVar();
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
  rewriter.inlineBlockBefore(forall.getBody(), loop.getBody()->getTerminator(), indices);
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
  if (failed(kernel.insertArguments({arguments, arguments}, {index, index}, {DictionaryAttr(), DictionaryAttr()},
                                    {kernel.getLoc(), kernel.getLoc()})))
    return failure();
  if (foralls.size() > 1)
    return kernel.emitError("expected at most one loop over tasks, got ") << foralls.size();
  if (foralls.size() == 1)
    if (failed(lowerForall(foralls[0], kernel.getArgument(arguments), kernel.getArgument(arguments + 1), rewriter)))
      return failure();
  SmallVector<scf::ForallOp> nested;
  kernel.walk([&](scf::ForallOp forall) { nested.push_back(forall); });
  for (scf::ForallOp forall : nested)
    lowerNestedForall(forall, rewriter);

  return success();
}

} // namespace nnc::codegen::cpu
