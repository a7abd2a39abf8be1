// The elementwise family: its vocabulary, shape rules, folding, and the code too long for the records.
#include "nnc/ir/ops/Elementwise.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Check.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/Scalar.h"
#include "nnc/ir/ops/Shape.h"
#include <fmt/format.h>

using namespace mlir;
namespace nnc {

//===--- operands: numbers, element types and shapes brought together ---===//

// Boolean, then integers, then floats; within floats the wider, and half types of different kind meet in f32.
static DType commonType(DType l, DType r) {
  if (l == r)
    return l;
  auto order = [](DType type) {
    switch (type) {
    case DType::i1:
      return 0;
    case DType::u8:
    case DType::i8:
      return 1;
    case DType::i32:
      return 2;
    case DType::i64:
      return 3;
    case DType::bf16:
    case DType::f16:
      return 4;
    case DType::f32:
      return 5;
    case DType::f64:
      return 6;
    }
    return 6;
  };
  int ol = order(l), orr = order(r);
  if (ol == orr)
    return isFloat(l) ? DType::f32 : DType::i32;
  return ol > orr ? l : r;
}

static std::pair<Tensor, Tensor> together(std::string_view op, Operand l, Operand r) {
  Where where = l.tensor ? l.where : r.where;
  for (const Operand &operand : {l, r})
    if (!operand.tensor && !operand.isNumber)
      fail(op, "a tensor without a value was used: it was never assigned", where);
  if (!l.tensor && !r.tensor)
    fail(op, "expected at least one tensor, got two numbers", where);
  auto number = [&](const Operand &scalar, Tensor like) {
    DType type = like.dtype();
    if (!isFloat(type) && !scalar.isInteger)
      type = DType::f32;
    return full(like.shape(), scalar.number, type, where);
  };
  Tensor a = l.tensor ? l.tensor : number(l, r.tensor), b = r.tensor ? r.tensor : number(r, l.tensor);
  DType type = commonType(a.dtype(), b.dtype());
  a = convert(a, type, where), b = convert(b, type, where);
  Shape sa = a.shape(), sb = b.shape();
  if (sa == sb)
    return {a, b};
  Shape shape(std::max(sa.size(), sb.size()));
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t da = i < sa.size() ? sa[sa.size() - 1 - i] : 1, db = i < sb.size() ? sb[sb.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1)
      fail(op, fmt::format("shapes {} and {} do not broadcast", toString(sa), toString(sb)), where);
    shape[shape.size() - 1 - i] = da == 1 ? db : da;
  }
  return {broadcast_to(a, shape, where), broadcast_to(b, shape, where)};
}

template <class Op> static Tensor binary(std::string_view op, Operand l, Operand r) {
  auto [a, b] = together(op, l, r);
  return ir::tensor(ir::create<Op>(l.tensor ? l.where : r.where, {a, b}).getResult());
}
static Tensor compare(std::string_view predicate, Operand l, Operand r) {
  auto [a, b] = together("compare", l, r);
  ir::CompareOp::Properties properties;
  properties.predicate = ir::Builder::current().op().getStringAttr(predicate);
  return ir::tensor(ir::create<ir::CompareOp>(l.tensor ? l.where : r.where, {a, b}, properties).getResult());
}
template <class Op> static Tensor unary(std::string_view op, Tensor x, Where where) {
  if (x)
    expectFloat(op, "input", x, where);
  return ir::tensor(ir::create<Op>(where, {x}).getResult());
}

//===--- vocabulary ---===//

