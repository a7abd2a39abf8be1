// Building blocks of the lowerings to linalg on tensors.
#include "nnc/ir/Linalg.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "nnc/ir/Dialect.h"

using namespace mlir;
namespace nnc::ir::lin {

static bool isByte(Type type) { return type.isInteger(1) || type.isUnsignedInteger(8); }

Type storage(Type type) { return isByte(type) ? IntegerType::get(type.getContext(), 8) : type; }
RankedTensorType storageOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.clone(storage(tensor.getElementType()));
}
Value load(ImplicitLocOpBuilder &builder, Value stored, Type elementType) {
  if (!elementType.isInteger(1))
    return stored;
  Scalar x(builder, stored);
  return compare("ne", x, x.of(0)).value();
}
Value store(ImplicitLocOpBuilder &builder, Value element) {
  return element.getType().isInteger(1) ? arith::ExtUIOp::create(builder, builder.getI8Type(), element).getResult()
                                        : element;
}

AffineMap identity(ImplicitLocOpBuilder &builder, int64_t rank) {
  return AffineMap::getMultiDimIdentityMap(rank, builder.getContext());
}
AffineMap pick(ImplicitLocOpBuilder &builder, int64_t rank, ArrayRef<int64_t> dims) {
  SmallVector<AffineExpr> exprs;
  for (int64_t dim : dims)
    exprs.push_back(builder.getAffineDimExpr(dim));
  return AffineMap::get(rank, 0, exprs, builder.getContext());
}
AffineMap without(ImplicitLocOpBuilder &builder, int64_t rank, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> kept;
  for (int64_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(dims, dim))
      kept.push_back(dim);
  return pick(builder, rank, kept);
}

Value empty(ImplicitLocOpBuilder &builder, RankedTensorType type) {
  return tensor::EmptyOp::create(builder, type.getShape(), type.getElementType());
}
Value constant(ImplicitLocOpBuilder &builder, Type type, double number) {
  TypedAttr attribute = isa<FloatType>(type) ? TypedAttr(builder.getFloatAttr(type, number))
                                             : TypedAttr(builder.getIntegerAttr(type, int64_t(number)));
  return arith::ConstantOp::create(builder, attribute);
}
Value index(ImplicitLocOpBuilder &builder, int64_t number) { return arith::ConstantIndexOp::create(builder, number); }
Value filled(ImplicitLocOpBuilder &builder, RankedTensorType type, Value scalar) {
  return linalg::FillOp::create(builder, scalar, empty(builder, type)).getResult(0);
}
Value filled(ImplicitLocOpBuilder &builder, RankedTensorType type, double number) {
  return filled(builder, type, constant(builder, type.getElementType(), number));
}

