// The reduce family: vocabulary, then each op's shape rule, gradient and lowering.
#include "nnc/ir/ops/Reduce.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Check.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/Linalg.h"
#include "nnc/ir/ops/Elementwise.h"
#include "nnc/ir/ops/Shape.h"
#include <fmt/format.h>

using namespace mlir;
namespace nnc {

//===--- vocabulary ---===//

static SmallVector<int64_t> reducedDims(std::string_view op, Tensor x, const Dims &dims, Where where) {
  SmallVector<int64_t> all;
  if (dims.values.empty())
    for (int64_t dim = 0; dim < x.rank(); ++dim)
      all.push_back(dim);
  else
    all = ir::wrapDims(op, dims.values, x.rank(), where);
  llvm::sort(all);
  return all;
}
static Tensor keepDims(Tensor reduced, Shape shape, ArrayRef<int64_t> dims, Where where) {
  for (int64_t dim : dims)
    shape[dim] = 1;
  return reshape(reduced, shape, where);
}
template <class Op> static Tensor reduce(std::string_view op, Tensor x, Dims dims, bool keepdim, Where where) {
  auto reduced = reducedDims(op, x, dims, where);
  typename Op::Properties properties;
  properties.dims = ir::dims(reduced);
  Tensor y = reduced.empty() ? x : ir::tensor(ir::create<Op>(where, {x}, properties).getResult());
  return keepdim ? keepDims(y, x.shape(), reduced, where) : y;
}
template <class Op> static Tensor alongDim(std::string_view op, Tensor x, int64_t dim, Where where) {
  typename Op::Properties properties;
  properties.dim = ir::i64(ir::wrapDim(op, dim, x.rank(), where));
  return ir::tensor(ir::create<Op>(where, {x}, properties).getResult());
}
static int64_t countAlong(Tensor x, ArrayRef<int64_t> dims) {
  int64_t count = 1;
  for (int64_t dim : dims)
    count *= x.size(dim);
  return count;
}

Tensor sum(Tensor x, Dims dims, bool keepdim, Where where) {
  if (x.dtype() == DType::i1)
    x = convert(x, DType::i64, where);
  return reduce<ir::SumOp>("sum", x, dims, keepdim, where);
}
Tensor mean(Tensor x, Dims dims, bool keepdim, Where where) {
  expectFloat("mean", "input", x, where);
  double count = double(countAlong(x, reducedDims("mean", x, dims, where)));
  return sum(x, dims, keepdim, where) * Operand(1.0 / count, where);
}
Tensor var(Tensor x, Dims dims, int64_t correction, bool keepdim, Where where) {
  double count = double(countAlong(x, reducedDims("var", x, dims, where)));
  Tensor centred = Operand(x, where) - Operand(mean(x, dims, true, where), where);
  return sum(square(centred, where), dims, keepdim, where) * Operand(1.0 / (count - double(correction)), where);
}
Tensor amax(Tensor x, Dims dims, bool keepdim, Where where) {
  return reduce<ir::MaxOp>("amax", x, dims, keepdim, where);
}
Tensor amin(Tensor x, Dims dims, bool keepdim, Where where) {
  return reduce<ir::MinOp>("amin", x, dims, keepdim, where);
}
Tensor prod(Tensor x, Dims dims, bool keepdim, Where where) {
  return reduce<ir::ProdOp>("prod", x, dims, keepdim, where);
}
Tensor any(Tensor x, Dims dims, bool keepdim, Where where) { return reduce<ir::AnyOp>("any", x, dims, keepdim, where); }
Tensor all(Tensor x, Dims dims, bool keepdim, Where where) { return reduce<ir::AllOp>("all", x, dims, keepdim, where); }
Tensor argmax(Tensor x, int64_t dim, bool keepdim, Where where) {
  Tensor y = alongDim<ir::ArgmaxOp>("argmax", x, dim, where);
  return keepdim ? keepDims(y, x.shape(), {ir::wrapDim("argmax", dim, x.rank(), where)}, where) : y;
}
Tensor argmin(Tensor x, int64_t dim, bool keepdim, Where where) {
  Tensor y = alongDim<ir::ArgminOp>("argmin", x, dim, where);
  return keepdim ? keepDims(y, x.shape(), {ir::wrapDim("argmin", dim, x.rank(), where)}, where) : y;
}
Tensor cumsum(Tensor x, int64_t dim, bool reverse, Where where) {
  ir::CumsumOp::Properties properties;
  properties.dim = ir::i64(ir::wrapDim("cumsum", dim, x.rank(), where));
  properties.reverse = ir::Builder::current().op().getBoolAttr(reverse);
  return ir::tensor(ir::create<ir::CumsumOp>(where, {x}, properties).getResult());
}
// A scalar is one class, as in PyTorch: of dimension 0 or -1.
template <class Op> static Tensor softmaxOf(std::string_view op, Tensor x, int64_t dim, Where where) {
  expectFloat(op, "input", x, where);
  if (x.rank() > 0)
    return alongDim<Op>(op, x, dim, where);
  return reshape(alongDim<Op>(op, reshape(x, {1}, where), dim, where), {}, where);
}
Tensor softmax(Tensor x, int64_t dim, Where where) { return softmaxOf<ir::SoftmaxOp>("softmax", x, dim, where); }
Tensor log_softmax(Tensor x, int64_t dim, Where where) {
  return softmaxOf<ir::LogSoftmaxOp>("log_softmax", x, dim, where);
}
Tensor logsumexp(Tensor x, int64_t dim, bool keepdim, Where where) {
  expectFloat("logsumexp", "input", x, where);
  Tensor y = alongDim<ir::LogsumexpOp>("logsumexp", x, dim, where);
  return keepdim ? keepDims(y, x.shape(), {ir::wrapDim("logsumexp", dim, x.rank(), where)}, where) : y;
}

namespace ir {

//===--- what the reductions share ---===//

static LogicalResult inferReduced(StringRef op, std::optional<Location> location, Type input, ArrayRef<int64_t> dims,
                                  Type element, SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(input);
  if (failed(Check(location, op).dims("dims", dims, type.getRank(), /*sorted=*/true)))
    return failure();
  SmallVector<int64_t> shape;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (!llvm::is_contained(dims, dim))
      shape.push_back(type.getDimSize(dim));
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}
// Largest or smallest of nothing has no value.
static LogicalResult checkNotEmpty(StringRef op, std::optional<Location> location, Type input, ArrayRef<int64_t> dims) {
  auto type = cast<RankedTensorType>(input);
  for (int64_t dim : dims)
    if (dim >= 0 && dim < type.getRank() && type.getDimSize(dim) == 0)
      return Check(location, op)
          .fail("input: expected at least one element along dimension " + Twine(dim) + ", got " + shapeText(type));
  return success();
}
static Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

/// `reduced` again in the shape it was reduced from.
static Tensor undo(Tensor reduced, Value input, ArrayRef<int64_t> dims) {
  return broadcast(reduced, Shape(cast<RankedTensorType>(input.getType()).getShape()), [&] {
    std::vector<int64_t> kept;
    for (int64_t dim = 0; dim < cast<RankedTensorType>(input.getType()).getRank(); ++dim)
      if (!llvm::is_contained(dims, dim))
        kept.push_back(dim);
    return kept;
  }());
}

#define NNC_INFER_REDUCED(Op, name)                                                                                    \
  LogicalResult Op::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,                 \
                                     SmallVectorImpl<Type> &types) {                                                   \
    return inferReduced(name, location, adaptor.getInput().getType(), adaptor.getDims(),                               \
                        elementOf(adaptor.getInput()), types);                                                         \
  }
NNC_INFER_REDUCED(SumOp, "sum")
NNC_INFER_REDUCED(ProdOp, "prod")
NNC_INFER_REDUCED(AnyOp, "any")
NNC_INFER_REDUCED(AllOp, "all")
#undef NNC_INFER_REDUCED

//===--- sum ---===//

SmallVector<Tensor> SumOp::vjp(ArrayRef<Tensor> cotangents) { return {undo(cotangents[0], getInput(), getDims())}; }
SmallVector<Value> SumOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {lin::reduce(builder, operands[0], getDims(), 0, [](Scalar sum, Scalar x) { return sum + x; })};
}

