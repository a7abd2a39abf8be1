// One walk over a block in reverse, asking each op for its vector-Jacobian product; cotangents of a value used twice
// add.
#include "nnc/ir/Differentiate.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/ops/Vocabulary.h"
#include "nnc/runtime/Error.h"
#include <fmt/format.h>

using namespace mlir;
namespace nnc::ir {

// The values that depend on `inputs`: only through these can a cotangent reach them.
static DenseSet<Value> dependents(Block *block, ArrayRef<Tensor> inputs, Operation *last) {
  DenseSet<Value> reached;
  for (Tensor input : inputs)
    reached.insert(value(input));
  for (Operation &op : *block) {
    bool depends = false;
    op.walk([&](Operation *inner) {
      depends |= llvm::any_of(inner->getOperands(), [&](Value operand) { return reached.contains(operand); });
    });
    if (depends && !op.hasTrait<NotDifferentiable>())
      reached.insert(op.result_begin(), op.result_end());
    if (&op == last)
      break;
  }
  return reached;
}

static bool isFloatTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<FloatType>(type.getElementType());
}

std::vector<Tensor> differentiate(OpBuilder &builder, ArrayRef<Tensor> outputs, ArrayRef<Tensor> outputCotangents,
                                  ArrayRef<Tensor> inputs) {
  Block *block = builder.getInsertionBlock();
  DenseMap<Value, Tensor> cotangents;
  Operation *last = nullptr; // the last op that an output comes from
  for (Tensor output : outputs)
    if (Operation *op = value(output).getDefiningOp())
      if (op->getBlock() == block && (!last || last->isBeforeInBlock(op)))
        last = op;
  Builder current(builder, builder.getUnknownLoc());
  auto accumulate = [&](Value value, Tensor cotangent) {
    Tensor &total = cotangents[value];
    total = total ? total + cotangent : cotangent;
  };
  for (auto [output, cotangent] : llvm::zip(outputs, outputCotangents))
    if (cotangent)
      accumulate(value(output), cotangent);

  DenseSet<Value> reached = dependents(block, inputs, last);
  for (Operation *op = last; op; op = op->getPrevNode()) {
    if (!llvm::any_of(op->getResults(),
                      [&](Value result) { return cotangents.contains(result) && reached.contains(result); }))
      continue;
    auto differentiable = dyn_cast<Differentiable>(op);
    if (!differentiable)
      throw Error(fmt::format("{}: error: {} has no gradient", sourceOf(op->getLoc()),
                              layerOf(op->getLoc()).empty() ? op->getName().getStringRef().str()
                                                            : layerOf(op->getLoc()).str()));
    current.setFixedLocation(op->getLoc());
    SmallVector<Tensor> ofResults;
    for (Value result : op->getResults())
      ofResults.push_back(cotangents.lookup(result));
    auto ofOperands = differentiable.vjp(ofResults);
    assert(ofOperands.size() == op->getNumOperands() && "one cotangent for each operand");
    for (auto [operand, cotangent] : llvm::zip(op->getOperands(), ofOperands))
      if (cotangent && isFloatTensor(operand) && reached.contains(operand))
        accumulate(operand, cotangent);
  }
  std::vector<Tensor> gradients;
  for (Tensor input : inputs) {
    Tensor gradient = cotangents.lookup(value(input));
    gradients.push_back(gradient ? gradient : zerosLike(input));
  }
  return gradients;
}

} // namespace nnc::ir
