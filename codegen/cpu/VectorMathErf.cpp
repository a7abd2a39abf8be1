// The error function and the GELU made of it. See VectorMath.h.
#include "nnc/codegen/cpu/VectorMath.h"

namespace nnc::codegen::cpu::vectormath {

// An odd polynomial near 0; beyond it a polynomial around 2.5, which at 3.925 has reached 1.
static Float erfSingle(Float x) {
  Float a = abs(x), z = x * x;
  Float near = polynomial(z, {0.12837916612625122, -0.3761261999607086, 0.11283490806818008, -0.0268491692841053,
                              0.005178558174520731, -0.0007917903712950647, 7.53197236917913e-05});
  Float far = polynomial(atMost(a, 3.925) - 2.5,
                         {0.9995930790901184, 0.0021782370749861, -0.005446525290608406, 0.008352112025022507,
                          -0.008616412989795208, 0.006105911452323198, -0.002815599786117673, 0.0005675952997989953,
                          0.0002839013177435845, -0.00027758607757277787, 6.308499723672867e-05, 2.0809073248528875e-05,
                          -9.329827662440948e-06});
  return (a < 1.05).select(fma(near, x, x), withSign(far, x)); // of a NaN the second
}

// The rational approximations of fdlibm's s_erf.c on its intervals, and its exp(-a^2) split so that its square is
// exact.
struct ErfParts {
  Float small;    // a < 0.84375: erf = a + a small
  Float middle;   // a < 1.25: erf = erx + middle
  Float sum, low; // beyond: erfc = exp(sum + low) / bounded
  Float bounded;
};
static constexpr double erx = 8.45062911510467529297e-01;

static ErfParts erfParts(Float a) {
  Float z = a * a;
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
  Float bounded = atMost(a, 28);
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
  Float high = (bounded.bits() & (int64_t)0xffffffff00000000).asFloat();
  Float first = -(high * high) - 0.5625, second = fma(high - bounded, high + bounded, ratio);
  Float sum = first + second;
  return {small, middle, sum, second - (sum - first), bounded};
}

static Float erfDouble(Float x) {
  Float a = abs(x);
  ErfParts parts = erfParts(a);
  Float tail = expWithTail(parts.sum, parts.low) / parts.bounded;
  Float rest = (a < 1.25).select(parts.middle + erx, 1.0 - tail);
  Float result = withSign((a < 0.84375).select(fma(a, parts.small, a), rest), x);
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
  Float a = abs(x);
  ErfParts parts = erfParts(a);
  Float tail = expWithTail(parts.sum, parts.low) / parts.bounded;
  Mask negative = x < 0.0;
  Float small = (x < 0.25).select(1.0 - fma(x, parts.small, x), 0.5 - (fma(x, parts.small, x - 0.5)));
  Float middle = negative.select((parts.middle + erx) + 1.0, (1.0 - erx) - parts.middle);
  Float far = negative.select(2.0 - tail, tail);
  Float result = (a < 0.84375).select(small, (a < 1.25).select(middle, far));
  return x.isNan().select(x, result);
}

// gelu(x) = max(x, 0) - |x| Phi(-|x|), in which the second term is all there is for x < 0 and must be exact in all its
// places. Zero and what is rounded to it keep the sign of x.
static Float geluFromTail(Float x, Float tail) { return (x < -0.0).select(x.like(-0.0), x) - tail; }

// |x| Phi(-|x|) = |x| erfc(t) / 2, t = |x| / sqrt(2) in two parts.
static Float geluDouble(Float x) {
  Float a = atMost(abs(x), 39); // where the result is 0
  const double root = 0.70710678118654757274, rootLow = -4.833646656726457e-17;
  Float t = a * root, tLow = fma(a, root, -t) + a * rootLow;
  ErfParts parts = erfParts(t);
  Float small = (t < 0.25).select(1.0 - fma(t, parts.small, t), 0.5 - fma(t, parts.small, t - 0.5));
  Float near = (t < 0.84375).select(small, (1.0 - erx) - parts.middle);
  // the logarithmic derivative of erfc, of which a few per cent do not matter
  near = near - near * tLow * fma(t, 1.55, 1.128);
  // |x| / (2 t) = 1 / sqrt(2)
  Float far = expWithTail(parts.sum, parts.low - fma(t + t, tLow, x.like(-rootLow / root)), x.like(root));
  return geluFromTail(x, (t < 1.25).select(a * 0.5 * near, far));
}

// |x| Phi(-|x|) = |x| exp(-x^2 / 2) R, and 1 / R = 2 + |x| (sqrt(2 pi) + V) with V a quotient of polynomials, |x| V
// next to 0 against the rest where it could cancel. So it is one division, |x| 2^-m / (exp(r) / R), in which nothing
// but the divisor has an error: about 2 u, most of which is the rounding of its last sum. That one is known, and so is
// the remainder of the division: both are taken into account, which needs no more than a rough reciprocal.
static Float geluSingle(Float x) {
  Float a = atMost(abs(x), 14.5); // where the result is 0
  // x^2 / 2 in two parts: the relative error of an exponential is the absolute error of its argument
  Float half = a * 0.5, square = half * a, squareLow = fma(half, a, -square);
  // -x^2 / 2 = -r - low + n ln 2
  const int64_t scaleBits = 64;
  const double scale = 0x1p64;
  Power power = nearestPower(square, -log2e, x.context->bias() + scaleBits);
  Float r = fma(power.n, 6.93145751953125e-1, square), low = fma(power.n, 1.42860682030941723212e-6, squareLow);
  Float sum = r + low;
  Float q = r + fma(sum * sum, exponentialTail(sum), low); // exp(r + low) - 1
  // The divisor is 2^64 times as large: then the rounding of the division is the only one among subnormal numbers.
  llvm::SmallVector<double> numerator = {-0x1.d25c0ep-1, -0x1.0c5a42p-1, -0x1.22240cp-3, -0x1.0bc866p-6,
                                         -0x1.04f622p-22};
  for (double &coefficient : numerator)
    coefficient *= scale;
  Float v = polynomial(a, numerator) / polynomial(a, {1, 0x1.c0334ap-1, 0x1.764d4ap-2, 0x1.4b8132p-4, 0x1.0bff44p-7});
  const double root = 2.5066282749176025 * scale; // sqrt(2 pi)
  Float w = fma(a, v, 2 * scale);                 // 1 / R = root a + w
  Float rest = fma(fma(a, root, w), q, w);        // exp(r) / R = root a + rest
  Float divisor = fma(a, root, rest), divisorLow = fma(a, root, -divisor) + rest;
  Float dividend = a * powerOfTwo(power.bits);
  Float tail = dividend / divisor;
  Float remainder = fma(-tail, divisorLow, fma(-tail, divisor, dividend));
  Float reciprocal = (Integer(*x.context, 0x7ef312ac) - divisor.bits()).asFloat(); // within 12 %
  return geluFromTail(x, fma(remainder, reciprocal, tail));
}

Float gelu(Float x) { return x.context->isDouble() ? geluDouble(x) : geluSingle(x); }

} // namespace nnc::codegen::cpu::vectormath