//===--- max, min ---===//

LogicalResult MaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return success(succeeded(checkNotEmpty("max", location, adaptor.getInput().getType(), adaptor.getDims())) &&
                 succeeded(inferReduced("max", location, adaptor.getInput().getType(), adaptor.getDims(),
                                        elementOf(adaptor.getInput()), types)));
}
LogicalResult MinOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return success(succeeded(checkNotEmpty("min", location, adaptor.getInput().getType(), adaptor.getDims())) &&
                 succeeded(inferReduced("min", location, adaptor.getInput().getType(), adaptor.getDims(),
                                        elementOf(adaptor.getInput()), types)));
}
template <class Op> static Tensor shareAmongTies(Op op, Tensor g) {
  Tensor x = tensor(op.getInput());
  Tensor hit = convert(x == undo(tensor(op.getOutput()), op.getInput(), op.getDims()), x.dtype());
  Tensor share = g / sum(hit, std::vector<int64_t>(op.getDims()));
  return hit * undo(share, op.getInput(), op.getDims());
}
SmallVector<Tensor> MaxOp::vjp(ArrayRef<Tensor> cotangents) { return {shareAmongTies(*this, cotangents[0])}; }
SmallVector<Tensor> MinOp::vjp(ArrayRef<Tensor> cotangents) { return {shareAmongTies(*this, cotangents[0])}; }

