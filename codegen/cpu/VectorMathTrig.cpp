// sin, cos, tan and their inverses. See VectorMath.h. All but sin and cos of f32 go through f64.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "nnc/codegen/cpu/VectorMath.h"

namespace nnc::codegen::cpu::vectormath {

namespace {

// `compute` in f64 on a value of f32, or directly on one of f64.
template <typename F> Float inDouble(Float x, F compute) {
  const Context &c = *x.context;
  if (c.isDouble())
    return compute(x);
  Context wide{c.builder, c.loc, c.shaped(c.builder.getF64Type())};
  Float result = compute(Float(wide, mlir::arith::ExtFOp::create(c.builder, c.loc, wide.type, x.value)));
  return {c, mlir::arith::TruncFOp::create(c.builder, c.loc, c.type, result.value)};
}

struct Reduced {
  Integer quadrant; // its last two bits count
  Float r, low;     // x = quadrant pi/2 + r + low
};

Reduced reduce(Float x) {
  Float sum = fma(x, 0.63661977236758134308, x.like(x.context->magic())), n = sum - x.context->magic();
  const double first = 1.57079632679489655800e+00, second = 6.12323399573676603587e-17,
               third = -1.49738490485916983e-33;
  Float r = fma(n, -first, x); // exact
  Float p = n * second, pLow = fma(n, second, -p);
  Float high = r - p;
  Float low = fma(n, -third, ((r - high) - p) - pLow);
  return {sum.bits(), high, low};
}

// The same of a number that came from f32, however large, but at least 1: x = m 2^e, e >= -23, m a whole number, and
// the fraction of m 2^e / (2 pi) needs 96 bits of 1 / (2 pi) from its bit e on.
Reduced reduceLarge(Float x) {
  const Context &c = *x.context;
  // 32 bits that are 0, so that no index is negative, then those of the fraction
  constexpr uint32_t words[] = {0, 0x28be60db, 0x9391054a, 0x7f09d5f4, 0x7d4d3770, 0x36d8a566, 0x4f10e410, 0x7f9458ea};
  Integer bits = abs(x).bits();
  Integer m = (bits.shiftRight(29) & 0x7fffff) | 0x800000;
  Integer position = bits.shiftRight(52) - (1023 + 23 - 32), shift = position & 31, index = position.shiftRight(5);
  auto word = [&](int64_t offset) {
    Integer result(c, words[offset]);
    for (int64_t i = 1; i <= 4; ++i)
      result = (index ^ Integer(c, i)).isZero().select(Integer(c, words[offset + i]), result);
    return result;
  };
  Integer third = word(2), upper = (word(0) << 32) | word(1), lower = (third << 32) | word(3);
  upper = (upper << shift) | third.shiftRight(Integer(c, 32) - shift);
  lower = (lower << shift).shiftRight(32);
  Integer turns = m * upper + (m * lower).shiftRight(32); // a fraction of 2^64
  Integer quadrant = (turns + (int64_t(1) << 61)).shiftRight(62);
  Float r = (turns - (quadrant << 62)).toFloat() * 3.40612158008655459e-19; // 2 pi / 2^64
  Mask negative = x < 0.0;
  return {negative.select(Integer(c, 0) - quadrant, quadrant), negative.select(-r, r), r.like(0)};
}

Float sinOf(Float r, Float low) {
  Float z = r * r;
  Float q = polynomial(z, {8.33333333332248946124e-03, -1.98412698298579493134e-04, 2.75573137070700676789e-06,
                           -2.50507602534068634195e-08, 1.58969099521155010221e-10});
  Float v = z * r;
  // r - ((z (low/2 - v q) - low) - v S1)
  return r - ((fma(z, fma(low, 0.5, -(v * q)), -low)) - v * -1.66666666666666324348e-01);
}

Float cosOf(Float r, Float low) {
  Float z = r * r;
  Float q = z * polynomial(z, {4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05,
                               -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11});
  Float half = z * 0.5, w = 1.0 - half;
  return w + (((1.0 - w) - half) + fma(z, q, -(r * low)));
}

// sin(x + quarters pi/2)
Float sineOf(Reduced x, int64_t quarters) {
  Integer quadrant = x.quadrant + quarters;
  Float result = ((quadrant & 1) != 0).select(cosOf(x.r, x.low), sinOf(x.r, x.low));
  return ((quadrant & 2) != 0).select(-result, result);
}

Float tanOf(Reduced x) {
  Float s = sinOf(x.r, x.low), c = cosOf(x.r, x.low);
  Mask odd = (x.quadrant & 1) != 0;
  return odd.select(-c, s) / odd.select(s, c);
}

// `usual`, but where `mask` holds `rare`, which is only computed where it holds in some lane.
Float unlessRare(Mask mask, Float usual, Float x, llvm::function_ref<Float(Float)> rare) {
  const Context &c = *usual.context;
  mlir::Value any = mask.value;
  if (mlir::isa<mlir::VectorType>(any.getType()))
    any = mlir::vector::ReductionOp::create(c.builder, c.loc, mlir::vector::CombiningKind::OR, any);
  auto branch = mlir::scf::IfOp::create(
      c.builder, c.loc, any,
      [&](mlir::OpBuilder &builder, mlir::Location loc) {
        Context here{builder, loc, c.type};
        Mask chosen{&here, mask.value};
        Float result = chosen.select(rare(Float(here, x.value)), Float(here, usual.value));
        mlir::scf::YieldOp::create(builder, loc, result.value);
      },
      [&](mlir::OpBuilder &builder, mlir::Location loc) { mlir::scf::YieldOp::create(builder, loc, usual.value); });
  return {c, branch.getResult(0)};
}

Mask isLarge(Float a, double limit) { return (a > limit) & (a < std::numeric_limits<double>::infinity()); }

// In f32 up to 1e5, where three parts of pi/2 are enough; the rare rest goes through f64. `low` is what r lacks.
Float sineSingle(Float x, int64_t quarters) {
  const double first = 0x1.921fb4p+0, second = 0x1.4442dp-24, third = 0x1.84698ap-48;
  Float sum = fma(x, 0.63661977236758134308, x.like(x.context->magic())), n = sum - x.context->magic();
  Float exact = fma(n, -first, x), p = n * second, r = exact - p;
  Float low = ((exact - r) - p) - fma(n, third, fma(n, second, -p));
  Float z = r * r, zLow = fma(r, r, -z);
  Float s = polynomial(z, {-0.16666653752326965, 0.008332106284797192, -0.00019507882825564593});
  Float c = polynomial(z, {-0.5, 0.04166664555668831, -0.0013887308305129409, 2.4432101781712845e-05});
  Float cosine = fma(z, c, fma(zLow, -0.5, -(r * low))) + 1.0;
  Float sine = r + fma(r * z, s, low * cosine);
  Integer quadrant = sum.bits() + quarters;
  Float result = ((quadrant & 1) != 0).select(cosine, sine);
  result = (result.bits() ^ ((quadrant & 2) << 30)).asFloat();
  Float a = abs(x);
  if (quarters == 0)
    result = (a < 1e-4).select(x, result);
  return unlessRare(isLarge(a, 1e5), result, x, [&](Float large) {
    return inDouble(large, [&](Float y) { return sineOf(reduceLarge(y), quarters); });
  });
}

Float sineDouble(Float x, int64_t quarters) {
  Float result = sineOf(reduce(x), quarters);
  return quarters == 0 ? (abs(x) < 1e-300).select(x, result) : result;
}

} // namespace

Float sin(Float x) { return x.context->isDouble() ? sineDouble(x, 0) : sineSingle(x, 0); }
Float cos(Float x) { return x.context->isDouble() ? sineDouble(x, 1) : sineSingle(x, 1); }
Float tan(Float x) {
  Float result = inDouble(x, [](Float y) {
    Float usual = tanOf(reduce(y));
    return (abs(y) < 1e-300).select(y, usual);
  });
  if (x.context->isDouble())
    return result;
  return unlessRare(isLarge(abs(x), 1e9), result, x,
                    [](Float large) { return inDouble(large, [](Float y) { return tanOf(reduceLarge(y)); }); });
}

// atan of a >= 0.
static Float atanPositive(Float a) {
  // around 0, 1 and infinity: atan(a) = base + atan(t)
  Mask large = a > 2.4142135623730950488, middle = a > 0.66;
  Float t = large.select(-1.0 / a, middle.select((a - 1.0) / (a + 1.0), a));
  Float base = large.select(a.like(1.57079632679489661923), middle.select(a.like(0.78539816339744830962), a.like(0)));
  Float low =
      large.select(a.like(6.123233995736765886e-17), middle.select(a.like(3.061616997868382943e-17), a.like(0)));
  Float z = t * t;
  Float numerator = polynomial(z, {-6.485021904942025371773e1, -1.228866684490136173410e2, -7.500855792314704667340e1,
                                   -1.615753718733365076637e1, -8.750608600031904122785e-1});
  Float denominator = polynomial(z, {1.945506571482613964425e2, 4.853903996359136964868e2, 4.328810604912902668951e2,
                                     1.650270098316988542046e2, 2.485846490142306297962e1, 1.0});
  return base + (fma(t * z, numerator / denominator, t) + low);
}

Float atan(Float x) {
  return inDouble(x, [](Float y) {
    Float result = copysign(atanPositive(abs(y)), y);
    return ((y == 0.0) | y.isNan()).select(y, result);
  });
}

Float atan2(Float y, Float x) {
  const Context &c = *x.context;
  if (!c.isDouble()) {
    Context wide{c.builder, c.loc, c.shaped(c.builder.getF64Type())};
    auto widen = [&](Float value) {
      return Float(wide, mlir::arith::ExtFOp::create(c.builder, c.loc, wide.type, value.value));
    };
    Float result = atan2(widen(y), widen(x));
    return {c, mlir::arith::TruncFOp::create(c.builder, c.loc, c.type, result.value)};
  }
  double infinity = std::numeric_limits<double>::infinity();
  Float ay = abs(y), ax = abs(x);
  Mask both = (ay == infinity) & (ax == infinity), none = (ay == 0.0) & (ax == 0.0);
  Float ratio = both.select(x.like(1), none.select(x.like(0), ay / ax));
  // what the division has rounded away
  Float lost = fma(-ratio, ax, ay) / ax / fma(ratio, ratio, 1.0);
  Float angle = atanPositive(ratio);
  angle = (abs(lost) < 1.0).select(angle + lost, angle);
  Mask left = copysign(x.like(1), x) < 0.0;
  angle = left.select((3.14159265358979311600e+00 - (angle - 1.2246467991473531772e-16)), angle);
  Float result = copysign(angle, y);
  return (x.isNan() | y.isNan()).select(x + y, result);
}

// (asin(sqrt(z)) - sqrt(z)) / sqrt(z), z up to 1/4.
static Float asinTail(Float z) {
  return z *
         polynomial(z, {1.66666666666666657415e-01, -3.25565818622400915405e-01, 2.01212532134862925881e-01,
                        -4.00555345006794114027e-02, 7.91534994289814532176e-04, 3.47933107596021167570e-05}) /
         polynomial(z, {1.0, -2.40339491173441421878e+00, 2.02094576023350569471e+00, -6.88283971605453293030e-01,
                        7.70381505559019352791e-02});
}

namespace {
// Of |x| > 1/2: asin(|x|) = pi/2 - 2 (s + s tail), s = sqrt((1 - |x|) / 2) in two parts.
struct AsinParts {
  Mask large;
  Float tail, s, low;
};
} // namespace

static AsinParts asinParts(Float x) {
  Float a = abs(x);
  Mask large = a > 0.5;
  Float z = large.select((1.0 - a) * 0.5, x * x);
  Float s = sqrt(z);
  Float low = (s > 0.0).select(fma(-s, s, z) / (s + s), s.like(0));
  return {large, asinTail(z), s, low};
}

Float asin(Float x) {
  return inDouble(x, [](Float y) {
    auto [large, tail, s, low] = asinParts(y);
    Float rest = fma(s, tail, low);
    Float far = (1.57079632679489655800e+00 - (s + s)) - (rest + rest - 6.12323399573676603587e-17);
    Float result = large.select(copysign(far, y), fma(y, tail, y));
    return (y == 0.0).select(y, result);
  });
}

Float acos(Float x) {
  return inDouble(x, [](Float y) {
    auto [large, tail, s, low] = asinParts(y);
    Float rest = fma(s, tail, low), angle = s + rest;
    Float left = 3.14159265358979311600e+00 - ((s + s) + (rest + rest - 1.22464679914735317720e-16));
    Float far = (y < 0.0).select(left, angle + angle);
    Float near = 1.57079632679489655800e+00 - (y - (6.12323399573676603587e-17 - y * tail));
    return large.select(far, near);
  });
}

} // namespace nnc::codegen::cpu::vectormath
