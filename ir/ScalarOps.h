// The scalar dialect (ScalarOps.td) and its ops.
#pragma once
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "nnc-generated/ir/ScalarDialect.h.inc"

#define GET_OP_CLASSES
#include "nnc-generated/ir/ScalarOps.h.inc"