Tensor operator-(Tensor x) {
  return isFloat(x.dtype()) ? unary<ir::NegOp>("neg", x, Where::current()) : Operand(0) - Operand(x);
}
Tensor logical_not(Tensor x, Where where) {
  if (x.dtype() != DType::i1)
    fail("logical_not", fmt::format("input: expected i1, got {}", toString(x.dtype())), where);
  return ir::tensor(ir::create<ir::NotOp>(where, {x}).getResult());
}
Tensor operator+(Operand l, Operand r) { return binary<ir::AddOp>("add", l, r); }
Tensor operator-(Operand l, Operand r) { return binary<ir::SubOp>("sub", l, r); }
Tensor operator*(Operand l, Operand r) { return binary<ir::MulOp>("mul", l, r); }
Tensor operator/(Operand l, Operand r) {
  auto toFloat = [](Operand x) {
    if (x.tensor && !isFloat(x.tensor.dtype()))
      x.tensor = convert(x.tensor, DType::f32, x.where);
    return x;
  };
  bool anyFloat = (l.tensor && isFloat(l.tensor.dtype())) || (r.tensor && isFloat(r.tensor.dtype()));
  return anyFloat ? binary<ir::DivOp>("div", l, r) : binary<ir::DivOp>("div", toFloat(l), toFloat(r));
}
Tensor div_trunc(Operand l, Operand r) { return binary<ir::DivOp>("div_trunc", l, r); }
Tensor operator%(Operand l, Operand r) { return binary<ir::RemOp>("rem", l, r); }
Tensor operator&(Operand l, Operand r) { return binary<ir::AndOp>("and", l, r); }
Tensor operator|(Operand l, Operand r) { return binary<ir::OrOp>("or", l, r); }
Tensor operator^(Operand l, Operand r) { return binary<ir::XorOp>("xor", l, r); }
Tensor operator==(Operand l, Operand r) { return compare("eq", l, r); }
Tensor operator!=(Operand l, Operand r) { return compare("ne", l, r); }
Tensor operator<(Operand l, Operand r) { return compare("lt", l, r); }
Tensor operator<=(Operand l, Operand r) { return compare("le", l, r); }
Tensor operator>(Operand l, Operand r) { return compare("gt", l, r); }
Tensor operator>=(Operand l, Operand r) { return compare("ge", l, r); }
Tensor maximum(Operand l, Operand r) { return binary<ir::MaximumOp>("maximum", l, r); }
Tensor minimum(Operand l, Operand r) { return binary<ir::MinimumOp>("minimum", l, r); }
Tensor pow(Operand base, Operand exponent) { return binary<ir::PowOp>("pow", base, exponent); }

Tensor select(Tensor condition, Operand onTrue, Operand onFalse) {
  Where where = onTrue.where;
  if (condition.dtype() != DType::i1)
    fail("select", fmt::format("condition: expected i1, got {}", toString(condition.dtype())), where);
  if (!onTrue.tensor && !onFalse.tensor) {
    DType type = onTrue.isInteger && onFalse.isInteger ? DType::i64 : DType::f32;
    onTrue.tensor = full(condition.shape(), onTrue.number, type, where);
  }
  auto [a, b] = together("select", onTrue, onFalse);
  Tensor probe = full(condition.shape(), 0, a.dtype(), where); // brings the condition's shape into the broadcast
  a = together("select", a, probe).first, b = together("select", b, probe).first;
  condition = broadcast_to(condition, a.shape(), where);
  return ir::tensor(ir::create<ir::SelectOp>(where, {condition, a, b}).getResult());
}

Tensor clamp(Tensor x, std::optional<double> low, std::optional<double> high, Where where) {
  if (high)
    x = minimum(Operand(x, where), Operand(*high, where));
  if (low)
    x = maximum(Operand(x, where), Operand(*low, where));
  return x;
}

Tensor abs(Tensor x, Where where) { return unary<ir::AbsOp>("abs", x, where); }
Tensor sign(Tensor x, Where where) { return unary<ir::SignOp>("sign", x, where); }
Tensor exp(Tensor x, Where where) { return unary<ir::ExpOp>("exp", x, where); }
Tensor expm1(Tensor x, Where where) { return unary<ir::Expm1Op>("expm1", x, where); }
Tensor log(Tensor x, Where where) { return unary<ir::LogOp>("log", x, where); }
Tensor log1p(Tensor x, Where where) { return unary<ir::Log1pOp>("log1p", x, where); }
Tensor sqrt(Tensor x, Where where) { return unary<ir::SqrtOp>("sqrt", x, where); }
Tensor rsqrt(Tensor x, Where where) { return unary<ir::RsqrtOp>("rsqrt", x, where); }
Tensor reciprocal(Tensor x, Where where) { return unary<ir::ReciprocalOp>("reciprocal", x, where); }
Tensor square(Tensor x, Where where) { return unary<ir::SquareOp>("square", x, where); }
Tensor sin(Tensor x, Where where) { return unary<ir::SinOp>("sin", x, where); }
Tensor cos(Tensor x, Where where) { return unary<ir::CosOp>("cos", x, where); }
Tensor tanh(Tensor x, Where where) { return unary<ir::TanhOp>("tanh", x, where); }
Tensor erf(Tensor x, Where where) { return unary<ir::ErfOp>("erf", x, where); }
Tensor sigmoid(Tensor x, Where where) { return unary<ir::SigmoidOp>("sigmoid", x, where); }
Tensor gelu(Tensor x, Where where) { return unary<ir::GeluOp>("gelu", x, where); }
Tensor gelu_tanh(Tensor x, Where where) { return unary<ir::GeluTanhOp>("gelu_tanh", x, where); }
Tensor softplus(Tensor x, Where where) { return unary<ir::SoftplusOp>("softplus", x, where); }
Tensor relu(Tensor x, Where where) { return unary<ir::ReluOp>("relu", x, where); }
Tensor floor(Tensor x, Where where) { return unary<ir::FloorOp>("floor", x, where); }
Tensor ceil(Tensor x, Where where) { return unary<ir::CeilOp>("ceil", x, where); }
Tensor round(Tensor x, Where where) { return unary<ir::RoundOp>("round", x, where); }

