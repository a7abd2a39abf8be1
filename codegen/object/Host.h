// The schedule functions of a module (level buffers) as host code in the LLVM dialect.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "nnc/codegen/Target.h"
#include "nnc/codegen/object/Signature.h"

namespace nnc::codegen {

/// For each function of the signature adds to `host`
///   llvm.func @"nnc.schedule.<name>"(%call, %arguments, %results, %workspace : !llvm.ptr) -> i32
/// of type nnc_schedule. It calls nnc_run and nnc_check of the embedded runtime, and memcpy. Constants become globals.
mlir::LogicalResult emitHost(mlir::ModuleOp module, const Signature &signature, mlir::ModuleOp host);

/// buffers -> llvm, in place: the schedules as above, and each kernel as lowerKernel leaves it, under its own name.
mlir::LogicalResult lowerToLlvm(mlir::ModuleOp module, const Target &target);

std::string scheduleSymbol(llvm::StringRef function);

} // namespace nnc::codegen
