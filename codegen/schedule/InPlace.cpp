// The proof that a kernel may run in place. The operation that writes is elementwise in the input. Everything else that
// reads the input is needed by the writing operation, and element by element so: what an index of the result needs of
// the input is either at that index or along dimensions that are reduced whole before. (A contraction is not like that:
// a row of its operand is read again for each block of columns, some of which are written by then.)
#include "nnc/codegen/schedule/InPlace.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "nnc/codegen/form/Group.h"

using namespace mlir;
using namespace nnc;

// Is `value` read by `op` element for element where it writes its result `number`?
static bool isElementwiseIn(linalg::LinalgOp op, Value value, unsigned number) {
  if (op.getNumReductionLoops() || !op.hasPureTensorSemantics())
    return false;
  AffineMap written = op.getMatchingIndexingMap(op.getDpsInitOperand(number));
  if (!written.isPermutation())
    return false;
  bool captured = false;
  op->getRegion(0).walk([&](Operation *inner) { captured |= llvm::is_contained(inner->getOperands(), value); });
  return !captured && llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    return operand.get() != value || op.getMatchingIndexingMap(&operand) == written;
  });
}

// Loops of the operations that `writer` needs, in terms of dimensions of what it writes, one entry for each way of use.
static DenseMap<Operation *, SmallVector<codegen::Labels>> labelNeeded(linalg::LinalgOp writer, AffineMap written) {
  DenseMap<Operation *, SmallVector<codegen::Labels>> labels;
  codegen::Labels own(writer.getNumLoops(), -1);
  for (auto [dim, expr] : llvm::enumerate(written.getResults()))
    own[cast<AffineDimExpr>(expr).getPosition()] = dim;
  labels[writer].push_back(own);
  for (Operation *op = writer->getPrevNode(); op; op = op->getPrevNode())
    for (OpOperand &use : op->getUses()) {
      SmallVector<codegen::Labels> through = labels.lookup(use.getOwner()); // by value: the map grows below
      for (const codegen::Labels &user : through)
        if (auto mine = codegen::labelsThrough(use, user); mine && !llvm::is_contained(labels[op], *mine))
          labels[op].push_back(*mine);
    }
  return labels;
}

// Does the reader need an element of the input for results at the element's own index only, or reduced over?
static bool isAligned(OpOperand &read, ArrayRef<codegen::Labels> ways) {
  auto reader = cast<linalg::LinalgOp>(read.getOwner());
  AffineMap map = reader.getMatchingIndexingMap(&read);
  if (!map.isProjectedPermutation() || ways.empty())
    return false;
  return llvm::all_of(ways, [&](const codegen::Labels &labels) {
    llvm::SmallBitVector indexed(labels.size());
    for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      indexed.set(loop);
      if (labels[loop] >= 0 && labels[loop] != int(dim))
        return false;
    }
    for (auto [loop, label] : llvm::enumerate(labels))
      if (label >= 0 && !indexed.test(loop))
        return false;
    return true;
  });
}

// `tile` is what the kernel or one task reads of the input; `written` is the result that goes over it, started in
// `destination` and nowhere else.
static bool isReadFirst(Value tile, OpResult written, Value destination) {
  auto writer = dyn_cast<linalg::LinalgOp>(written.getOwner());
  if (!writer || writer.getDpsInitOperand(written.getResultNumber())->get() != destination ||
      !isElementwiseIn(writer, tile, written.getResultNumber()))
    return false;
  auto labels = labelNeeded(writer, writer.getMatchingIndexingMap(writer.getDpsInitOperand(written.getResultNumber())));
  return llvm::all_of(tile.getUses(), [&](OpOperand &use) {
    auto reader = dyn_cast<linalg::LinalgOp>(use.getOwner());
    return reader && reader->getBlock() == writer->getBlock() &&
           (reader == writer || isAligned(use, labels.lookup(reader)));
  });
}

static bool sameRegion(tensor::ExtractSliceOp read, tensor::ParallelInsertSliceOp write) {
  return isEqualConstantIntOrValueArray(read.getMixedOffsets(), write.getMixedOffsets()) &&
         isEqualConstantIntOrValueArray(read.getMixedSizes(), write.getMixedSizes()) &&
         isEqualConstantIntOrValueArray(read.getMixedStrides(), write.getMixedStrides());
}

// The only slice of a block argument of a forall that a destination starts in.
static tensor::ExtractSliceOp onlySlice(Value shared) {
  tensor::ExtractSliceOp found;
  for (Operation *user : shared.getUsers()) {
    if (isa<tensor::ParallelInsertSliceOp>(user))
      continue;
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    if (!slice || found)
      return {};
    found = slice;
  }
  return found;
}

bool codegen::mayOverwrite(func::FuncOp kernel, unsigned input, unsigned output) {
  Value in = kernel.getArgument(input),
        out = kernel.getArgument(kernel.getNumArguments() - kernel.getNumResults() + output);
  if (in.use_empty())
    return true;
  if (in.getType() != out.getType())
    return false;
  auto result = dyn_cast<OpResult>(kernel.getBody().front().getTerminator()->getOperand(output));
  if (!result)
    return false;
  auto loop = dyn_cast<scf::ForallOp>(result.getOwner());
  if (!loop) // straight code
    return isReadFirst(in, result, out);
  if (loop.getOutputs()[result.getResultNumber()] != out)
    return false;

  BlockArgument shared = loop.getRegionIterArgs()[result.getResultNumber()];
  tensor::ParallelInsertSliceOp write;
  for (Operation &op : loop.getTerminator().getYieldingOps())
    if (auto insert = dyn_cast<tensor::ParallelInsertSliceOp>(op); insert && insert.getDest() == shared) {
      if (write)
        return false;
      write = insert;
    }
  auto written = write ? dyn_cast<OpResult>(write.getSource()) : OpResult();
  tensor::ExtractSliceOp destination = onlySlice(shared);
  // one task takes the whole tensor without slicing it
  bool whole = write &&
               llvm::all_of(in.getUsers(), [&](Operation *user) { return user->getBlock() == loop.getBody(); }) &&
               cast<RankedTensorType>(write.getSource().getType()) == in.getType();
  if (!written)
    return false;
  if (whole && llvm::none_of(in.getUsers(), [](Operation *user) { return isa<tensor::ExtractSliceOp>(user); }))
    return isReadFirst(in, written, destination ? destination.getResult() : Value(shared));
  if (!destination || !sameRegion(destination, write))
    return false;
  return llvm::all_of(in.getUsers(), [&](Operation *user) {
    auto read = dyn_cast<tensor::ExtractSliceOp>(user);
    return read && read->getBlock() == loop.getBody() && sameRegion(read, write) &&
           isReadFirst(read, written, destination.getResult());
  });
}
