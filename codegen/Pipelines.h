// The compiler from graph to object, one function a stage. Each takes a module at one level and leaves it at the next,
// verified; each level's text can be printed (`nnc-opt --to=<level>`) and fed back in.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "nnc/codegen/Target.h"
#include <optional>

namespace nnc::codegen {

enum class Level { Graph, Linalg, Kernels, Buffers, Llvm, Object };

/// "graph", "linalg", ...
llvm::StringRef nameOf(Level level);
std::optional<Level> parseLevel(llvm::StringRef name);

/// The level that a module's text is at, told from what it holds.
Level levelOf(mlir::ModuleOp module);

struct LowerOptions {
  bool fuse = true; // false: every op is a kernel of its own
};

/// Runs the stages from the module's level up to `level` (at most Buffers), each one's promise checked. `after` sees
/// the module at the end of each stage. Fails if the module is past `level` already.
mlir::LogicalResult lowerTo(mlir::ModuleOp module, Level level, const LowerOptions &options = {},
                            llvm::function_ref<void(Level, mlir::ModuleOp)> after = nullptr);

/// graph -> linalg: no op of the nn dialect is left.
mlir::LogicalResult lowerToLinalg(mlir::ModuleOp module);
/// At level linalg or kernels: what depends on frozen arguments alone (`nn.frozen`) moves from each function `f` to
/// `f.prepare` beside it, whose results `f` takes as further frozen arguments, of kind "constant"; frozen arguments
/// that nobody reads any more are dropped. Checks stay, and what takes more memory than it saves work.
mlir::LogicalResult hoistFrozen(mlir::ModuleOp module);
/// linalg -> kernels: every tensor op is inside a kernel function; identical kernels are one function. Without `fuse`
/// every op is a kernel of its own, with one task: slow, and right by simpler means.
mlir::LogicalResult formKernels(mlir::ModuleOp module, bool fuse = true);
/// kernels -> buffers: the schedule on memrefs with one planned arena.
mlir::LogicalResult planBuffers(mlir::ModuleOp module);
/// One kernel function (destination-passing, on tensors) -> the LLVM dialect for a target, in place in `kernel`'s
/// module, which holds nothing else.
mlir::LogicalResult lowerKernel(mlir::ModuleOp kernel, const Target &target);
/// One kernel -> object file bytes exporting `symbol` as void(void **buffers, int64_t begin, int64_t end).
mlir::LogicalResult compileKernel(mlir::ModuleOp kernel, const std::string &symbol, const Target &target,
                                  llvm::SmallVectorImpl<char> &object);

} // namespace nnc::codegen
