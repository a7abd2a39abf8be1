// The compiler from graph to object, one function a stage. Each takes a module at one level and leaves it at the next,
// verified; each level's text can be printed (`nnc-opt --to=<level>`) and fed back in.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "nnc/codegen/Target.h"

namespace nnc::codegen {

enum class Level { Graph, Linalg, Kernels, Buffers, Llvm, Object };

/// graph -> linalg: no op of the nn dialect is left.
mlir::LogicalResult lowerToLinalg(mlir::ModuleOp module);
/// linalg -> kernels: every tensor op is inside a kernel function; identical kernels are one function.
mlir::LogicalResult formKernels(mlir::ModuleOp module);
/// kernels -> buffers: the schedule on memrefs with one planned arena.
mlir::LogicalResult planBuffers(mlir::ModuleOp module);
/// One kernel function (destination-passing, on tensors) -> the LLVM dialect for a target, in place in `kernel`'s module,
/// which holds nothing else.
mlir::LogicalResult lowerKernel(mlir::ModuleOp kernel, const Target &target);
/// One kernel -> object file bytes exporting `symbol` as void(void **buffers, int64_t begin, int64_t end).
mlir::LogicalResult compileKernel(mlir::ModuleOp kernel, const std::string &symbol, const Target &target,
                                  llvm::SmallVectorImpl<char> &object);

} // namespace nnc::codegen
