// exp and what is made of it: expm1, tanh, erf. See VectorMath.h.
#include "nnc/codegen/cpu/VectorMath.h"

namespace nnc::codegen::cpu::vectormath {

// ln 2 in two parts; the first has enough zero bits at its end that its product with any exponent is exact.
static Float reduceByLn2(Float x, Float n) {
  if (x.context->isDouble())
    return fma(n, -1.90821492927058770002e-10, fma(n, -6.93147180369123816490e-01, x));
  return fma(n, -1.42860682030941723212e-6, fma(n, -6.93145751953125e-1, x));
}

// (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2.
static Float exponentialTail(Float r) {
  if (r.context->isDouble())
    return polynomial(r,
                      {0.5, 1.6666666666666666e-01, 4.1666666666666664e-02, 8.3333333333333332e-03,
                       1.3888888888888889e-03, 1.9841269841269841e-04, 2.4801587301587302e-05, 2.7557319223985893e-06,
                       2.7557319223985888e-07, 2.5052108385441720e-08, 2.0876756987868100e-09, 1.6059043836821613e-10});
  return polynomial(
      r, {5.0000000000e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4});
}

Float expWithTail(Float input, Float tail) {
  bool isDouble = input.context->isDouble();
  double low = isDouble ? -746 : -104, high = isDouble ? 710 : 89;
  Float x = (input > high).select(input.like(high), (input < low).select(input.like(low), input)); // keeps NaN
  Float n = nearest(x * 1.4426950408889634074);
  Float r = reduceByLn2(x, n) + tail;
  Float p = fma(r * r, exponentialTail(r), r) + 1.0;
  // two factors: the result may be subnormal, or overflow, though neither factor is
  Float half = nearest(n * 0.5);
  return p * exp2Integer(half) * exp2Integer(n - half); // NaN through p
}

Float exp(Float x) {
  bool isDouble = x.context->isDouble();
  double low = isDouble ? -746 : -104, high = isDouble ? 710 : 89;
  Float clamped = (x > high).select(x.like(high), (x < low).select(x.like(low), x));
  Float n = nearest(clamped * 1.4426950408889634074);
  Float r = reduceByLn2(clamped, n);
  Float p = fma(r * r, exponentialTail(r), r) + 1.0;
  Float half = nearest(n * 0.5);
  return p * exp2Integer(half) * exp2Integer(n - half);
}

Float exp2(Float x) {
  bool isDouble = x.context->isDouble();
  double low = isDouble ? -1080 : -151, high = isDouble ? 1025 : 129;
  Float clamped = (x > high).select(x.like(high), (x < low).select(x.like(low), x));
  Float n = nearest(clamped);
  Float r = (clamped - n) * 0.69314718055994530942;
  Float p = fma(r * r, exponentialTail(r), r) + 1.0;
  Float half = nearest(n * 0.5);
  return p * exp2Integer(half) * exp2Integer(n - half);
}

Float expm1(Float x) {
  bool isDouble = x.context->isDouble();
  double high = isDouble ? 710 : 89;
  Float clamped = (x > high).select(x.like(high), (x < -40).select(x.like(-40), x));
  Float n = nearest(clamped * 1.4426950408889634074);
  Float r = reduceByLn2(clamped, n);
  Float p = fma(r * r, exponentialTail(r), r); // exp(r) - 1
  // 2^n p + (2^n - 1), at half its size so that 2^1024 is not needed
  Float scale = exp2Integer(n - 1.0);
  Float result = fma(p, scale, scale - 0.5);
  result = result + result;
  // tiny arguments are their own result, with their sign and all their bits
  double tiny = isDouble ? 1e-300 : 1e-30;
  return ((abs(x) < tiny) | x.isNan()).select(x, result);
}

Float tanh(Float x) {
  // near 0 an odd polynomial (cephes), beyond it 1 - 2 / (exp(2|x|) + 1)
  Float a = abs(x), z = x * x;
  Float near =
      x.context->isDouble()
          ? polynomial(z, {-1.61468768441708447952e3, -9.92877231001918586564e1, -9.64399179425052238628e-1}) /
                polynomial(z, {4.84406305325125486048e3, 2.23548839060100448583e3, 1.12811678491632931402e2, 1.0})
          : polynomial(z,
                       {-3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2, 2.06390887954e-2, -5.70498872745e-3});
  Float far = copysign(1.0 - 2.0 / (exp(a + a) + 1.0), x);
  Float result = (a < 0.625).select(fma(near * z, x, x), far);
  return ((x == 0.0) | x.isNan()).select(x, result);
}

Float sinh(Float x) {
  Float t = expm1(abs(x));
  Float small = (t + t / (t + 1.0)) * 0.5;
  Float root = exp(abs(x) * 0.5); // beyond exp's own range
  Float result = (abs(x) > (x.context->isDouble() ? 700.0 : 80.0)).select(root * 0.5 * root, small);
  return ((x == 0.0) | x.isNan()).select(x, copysign(result, x));
}

Float cosh(Float x) {
  Float t = exp(abs(x));
  Float root = exp(abs(x) * 0.5);
  return (abs(x) > (x.context->isDouble() ? 700.0 : 80.0)).select(root * 0.5 * root, fma(t, 0.5, 0.5 / t));
}

// One expression near 0, one for the rest.
static Float erfSingle(Float x) {
  Float t = abs(x), s = x * x;
  Float r = fma(t, -1.72853470e-5, t.like(3.83197126e-4));
  Float u = fma(t, -3.88396438e-3, t.like(2.42546219e-2));
  r = fma(r, s, u);
  r = fma(r, t, -1.06777877e-1);
  r = fma(r, t, -6.34846687e-1);
  r = fma(r, t, -1.28717512e-1);
  r = fma(r, t, -t);
  Float far = copysign(1.0 - exp(r), x);
  Float q = fma(s, -5.96761703e-4, s.like(4.99119423e-3));
  q = fma(q, s, -2.67681349e-2);
  q = fma(q, s, 1.12819925e-1);
  q = fma(q, s, -3.76125336e-1);
  q = fma(q, s, 1.28379166e-1);
  // a product that vanishes would lose the sign of a zero and the last bits of the smallest
  Float near = (t < 1e-30).select(fma(x, 1.28379166e-1, x), fma(q, x, x));
  near = (x == 0.0).select(x, near);
  return (t > 0.927734375).select(far, near);
}

// The rational approximations of fdlibm's s_erf.c on its intervals: numerator, denominator.
struct ErfParts {
  Float small;  // |x| < 0.84375: erf = x + x small
  Float middle; // |x| < 1.25: erf = erx + middle
  Float tail;   // beyond: erfc = tail
};
static constexpr double erx = 8.45062911510467529297e-01;

static ErfParts erfParts(Float x) {
  Float a = abs(x), z = x * x;
  Float small = polynomial(z, {1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02,
                               -5.77027029648944159157e-03, -2.37630166566501626084e-05}) /
                polynomial(z, {1.0, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03,
                               1.32494738004321644526e-04, -3.96022827877536812320e-06});
  Float s = a - 1.0;
  Float middle = polynomial(s, {-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01,
                                3.18346619901161753674e-01, -1.10894694282396677476e-01, 3.54783043256182359371e-02,
                                -2.16637559486879084300e-03}) /
                 polynomial(s, {1.0, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02,
                                1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02});
  Float bounded = (a > 28.0).select(a.like(28.0), a);
  Float w = 1.0 / (bounded * bounded);
  Float nearTail = polynomial(w, {-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01,
                                  -6.23753324503260060396e+01, -1.62396669462573470355e+02, -1.84605092906711035994e+02,
                                  -8.12874355063065934246e+01, -9.81432934416914548592e+00}) /
                   polynomial(w, {1.0, 1.96512716674392571292e+01, 1.37657754143519042600e+02,
                                  4.34565877475229228821e+02, 6.45387271733267880336e+02, 4.29008140027567833386e+02,
                                  1.08635005541779435134e+02, 6.57024977031928170135e+00, -6.04244152148580987438e-02});
  Float farTail = polynomial(w, {-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01,
                                 -1.60636384855821916062e+02, -6.37566443368389627722e+02, -1.02509513161107724954e+03,
                                 -4.83519191608651397019e+02}) /
                  polynomial(w, {1.0, 3.03380607434824582924e+01, 3.25792512996573918826e+02,
                                 1.53672958608443695994e+03, 3.19985821950859553908e+03, 2.55305040643316442583e+03,
                                 4.74528541206955367215e+02, -2.24409524465858183362e+01});
  Float ratio = (bounded < 1.0 / 0.35).select(nearTail, farTail);
  // exp(-a^2) with a split so that its square is exact
  Float high = (bounded.bits() & (int64_t)0xffffffff00000000).asFloat();
  Float first = -(high * high) - 0.5625, second = fma(high - bounded, high + bounded, ratio);
  Float sum = first + second;
  Float tail = expWithTail(sum, second - (sum - first)) / bounded;
  return {small, middle, tail};
}

static Float erfDouble(Float x) {
  ErfParts parts = erfParts(x);
  Float a = abs(x);
  Float rest = (a < 1.25).select(parts.middle + erx, 1.0 - parts.tail);
  Float result = (a < 0.84375).select(fma(x, parts.small, x), copysign(rest, x));
  return ((x == 0.0) | x.isNan()).select(x, result);
}

Float erf(Float x) { return x.context->isDouble() ? erfDouble(x) : erfSingle(x); }

Float erfc(Float x) {
  // f32 through f64: the tail is a product of exponentials
  if (!x.context->isDouble()) {
    Context wide{x.context->builder, x.context->loc, x.context->shaped(x.context->builder.getF64Type())};
    Float result = erfc(Float(wide, mlir::arith::ExtFOp::create(wide.builder, wide.loc, wide.type, x.value)));
    return {*x.context, mlir::arith::TruncFOp::create(wide.builder, wide.loc, x.context->type, result.value)};
  }
  ErfParts parts = erfParts(x);
  Float a = abs(x);
  Mask negative = x < 0.0;
  Float small = (x < 0.25).select(1.0 - fma(x, parts.small, x), 0.5 - (fma(x, parts.small, x - 0.5)));
  Float middle = negative.select((parts.middle + erx) + 1.0, (1.0 - erx) - parts.middle);
  Float far = negative.select(2.0 - parts.tail, parts.tail);
  Float result = (a < 0.84375).select(small, (a < 1.25).select(middle, far));
  return x.isNan().select(x, result);
}

} // namespace nnc::codegen::cpu::vectormath