Value map(ImplicitLocOpBuilder &builder, RankedTensorType type, ValueRange inputs, ArrayRef<AffineMap> maps,
          Body body) {
  SmallVector<AffineMap> all(maps);
  all.push_back(identity(builder, type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  Value destination = empty(builder, type);
  return linalg::GenericOp::create(builder, TypeRange{type}, inputs, ValueRange{destination}, all, iterators,
                                   [&](OpBuilder &inner, Location location, ValueRange arguments) {
                                     ImplicitLocOpBuilder at(location, inner);
                                     linalg::YieldOp::create(at, body(at, arguments.drop_back()));
                                   })
      .getResult(0);
}
Value map(ImplicitLocOpBuilder &builder, RankedTensorType type, ValueRange inputs, Body body) {
  SmallVector<AffineMap> maps(inputs.size(), identity(builder, type.getRank()));
  return map(builder, type, inputs, maps, body);
}

Value reduce(ImplicitLocOpBuilder &builder, Value input, ArrayRef<int64_t> dims, double initial, Combine combine) {
  auto type = cast<RankedTensorType>(input.getType());
  int64_t rank = type.getRank();
  SmallVector<int64_t> shape;
  SmallVector<utils::IteratorType> iterators;
  for (int64_t dim = 0; dim < rank; ++dim) {
    bool reduced = llvm::is_contained(dims, dim);
    iterators.push_back(reduced ? utils::IteratorType::reduction : utils::IteratorType::parallel);
    if (!reduced)
      shape.push_back(type.getDimSize(dim));
  }
  auto result = RankedTensorType::get(shape, type.getElementType());
  SmallVector<AffineMap> maps{identity(builder, rank), without(builder, rank, dims)};
  Value start = filled(builder, result, initial);
  return linalg::GenericOp::create(builder, TypeRange{result}, ValueRange{input}, ValueRange{start}, maps, iterators,
                                   [&](OpBuilder &inner, Location location, ValueRange arguments) {
                                     ImplicitLocOpBuilder at(location, inner);
                                     Scalar next = combine(Scalar(at, arguments[1]), Scalar(at, arguments[0]));
                                     linalg::YieldOp::create(at, next.value());
                                   })
      .getResult(0);
}

Value reshape(ImplicitLocOpBuilder &builder, Value input, ArrayRef<int64_t> shape) {
  auto from = cast<RankedTensorType>(input.getType());
  auto to = from.clone(shape);
  if (from == to)
    return input;
  if (auto groups = getReassociationIndicesForReshape(from, to)) {
    if (from.getRank() > to.getRank())
      return tensor::CollapseShapeOp::create(builder, to, input, *groups);
    return tensor::ExpandShapeOp::create(builder, to, input, *groups);
  }
  // Through one dimension. Rank 0 has no dimension to group; there getReassociation... has succeeded above.
  auto flat = from.clone({from.getNumElements()});
  SmallVector<ReassociationIndices> in(1), out(1);
  for (int64_t dim = 0; dim < from.getRank(); ++dim)
    in[0].push_back(dim);
  for (int64_t dim = 0; dim < to.getRank(); ++dim)
    out[0].push_back(dim);
  if (from.getRank() != 1)
    input = tensor::CollapseShapeOp::create(builder, flat, input, in);
  return to.getRank() == 1 ? input : tensor::ExpandShapeOp::create(builder, to, input, out).getResult();
}

Value pad(ImplicitLocOpBuilder &builder, Value input, ArrayRef<int64_t> low, ArrayRef<int64_t> high,
          ArrayRef<int64_t> interior, double number) {
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<int64_t> shape;
  SmallVector<OpFoldResult> offsets, sizes, strides;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    int64_t size = type.getDimSize(dim);
    shape.push_back(low[dim] + high[dim] + size + (size > 0 ? (size - 1) * interior[dim] : 0));
    offsets.push_back(builder.getIndexAttr(low[dim]));
    sizes.push_back(builder.getIndexAttr(size));
    strides.push_back(builder.getIndexAttr(interior[dim] + 1));
  }
  auto result = type.clone(shape);
  if (result == type)
    return input;
  Value background = filled(builder, result, number);
  if (type.getNumElements() == 0)
    return background;
  return tensor::InsertSliceOp::create(builder, input, background, offsets, sizes, strides);
}

Value pointwise(ImplicitLocOpBuilder &builder, Operation *op, ValueRange operands) {
  auto type = storageOf(op->getResult(0).getType());
  auto elementOf = [](Value tensor) { return cast<RankedTensorType>(tensor.getType()).getElementType(); };
  return map(builder, type, operands, [&](ImplicitLocOpBuilder &at, ValueRange elements) -> Value {
    SmallVector<Value> loaded;
    for (auto [element, operand] : llvm::zip(elements, op->getOperands())) {
      loaded.push_back(load(at, element, elementOf(operand)));
      if (elementOf(operand).isUnsignedInteger(8)) // arith knows no unsigned types; in 32 bits a byte has no sign
        loaded.back() = arith::ExtUIOp::create(at, at.getI32Type(), loaded.back());
    }
    Value result = cast<Pointwise>(op).element(at, loaded);
    if (elementOf(op->getResult(0)).isUnsignedInteger(8))
      return arith::TruncIOp::create(at, at.getI8Type(), result);
    return store(at, result);
  });
}

} // namespace nnc::ir::lin
