// Kernels from single operations that formation does not look into: a scf.forall an operation lowered itself to keeps
// its tasks; loops, conditions and anything else become straight code, one task. This is what makes formation total.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "nnc/codegen/form/Kernel.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

static Value copyInto(OpBuilder &builder, Location loc, Value value, Value destination) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
  auto copy = linalg::GenericOp::create(
      builder, loc, type, value, destination, maps, loops,
      [](OpBuilder &b, Location at, ValueRange args) { linalg::YieldOp::create(b, at, args.front()); });
  return copy.getResult(0);
}

static int64_t taskCount(scf::ForallOp loop) {
  auto lower = getConstantIntValues(loop.getMixedLowerBound()), upper = getConstantIntValues(loop.getMixedUpperBound()),
       step = getConstantIntValues(loop.getMixedStep());
  if (!lower || !upper || !step)
    return 0;
  int64_t tasks = 1;
  for (auto [from, to, by] : llvm::zip(*lower, *upper, *step))
    tasks *= std::max<int64_t>(0, (to - from + by - 1) / by);
  return tasks;
}

// The operands that a loop starts from and ends in: results are written over them.
static MutableArrayRef<OpOperand> startsOf(Operation *op) {
  if (auto loop = dyn_cast<scf::ForallOp>(op))
    return loop.getOutputsMutable();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return loop.getInitArgsMutable();
  return {};
}

FailureOr<LaunchOp> codegen::wrapKernel(RewriterBase &rewriter, Operation *op, SymbolTable &symbols) {
  OpBuilder::InsertionGuard guard(rewriter);
  Location loc = op->getLoc();
  for (Type type : op->getResultTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type);
        isa<TensorType, MemRefType>(type) && (!tensor || !tensor.hasStaticShape()))
      return op->emitError("expected static tensors, got ") << type;
  if (op->getNumResults() == 0)
    return op->emitError("no kernel can be made of an operation without results");

  Kernel kernel(rewriter, loc);
  MutableArrayRef<OpOperand> starts = startsOf(op);
  SmallVector<Value> started;
  for (OpOperand &start : starts)
    if (isa<TensorType>(start.get().getType()))
      started.push_back(start.get());
  SetVector<Value> read;
  for (Region &region : op->getRegions())
    region.walk([&](Operation *inner) { read.insert(inner->operand_begin(), inner->operand_end()); });
  for (OpOperand &operand : op->getOpOperands()) {
    bool isStart = llvm::any_of(starts, [&](OpOperand &start) { return &start == &operand; });
    if (!isStart || !isa<TensorType>(operand.get().getType()))
      read.insert(operand.get());
  }
  kernel.importOperands(op, [&](Value value) { return llvm::is_contained(started, value) && !read.contains(value); });

  // destinations: what a loop starts from, else a new tensor for each result
  rewriter.setInsertionPoint(op);
  SmallVector<Value> destinations;
  bool inLoop = !starts.empty();
  for (auto [number, type] : llvm::enumerate(op->getResultTypes())) {
    if (inLoop && isa<TensorType>(type))
      destinations.push_back(starts[number].get());
    else if (auto tensor = dyn_cast<RankedTensorType>(type))
      destinations.push_back(tensor::EmptyOp::create(rewriter, loc, tensor.getShape(), tensor.getElementType()));
    else
      destinations.push_back(tensor::EmptyOp::create(rewriter, loc, ArrayRef<int64_t>{},
                                                     isa<IndexType>(type) ? rewriter.getI64Type() : type));
  }
  SmallVector<Value> arguments;
  for (Value destination : destinations)
    arguments.push_back(kernel.addOutput(destination));

  rewriter.setInsertionPointToEnd(kernel.body());
  IRMapping map(kernel.map());
  Operation *inside = rewriter.clone(*op, map);
  SmallVector<Value> results;
  for (auto [number, value, argument] : llvm::enumerate(inside->getResults(), arguments)) {
    if (inLoop && isa<TensorType>(value.getType())) {
      startsOf(inside)[number].set(argument);
      results.push_back(value);
    } else if (isa<TensorType>(value.getType())) {
      results.push_back(copyInto(rewriter, loc, value, argument));
    } else {
      Value number = value;
      if (isa<IndexType>(value.getType()))
        number = arith::IndexCastOp::create(rewriter, loc, rewriter.getI64Type(), value);
      results.push_back(tensor::InsertOp::create(rewriter, loc, number, argument, ValueRange{}));
    }
  }
  int64_t tasks = 1;
  if (auto loop = dyn_cast<scf::ForallOp>(op))
    tasks = std::max<int64_t>(1, taskCount(loop));
  LaunchOp launch = kernel.finish(results, tasks, op, op, symbols);
  rewriter.setInsertionPointAfter(launch);
  for (auto [result, made] : llvm::zip(op->getResults(), launch.getResults())) {
    Value value = made;
    if (!isa<TensorType>(result.getType())) {
      value = tensor::ExtractOp::create(rewriter, loc, made, ValueRange{});
      if (isa<IndexType>(result.getType()))
        value = arith::IndexCastOp::create(rewriter, loc, result.getType(), value);
    }
    rewriter.replaceAllUsesWith(result, value);
  }
  rewriter.eraseOp(op);
  return launch;
}
