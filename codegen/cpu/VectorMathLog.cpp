// log and what is made of it: log2, log10, log1p, pow. See VectorMath.h. x = 2^k (1 + f), and log(1 + f) is a
// polynomial of f in f32; in f64 and for other bases it is fdlibm's: s = f / (2 + f), f - f^2/2 + s (f^2/2 + R(s^2)).
#include "nnc/codegen/cpu/VectorMath.h"

namespace nnc::codegen::cpu::vectormath {

namespace {

struct Split {
  Float k, f; // x = 2^k (1 + f), 1 + f between sqrt(1/2) and sqrt(2)
};

// Of a positive normal number.
Split split(Float x) {
  const Context &c = *x.context;
  if (c.isDouble()) {
    Integer shifted = x.bits() + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
    Float mantissa = ((shifted & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd).asFloat();
    // the exponent as a number: bits of 2^52 + exponent
    Float k = (shifted.shiftRight(52) | 0x4330000000000000).asFloat() - (4503599627370496.0 + 1023);
    return {k, mantissa - 1.0};
  }
  Integer shifted = x.bits() + (0x3f800000 - 0x3f3504f3);
  Float mantissa = ((shifted & 0x007fffff) + 0x3f3504f3).asFloat();
  Float k = (shifted.shiftRight(23) | 0x4b000000).asFloat() - (8388608.0 + 127);
  return {k, mantissa - 1.0};
}

// R(z): log(1 + f) = f - hfsq + s (hfsq + R).
Float remainderOf(Float z) {
  if (z.context->isDouble())
    return z * polynomial(z, {6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
                              2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
                              1.479819860511658591e-01});
  return z * polynomial(z, {0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841});
}

// Subnormal numbers scaled up; `exponent` is what that adds.
Float normalised(Float x, Float &exponent) {
  bool isDouble = x.context->isDouble();
  Mask subnormal = x < (isDouble ? 2.2250738585072014e-308 : 1.17549435e-38);
  double scale = isDouble ? 18014398509481984.0 /* 2^54 */ : 33554432.0 /* 2^25 */;
  exponent = subnormal.select(x.like(isDouble ? -54 : -25), x.like(0));
  return subnormal.select(x * scale, x);
}

// What every logarithm is at 0, infinity, NaN and below 0.
Float withSpecials(Float x, Float result) {
  double infinity = std::numeric_limits<double>::infinity();
  result = (x == infinity).select(x, result);
  result = (x == 0.0).select(x.like(-infinity), result);
  return x.compare(mlir::arith::CmpFPredicate::ULT, x.like(0))
      .select(x.like(std::numeric_limits<double>::quiet_NaN()), result);
}

double ln2High(bool isDouble) { return isDouble ? 6.93147180369123816490e-01 : 6.9313812256e-01; }
double ln2Low(bool isDouble) { return isDouble ? 1.90821492927058770002e-10 : 9.0580006145e-06; }

// 2^23 k of a positive normal f32 between 2^k sqrt(1/2) and 2^k sqrt(2): an exponent where it stands in the bits.
Integer exponentOf(Integer bits) { return (bits - 0x3f3504f3) & std::numeric_limits<int32_t>::min() >> 8; }

// log(1 + f) + k ln 2 in f32, sqrt(1/2) <= 1 + f <= sqrt(2), of 2^23 k; `rest` is what f lacks. What is small is added
// first.
Float logOfParts(Float exponent, Float f, std::optional<Float> rest = {}) {
  Float q = polynomial(f, {-0.49999988079071045, 0.33333325386047363, -0.25001609325408936, 0.20002013444900513,
                           -0.16608452796936035, 0.1418059915304184, -0.13247090578079224, 0.1291460245847702,
                           -0.07624635100364685});
  const double high = 0x1.62ep-24, low = 0x1.0bfbe8e7bcd5ep-38; // ln(2) 2^-23, the first part with room for k
  Float small = rest ? fma(exponent, low, *rest) : exponent * low;
  return fma(exponent, high, f + fma(f * f, q, small));
}

// Of a positive f32: 2^23 k instead of k.
Split splitSingle(Float x) {
  Mask subnormal = x < 0x1p-126;
  Integer bits = subnormal.select(x * 0x1p23, x).bits(), none(*x.context, 0);
  Integer exponent = exponentOf(bits);
  Float k = (exponent - subnormal.select(Integer(*x.context, 23 << 23), none)).toFloat();
  return {k, (bits - exponent).asFloat() - 1.0};
}

Float logSingle(Float x) {
  auto [exponent, f] = splitSingle(x);
  return withSpecials(x, logOfParts(exponent, f));
}

// log(1 + x + low) of a finite f32 above -1.
Float log1pFinite(Float x, std::optional<Float> low = {}) {
  // A quarter of 1 + x, whose exponent k - 2 is never so large that 2^-k is no number; then f = (1 + x) 2^-k - 1
  // in one rounding, and none where k is 0.
  Integer exponent = exponentOf(fma(x, 0.25, x.like(0.25)).bits());
  Float power = (Integer(*x.context, 0x3f800000) - exponent).asFloat();
  Float scale = power * 0.25, f = fma(x, scale, fma(power, 0.25, -1.0));
  return logOfParts((exponent + (2 << 23)).toFloat(), f, low ? std::optional<Float>(*low * scale) : std::nullopt);
}

Float log1pSingle(Float x) {
  Float result = log1pFinite(x);
  double infinity = std::numeric_limits<double>::infinity();
  result = copysign(result, x); // of -0
  result = (x < infinity).select(result, x);
  Float special = (x == -1.0).select(x.like(-infinity), x.like(std::numeric_limits<double>::quiet_NaN()));
  return (x > -1.0).select(result, special);
}

} // namespace

Float log(Float x) {
  if (!x.context->isDouble())
    return logSingle(x);
  Float exponent = x;
  Float scaled = normalised(x, exponent);
  auto [k, f] = split(scaled);
  k = k + exponent;
  Float s = f / (f + 2.0), z = s * s, half = f * f * 0.5;
  Float r = fma(s, half + remainderOf(z), k * ln2Low(true));
  return withSpecials(x, fma(k, ln2High(true), f - (half - r)));
}

// log of x to another base: 1/ln(base) in two parts, and k times log(2) to that base in two parts.
static Float logToBase(Float x, double inverseHigh, double inverseLow, double twoHigh, double twoLow) {
  bool isDouble = x.context->isDouble();
  Float exponent = x;
  Float scaled = normalised(x, exponent);
  auto [k, f] = split(scaled);
  k = k + exponent;
  Float s = f / (f + 2.0), z = s * s, half = f * f * 0.5;
  // f - half in two parts, the first with room for an exact product
  Float high = ((f - half).bits() & (isDouble ? (int64_t)0xffffffff00000000 : (int64_t)(int32_t)0xfffff000)).asFloat();
  Float low = fma(s, half + remainderOf(z), (f - high) - half);
  Float valueHigh = high * inverseHigh;
  Float valueLow = fma(low + high, inverseLow, fma(low, inverseHigh, k * twoLow));
  Float base = k * twoHigh;
  Float sum = base + valueHigh;
  valueLow = valueLow + ((base - sum) + valueHigh);
  return withSpecials(x, valueLow + sum);
}

Float log2(Float x) {
  return x.context->isDouble() ? logToBase(x, 1.44269504072144627571e+00, 1.67517131648865118353e-10, 1, 0)
                               : logToBase(x, 1.4428710938e+00, -1.7605285393e-04, 1, 0);
}

Float log10(Float x) {
  return x.context->isDouble() ? logToBase(x, 4.34294481878168880939e-01, 2.50829467116452752298e-11,
                                           3.01029995663611771306e-01, 3.69423907715893078616e-13)
                               : logToBase(x, 4.3432617188e-01, -3.1689971365e-05, 3.0102920532e-01, 7.9034151668e-07);
}

Float log1p(Float x) {
  if (!x.context->isDouble())
    return log1pSingle(x);
  Float u = x + 1.0;
  auto [k, g] = split(u);
  // the part of x that u has lost, in units of u
  Float lost = (k > 1.0).select(1.0 - (u - x), x - (u - 1.0)) / u;
  Mask small = (x < 0.41421356) & (x > -0.29289321);
  Float f = small.select(x, g), c = small.select(x.like(0), lost);
  k = small.select(x.like(0), k);
  // a number so large that 1 is lost has no correction left
  c = (k > 53.0).select(x.like(0), c);
  Float s = f / (f + 2.0), z = s * s, half = f * f * 0.5;
  Float r = fma(s, half + remainderOf(z), fma(k, ln2Low(true), c));
  Float result = fma(k, ln2High(true), f - (half - r));
  double infinity = std::numeric_limits<double>::infinity();
  result = (x == infinity).select(x, result);
  result = (x == -1.0).select(x.like(-infinity), result);
  result = x.compare(mlir::arith::CmpFPredicate::ULT, x.like(-1))
               .select(x.like(std::numeric_limits<double>::quiet_NaN()), result);
  return (abs(x) < 1e-300).select(x, result);
}

// log(x) as high + low to about 2^-65, for a positive normal x in f64.
static std::pair<Float, Float> logInTwo(Float x) {
  Float exponent = x;
  Float scaled = normalised(x, exponent);
  auto [k, f] = split(scaled);
  k = k + exponent;
  // s = f / (2 + f) in two parts: 2 + f may be rounded
  Float d = f + 2.0, dLow = f - (d - 2.0);
  Float s = f / d;
  Float sLow = fma(-s, dLow, fma(-s, d, f)) / d;
  Float z = s * s, zLow = fma(s, s, -z) + (s + s) * sLow;
  // 2 s (1 + z/3 + z^2 q(z))
  Float q =
      polynomial(z, {1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21, 1.0 / 23});
  const double third = 0.33333333333333331483, thirdLow = 1.85037170770859422e-17;
  Float a = z * third, aLow = fma(z, third, -a) + fma(z, thirdLow, zLow * third);
  Float tail = fma(z * z, q, aLow); // of the bracket, beyond 1 + a
  Float two = s + s, twoLow = sLow + sLow;
  // two * (a + tail) + twoLow
  Float p = two * a, pLow = fma(two, a, -p) + fma(two, tail, twoLow);
  Float high = two + p, low = (two - high) + p + pLow;
  low = low + twoLow * a;
  // + k ln 2, its first part exact
  Float base = k * ln2High(true);
  Float sum = base + high;
  Float sumLow = ((base - sum) + high) + fma(k, ln2Low(true), low);
  Float result = sum + sumLow;
  return {result, (sum - result) + sumLow};
}

// |x|^y by logarithm and exponential in f64, where both may be plain: the result of 24 bits has at most 8 before its
// point. `x` is positive.
static Float powSingle(Float x, Float y) {
  const Context &c = *x.context;
  Context wide{c.builder, c.loc, c.shaped(c.builder.getF64Type())};
  auto widen = [&](Float value) {
    return Float(wide, mlir::arith::ExtFOp::create(c.builder, c.loc, wide.type, value.value));
  };
  auto [exponent, single] = splitSingle(x);
  Float f = widen(single);
  Float log2 = polynomial(f, {1.4426950408686785, -0.7213475208692546, 0.48089836141147363, -0.3606736747460649,
                              0.28853729191819955, -0.24045316852406307, 0.2061754128235542, -0.18030058833976206,
                              0.15876904505073575, -0.14315587110726646, 0.14475224446668636, -0.14284484359301453,
                              0.07737019495591076});
  log2 = fma(log2, f, widen(exponent) * 0x1p-23);
  Float t = atLeast(atMost(widen(y) * log2, 200), -200); // beyond, 0 and infinity
  Power power = nearestPower(t, 1, wide.bias());
  Float p = polynomial(t - power.n, {1, 0.6931472028809923, 0.24022647910287806, 0.05550332409573666,
                                     0.009618437605960274, 0.001339890020819874, 0.00015353341142728349});
  Float result = p * powerOfTwo(power.bits);
  return {c, mlir::arith::TruncFOp::create(c.builder, c.loc, c.type, result.value)};
}

static Float powDouble(Float x, Float y) {
  auto [high, low] = logInTwo(x);
  // y large enough for any base but 1 to overflow; so that no product of parts is infinity - infinity
  Float bounded = (abs(y) > 1e25).select(copysign(y.like(1e25), y), y);
  Float product = high * bounded;
  Float productLow = fma(high, bounded, -product) + low * bounded;
  productLow = (abs(product) > 1000.0).select(y.like(0), productLow);
  return expWithTail(product, productLow);
}

Float pow(Float x, Float y) {
  double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  Float a = abs(x);
  Float result = x.context->isDouble() ? powDouble(a, y) : powSingle(a, y);

  Mask positive = y > 0.0, zero = a == 0.0, infinite = a == infinity;
  result = zero.select(positive.select(y.like(0), y.like(infinity)), result);
  result = infinite.select(positive.select(y.like(infinity), y.like(0)), result);
  Mask whole = floor(y) == y;
  Float half = y * 0.5;
  Mask odd = whole & (floor(half) < half);
  // the sign bit, so that -0 counts
  Mask negative = copysign(x.like(1), x) < 0.0;
  result = (negative & odd).select(-result, result);
  Mask wrong = (x < 0.0) & (x > -infinity) & (floor(y) < y);
  result = wrong.select(x.like(nan), result);
  result = (x.isNan() | y.isNan()).select(x + y, result);
  // (-1)^(+-infinity) is 1; 1^anything and anything^0 too
  result = ((a == 1.0) & (abs(y) == infinity)).select(x.like(1), result);
  return ((x == 1.0) | (y == 0.0)).select(x.like(1), result);
}

Float cbrt(Float x) {
  const Context &c = *x.context;
  if (!c.isDouble()) {
    Context wide{c.builder, c.loc, c.shaped(c.builder.getF64Type())};
    Float result = cbrt(Float(wide, mlir::arith::ExtFOp::create(c.builder, c.loc, wide.type, x.value)));
    return {c, mlir::arith::TruncFOp::create(c.builder, c.loc, c.type, result.value)};
  }
  Float a = abs(x);
  auto [high, low] = logInTwo(a);
  const double third = 0.33333333333333331483, thirdLow = 1.85037170770859422e-17;
  Float product = high * third;
  Float result = expWithTail(product, fma(high, third, -product) + fma(high, thirdLow, low * third));
  Mask special = (x == 0.0) | x.isNan() | (a == std::numeric_limits<double>::infinity());
  return special.select(x, copysign(result, x));
}

Float asinh(Float x) {
  Float a = abs(x);
  // log1p(a + a^2 / (1 + sqrt(a^2 + 1))); far out log(2 a)
  double limit = x.context->isDouble() ? 1e8 : 1e4;
  Float bounded = (a > limit).select(a.like(limit), a), square = bounded * bounded;
  Float near = log1p(bounded + square / (sqrt(square + 1.0) + 1.0));
  Float far = log(a) + 0.69314718055994530942;
  Float result = copysign((a > limit).select(far, near), x);
  return ((x == 0.0) | x.isNan()).select(x, result);
}

Float acosh(Float x) {
  double limit = x.context->isDouble() ? 1e8 : 1e4;
  Float bounded = (x > limit).select(x.like(limit), x), t = bounded - 1.0;
  Float root = sqrt(fma(t, t, t + t)), sum = root + t;
  Float near = x.context->isDouble() ? log1p(sum) : log1pFinite(sum, t - (sum - root));
  Float far = log(x) + 0.69314718055994530942;
  Float result = (x > limit).select(far, near);
  return (x < 1.0).select(x.like(std::numeric_limits<double>::quiet_NaN()), result);
}

Float atanh(Float x) {
  Float a = abs(x);
  Float result = log1p((a + a) / (1.0 - a)) * 0.5;
  if (!x.context->isDouble()) {
    Float z = a * a;
    Float near = polynomial(z, {0.33333301544189453, 0.2000245302915573, 0.1422378420829773, 0.11816409975290298,
                                0.051603127270936966, 0.17638057470321655});
    return withSign((a < 0.5).select(fma(near * z, a, a), result), x);
  }
  return ((x == 0.0) | x.isNan()).select(x, copysign(result, x));
}

} // namespace nnc::codegen::cpu::vectormath