// The value no element is beyond: minus (plus) infinity, or the least (greatest) integer as the nearest double.
static Value extreme(ImplicitLocOpBuilder &builder, Type element, bool least) {
  if (auto type = dyn_cast<FloatType>(element))
    return arith::ConstantOp::create(builder,
                                     builder.getFloatAttr(type, APFloat::getInf(type.getFloatSemantics(), least)));
  unsigned bits = element.getIntOrFloatBitWidth();
  return arith::ConstantOp::create(builder, builder.getIntegerAttr(element, least ? APInt::getSignedMinValue(bits)
                                                                                  : APInt::getSignedMaxValue(bits)));
}
static Value reduceExtreme(ImplicitLocOpBuilder &builder, Value input, ArrayRef<int64_t> dims, bool largest) {
  Value reduced = lin::reduce(builder, input, dims, 0,
                              [&](Scalar best, Scalar x) { return largest ? maximum(best, x) : minimum(best, x); });
  auto generic = reduced.getDefiningOp<linalg::GenericOp>();
  auto fill = generic.getOutputs()[0].getDefiningOp<linalg::FillOp>();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(fill);
  fill.getInputsMutable()[0].set(extreme(builder, elementOf(input), largest));
  return reduced;
}
SmallVector<Value> MaxOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {reduceExtreme(builder, operands[0], getDims(), true)};
}
SmallVector<Value> MinOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {reduceExtreme(builder, operands[0], getDims(), false)};
}

//===--- prod ---===//

// d/dx is the product of the others: y / x, but where x is 0 the product of the rest, and 0 where another element is 0
// too.
SmallVector<Tensor> ProdOp::vjp(ArrayRef<Tensor> cotangents) {
  Tensor x = tensor(getInput());
  std::vector<int64_t> dims(getDims());
  Tensor isZero = x == 0, one = onesLike(x);
  Tensor nonzero = select(isZero, one, x);
  Tensor zeros = undo(sum(convert(isZero, x.dtype()), dims), getInput(), dims);
  Tensor rest = undo(prod(nonzero, dims), getInput(), dims);
  Tensor others =
      select(isZero, select(zeros == 1, rest, zerosLike(x)), select(zeros == 0, rest / nonzero, zerosLike(x)));
  return {undo(cotangents[0], getInput(), dims) * others};
}
SmallVector<Value> ProdOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {lin::reduce(builder, operands[0], getDims(), 1, [](Scalar product, Scalar x) { return product * x; })};
}

