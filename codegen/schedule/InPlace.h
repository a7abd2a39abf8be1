// May a kernel write a result over one of its inputs? Asked by the memory plan.
#pragma once
#include "nnc/codegen/schedule/Schedule.h"

namespace nnc::codegen {

/// True if every task reads argument `input` only where it writes its part of result `output`, and has read all it
/// needs of an element before that element is written, in whatever way the kernel is compiled later.
bool mayOverwrite(mlir::func::FuncOp kernel, unsigned input, unsigned output);

/// The same for the kernels of a module, each answer found once.
class InPlace {
public:
  explicit InPlace(mlir::SymbolTable &kernels) : kernels(kernels) {}
  mlir::func::FuncOp kernel(LaunchOp launch) const { return kernels.lookup<mlir::func::FuncOp>(launch.getKernel()); }
  bool mayOverwrite(LaunchOp launch, unsigned input, unsigned output) {
    auto [at, isNew] = known.try_emplace({launch.getKernelAttr(), {input, output}}, false);
    if (isNew)
      at->second = codegen::mayOverwrite(kernel(launch), input, output);
    return at->second;
  }

private:
  mlir::SymbolTable &kernels;
  llvm::DenseMap<std::pair<mlir::Attribute, std::pair<unsigned, unsigned>>, bool> known;
};

} // namespace nnc::codegen
