// What lowerings to linalg on tensors are built from. Booleans and unsigned bytes live in memory as i8: `storage` maps
// types, `load` and `store` convert one element on its way into and out of a body.
#pragma once
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "nnc/ir/Scalar.h"

namespace nnc::ir::lin {

using Body = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;
using Combine = llvm::function_ref<Scalar(Scalar, Scalar)>;

mlir::Type storage(mlir::Type elementType);
mlir::RankedTensorType storageOf(mlir::Type tensorType);
mlir::Value load(mlir::ImplicitLocOpBuilder &builder, mlir::Value stored, mlir::Type elementType);
mlir::Value store(mlir::ImplicitLocOpBuilder &builder, mlir::Value element);

mlir::AffineMap identity(mlir::ImplicitLocOpBuilder &builder, int64_t rank);
/// The map (d0..d{rank-1}) -> (the listed dimensions).
mlir::AffineMap pick(mlir::ImplicitLocOpBuilder &builder, int64_t rank, llvm::ArrayRef<int64_t> dims);

mlir::Value empty(mlir::ImplicitLocOpBuilder &builder, mlir::RankedTensorType type);
mlir::Value constant(mlir::ImplicitLocOpBuilder &builder, mlir::Type type, double number);
mlir::Value index(mlir::ImplicitLocOpBuilder &builder, int64_t number);
mlir::Value filled(mlir::ImplicitLocOpBuilder &builder, mlir::RankedTensorType type, mlir::Value scalar);
mlir::Value filled(mlir::ImplicitLocOpBuilder &builder, mlir::RankedTensorType type, double number);

/// One result element from one element of each input; `maps[i]` says which element of input i. Types are storage types.
mlir::Value map(mlir::ImplicitLocOpBuilder &builder, mlir::RankedTensorType type, mlir::ValueRange inputs,
                llvm::ArrayRef<mlir::AffineMap> maps, Body body);
/// The same where every input has the result's shape.
mlir::Value map(mlir::ImplicitLocOpBuilder &builder, mlir::RankedTensorType type, mlir::ValueRange inputs, Body body);
/// Combines the elements along `dims` (ascending), starting from `initial`; `dims` are dropped from the result.
mlir::Value reduce(mlir::ImplicitLocOpBuilder &builder, mlir::Value input, llvm::ArrayRef<int64_t> dims, double initial,
                   Combine combine);
/// `value` (of the shape without `dims`) repeated along `dims` of `type`, as the input map of a `map` over `type`.
mlir::AffineMap without(mlir::ImplicitLocOpBuilder &builder, int64_t rank, llvm::ArrayRef<int64_t> dims);
/// Same elements in row-major order, another shape.
mlir::Value reshape(mlir::ImplicitLocOpBuilder &builder, mlir::Value input, llvm::ArrayRef<int64_t> shape);
/// `input` in the middle of a tensor of `number`s: `low` before, `high` behind, `interior` between neighbours, all at
/// least 0.
mlir::Value pad(mlir::ImplicitLocOpBuilder &builder, mlir::Value input, llvm::ArrayRef<int64_t> low,
                llvm::ArrayRef<int64_t> high, llvm::ArrayRef<int64_t> interior, double number);

/// The lowering of any op with the Pointwise interface.
mlir::Value pointwise(mlir::ImplicitLocOpBuilder &builder, mlir::Operation *op, mlir::ValueRange operands);

} // namespace nnc::ir::lin
