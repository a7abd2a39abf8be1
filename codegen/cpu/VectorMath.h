// Elementary functions as our own arithmetic, on scalars and vectors alike, in f32 and f64: the same bits on every
// target and no call to libm. VectorMath.cpp rewrites the math ops of a kernel with them; the functions themselves are
// in VectorMathExp.cpp, VectorMathSigmoid.cpp, VectorMathErf.cpp, VectorMathLog.cpp and VectorMathTrig.cpp. At most 2
// ulp: docs/numerics.md has the table, tests/codegen/math_exhaustive.cpp (every f32) and cpu_math.cpp (f64) hold it.
//
// What costs is the number of operations, not how they depend on each other: a loop over vectors has as many of them
// in flight as the processor can hold. So f32 has polynomials of least degree in Horner's form, and no branch. Where a
// bound is tight the comment counts roundings in units u = 2^-24 of a value.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"

namespace nnc::codegen::cpu::vectormath {

/// Where arithmetic is emitted, and its type: f32 or f64, or a vector of them.
struct Context {
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type type;

  bool isDouble() const { return mlir::getElementTypeOrSelf(type).isF64(); }
  int mantissaBits() const { return isDouble() ? 52 : 23; }
  int bias() const { return isDouble() ? 1023 : 127; }
  /// Added to a number below 2^21 (f32) or 2^50 (f64) it leaves the nearest integer in the low bits of the sum.
  double magic() const { return isDouble() ? 6755399441055744.0 : 12582912.0; }
  /// `element` in the shape of `type`.
  mlir::Type shaped(mlir::Type element) const {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
      return mlir::VectorType::get(vector.getShape(), element);
    return element;
  }
  mlir::Type integerType() const { return shaped(builder.getIntegerType(isDouble() ? 64 : 32)); }
  mlir::Value constant(mlir::Type type, mlir::TypedAttr element) const {
    mlir::TypedAttr value = element;
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
      value = mlir::DenseElementsAttr::get(vector, mlir::Attribute(element));
    return mlir::arith::ConstantOp::create(builder, loc, value);
  }
};

struct Integer;
struct Mask;

/// A floating-point value of a context's type; operators emit. A C++ number next to one becomes a constant.
struct Float {
  const Context *context;
  mlir::Value value;

  Float(const Context &context, mlir::Value value) : context(&context), value(value) {}
  Float(const Context &context, double number)
      : context(&context),
        value(context.constant(context.type,
                               context.builder.getFloatAttr(mlir::getElementTypeOrSelf(context.type), number))) {}
  template <typename Op> Float binary(Float other) const {
    return {*context, Op::create(context->builder, context->loc, value, other.value)};
  }
  template <typename Op> Float unary() const { return {*context, Op::create(context->builder, context->loc, value)}; }
  Float like(double number) const { return {*context, number}; }

  Float operator-() const { return unary<mlir::arith::NegFOp>(); }
  Mask compare(mlir::arith::CmpFPredicate predicate, Float other) const;
  Mask operator<(Float other) const;
  Mask operator>(Float other) const;
  Mask operator<=(Float other) const;
  Mask operator>=(Float other) const;
  Mask operator==(Float other) const;
  Mask isNan() const;
  Mask operator<(double other) const;
  Mask operator>(double other) const;
  Mask operator==(double other) const;
  Integer bits() const;
};

inline Float operator+(Float a, Float b) { return a.binary<mlir::arith::AddFOp>(b); }
inline Float operator-(Float a, Float b) { return a.binary<mlir::arith::SubFOp>(b); }
inline Float operator*(Float a, Float b) { return a.binary<mlir::arith::MulFOp>(b); }
inline Float operator/(Float a, Float b) { return a.binary<mlir::arith::DivFOp>(b); }
inline Float operator+(Float a, double b) { return a + a.like(b); }
inline Float operator-(Float a, double b) { return a - a.like(b); }
inline Float operator-(double a, Float b) { return b.like(a) - b; }
inline Float operator*(Float a, double b) { return a * a.like(b); }
inline Float operator/(double a, Float b) { return b.like(a) / b; }
inline Float fma(Float a, Float b, Float c) {
  return {*a.context, mlir::math::FmaOp::create(a.context->builder, a.context->loc, a.value, b.value, c.value)};
}
inline Float fma(Float a, Float b, double c) { return fma(a, b, a.like(c)); }
inline Float fma(Float a, double b, Float c) { return fma(a, a.like(b), c); }
inline Float fma(Float a, double b, double c) { return fma(a, a.like(b), a.like(c)); }
inline Float abs(Float a) { return a.unary<mlir::math::AbsFOp>(); }
inline Float floor(Float a) { return a.unary<mlir::math::FloorOp>(); }
inline Float sqrt(Float a) { return a.unary<mlir::math::SqrtOp>(); }
inline Float copysign(Float a, Float sign) { return a.binary<mlir::math::CopySignOp>(sign); }

/// The bits of a Float, or a number of that width.
struct Integer {
  const Context *context;
  mlir::Value value;