//===--- any, all (stored as i8 of 0 or 1) ---===//

SmallVector<Value> AnyOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {lin::reduce(builder, operands[0], getDims(), 0, [](Scalar found, Scalar x) { return found | x; })};
}
SmallVector<Value> AllOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {lin::reduce(builder, operands[0], getDims(), 1, [](Scalar held, Scalar x) { return held & x; })};
}

//===--- argmax, argmin ---===//

template <class Adaptor>
static LogicalResult inferArg(StringRef op, MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                              SmallVectorImpl<Type> &types) {
  int64_t dim = adaptor.getDim();
  Type input = adaptor.getInput().getType();
  return success(succeeded(Check(location, op).dims("dim", dim, cast<RankedTensorType>(input).getRank())) &&
                 succeeded(checkNotEmpty(op, location, input, dim)) &&
                 succeeded(inferReduced(op, location, input, dim, IntegerType::get(context, 64), types)));
}
LogicalResult ArgmaxOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return inferArg("argmax", context, location, adaptor, types);
}
LogicalResult ArgminOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return inferArg("argmin", context, location, adaptor, types);
}
// One reduction with two results: the best value and its position. The rule is associative and prefers the lower
// position, so that any tree gives the first of equals.
static Value lowerArg(ImplicitLocOpBuilder &builder, Value input, int64_t dim, bool largest) {
  auto type = cast<RankedTensorType>(input.getType());
  int64_t rank = type.getRank();
  SmallVector<int64_t> shape;
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators[dim] = utils::IteratorType::reduction;
  for (int64_t d = 0; d < rank; ++d)
    if (d != dim)
      shape.push_back(type.getDimSize(d));
  Type i64 = builder.getI64Type();
  auto values = type.clone(shape);
  auto positions = RankedTensorType::get(shape, i64);
  Value start = lin::filled(builder, values, extreme(builder, type.getElementType(), largest));
  // "No position yet" is larger than any position, so that an element equal to the extreme still wins over it.
  Value none =
      lin::filled(builder, positions, arith::ConstantOp::create(builder, builder.getI64IntegerAttr(INT64_MAX)));
  AffineMap reducedMap = lin::without(builder, rank, dim);
  SmallVector<AffineMap> maps{lin::identity(builder, rank), reducedMap, reducedMap};
  auto generic = linalg::GenericOp::create(
      builder, TypeRange{values, positions}, ValueRange{input}, ValueRange{start, none}, maps, iterators,
      [&](OpBuilder &inner, Location location, ValueRange arguments) {
        ImplicitLocOpBuilder at(location, inner);
        Scalar x(at, arguments[0]), best(at, arguments[1]), bestAt(at, arguments[2]);
        Scalar here(at, arith::IndexCastOp::create(at, i64, linalg::IndexOp::create(at, dim)));
        Scalar better = compare(largest ? "gt" : "lt", x, best), equal = compare("eq", x, best);
        if (x.isFloat()) {
          Scalar xNan = compare("ne", x, x), bestNan = compare("ne", best, best);
          better = better | (xNan & !bestNan);
          equal = equal | (xNan & bestNan);
        }
        Scalar take = better | (equal & compare("lt", here, bestAt));
        linalg::YieldOp::create(at, ValueRange{select(take, x, best).value(), select(take, here, bestAt).value()});
      });
  return generic.getResult(1);
}
SmallVector<Value> ArgmaxOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {lowerArg(builder, operands[0], getDim(), true)};
}
SmallVector<Value> ArgminOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {lowerArg(builder, operands[0], getDim(), false)};
}

//===--- cumsum ---===//

