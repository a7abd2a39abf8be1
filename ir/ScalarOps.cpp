#include "nnc/ir/ScalarOps.h"
#include "mlir/IR/OpImplementation.h"

#include "nnc-generated/ir/ScalarDialect.cpp.inc"
#define GET_OP_CLASSES
#include "nnc-generated/ir/ScalarOps.cpp.inc"

void nnc::scalar::ScalarDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "nnc-generated/ir/ScalarOps.cpp.inc"
      >();
}
