// Registration of the nn dialect and of every op family.
#include "nnc/ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "nnc/ir/ScalarOps.h"

#include "nnc-generated/ir/Dialect.cpp.inc"
#include "nnc-generated/ir/Interfaces.cpp.inc"

namespace nnc::ir {

#define NNC_FAMILY(name) void add##name##Ops(NncDialect &dialect);
#include "nnc-generated/ir/Families.inc"
#undef NNC_FAMILY

void NncDialect::initialize() {
#define NNC_FAMILY(name) add##name##Ops(*this);
#include "nnc-generated/ir/Families.inc"
#undef NNC_FAMILY
}

mlir::Operation *NncDialect::materializeConstant(mlir::OpBuilder &builder, mlir::Attribute value, mlir::Type type,
                                                 mlir::Location location) {
  if (auto elements = llvm::dyn_cast<mlir::ElementsAttr>(value))
    if (elements.getType() == type)
      return ConstantOp::create(builder, location, type, elements);
  return nullptr;
}

} // namespace nnc::ir
