// sin, cos, tan and their inverses. See VectorMath.h. f32 goes through f64, where reducing by multiples of pi/2 is
// exact enough and a short polynomial does.
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
  Float n, r, rLow; // x = n pi/2 + r + rLow
};

Reduced reduce(Float x) {
  Float n = nearest(x * 0.63661977236758134308);
  const double first = 1.57079632679489655800e+00, second = 6.12323399573676603587e-17,
               third = -1.49738490485916983e-33;
  Float r = fma(n, -first, x); // exact
  Float p = n * second, pLow = fma(n, second, -p);
  Float high = r - p;
  Float low = fma(n, -third, ((r - high) - p) - pLow);
  return {n, high, low};
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
Float sine(Float x, double quarters) {
  auto [n, r, low] = reduce(x);
  // n modulo 4 from the low bits of n + 1.5 2^52
  Integer quadrant = (n + (6755399441055744.0 + quarters)).bits();
  Mask odd = (quadrant & 1) != 0, negative = (quadrant & 2) != 0;
  Float result = odd.select(cosOf(r, low), sinOf(r, low));
  result = negative.select(-result, result);
  return quarters == 0 ? (abs(x) < 1e-300).select(x, result) : result;
}

} // namespace

Float sin(Float x) {
  return inDouble(x, [](Float y) { return sine(y, 0); });
}
Float cos(Float x) {
  return inDouble(x, [](Float y) { return sine(y, 1); });
}
Float tan(Float x) {
  return inDouble(x, [](Float y) {
    auto [n, r, low] = reduce(y);
    Integer quadrant = (n + 6755399441055744.0).bits();
    Float s = sinOf(r, low), c = cosOf(r, low);
    Mask odd = (quadrant & 1) != 0;
    Float result = odd.select(-c, s) / odd.select(s, c);
    return (abs(y) < 1e-300).select(y, result);
  });
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