Tensor convert(Tensor x, DType type, Where where) {
  if (x && x.dtype() == type)
    return x;
  ir::detail::checkOperands("convert", {x}, where);
  Type result = ir::tensorType(type, x.shape(), ir::Builder::current().context());
  return ir::tensor(ir::createTyped<ir::ConvertOp>(where, result, {x}).getResult());
}
Tensor stop_gradient(Tensor x, Where where) {
  return ir::tensor(ir::create<ir::StopGradientOp>(where, {x}).getResult());
}

namespace ir {

//===--- compare ---===//

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  StringRef predicate = adaptor.getPredicate();
  if (!llvm::is_contained({"eq", "ne", "lt", "le", "gt", "ge"}, predicate))
    return emitOptionalError(location, "compare: predicate: expected one of eq, ne, lt, le, gt, ge, got '", predicate,
                             "'");
  auto type = cast<RankedTensorType>(adaptor.getLhs().getType());
  types.push_back(type.clone(IntegerType::get(context, 1)));
  return success();
}
Value CompareOp::element(ImplicitLocOpBuilder &builder, ValueRange elements) {
  return compare(getPredicate(), Scalar(builder, elements[0]), Scalar(builder, elements[1])).value();
}

//===--- select ---===//

LogicalResult SelectOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  Check check(location, "select");
  auto onTrue = cast<RankedTensorType>(adaptor.getOnTrue().getType());
  if (failed(check.same("on_false", adaptor.getOnFalse().getType(), "on_true", onTrue)) ||
      failed(check.shape("condition", adaptor.getCondition().getType(), onTrue.getShape())))
    return failure();
  types.push_back(onTrue);
  return success();
}
Value SelectOp::element(ImplicitLocOpBuilder &builder, ValueRange elements) {
  return arith::SelectOp::create(builder, elements[0], elements[1], elements[2]);
}
SmallVector<Tensor> SelectOp::vjp(ArrayRef<Tensor> cotangents) {
  Tensor g = cotangents[0], condition = tensor(getCondition()), zero = zerosLike(g);
  return {Tensor(), select(condition, g, zero), select(condition, zero, g)};
}
OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  if (getOnTrue() == getOnFalse())
    return getOnTrue();
  if (auto condition = dyn_cast_or_null<SplatElementsAttr>(adaptor.getCondition()))
    return condition.getSplatValue<bool>() ? getOnTrue() : getOnFalse();
  return {};
}

//===--- convert ---===//

LogicalResult ConvertOp::verify() {
  return Check(getLoc(), "convert").shape("output", getOutput().getType(), getInput().getType().getShape());
}
Value ConvertOp::element(ImplicitLocOpBuilder &builder, ValueRange elements) {
  Type to = getOutput().getType().getElementType();
  if (to.isUnsignedInteger(8)) // as every element of that type
    to = builder.getI32Type();
  return convert(Scalar(builder, elements[0]), to).value();
}
SmallVector<Tensor> ConvertOp::vjp(ArrayRef<Tensor> cotangents) {
  Tensor x = tensor(getInput());
  if (!isFloat(x.dtype()) || !cotangents[0])
    return {Tensor()};
  return {convert(cotangents[0], x.dtype())};
}
OpFoldResult ConvertOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}

//===--- folding of arithmetic ---===//

// Whether a constant is `number` in every element.
static bool isSplat(Attribute attribute, double number) {
  auto splat = dyn_cast_or_null<SplatElementsAttr>(attribute);
  if (!splat)
    return false;
  if (isa<FloatType>(splat.getElementType()))
    return splat.getSplatValue<APFloat>().isExactlyValue(number) && !splat.getSplatValue<APFloat>().isNegZero();
  return splat.getSplatValue<APInt>() ==
         APInt(splat.getElementType().getIntOrFloatBitWidth(), int64_t(number), true, true);
}
// x + 0 changes only the sign of a negative zero, which no rule of ours depends on.
OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  if (isSplat(adaptor.getRhs(), 0))
    return getLhs();
  return isSplat(adaptor.getLhs(), 0) ? getRhs() : OpFoldResult();
}
OpFoldResult SubOp::fold(FoldAdaptor adaptor) { return isSplat(adaptor.getRhs(), 0) ? getLhs() : OpFoldResult(); }
OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  if (isSplat(adaptor.getRhs(), 1))
    return getLhs();
  return isSplat(adaptor.getLhs(), 1) ? getRhs() : OpFoldResult();
}
OpFoldResult DivOp::fold(FoldAdaptor adaptor) { return isSplat(adaptor.getRhs(), 1) ? getLhs() : OpFoldResult(); }

} // namespace ir
} // namespace nnc