LogicalResult CumsumOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  types.push_back(type);
  return Check(location, "cumsum").dims("dim", int64_t(adaptor.getDim()), type.getRank());
}
SmallVector<Tensor> CumsumOp::vjp(ArrayRef<Tensor> cotangents) {
  return {cumsum(cotangents[0], getDim(), !getReverse())};
}
// A ready-made kernel: each task runs along `dim` for one position before it, in order.
SmallVector<Value> CumsumOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto type = cast<RankedTensorType>(operands[0].getType());
  int64_t dim = getDim(), size = type.getDimSize(dim), outer = 1, inner = 1;
  for (int64_t d = 0; d < type.getRank(); ++d)
    (d < dim ? outer : inner) *= d == dim ? 1 : type.getDimSize(d);
  if (type.getNumElements() == 0)
    return {operands[0]};
  Value x = lin::reshape(builder, operands[0], {outer, size, inner});
  auto flat = cast<RankedTensorType>(x.getType());
  Value destination = lin::empty(builder, flat);
  auto index = [&](int64_t i) { return builder.getIndexAttr(i); };
  SmallVector<OpFoldResult> lower{index(0)}, upper{index(outer)}, step{index(1)};
  auto forall = scf::ForallOp::create(builder, lower, upper, step, ValueRange{destination}, std::nullopt);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(forall.getBody());
  Value row = forall.getInductionVar(0);
  SmallVector<OpFoldResult> offsets{row, index(0), index(0)}, sizes{index(1), index(size), index(inner)},
      strides{index(1), index(1), index(1)};
  auto slice = flat.clone({1, size, inner});
  Value part = tensor::ExtractSliceOp::create(builder, slice, forall.getRegionIterArgs()[0], offsets, sizes, strides);
  Value zero = lin::index(builder, 0), one = lin::index(builder, 1);
  auto columns = scf::ForOp::create(builder, zero, lin::index(builder, inner), one, ValueRange{part});
  builder.setInsertionPointToStart(columns.getBody());
  Value column = columns.getInductionVar();
  auto along =
      scf::ForOp::create(builder, zero, lin::index(builder, size), one,
                         ValueRange{lin::constant(builder, type.getElementType(), 0), columns.getRegionIterArg(0)});
  builder.setInsertionPointToStart(along.getBody());
  Value at = along.getInductionVar();
  if (getReverse())
    at = arith::SubIOp::create(builder, lin::index(builder, size - 1), at);
  Scalar next = Scalar(builder, along.getRegionIterArg(0)) +
                Scalar(builder, tensor::ExtractOp::create(builder, x, ValueRange{row, at, column}));
  Value written =
      tensor::InsertOp::create(builder, next.value(), along.getRegionIterArg(1), ValueRange{zero, at, column});
  scf::YieldOp::create(builder, ValueRange{next.value(), written});
  builder.setInsertionPointToEnd(columns.getBody());
  scf::YieldOp::create(builder, along.getResult(1));
  builder.setInsertionPointToEnd(forall.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(builder, columns.getResult(0), forall.getRegionIterArgs()[0], offsets, sizes,
                                        strides);
  builder.setInsertionPointAfter(forall);
  return {lin::reshape(builder, forall.getResult(0), type.getShape())};
}

//===--- softmax, log_softmax, logsumexp ---===//

template <class Adaptor>
static LogicalResult inferRow(StringRef op, std::optional<Location> location, Adaptor adaptor, bool drop,
                              SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  int64_t dim = adaptor.getDim();
  if (failed(Check(location, op).dims("dim", dim, type.getRank())))
    return failure();
  if (drop)
    return inferReduced(op, location, type, dim, type.getElementType(), types);
  types.push_back(type);
  return success();
}
LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferRow("softmax", location, adaptor, false, types);
}
LogicalResult LogSoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  return inferRow("log_softmax", location, adaptor, false, types);
}
LogicalResult LogsumexpOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferRow("logsumexp", location, adaptor, true, types);
}

