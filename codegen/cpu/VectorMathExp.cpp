// exp and what is made of it: exp2, expm1, sinh, cosh. See VectorMath.h.
#include "nnc/codegen/cpu/VectorMath.h"

namespace nnc::codegen::cpu::vectormath {

const double log2e = 1.4426950408889634074;

Power nearestPower(Float x, double scale, int64_t bias) {
  double offset = x.context->magic() + (double)bias;
  Float sum = fma(x, scale, x.like(offset));
  return {sum - offset, sum.bits()};
}

Float powerOfTwo(Integer bits) { return (bits << bits.context->mantissaBits()).asFloat(); }

// p 2^(n - 2 bias) of `bits` n: in two factors, because the result may be subnormal or overflow though neither factor
// is. What stands above n in the bits is even and leaves with the shifts.
static Float scaled(Float p, Integer bits) {
  Integer half = bits.shiftRight(1);
  return p * powerOfTwo(half) * powerOfTwo(bits - half);
}

Float reduceByLn2(Float x, Float n) {
  // the first part has enough zero bits at its end that its product with any exponent is exact
  if (x.context->isDouble())
    return fma(n, -1.90821492927058770002e-10, fma(n, -6.93147180369123816490e-01, x));
  return fma(n, -1.42860682030941723212e-6, fma(n, -6.93145751953125e-1, x));
}

Float exponentialTail(Float r) {
  if (r.context->isDouble())
    return polynomial(r,
                      {0.5, 1.6666666666666666e-01, 4.1666666666666664e-02, 8.3333333333333332e-03,
                       1.3888888888888889e-03, 1.9841269841269841e-04, 2.4801587301587302e-05, 2.7557319223985893e-06,
                       2.7557319223985888e-07, 2.5052108385441720e-08, 2.0876756987868100e-09, 1.6059043836821613e-10});
  return polynomial(r, {0.499999940395355224609375, 0.16666519641876220703125, 4.16682399809360504150390625e-2,
                        8.368827402591705322265625e-3, 1.38232414610683917999267578125e-3});
}

// exp(x + tail) factor = p 2^(bits - 2 bias); beyond the ends of the clamp every result is 0 or infinity, also half of
// one.
namespace {
struct Exponential {
  Float p;
  Integer bits;
};
} // namespace
static Exponential exponential(Float input, std::optional<Float> tail = {}, std::optional<Float> factor = {}) {
  bool isDouble = input.context->isDouble();
  Float x = atLeast(atMost(input, isDouble ? 711 : 90), isDouble ? -746 : -104);
  Power power = nearestPower(x, log2e, 2 * x.context->bias());
  Float r = reduceByLn2(x, power.n);
  if (tail)
    r = r + *tail;
  if (!isDouble) // in Horner's form to its end: the error of the last step but one is small against 1
    return {fma(fma(exponentialTail(r), r, 1.0), r, 1.0), power.bits};
  Float q = fma(r * r, exponentialTail(r), r);
  return {factor ? fma(q, *factor, *factor) : q + 1.0, power.bits}; // a NaN is in p
}

Float exp(Float x) {
  Exponential e = exponential(x);
  return scaled(e.p, e.bits);
}

Float expWithTail(Float x, Float tail, std::optional<Float> factor) {
  Exponential e = exponential(x, tail, factor);
  return scaled(e.p, e.bits);
}

// exp(x) / 2, which is finite further out than exp(x).
static Float halfExp(Float x) {
  Exponential e = exponential(x);
  return scaled(e.p, e.bits - 1);
}

Float exp2(Float x) {
  bool isDouble = x.context->isDouble();
  Float clamped = atLeast(atMost(x, isDouble ? 1025 : 129), isDouble ? -1080 : -151);
  Power power = nearestPower(clamped, 1, 2 * x.context->bias());
  Float r = (clamped - power.n) * 0.69314718055994530942;
  return scaled(fma(r * r, exponentialTail(r), r) + 1.0, power.bits);
}

Float expm1(Float x) {
  bool isDouble = x.context->isDouble();
  Float clamped = atLeast(atMost(x, isDouble ? 710 : 89), isDouble ? -40 : -18);
  Power power = nearestPower(clamped, log2e, x.context->bias() - 1);
  Float r = reduceByLn2(clamped, power.n);
  Float tail = isDouble ? exponentialTail(r)
                        : polynomial(r, {0.4999999701976776, 0.1666654646396637, 0.04166743531823158,
                                         0.00836627185344696, 0.0013870695838704705});
  Float p = fma(r * r, tail, r); // exp(r) - 1
  // 2^n p + (2^n - 1), at half its size so that 2^1024 is not needed
  Float scale = powerOfTwo(power.bits);
  Float result = fma(p, scale, scale - 0.5);
  result = result + result;
  // tiny arguments are their own result, with their sign and all their bits
  return (abs(x) < (isDouble ? 1e-300 : 1e-30)).select(x, result);
}

Float sinh(Float x) {
  Float a = abs(x), half = halfExp(a);
  if (!x.context->isDouble()) {
    Float z = a * a;
    Float near =
        polynomial(z, {0.1666666716337204, 0.00833331048488617, 0.00019842895562760532, 2.7822131869470468e-06});
    return withSign((a < 1.0).select(fma(near * z, a, a), half - 0.25 / half), x);
  }
  Float t = expm1(a);
  Float near = (t + t / (t + 1.0)) * 0.5;
  return withSign((a > 20.0).select(half, near), x); // expm1 is infinite before sinh is
}

Float cosh(Float x) {
  Float half = halfExp(abs(x));
  return half + 0.25 / half;
}

} // namespace nnc::codegen::cpu::vectormath
