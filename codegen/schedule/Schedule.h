// The schedule dialect in C++ (see Schedule.td): launches, checks, copies, and what is asked of the buffers they name.
#pragma once
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "nnc-generated/codegen/schedule/ScheduleDialect.h.inc"
#define GET_OP_CLASSES
#include "nnc-generated/codegen/schedule/Schedule.h.inc"

namespace nnc::codegen {

/// Is this function a kernel (not a schedule)?
inline bool isKernel(mlir::func::FuncOp function) { return function->hasAttr(ScheduleDialect::kernelAttr); }

/// On an argument of a schedule function (unit): its value is known when the function is compiled, or prepared, and
/// never changes.
inline constexpr llvm::StringLiteral frozenAttr = "nn.frozen";
/// Ends the name of the function that prepares what another one takes.
inline constexpr llvm::StringLiteral prepareSuffix = ".prepare";

/// Bytes of a static tensor or memref: i1 takes one byte an element, as in every buffer of the ABI.
int64_t bytesOf(mlir::Type type);

/// Are the elements of this memref one run of memory in row-major order, at whatever offset?
bool isContiguous(mlir::MemRefType type);

} // namespace nnc::codegen
