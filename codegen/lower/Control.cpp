// Lowering of the ops that stay in the schedule.
#include "nnc/codegen/lower/Control.h"
#include "nnc/ir/Dialect.h"

using namespace mlir;
namespace nnc::codegen {

bool isControl(Operation *) { return false; }

LogicalResult lowerControl(ImplicitLocOpBuilder &, Operation *op, ValueRange, IRMapping &) {
  return op->emitOpError("has no lowering");
}

} // namespace nnc::codegen
