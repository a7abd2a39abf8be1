// Arithmetic on one element, by type.
#include "nnc/ir/Scalar.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "nnc/ir/ScalarOps.h"

using namespace mlir;
namespace nnc::ir {

template <class Op, class... Args> static Scalar make(Scalar like, Args... args) {
  return Scalar(like.builder(), Op::create(like.builder(), args...).getResult());
}

Scalar Scalar::of(double number) const {
  OpBuilder::InsertionGuard guard(*builder_);
  if (auto type = llvm::dyn_cast<FloatType>(value_.getType()))
    return Scalar(*builder_, arith::ConstantOp::create(*builder_, builder_->getFloatAttr(type, number)));
  return Scalar(*builder_,
                arith::ConstantOp::create(*builder_, builder_->getIntegerAttr(value_.getType(), int64_t(number))));
}

Scalar operator-(Scalar x) {
  if (x.isFloat())
    return make<arith::NegFOp>(x, x.value());
  return x.of(0) - x;
}
Scalar operator!(Scalar x) { return x ^ x.of(1); }

template <class Float, class Int> static Scalar byType(Scalar l, Scalar r) {
  return l.isFloat() ? make<Float>(l, l.value(), r.value()) : make<Int>(l, l.value(), r.value());
}
static bool isBool(Scalar x) { return x.type().isInteger(1); }

// On booleans, plus is or and times is and.
Scalar operator+(Scalar l, Scalar r) { return isBool(l) ? (l | r) : byType<arith::AddFOp, arith::AddIOp>(l, r); }
Scalar operator-(Scalar l, Scalar r) { return byType<arith::SubFOp, arith::SubIOp>(l, r); }
Scalar operator*(Scalar l, Scalar r) { return byType<arith::MulFOp, arith::MulIOp>(l, r); }
Scalar operator&(Scalar l, Scalar r) { return make<arith::AndIOp>(l, l.value(), r.value()); }
Scalar operator|(Scalar l, Scalar r) { return make<arith::OrIOp>(l, l.value(), r.value()); }
Scalar operator^(Scalar l, Scalar r) { return make<arith::XOrIOp>(l, l.value(), r.value()); }

// An integer division by zero would trap; the divisor 0 is read as 1, and so is the one quotient that overflows.
static Scalar safeDivisor(Scalar l, Scalar r) {
  Scalar zero = compare("eq", r, r.of(0));
  unsigned bits = r.type().getIntOrFloatBitWidth();
  if (bits > 1) {
    Scalar lowest(l.builder(), arith::ConstantOp::create(
                                   l.builder(), l.builder().getIntegerAttr(l.type(), APInt::getSignedMinValue(bits))));
    zero = zero | (compare("eq", r, r.of(-1)) & compare("eq", l, lowest));
  }
  return select(zero, r.of(1), r);
}
Scalar operator/(Scalar l, Scalar r) {
  if (l.isFloat())
    return make<arith::DivFOp>(l, l.value(), r.value());
  return make<arith::DivSIOp>(l, l.value(), safeDivisor(l, r).value());
}
Scalar operator%(Scalar l, Scalar r) {
  if (l.isFloat())
    return make<arith::RemFOp>(l, l.value(), r.value());
  return make<arith::RemSIOp>(l, l.value(), safeDivisor(l, r).value());
}

Scalar compare(StringRef predicate, Scalar l, Scalar r) {
  if (l.isFloat()) {
    auto p = llvm::StringSwitch<arith::CmpFPredicate>(predicate)
                 .Case("eq", arith::CmpFPredicate::OEQ)
                 .Case("ne", arith::CmpFPredicate::UNE)
                 .Case("lt", arith::CmpFPredicate::OLT)
                 .Case("le", arith::CmpFPredicate::OLE)
                 .Case("gt", arith::CmpFPredicate::OGT)
                 .Default(arith::CmpFPredicate::OGE);
    return make<arith::CmpFOp>(l, p, l.value(), r.value());
  }
  bool isUnsigned = isBool(l);
  auto p = llvm::StringSwitch<arith::CmpIPredicate>(predicate)
               .Case("eq", arith::CmpIPredicate::eq)
               .Case("ne", arith::CmpIPredicate::ne)
               .Case("lt", isUnsigned ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt)
               .Case("le", isUnsigned ? arith::CmpIPredicate::ule : arith::CmpIPredicate::sle)
               .Case("gt", isUnsigned ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt)
               .Default(isUnsigned ? arith::CmpIPredicate::uge : arith::CmpIPredicate::sge);
  return make<arith::CmpIOp>(l, p, l.value(), r.value());
}

Scalar select(Scalar condition, Scalar onTrue, Scalar onFalse) {
  return make<arith::SelectOp>(onTrue, condition.value(), onTrue.value(), onFalse.value());
}

Scalar convert(Scalar x, Type to, bool fromUnsigned) {
  Type from = x.type();
  if (from == to)
    return x;
  unsigned fromBits = from.getIntOrFloatBitWidth(), toBits = to.getIntOrFloatBitWidth();
  if (to.isInteger(1))
    return compare("ne", x, x.of(0));
  if (x.isFloat()) {
    if (auto floatTo = llvm::dyn_cast<FloatType>(to)) {
      if (fromBits == toBits) // bf16 and f16
        return convert(convert(x, Float32Type::get(to.getContext())), to);
      return fromBits < toBits ? make<arith::ExtFOp>(x, to, x.value()) : make<arith::TruncFOp>(x, to, x.value());
    }
    return make<arith::FPToSIOp>(x, to, x.value());
  }
  bool isUnsigned = fromUnsigned || from.isInteger(1);
  if (llvm::isa<FloatType>(to))
    return isUnsigned ? make<arith::UIToFPOp>(x, to, x.value()) : make<arith::SIToFPOp>(x, to, x.value());
  if (fromBits > toBits)
    return make<arith::TruncIOp>(x, to, x.value());
  if (fromBits == toBits)
    return x;
  return isUnsigned ? make<arith::ExtUIOp>(x, to, x.value()) : make<arith::ExtSIOp>(x, to, x.value());
}

Scalar abs(Scalar x) { return x.isFloat() ? make<math::AbsFOp>(x, x.value()) : make<math::AbsIOp>(x, x.value()); }
Scalar sign(Scalar x) {
  Scalar zero = x.of(0);
  return select(compare("gt", x, zero), x.of(1), select(compare("lt", x, zero), x.of(-1), zero));
}
Scalar exp(Scalar x) { return make<math::ExpOp>(x, x.value()); }
Scalar expm1(Scalar x) { return make<math::ExpM1Op>(x, x.value()); }
Scalar log(Scalar x) { return make<math::LogOp>(x, x.value()); }
Scalar log1p(Scalar x) { return make<math::Log1pOp>(x, x.value()); }
Scalar sqrt(Scalar x) { return make<math::SqrtOp>(x, x.value()); }
Scalar sin(Scalar x) { return make<math::SinOp>(x, x.value()); }
Scalar cos(Scalar x) { return make<math::CosOp>(x, x.value()); }
Scalar tanh(Scalar x) { return make<math::TanhOp>(x, x.value()); }
Scalar erf(Scalar x) { return make<math::ErfOp>(x, x.value()); }
Scalar sigmoid(Scalar x) { return make<scalar::SigmoidOp>(x, x.value()); }
Scalar gelu(Scalar x) { return make<scalar::GeluOp>(x, x.value()); }
Scalar geluTanh(Scalar x) { return make<scalar::GeluTanhOp>(x, x.value()); }
Scalar floor(Scalar x) { return make<math::FloorOp>(x, x.value()); }
Scalar ceil(Scalar x) { return make<math::CeilOp>(x, x.value()); }
Scalar roundEven(Scalar x) { return make<math::RoundEvenOp>(x, x.value()); }
Scalar pow(Scalar x, Scalar y) { return make<math::PowFOp>(x, x.value(), y.value()); }
Scalar maximum(Scalar l, Scalar r) { return isBool(l) ? (l | r) : byType<arith::MaximumFOp, arith::MaxSIOp>(l, r); }
Scalar minimum(Scalar l, Scalar r) { return isBool(l) ? (l & r) : byType<arith::MinimumFOp, arith::MinSIOp>(l, r); }

} // namespace nnc::ir
