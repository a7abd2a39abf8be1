// Positions of operations and last uses of tensors in a schedule.
#include "nnc/codegen/schedule/Storage.h"

using namespace mlir;
using namespace nnc::codegen;

Timeline::Timeline(func::FuncOp function) { number(function.getBody().front()); }

void Timeline::number(Block &block) {
  for (Operation &op : block) {
    begin[&op] = next++;
    if (auto loop = dyn_cast<scf::ForOp>(op))
      number(*loop.getBody());
    end[&op] = next++;
  }
}

static bool isView(Operation *op) {
  return isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp>(op);
}

Value nnc::codegen::baseOf(Value tensor) {
  while (isView(tensor.getDefiningOp()))
    tensor = tensor.getDefiningOp()->getOperand(0);
  return tensor;
}

int64_t Timeline::lastUse(Value value) const {
  int64_t last = -1;
  Block *home = value.getParentBlock();
  SmallVector<Value> work{value};
  while (!work.empty())
    for (OpOperand &use : work.pop_back_val().getUses()) {
      Operation *user = use.getOwner(), *ancestor = home->findAncestorOpInBlock(*user);
      if (isView(user))
        work.push_back(user->getResult(0));
      else if (isa<func::ReturnOp>(user))
        last = forever;
      else
        last = std::max(last, ancestor == user && isa<scf::ForOp>(user) ? begin.lookup(user) : end.lookup(ancestor));
    }
  return last;
}
