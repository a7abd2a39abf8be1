// The sigmoid, tanh, and the GELU made of tanh, which is x sigmoid(2 u). See VectorMath.h.
#include "nnc/codegen/cpu/VectorMath.h"

namespace nnc::codegen::cpu::vectormath {

// Numbers are kept this much smaller, so that exp(-x) does not overflow where a sigmoid is not yet 0.
static int64_t scaleBits(const Context &c) { return c.isDouble() ? 512 : 64; }
static double scaleOf(const Context &c) { return c.isDouble() ? 0x1p-512 : 0x1p-64; }

// (1 + 2^n (1 + q)) scale, of `bits` n. Where 2^n is greater than 1 it is added last: next to it 1 would be lost.
// Elsewhere it is added to 1 first, which is exact where it counts most, at 1 + 1.
static Float onePlusExponential(Integer bits, Float q) {
  const Context &c = *q.context;
  double one = scaleOf(c);
  Float power = powerOfTwo(bits);
  Float last = (power > one).select(power, q.like(0));
  return fma(q, power, (power - last) + one) + last;
}

Float sigmoid(Float x) {
  const Context &c = *x.context;
  // beyond these the result is 1, or 0 when rounded
  Float clamped = atLeast(atMost(x, 40), c.isDouble() ? -746 : -105);
  Power power = nearestPower(clamped, -log2e, c.bias() - scaleBits(c));
  Float r = reduceByLn2(-clamped, power.n);
  Float q = fma(exponentialTail(r), r * r, r);
  // the one rounding in the range of subnormal numbers is that of the division
  return scaleOf(c) / onePlusExponential(power.bits, q);
}

Float tanh(Float x) {
  // an odd polynomial near 0, beyond it 1 - 2 / (exp(2|x|) + 1), to whose error exp contributes a third or less
  Float a = abs(x), z = x * x;
  if (x.context->isDouble()) {
    Float near = polynomial(z, {-1.61468768441708447952e3, -9.92877231001918586564e1, -9.64399179425052238628e-1}) /
                 polynomial(z, {4.84406305325125486048e3, 2.23548839060100448583e3, 1.12811678491632931402e2, 1.0});
    Float far = withSign(1.0 - 2.0 / (exp(a + a) + 1.0), x);
    Float result = (a < 0.625).select(fma(near * z, x, x), far);
    return ((x == 0.0) | x.isNan()).select(x, result);
  }
  Float bounded = atMost(a, 9.1);
  Power power = nearestPower(bounded, 2 * log2e, x.context->bias());
  Float r = fma(power.n, -0.34657359027997264311, bounded); // exp(2 r) 2^n = exp(2|x|)
  Float p = polynomial(
      r, {1, 1.9999994039535522, 1.9999659061431885, 1.3334118127822876, 0.670371949672699, 0.2652742266654968});
  Float far = 1.0 - 2.0 / fma(p, powerOfTwo(power.bits), 1.0);
  Float near = polynomial(
      z, {-0.3333328068256378, 0.13331405818462372, -0.05373651534318924, 0.02062816731631756, -0.005692296661436558});
  return withSign((a < 0.625).select(fma(near * z, a, a), far), x); // of a NaN the second
}

// x / (1 + exp(-2 u)), 2 u = x (c1 + c3 x^2) in two parts: the relative error of an exponential is the absolute error
// of its argument, which reaches -104 (-745) here.
Float geluTanh(Float x) {
  const Context &c = *x.context;
  bool isDouble = c.isDouble();
  double high = isDouble ? 9 : 7.25; // from here on 1 + exp(-2 u) is 1
  Float b = atLeast(atMost(x, high), isDouble ? -24 : -11);
  // c1 has zero bits at its end, so that c1 - w is exact for every w
  const double c1 = isDouble ? 0x1.9884533d436p+0 : 0x1.98845p+0;
  const double c1Low = isDouble ? 1.7885919910836427e-14 : 1.9307789868050978e-7;
  const double c3 = isDouble ? 0.07135481627260025 : 0.07135481387376785;
  const double c3Low = isDouble ? -6.1751499181553155e-19 : 2.3988323959931356e-9;
  Float z = b * b, zLow = fma(b, b, -z);
  Float w = fma(z, c3, b.like(c1));
  Float wLow = fma(z, c3, c1 - w);
  wLow = fma(zLow, c3, fma(z, c3Low, wLow + c1Low));
  Power power = nearestPower(b * w, -log2e, c.bias() - scaleBits(c));
  // -2 u - n ln 2 = r + low: the product with the first part of ln 2 is exact, and so is what cancels
  const double ln2High = isDouble ? 6.93147180369123816490e-01 : 6.93145751953125e-1;
  const double ln2Low = isDouble ? 1.90821492927058770002e-10 : 1.42860682030941723212e-6;
  Float r = fma(-b, w, -(power.n * ln2High));
  Float low = fma(-b, wLow, power.n * -ln2Low);
  Float sum = r + low;
  Float q = r + fma(exponentialTail(sum), sum * sum, low);
  Float result = b / onePlusExponential(power.bits, q) * scaleOf(c);
  return (x > high).select(x, result);
}

} // namespace nnc::codegen::cpu::vectormath