  Integer(const Context &context, mlir::Value value) : context(&context), value(value) {}
  Integer(const Context &context, int64_t number)
      : context(&context),
        value(context.constant(context.integerType(), context.builder.getIntegerAttr(
                                                          mlir::getElementTypeOrSelf(context.integerType()), number))) {
  }
  template <typename Op> Integer binary(Integer other) const {
    return {*context, Op::create(context->builder, context->loc, value, other.value)};
  }
  template <typename Op> Integer binary(int64_t other) const { return binary<Op>(Integer(*context, other)); }
  Integer operator+(int64_t other) const { return binary<mlir::arith::AddIOp>(other); }
  Integer operator+(Integer other) const { return binary<mlir::arith::AddIOp>(other); }
  Integer operator-(int64_t other) const { return binary<mlir::arith::SubIOp>(other); }
  Integer operator-(Integer other) const { return binary<mlir::arith::SubIOp>(other); }
  Integer operator&(int64_t other) const { return binary<mlir::arith::AndIOp>(other); }
  Integer operator|(int64_t other) const { return binary<mlir::arith::OrIOp>(other); }
  Integer operator|(Integer other) const { return binary<mlir::arith::OrIOp>(other); }
  Integer operator^(Integer other) const { return binary<mlir::arith::XOrIOp>(other); }
  Integer operator*(Integer other) const { return binary<mlir::arith::MulIOp>(other); }
  template <typename T> Integer operator<<(T other) const { return binary<mlir::arith::ShLIOp>(other); }
  template <typename T> Integer shiftRight(T other) const { return binary<mlir::arith::ShRUIOp>(other); }
  Mask operator!=(int64_t other) const;
  Mask isZero() const;
  /// The number itself. Of 64 bits it is slow on x86-64-v3, which converts them one by one.
  Float toFloat() const {
    return {*context, mlir::arith::SIToFPOp::create(context->builder, context->loc, context->type, value)};
  }
  Float asFloat() const {
    return {*context, mlir::arith::BitcastOp::create(context->builder, context->loc, context->type, value)};
  }
};

struct Mask {
  const Context *context;
  mlir::Value value;
  Float select(Float yes, Float no) const {
    return {*context, mlir::arith::SelectOp::create(context->builder, context->loc, value, yes.value, no.value)};
  }
  Integer select(Integer yes, Integer no) const {
    return {*context, mlir::arith::SelectOp::create(context->builder, context->loc, value, yes.value, no.value)};
  }
  Mask operator&(Mask other) const {
    return {context, mlir::arith::AndIOp::create(context->builder, context->loc, value, other.value)};
  }
  Mask operator|(Mask other) const {
    return {context, mlir::arith::OrIOp::create(context->builder, context->loc, value, other.value)};
  }
  Mask operator^(Mask other) const {
    return {context, mlir::arith::XOrIOp::create(context->builder, context->loc, value, other.value)};
  }
};

inline Mask Float::compare(mlir::arith::CmpFPredicate predicate, Float other) const {
  return {context, mlir::arith::CmpFOp::create(context->builder, context->loc, predicate, value, other.value)};
}
inline Mask Float::operator<(Float other) const { return compare(mlir::arith::CmpFPredicate::OLT, other); }
inline Mask Float::operator>(Float other) const { return compare(mlir::arith::CmpFPredicate::OGT, other); }
inline Mask Float::operator<=(Float other) const { return compare(mlir::arith::CmpFPredicate::OLE, other); }
inline Mask Float::operator>=(Float other) const { return compare(mlir::arith::CmpFPredicate::OGE, other); }
inline Mask Float::operator==(Float other) const { return compare(mlir::arith::CmpFPredicate::OEQ, other); }
inline Mask Float::isNan() const { return compare(mlir::arith::CmpFPredicate::UNO, *this); }
inline Mask Float::operator<(double other) const { return *this < like(other); }
inline Mask Float::operator>(double other) const { return *this > like(other); }
inline Mask Float::operator==(double other) const { return *this == like(other); }
inline Integer Float::bits() const {
  return {*context, mlir::arith::BitcastOp::create(context->builder, context->loc, context->integerType(), value)};
}
inline Mask Integer::operator!=(int64_t other) const {
  return {context, mlir::arith::CmpIOp::create(context->builder, context->loc, mlir::arith::CmpIPredicate::ne, value,
                                               Integer(*context, other).value)};
}
inline Mask Integer::isZero() const {
  return {context, mlir::arith::CmpIOp::create(context->builder, context->loc, mlir::arith::CmpIPredicate::eq, value,
                                               Integer(*context, 0).value)};
}

/// c[0] + c[1] x + c[2] x^2 ...: in Horner's form in f32, in even and odd halves in f64.
Float polynomial(Float x, llvm::ArrayRef<double> coefficients);
/// The integer nearest to x, |x| < 2^21 (f32) or 2^50 (f64).
Float nearest(Float x);
/// `magnitude`, which has no sign bit, with the sign of `sign`.
Float withSign(Float magnitude, Float sign);
/// min(x, high) and max(x, low); a NaN stays.
inline Float atMost(Float x, double high) { return (x > high).select(x.like(high), x); }
inline Float atLeast(Float x, double low) { return (x < low).select(x.like(low), x); }

/// f64 to f32, rounded to odd: rounding that further to 16 bits gives what one rounding would.
mlir::Value truncateToOdd(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value);

// The parts of an exponential (VectorMathExp.cpp): x = n ln 2 + r, |r| <= ln(2) / 2.
struct Power {
  Float n;
  Integer bits; // n + bias in the low bits
};
/// The integer n nearest to x * scale, |n| < 2^21, next to `bias`.
Power nearestPower(Float x, double scale, int64_t bias);
/// 2^(n + bias - 127) (1023 in f64), which must be a normal number.
Float powerOfTwo(Integer bits);
/// x - n ln 2, the first of its two steps exact.
Float reduceByLn2(Float x, Float n);
/// (exp(r) - 1 - r) / r^2.
Float exponentialTail(Float r);
extern const double log2e;

// VectorMathExp.cpp
Float exp(Float x);
Float expWithTail(Float x, Float tail, std::optional<Float> factor = {}); // exp(x + tail) factor, in f64
Float exp2(Float x);
Float expm1(Float x);
Float sinh(Float x);
Float cosh(Float x);
// VectorMathSigmoid.cpp
Float sigmoid(Float x);
Float tanh(Float x);
Float geluTanh(Float x);
// VectorMathErf.cpp
Float erf(Float x);
Float erfc(Float x);
Float gelu(Float x);
// VectorMathLog.cpp
Float log(Float x);
Float log2(Float x);
Float log10(Float x);
Float log1p(Float x);
Float pow(Float x, Float y);
Float cbrt(Float x);
Float asinh(Float x);
Float acosh(Float x);
Float atanh(Float x);
// VectorMathTrig.cpp; sin, cos and tan of f64 are less accurate beyond 2^30
Float sin(Float x);
Float cos(Float x);
Float tan(Float x);
Float atan(Float x);
Float atan2(Float y, Float x);
Float asin(Float x);
Float acos(Float x);

} // namespace nnc::codegen::cpu::vectormath