SmallVector<Tensor> SoftmaxOp::vjp(ArrayRef<Tensor> cotangents) {
  Tensor y = tensor(getOutput()), g = cotangents[0];
  return {y * (g - sum(g * y, getDim(), true))};
}
SmallVector<Tensor> LogSoftmaxOp::vjp(ArrayRef<Tensor> cotangents) {
  Tensor y = tensor(getOutput()), g = cotangents[0];
  return {g - exp(y) * sum(g, getDim(), true)};
}
SmallVector<Tensor> LogsumexpOp::vjp(ArrayRef<Tensor> cotangents) {
  int64_t dim = getDim();
  Tensor x = tensor(getInput());
  return {undo(cotangents[0], getInput(), dim) * exp(x - undo(tensor(getOutput()), getInput(), dim))};
}

namespace {
// The parts of a row-wise function along one dimension.
struct Row {
  ImplicitLocOpBuilder &builder;
  RankedTensorType type;
  int64_t dim;
  AffineMap full, perRow;
  Row(ImplicitLocOpBuilder &builder, Value x, int64_t dim)
      : builder(builder), type(cast<RankedTensorType>(x.getType())), dim(dim),
        full(lin::identity(builder, type.getRank())), perRow(lin::without(builder, type.getRank(), dim)) {}
  // f(element, value of its row), element by element.
  Value with(Value x, Value row, function_ref<Scalar(Scalar, Scalar)> f) {
    return lin::map(builder, type, {x, row}, {full, perRow}, [&](ImplicitLocOpBuilder &at, ValueRange e) {
      return f(Scalar(at, e[0]), Scalar(at, e[1])).value();
    });
  }
  Value sum(Value x) {
    return lin::reduce(builder, x, dim, 0, [](Scalar s, Scalar e) { return s + e; });
  }
};
} // namespace

SmallVector<Value> SoftmaxOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  Row row(builder, operands[0], getDim());
  Value largest = reduceExtreme(builder, operands[0], getDim(), true);
  Value e = row.with(operands[0], largest, [](Scalar x, Scalar m) { return exp(x - m); });
  return {row.with(e, row.sum(e), [](Scalar e, Scalar s) { return e / s; })};
}
SmallVector<Value> LogSoftmaxOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  Row row(builder, operands[0], getDim());
  Value largest = reduceExtreme(builder, operands[0], getDim(), true);
  Value shifted = row.with(operands[0], largest, [](Scalar x, Scalar m) { return x - m; });
  Value e = lin::map(builder, row.type, shifted,
                     [](ImplicitLocOpBuilder &at, ValueRange x) { return exp(Scalar(at, x[0])).value(); });
  Value total = row.sum(e);
  Value logTotal = lin::map(builder, cast<RankedTensorType>(total.getType()), total,
                            [](ImplicitLocOpBuilder &at, ValueRange x) { return log(Scalar(at, x[0])).value(); });
  return {row.with(shifted, logTotal, [](Scalar x, Scalar l) { return x - l; })};
}
SmallVector<Value> LogsumexpOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  Row row(builder, operands[0], getDim());
  Value largest = reduceExtreme(builder, operands[0], getDim(), true);
  auto perRow = cast<RankedTensorType>(largest.getType());
  // Shifting by an infinite maximum would give inf - inf.
  Value shift = lin::map(builder, perRow, largest, [](ImplicitLocOpBuilder &at, ValueRange x) {
    Scalar m(at, x[0]);
    Scalar infinite = compare("eq", abs(m), m.of(std::numeric_limits<double>::infinity()));
    return select(infinite, m.of(0), m).value();
  });
  Value e = row.with(operands[0], shift, [](Scalar x, Scalar m) { return exp(x - m); });
  Value total = row.sum(e);
  return {lin::map(builder, perRow, {total, shift}, [](ImplicitLocOpBuilder &at, ValueRange x) {
    return (log(Scalar(at, x[0])) + Scalar(at, x[1])).value();
  })};
}

} // namespace ir
} // namespace nnc
