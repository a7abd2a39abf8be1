// How the vocabulary adds ops: the thread's current builder, the location it gives them, and one way to create an op so
// that a broken shape rule becomes an exception with the user's location.
#pragma once
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OperationSupport.h"
#include "nnc/ir/Tensor.h"

namespace nnc::ir {

inline mlir::Value value(Tensor tensor) { return mlir::Value::getFromOpaquePointer(tensor.opaque()); }
inline Tensor tensor(mlir::Value value) { return Tensor::fromOpaque(value.getAsOpaquePointer()); }
DType dtypeOf(mlir::Type element);
mlir::Type elementType(DType type, mlir::MLIRContext *context);
mlir::RankedTensorType tensorType(DType type, const Shape &shape, mlir::MLIRContext *context);
inline mlir::RankedTensorType typeOf(Tensor tensor) {
  return llvm::cast<mlir::RankedTensorType>(value(tensor).getType());
}

/// Where a thread's vocabulary puts its ops. Builders nest; the innermost is current until it is destroyed.
class Builder {
public:
  /// `fixed`: the location every op gets (passes); without it ops are placed by the caller's line and the layer in
  /// scope.
  explicit Builder(mlir::OpBuilder builder, std::optional<mlir::Location> fixed = std::nullopt);
  ~Builder();
  Builder(const Builder &) = delete;
  Builder &operator=(const Builder &) = delete;

  /// The current builder of this thread; throws where no graph is being built.
  static Builder &current();
  /// The current builder, checked to be able to see `operand`s of op `op`.
  static bool exists();

  mlir::OpBuilder &op() { return builder_; }
  mlir::MLIRContext *context() { return builder_.getContext(); }
  mlir::Location location(Where where) const;
  void setFixedLocation(mlir::Location location) { fixed_ = location; }
  std::optional<mlir::Location> fixedLocation() const { return fixed_; }

private:
  mlir::OpBuilder builder_;
  std::optional<mlir::Location> fixed_;
  Builder *outer_;
};

namespace detail {
mlir::Operation *createOp(mlir::OperationState &state, Where where);
/// Runs `infer`, turning the error it reports into the library's exception.
void inferOrThrow(llvm::StringRef op, mlir::Location location, Where where,
                  llvm::function_ref<mlir::LogicalResult(llvm::SmallVectorImpl<mlir::Type> &)> infer,
                  llvm::SmallVectorImpl<mlir::Type> &types);
void checkOperands(llvm::StringRef op, llvm::ArrayRef<Tensor> operands, Where where);
} // namespace detail

/// Adds an op whose result types follow from its operands and properties.
template <class Op> Op create(Where where, llvm::ArrayRef<Tensor> operands, typename Op::Properties properties = {}) {
  Builder &builder = Builder::current();
  mlir::Location location = builder.location(where);
  detail::checkOperands(Op::getOperationName(), operands, where);
  llvm::SmallVector<mlir::Value> values;
  for (Tensor operand : operands)
    values.push_back(value(operand));
  llvm::SmallVector<mlir::Type> types;
  detail::inferOrThrow(
      Op::getOperationName(), location, where,
      [&](llvm::SmallVectorImpl<mlir::Type> &inferred) {
        return Op::inferReturnTypes(builder.context(), location, values, mlir::DictionaryAttr(),
                                    mlir::OpaqueProperties(&properties), {}, inferred);
      },
      types);
  mlir::OperationState state(location, Op::getOperationName());
  state.addOperands(values);
  state.addTypes(types);
  state.getOrAddProperties<typename Op::Properties>() = properties;
  return llvm::cast<Op>(detail::createOp(state, where));
}

/// The same for an op whose result types are given.
template <class Op>
Op createTyped(Where where, mlir::TypeRange types, llvm::ArrayRef<Tensor> operands,
               typename Op::Properties properties = {}) {
  Builder &builder = Builder::current();
  detail::checkOperands(Op::getOperationName(), operands, where);
  mlir::OperationState state(builder.location(where), Op::getOperationName());
  for (Tensor operand : operands)
    state.operands.push_back(value(operand));
  state.addTypes(types);
  state.getOrAddProperties<typename Op::Properties>() = properties;
  return llvm::cast<Op>(detail::createOp(state, where));
}

/// Attributes as properties hold them.
inline mlir::DenseI64ArrayAttr dims(llvm::ArrayRef<int64_t> values) {
  return mlir::DenseI64ArrayAttr::get(Builder::current().context(), values);
}
inline mlir::IntegerAttr i64(int64_t value) { return Builder::current().op().getI64IntegerAttr(value); }

/// `dim` counted from the front; throws where it is out of range for `rank`.
int64_t wrapDim(llvm::StringRef op, int64_t dim, int64_t rank, Where where);
llvm::SmallVector<int64_t> wrapDims(llvm::StringRef op, llvm::ArrayRef<int64_t> dims, int64_t rank, Where where);

/// The display string of the layer an op came from (`conv2d 'features.3'`), or empty.
llvm::StringRef layerOf(mlir::Location location);
/// `file:line:col` of a location, or empty.
std::string sourceOf(mlir::Location location);

} // namespace nnc::ir
