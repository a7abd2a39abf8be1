// A kernel function under construction: what it takes from the schedule, its identity, and its launch.
#include "nnc/codegen/form/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Iterators.h"
#include "mlir/Transforms/RegionUtils.h"
#include "nnc/codegen/form/Form.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

Kernel::Kernel(RewriterBase &rewriter, Location loc) : rewriter(rewriter) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.clearInsertionPoint();
  function = func::FuncOp::create(rewriter, loc, "kernel", rewriter.getFunctionType({}, {}));
  function.setPrivate();
  function->setAttr(ScheduleDialect::kernelAttr, rewriter.getUnitAttr());
  function.addEntryBlock();
}

// Constants, scratch, views that no buffer can show, and scalar arithmetic are cheaper to repeat than to pass.
static bool isRepeated(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumRegions())
    return false;
  if (isa<tensor::EmptyOp>(op) || isViewInKernels(op))
    return true;
  return !isa<TensorType>(value.getType()) && isMemoryEffectFree(op);
}

Value Kernel::import(Value value) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToEnd(body());
  if (isRepeated(value)) {
    Operation *op = value.getDefiningOp();
    for (Value operand : op->getOperands())
      import(operand);
    rewriter.setInsertionPointToEnd(body());
    rewriter.clone(*op, mapping);
    return mapping.lookup(value);
  }
  if (isa<TensorType>(value.getType())) {
    BlockArgument argument = body()->addArgument(value.getType(), value.getLoc());
    inputs.push_back(value);
    mapping.map(value, argument);
    return argument;
  }
  // a number that only the schedule knows travels as a tensor of one element
  bool isIndex = isa<IndexType>(value.getType());
  Type element = isIndex ? rewriter.getI64Type() : value.getType();
  BlockArgument argument = body()->addArgument(RankedTensorType::get({}, element), value.getLoc());
  Value inside = tensor::ExtractOp::create(rewriter, value.getLoc(), argument, ValueRange{});
  if (isIndex)
    inside = arith::IndexCastOp::create(rewriter, value.getLoc(), value.getType(), inside);
  rewriter.setInsertionPointAfterValue(value);
  Value outside = value;
  if (isIndex)
    outside = arith::IndexCastOp::create(rewriter, value.getLoc(), element, outside);
  inputs.push_back(
      tensor::FromElementsOp::create(rewriter, value.getLoc(), cast<RankedTensorType>(argument.getType()), outside));
  mapping.map(value, inside);
  return inside;
}

void Kernel::importOperands(Operation *op, function_ref<bool(Value)> isInside) {
  auto take = [&](Value value) {
    if (!isInside(value))
      import(value);
  };
  llvm::for_each(op->getOperands(), take);
  SetVector<Value> captured;
  for (Region &region : op->getRegions())
    getUsedValuesDefinedAbove(region, captured);
  llvm::for_each(captured, take);
}

Value Kernel::addOutput(Value destination) {
  outputs.push_back(destination);
  return body()->addArgument(destination.getType(), destination.getLoc());
}

func::FuncOp codegen::nameKernel(func::FuncOp function, SymbolTable &symbols) {
  std::string hash = contentHash(function), name = describe(function);
  for (size_t digits = 4; digits <= hash.size(); digits += 4) {
    std::string symbol = name + "_" + hash.substr(0, digits);
    Operation *taken = symbols.lookup(symbol);
    if (!taken) {
      function.setName(symbol);
      symbols.insert(function);
      return function;
    }
    if (auto other = dyn_cast<func::FuncOp>(taken); other && isKernel(other) && contentHash(other) == hash) {
      function.erase();
      return other;
    }
  }
  llvm_unreachable("two kernels of one hash");
}

LaunchOp Kernel::finish(ValueRange results, int64_t tasks, Operation *where, ArrayRef<Operation *> members,
                        SymbolTable &symbols) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToEnd(body());
  func::ReturnOp::create(rewriter, function.getLoc(), results);
  // scratch, views and index arithmetic that nobody reads any more, from the last to the first
  function.walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
    if (isOpTriviallyDead(op))
      rewriter.eraseOp(op);
  });
  function.setFunctionType(rewriter.getFunctionType(body()->getArgumentTypes(), results.getTypes()));

  func::FuncOp kernel = nameKernel(function, symbols);
  rewriter.setInsertionPoint(where);
  // each result has a destination of its own: two may have started from one empty tensor
  for (Value &output : outputs)
    if (auto empty = output.getDefiningOp<tensor::EmptyOp>())
      output = rewriter.clone(*empty)->getResult(0);
  Location origin = originOf(members);
  return LaunchOp::create(rewriter, origin, kernel.getName(), tasks, inputs, outputs, layersOf(origin));
}
