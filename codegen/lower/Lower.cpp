// graph -> linalg: a walk that asks each op of the graph for its loops. Booleans and bytes become i8 on the way, in
// arguments and results too.
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/lower/Control.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/Linalg.h"

using namespace mlir;
namespace nnc::codegen {

LogicalResult lowerOp(OpBuilder &builder, Operation *op, IRMapping &mapping) {
  ImplicitLocOpBuilder at(op->getLoc(), builder);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(mapping.lookup(operand));
  if (isControl(op))
    return lowerControl(at, op, operands, mapping);
  if (isa<ir::Pointwise>(op)) {
    mapping.map(op->getResult(0), ir::lin::pointwise(at, op, operands));
    return success();
  }
  if (auto lowers = dyn_cast<ir::LowersToLinalg>(op)) {
    for (auto [result, lowered] : llvm::zip(op->getResults(), lowers.lower(at, operands)))
      mapping.map(result, lowered);
    return success();
  }
  if (isa<func::ReturnOp>(op)) {
    func::ReturnOp::create(at, operands);
    return success();
  }
  if (isa<ir::NncDialect>(op->getDialect()))
    return op->emitOpError("has no lowering");
  at.clone(*op, mapping); // already below the graph
  return success();
}

LogicalResult lowerBlock(OpBuilder &builder, Block &block, IRMapping &mapping) {
  for (Operation &op : block)
    if (failed(lowerOp(builder, &op, mapping)))
      return failure();
  return success();
}

static bool isGraph(func::FuncOp function) {
  bool found = llvm::any_of(function.getArgumentTypes(), [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && ir::lin::storageOf(tensor) != tensor;
  });
  function.walk([&](Operation *op) { found |= isa<ir::NncDialect>(op->getDialect()); });
  return found;
}

LogicalResult lowerToLinalg(ModuleOp module) {
  for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (function.isExternal() || !isGraph(function))
      continue;
    auto lowered = [](Type type) -> Type {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor ? ir::lin::storageOf(tensor) : type;
    };
    SmallVector<Type> inputs = llvm::map_to_vector(function.getArgumentTypes(), lowered);
    SmallVector<Type> results = llvm::map_to_vector(function.getResultTypes(), lowered);
    auto builder = OpBuilder(function);
    auto replacement =
        func::FuncOp::create(builder, function.getLoc(), function.getName(), builder.getFunctionType(inputs, results));
    replacement->setAttrs(function->getAttrs());
    replacement.setFunctionType(builder.getFunctionType(inputs, results));
    Block *entry = replacement.addEntryBlock();
    IRMapping mapping;
    for (auto [before, after] : llvm::zip(function.getArguments(), entry->getArguments())) {
      mapping.map(before, after);
      after.setLoc(before.getLoc());
    }
    builder.setInsertionPointToEnd(entry);
    if (failed(lowerBlock(builder, function.getBody().front(), mapping)))
      return failure();
    function.erase();
  }
  return success();
}

} // namespace nnc::codegen
