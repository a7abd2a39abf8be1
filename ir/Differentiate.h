// Reverse-mode differentiation: the walk that asks every op for its vector-Jacobian product. Used by the pass, by the
// frontend and by ops with a body of their own.
#pragma once
#include "mlir/IR/Builders.h"
#include "nnc/ir/Tensor.h"

namespace nnc::ir {

/// Adds to the block of `outputs`, at `builder`'s insertion point (after every output), the cotangents of `inputs`,
/// given one cotangent for each output (undefined: zero). An input that the outputs do not depend on gets zeros. Throws
/// the library's Error where a float value that matters passes through an op without a gradient; such an op is named
/// with its location. The result is ops of the same dialect, so it can be differentiated again.
std::vector<Tensor> differentiate(mlir::OpBuilder &builder, llvm::ArrayRef<Tensor> outputs,
                                  llvm::ArrayRef<Tensor> outputCotangents, llvm::ArrayRef<Tensor> inputs);

} // namespace nnc::ir
