// nnc-fold-scales: an inference's batch norms become part of the convolutions before them.
#include "nnc/passes/FoldScales.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/ops/Vocabulary.h"
#include "nnc/passes/Passes.h"

using namespace mlir;
namespace nnc::passes {
#define GEN_PASS_DEF_FOLDSCALES
#include "nnc-generated/passes/Passes.h.inc"

namespace {

// One operation between a product and the end of a chain: a value for each index of one dimension.
struct Step {
  Operation *op;
  Value vector;
  bool known; // of no weight: a constant
};

class Folding {
public:
  explicit Folding(func::FuncOp function) : function(function) {}
  bool run();

private:
  bool isKnown(Value value) const { return frozen.contains(value) || constant.contains(value); }
  bool fold(ir::Product product, unsigned operand);
  bool follow(Value result, SmallVectorImpl<Step> &steps, std::optional<int64_t> &dim) const;
  void rewrite(ir::Product product, unsigned operand, ArrayRef<Step> steps, int64_t dim, int64_t weightDim);

  func::FuncOp function;
  DenseSet<Value> frozen, constant; // computed from frozen arguments, and from nothing
};

} // namespace

static bool isFloat(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && (type.getElementType().isF32() || type.getElementType().isF64());
}

// The dimension of the result along which a broadcast differs; -1 where it is the same everywhere, nothing where it
// differs along several.
static std::optional<int64_t> dimensionOf(ir::BroadcastOp broadcast) {
  auto source = cast<RankedTensorType>(broadcast->getOperand(0).getType());
  int64_t found = -1;
  for (auto [size, dim] : llvm::zip(source.getShape(), broadcast.getDims()))
    if (size != 1) {
      if (found >= 0)
        return std::nullopt;
      found = dim;
    }
  return found;
}

// From a product to the last operation that adds or multiplies something known for each index of one dimension.
bool Folding::follow(Value result, SmallVectorImpl<Step> &steps, std::optional<int64_t> &dim) const {
  bool scales = false;
  for (Value at = result; at.hasOneUse();) {
    OpOperand &use = *at.use_begin();
    Operation *op = use.getOwner();
    bool first = use.getOperandNumber() == 0;
    if (!isa<ir::AddOp, ir::MulOp>(op) && !(isa<ir::SubOp>(op) && first))
      break;
    auto broadcast = op->getOperand(first ? 1 : 0).getDefiningOp<ir::BroadcastOp>();
    if (!broadcast || !isKnown(broadcast->getOperand(0)))
      break;
    auto along = dimensionOf(broadcast);
    if (!along || (dim && *along >= 0 && *along != *dim))
      break;
    if (*along >= 0)
      dim = along;
    bool known = constant.contains(broadcast->getOperand(0));
    scales |= isa<ir::MulOp>(op) && !known;
    steps.push_back({op, broadcast->getOperand(0), known});
    at = op->getResult(0);
  }
  return scales && dim;
}

void Folding::rewrite(ir::Product product, unsigned operand, ArrayRef<Step> steps, int64_t dim, int64_t weightDim) {
  Operation *last = steps.back().op;
  ir::Builder builder(OpBuilder(last), last->getLoc());
  Tensor weight = ir::tensor(product->getOperand(operand)), result = ir::tensor(last->getResult(0));
  int64_t count = result.size(dim);
  Tensor scale, shift;
  for (const Step &step : steps) {
    builder.setFixedLocation(step.op->getLoc());
    Tensor vector = ir::tensor(step.vector);
    vector = vector.numel() == count ? reshape(vector, {count}) : broadcast(reshape(vector, {}), {count}, {});
    if (isa<ir::AddOp>(step.op)) {
      shift = shift ? shift + vector : vector;
    } else if (isa<ir::SubOp>(step.op)) {
      shift = shift ? shift - vector : -vector;
    } else {
      scale = scale ? scale * vector : vector;
      shift = shift ? shift * vector : shift;
    }
  }
  builder.setFixedLocation(product->getLoc());
  Value scaled = ir::value(weight * broadcast(scale, weight.shape(), {weightDim}));
  Operation *again = builder.op().clone(*product);
  again->setOperand(operand, scaled);
  Tensor value = ir::tensor(again->getResult(0));
  builder.setFixedLocation(last->getLoc());
  if (shift)
    value = value + broadcast(shift, value.shape(), {dim});
  last->getResult(0).replaceAllUsesWith(ir::value(value));
  for (const Step &step : llvm::reverse(steps))
    step.op->erase();
  product->erase();
}

bool Folding::fold(ir::Product product, unsigned operand) {
  if (!frozen.contains(product->getOperand(operand)) || isKnown(product->getOperand(1 - operand)) ||
      !isFloat(product->getResult(0)))
    return false;
  SmallVector<Step> steps;
  std::optional<int64_t> dim;
  if (!follow(product->getResult(0), steps, dim))
    return false;
  auto weightDim = product.scaledDim(operand, *dim);
  if (!weightDim)
    return false;
  rewrite(product, operand, steps, *dim, *weightDim);
  return true;
}

bool Folding::run() {
  for (BlockArgument argument : function.getArguments())
    if (function.getArgAttr(argument.getArgNumber(), "nn.frozen"))
      frozen.insert(argument);
  if (frozen.empty())
    return false;
  SmallVector<ir::Product> products;
  for (Operation &op : function.getBody().front()) {
    if (auto product = dyn_cast<ir::Product>(op))
      products.push_back(product);
    if (!isMemoryEffectFree(&op) || op.getNumRegions() ||
        !llvm::all_of(op.getOperands(), [&](Value v) { return isKnown(v); }))
      continue;
    bool any = llvm::any_of(op.getOperands(), [&](Value value) { return frozen.contains(value); });
    for (Value result : op.getResults())
      (any ? frozen : constant).insert(result);
  }
  bool changed = false;
  for (ir::Product product : products)
    changed |= fold(product, 0) || fold(product, 1);
  return changed;
}

bool foldScales(func::FuncOp function) { return Folding(function).run(); }

namespace {
struct FoldScales : impl::FoldScalesBase<FoldScales> {
  void runOnOperation() override { foldScales(getOperation()); }
};
} // namespace

} // namespace nnc::passes
