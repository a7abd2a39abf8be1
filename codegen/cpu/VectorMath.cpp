// Rewrites the math ops of a kernel as arithmetic (VectorMath.h), and the few arith ops LLVM would make library calls
// of.
#include "nnc/codegen/cpu/VectorMath.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "nnc/codegen/cpu/Cpu.h"
#include "nnc/ir/ScalarOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nnc::codegen::cpu {

namespace vectormath {

Float polynomial(Float x, ArrayRef<double> coefficients) {
  auto horner = [&](Float at, ArrayRef<double> parts) {
    Float result = at.like(parts.back());
    for (double coefficient : llvm::reverse(parts.drop_back()))
      result = fma(result, at, coefficient);
    return result;
  };
  if (!x.context->isDouble() || coefficients.size() <= 4)
    return horner(x, coefficients);
  // the long ones of f64: two chains side by side take half the time of one
  SmallVector<double> halves[2];
  for (auto [i, coefficient] : llvm::enumerate(coefficients))
    halves[i % 2].push_back(coefficient);
  Float square = x * x;
  return fma(horner(square, halves[1]), x, horner(square, halves[0]));
}

Float nearest(Float x) {
  double number = x.context->magic();
  return (x + number) - number;
}

Float withSign(Float magnitude, Float sign) {
  int64_t bit = sign.context->isDouble() ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int32_t>::min();
  return (magnitude.bits() | (sign.bits() & bit)).asFloat();
}

// Half away from zero.
static Float round(Float x) {
  double below = x.context->isDouble() ? 0.49999999999999994449 : 0.49999997019767761230; // the number before 1/2
  return (x + copysign(x.like(below), x)).unary<math::TruncOp>();
}

// x - trunc(x / y) y, exact: each turn takes off the part of the quotient that fits one number.
static Float remainder(Float x, Float y) {
  const Context &c = *x.context;
  OpBuilder &builder = c.builder;
  double infinity = std::numeric_limits<double>::infinity();
  Float divisor = abs(y);
  Mask valid = (divisor > 0.0) & (abs(x) < infinity) & (divisor <= y.like(infinity));
  Float start = valid.select(abs(x), x.like(0));
  Float safe = valid.select(divisor, y.like(1));
  auto loop = scf::WhileOp::create(
      builder, c.loc, TypeRange{c.type}, ValueRange{start.value},
      [&](OpBuilder &inner, Location loc, ValueRange arguments) {
        Context here{inner, loc, c.type};
        Value more = (abs(Float(here, arguments[0])) >= Float(here, safe.value)).value;
        if (isa<VectorType>(more.getType()))
          more = vector::ReductionOp::create(inner, loc, vector::CombiningKind::OR, more);
        scf::ConditionOp::create(inner, loc, more, arguments);
      },
      [&](OpBuilder &inner, Location loc, ValueRange arguments) {
        Context here{inner, loc, c.type};
        Float rest(here, arguments[0]), by(here, safe.value);
        // a quotient past the largest number: this turn divides by a multiple
        double infinity = std::numeric_limits<double>::infinity(), power = c.isDouble() ? 0x1p600 : 0x1p100;
        by = (abs(rest / by) == infinity).select(by * power, by);
        by = (abs(rest / by) == infinity).select(by * power, by);
        Float quotient = (rest / by).unary<math::TruncOp>();
        Float next = fma(-quotient, by, rest);
        scf::YieldOp::create(inner, loc, ValueRange{next.value});
      });
  Float rest(c, loop.getResult(0));
  // the quotient of numbers far apart is rounded, maybe up
  rest = (rest < 0.0).select(rest + safe, rest);
  Float result = copysign(rest, x);
  result = ((divisor == infinity) & (abs(x) < infinity)).select(x, result);
  return valid.select(
      result,
      ((divisor == infinity) & (abs(x) < infinity)).select(x, x.like(std::numeric_limits<double>::quiet_NaN())));
}

Value truncateToOdd(OpBuilder &builder, Location loc, Value value) {
  Context wide{builder, loc, value.getType()};
  Context single{builder, loc, wide.shaped(builder.getF32Type())};
  Float exact(wide, value);
  Float rounded(single, arith::TruncFOp::create(builder, loc, single.type, exact.value));
  Float back(wide, arith::ExtFOp::create(builder, loc, wide.type, rounded.value));
  Mask beyond{&single, (abs(back) > abs(exact)).value},
      inexact{&single, back.compare(arith::CmpFPredicate::ONE, exact).value};
  Integer bits = rounded.bits();
  Integer truncated = beyond.select(bits - 1, bits) | 1;
  return inexact.select(truncated, bits).asFloat().value;
}

static std::optional<Float> expand(Operation *op, const Context &context) {
  auto x = [&] { return Float(context, op->getOperand(0)); };
  auto y = [&] { return Float(context, op->getOperand(1)); };
  return llvm::TypeSwitch<Operation *, std::optional<Float>>(op)
      .Case([&](math::ExpOp) { return exp(x()); })
      .Case([&](math::Exp2Op) { return exp2(x()); })
      .Case([&](math::ExpM1Op) { return expm1(x()); })
      .Case([&](math::LogOp) { return log(x()); })
      .Case([&](math::Log2Op) { return log2(x()); })
      .Case([&](math::Log10Op) { return log10(x()); })
      .Case([&](math::Log1pOp) { return log1p(x()); })
      .Case([&](math::TanhOp) { return tanh(x()); })
      .Case([&](math::SinhOp) { return sinh(x()); })
      .Case([&](math::CoshOp) { return cosh(x()); })
      .Case([&](math::ErfOp) { return erf(x()); })
      .Case([&](math::ErfcOp) { return erfc(x()); })
      .Case([&](math::PowFOp) { return pow(x(), y()); })
      .Case([&](math::CbrtOp) { return cbrt(x()); })
      .Case([&](math::SinOp) { return sin(x()); })
      .Case([&](math::CosOp) { return cos(x()); })
      .Case([&](math::TanOp) { return tan(x()); })
      .Case([&](math::AtanOp) { return atan(x()); })
      .Case([&](math::Atan2Op) { return atan2(x(), y()); })
      .Case([&](math::AsinOp) { return asin(x()); })
      .Case([&](math::AcosOp) { return acos(x()); })
      .Case([&](math::AsinhOp) { return asinh(x()); })
      .Case([&](math::AcoshOp) { return acosh(x()); })
      .Case([&](math::AtanhOp) { return atanh(x()); })
      .Case([&](math::RsqrtOp) { return 1.0 / sqrt(x()); })
      .Case([&](scalar::SigmoidOp) { return sigmoid(x()); })
      .Case([&](scalar::GeluOp) { return gelu(x()); })
      .Case([&](scalar::GeluTanhOp) { return geluTanh(x()); })
      .Case([&](math::RoundOp) { return round(x()); })
      .Case([&](arith::RemFOp) { return remainder(x(), y()); })
      // of two zeros LLVM's maxnum may return either, by target: ours is the larger
      .Case([&](arith::MaxNumFOp) {
        return x().isNan().select(y(), y().isNan().select(x(), x().binary<arith::MaximumFOp>(y())));
      })
      .Case([&](arith::MinNumFOp) {
        return x().isNan().select(y(), y().isNan().select(x(), x().binary<arith::MinimumFOp>(y())));
      })
      .Default([](Operation *) { return std::nullopt; });
}

} // namespace vectormath

