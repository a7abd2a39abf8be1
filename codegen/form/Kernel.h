// Building kernel functions: one from a group of operations, from a loop nest that already is a kernel, or, for
// whatever is neither, from one operation as straight code. Each replaces what it is made of by a launch.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "nnc/codegen/form/Group.h"
#include "nnc/codegen/schedule/Schedule.h"

namespace nnc::codegen {

/// A kernel function under construction and what its launch will be given.
class Kernel {
public:
  Kernel(mlir::RewriterBase &rewriter, mlir::Location loc);

  /// The value inside the kernel of a value of the schedule: constants, views and scalar arithmetic are repeated
  /// inside, everything else becomes an argument.
  mlir::Value import(mlir::Value value);
  /// Import all that `op` and its regions use from outside.
  void importOperands(mlir::Operation *op, llvm::function_ref<bool(mlir::Value)> isInside);
  /// A destination argument, which the launch gives `destination`. No import may follow.
  mlir::Value addOutput(mlir::Value destination);

  mlir::Block *body() { return &function.getBody().front(); }
  mlir::IRMapping &map() { return mapping; }

  /// Return `results`, give the function its identity (an equal kernel is reused) and build the launch at `where`.
  LaunchOp finish(mlir::ValueRange results, int64_t tasks, mlir::Operation *where,
                  mlir::ArrayRef<mlir::Operation *> members, mlir::SymbolTable &symbols);

private:
  mlir::RewriterBase &rewriter;
  mlir::func::FuncOp function;
  mlir::IRMapping mapping;
  llvm::SmallVector<mlir::Value> inputs, outputs;
};

/// Replace the members of a group by a launch.
mlir::FailureOr<LaunchOp> buildKernel(mlir::RewriterBase &rewriter, const Group &group, mlir::SymbolTable &symbols);
/// Replace one operation, of any kind, by a launch: a scf.forall keeps its tasks, anything else is one task.
mlir::FailureOr<LaunchOp> wrapKernel(mlir::RewriterBase &rewriter, mlir::Operation *op, mlir::SymbolTable &symbols);

/// Give a kernel function its identity: it is named and put among the symbols, or erased where an equal one is known.
mlir::func::FuncOp nameKernel(mlir::func::FuncOp function, mlir::SymbolTable &symbols);
/// What a kernel does, in a few words: `dot_bias_gelu`. From its content only.
std::string describe(mlir::func::FuncOp kernel);
/// Where these operations come from, the ones fused into their bodies included: all locations in one, each once.
mlir::Location originOf(mlir::ArrayRef<mlir::Operation *> ops);
/// Paths of the layers that a location names.
llvm::SmallVector<std::string> layersOf(mlir::Location location);
/// SHA-256 of the printed kernel without its name and locations, in hexadecimal: equal kernels are one kernel, and the
/// cache of objects is keyed by it.
std::string contentHash(mlir::func::FuncOp kernel);

} // namespace nnc::codegen
