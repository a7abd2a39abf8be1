// From a kernel to one that makes only some of its results: what only the others need is left out. See Narrow.h.
#include "nnc/codegen/form/Narrow.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Iterators.h"

using namespace mlir;
using namespace nnc::codegen;

namespace {
class Narrow {
public:
  Narrow(func::FuncOp kernel, const llvm::SmallBitVector &wanted)
      : function(kernel.clone()), wanted(wanted), rewriter(kernel.getContext()), inputCount(inputsOf(kernel)) {}
  std::optional<NarrowKernel> run();

private:
  static unsigned inputsOf(func::FuncOp kernel) { return kernel.getNumArguments() - kernel.getNumResults(); }
  bool takeAsMade(unsigned result);
  bool dropDestinations();
  void eraseDead();
  void rebuildLoop();

  OwningOpRef<func::FuncOp> function;
  const llvm::SmallBitVector &wanted;
  IRRewriter rewriter;
  unsigned inputCount;
  scf::ForallOp loop;
  SmallVector<unsigned> read; // results that are read, as arguments behind all others
};
} // namespace

static tensor::ParallelInsertSliceOp insertInto(scf::ForallOp loop, BlockArgument shared) {
  tensor::ParallelInsertSliceOp found;
  for (Operation &op : loop.getTerminator().getYieldingOps())
    if (auto insert = dyn_cast<tensor::ParallelInsertSliceOp>(op); insert && insert.getDest() == shared) {
      if (found)
        return {};
      found = insert;
    }
  return found;
}

// A task's part of the result is not stored, and read where it was used.
bool Narrow::takeAsMade(unsigned result) {
  BlockArgument shared = loop.getRegionIterArgs()[result];
  tensor::ParallelInsertSliceOp insert = insertInto(loop, shared);
  if (!insert)
    return false;
  Value part = insert.getSource();
  Operation *maker = part.getDefiningOp();
  bool needed =
      llvm::any_of(part.getUsers(), [](Operation *user) { return !isa<tensor::ParallelInsertSliceOp>(user); });
  if (needed) {
    if (!maker || maker->getBlock() != loop.getBody())
      return false;
    for (Value value : insert->getOperands().drop_front(2)) // where the part is must be known by then
      if (Operation *from = value.getDefiningOp();
          from && loop.getBody() == from->getBlock() && !from->isBeforeInBlock(maker))
        return false;
    Block &entry = function->getBody().front();
    BlockArgument whole = entry.addArgument(shared.getType(), function->getLoc());
    read.push_back(result);
    rewriter.setInsertionPointAfter(maker);
    Value again =
        tensor::ExtractSliceOp::create(rewriter, insert.getLoc(), cast<RankedTensorType>(part.getType()), whole,
                                       insert.getMixedOffsets(), insert.getMixedSizes(), insert.getMixedStrides());
    rewriter.replaceUsesWithIf(part, again,
                               [](OpOperand &use) { return !isa<tensor::ParallelInsertSliceOp>(use.getOwner()); });
  }
  rewriter.eraseOp(insert);
  return true;
}

// What is still computed although nobody wants it needs a place: a task's own.
bool Narrow::dropDestinations() {
  for (auto [result, shared] : llvm::enumerate(loop.getRegionIterArgs()))
    for (OpOperand &use : llvm::make_early_inc_range(shared.getUses())) {
      if (wanted.test(result))
        continue;
      auto slice = dyn_cast<tensor::ExtractSliceOp>(use.getOwner());
      bool started = slice && slice.getType().hasStaticShape() && llvm::all_of(slice->getUses(), [](OpOperand &start) {
                       auto op = dyn_cast<linalg::LinalgOp>(start.getOwner());
                       return op && op.isDpsInit(&start) && !op.payloadUsesValueFromOperand(&start);
                     });
      if (!started)
        return false;
      rewriter.setInsertionPoint(slice);
      rewriter.replaceOpWithNewOp<tensor::EmptyOp>(slice, slice.getType().getShape(), slice.getType().getElementType());
    }
  return true;
}

void Narrow::eraseDead() {
  function->walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
    if (isOpTriviallyDead(op))
      rewriter.eraseOp(op);
  });
}

void Narrow::rebuildLoop() {
  SmallVector<Value> outputs;
  for (unsigned result : wanted.set_bits())
    outputs.push_back(loop.getOutputs()[result]);
  rewriter.setInsertionPoint(loop);
  auto again = scf::ForallOp::create(rewriter, loop.getLoc(), loop.getMixedLowerBound(), loop.getMixedUpperBound(),
                                     loop.getMixedStep(), outputs, loop.getMapping());
  rewriter.eraseOp(again.getTerminator());
  again.getBody()->getOperations().splice(again.getBody()->end(), loop.getBody()->getOperations());
  for (auto [before, after] : llvm::zip(loop.getInductionVars(), again.getInductionVars()))
    before.replaceAllUsesWith(after);
  Operation *end = function->getBody().front().getTerminator();
  SmallVector<Value> returned;
  for (auto [number, result] : llvm::enumerate(wanted.set_bits())) {
    loop.getRegionIterArgs()[result].replaceAllUsesWith(again.getRegionIterArgs()[number]);
    returned.push_back(again.getResult(number));
  }
  end->setOperands(returned);
  rewriter.eraseOp(loop);
}

std::optional<NarrowKernel> Narrow::run() {
  Block &entry = function->getBody().front();
  Operation *end = entry.getTerminator();
  loop = end->getNumOperands() ? end->getOperand(0).getDefiningOp<scf::ForallOp>() : scf::ForallOp();
  if (!loop || loop->getNumResults() != end->getNumOperands() || ValueRange(loop.getResults()) != end->getOperands() ||
      loop.getOutputs() != ValueRange(entry.getArguments().drop_front(inputCount)))
    return std::nullopt;
  for (unsigned result = 0; result < wanted.size(); ++result)
    if (!wanted.test(result) && !takeAsMade(result))
      return std::nullopt;
  eraseDead();
  if (!dropDestinations())
    return std::nullopt;
  rebuildLoop();

  // inputs that are read, results that are read, destinations
  NarrowKernel narrow;
  SmallVector<BlockArgument> order;
  unsigned all = entry.getNumArguments() - read.size();
  for (unsigned input = 0; input < inputCount; ++input)
    if (!entry.getArgument(input).use_empty()) {
      narrow.inputs.push_back(input);
      order.push_back(entry.getArgument(input));
    }
  for (auto [number, result] : llvm::enumerate(read))
    if (!entry.getArgument(all + number).use_empty()) {
      narrow.results.push_back(result);
      order.push_back(entry.getArgument(all + number));
    }
  for (unsigned result : wanted.set_bits())
    order.push_back(entry.getArgument(inputCount + result));
  unsigned before = entry.getNumArguments();
  for (BlockArgument argument : order)
    argument.replaceAllUsesWith(entry.addArgument(argument.getType(), argument.getLoc()));
  entry.eraseArguments(0, before);
  function->setFunctionType(
      rewriter.getFunctionType(entry.getArgumentTypes(), entry.getTerminator()->getOperandTypes()));
  narrow.function = std::move(function);
  return narrow;
}

std::optional<NarrowKernel> nnc::codegen::narrowKernel(func::FuncOp kernel, const llvm::SmallBitVector &wanted) {
  return Narrow(kernel, wanted).run();
}