LogicalResult expandMath(func::FuncOp kernel) {
  IRRewriter rewriter(kernel.getContext());
  SmallVector<Operation *> ops;
  kernel.walk([&](Operation *op) {
    if (isa<math::MathDialect, arith::ArithDialect, scalar::ScalarDialect>(op->getDialect()) &&
        op->getNumResults() == 1 && op->getNumOperands() > 0)
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    Type type = op->getResult(0).getType(), element = getElementTypeOrSelf(type);
    if (auto truncate = dyn_cast<arith::TruncFOp>(op);
        truncate && element.getIntOrFloatBitWidth() == 16 && getElementTypeOrSelf(truncate.getIn().getType()).isF64()) {
      rewriter.setInsertionPoint(op);
      Value single = vectormath::truncateToOdd(rewriter, op->getLoc(), truncate.getIn());
      rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, type, single);
      continue;
    }
    if (!isa<FloatType>(element) || element.getIntOrFloatBitWidth() < 32)
      continue;
    rewriter.setInsertionPoint(op);
    vectormath::Context context{rewriter, op->getLoc(), type};
    // only ops on one type: conversions and comparisons are not functions of this kind
    if (llvm::any_of(op->getOperandTypes(), [&](Type operand) { return operand != type; }))
      continue;
    if (std::optional<vectormath::Float> result = vectormath::expand(op, context))
      rewriter.replaceOp(op, result->value);
  }
  // what is left must be an instruction of every target
  WalkResult left = kernel.walk([&](Operation *op) -> WalkResult {
    if (isa<math::MathDialect, scalar::ScalarDialect>(op->getDialect()) &&
        !isa<math::FmaOp, math::AbsFOp, math::AbsIOp, math::FloorOp, math::CeilOp, math::TruncOp, math::RoundEvenOp,
             math::SqrtOp, math::CopySignOp, math::CountLeadingZerosOp, math::CountTrailingZerosOp, math::CtPopOp,
             math::IsNaNOp, math::IsInfOp, math::IsFiniteOp, math::IsNormalOp>(op))
      return op->emitOpError("has no implementation for CPU kernels of type ") << op->getResult(0).getType();
    return WalkResult::advance();
  });
  return failure(left.wasInterrupted());
}

} // namespace nnc::codegen::cpu
