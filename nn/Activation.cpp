// Activations. Where one branch of a selection would overflow for the other's arguments, its argument is selected too:
// the gradient of a branch not taken is zero times its derivative, which must be finite.
#include "nnc/nn/Activation.h"
#include "nnc/nn/Check.h"
#include "nnc/nn/Print.h"
#include <fmt/format.h>

namespace nnc::nn {
namespace functional {

// x where it is not positive, else 0.
static Tensor negativePart(Tensor x) { return select(x > 0, zerosLike(x), x); }

Tensor elu(Tensor x, double alpha) { return select(x > 0, x, expm1(negativePart(x)) * alpha); }
Tensor hardshrink(Tensor x, double lambda) { return select((x >= -lambda) & (x <= lambda), zerosLike(x), x); }
Tensor hardsigmoid(Tensor x) {
  return select(x <= -3.0, zerosLike(x), select(x >= 3.0, onesLike(x), x * (1.0 / 6) + 0.5));
}
Tensor hardtanh(Tensor x, double min_val, double max_val) {
  return select(x <= min_val, full(x.shape(), min_val, x.dtype()),
                select(x >= max_val, full(x.shape(), max_val, x.dtype()), x));
}
Tensor hardswish(Tensor x) {
  Tensor below = x <= -3.0, above = x >= 3.0;
  Tensor inner = select(below | above, zerosLike(x), x);
  return select(below, zerosLike(x), select(above, x, inner * (inner + 3.0) * (1.0 / 6)));
}
Tensor leaky_relu(Tensor x, double negative_slope) { return select(x > 0, x, x * negative_slope); }
Tensor logsigmoid(Tensor x) { return -nnc::softplus(-x); }
Tensor prelu(Tensor x, Tensor weight, Where where) {
  detail::expectType("prelu", "input", x, "weight", weight, where);
  int64_t count = weight.numel(), channels = x.rank() >= 2 ? x.size(1) : 1;
  if (count != 1 && count != channels)
    fail("prelu",
         fmt::format("weight: expected 1 or {} elements for the channels of {}, got {}", channels, toString(x.shape()),
                     count),
         where);
  Shape shape(size_t(x.rank()), 1);
  if (count != 1)
    shape[1] = count;
  return select(x > 0, x, reshape(weight, shape, where) * x);
}
Tensor relu6(Tensor x) { return hardtanh(x, 0, 6); }
Tensor rrelu(Tensor x, double lower, double upper, bool training, Where where) {
  if (!(lower <= upper))
    fail("rrelu", fmt::format("lower: expected at most upper {}, got {}", upper, lower), where);
  if (!training)
    return leaky_relu(x, (lower + upper) / 2);
  Graph &graph = Graph::current();
  Tensor slope =
      random_uniform(x.shape(), x.dtype(), graph.random(), graph.nextStream(), where) * (upper - lower) + lower;
  return select(x > 0, x, x * slope);
}
Tensor selu(Tensor x) {
  constexpr double scale = 1.0507009873554804934193349852946, alpha = 1.6732632423543772848170429916717;
  return select(x > 0, x * scale, expm1(negativePart(x)) * (scale * alpha));
}
Tensor celu(Tensor x, double alpha, Where where) {
  if (alpha == 0)
    fail("celu", "alpha: expected a value other than 0, got 0", where);
  return select(x > 0, x, expm1(negativePart(x) * (1 / alpha)) * alpha);
}
Tensor gelu(Tensor x, Approximate approximate) {
  return approximate == Approximate::none ? nnc::gelu(x) : nnc::gelu_tanh(x);
}
Tensor silu(Tensor x) { return x * nnc::sigmoid(x); }
Tensor mish(Tensor x) { return x * nnc::tanh(nnc::softplus(x)); }
Tensor softplus(Tensor x, double beta, double threshold) {
  Tensor scaled = x * beta;
  return select(scaled > threshold, x, nnc::softplus(scaled) * (1 / beta));
}
Tensor softshrink(Tensor x, double lambda, Where where) {
  if (lambda < 0)
    fail("softshrink", fmt::format("lambda: expected at least 0, got {}", lambda), where);
  return select(x > lambda, x - lambda, select(x < -lambda, x + lambda, x * 0.0));
}
Tensor softsign(Tensor x) { return x / (abs(x) + 1.0); }
Tensor tanhshrink(Tensor x) { return x - nnc::tanh(x); }
Tensor threshold(Tensor x, double threshold, double value) {
  return select(x <= threshold, full(x.shape(), value, x.dtype()), x);
}
Tensor glu(Tensor x, int64_t dim, Where where) {
  if (dim < -x.rank() || dim >= x.rank())
    fail("glu", fmt::format("dim: expected a dimension in [{}, {}], got {}", -x.rank(), x.rank() - 1, dim), where);
  int64_t size = x.size(dim);
  if (size % 2)
    fail("glu", fmt::format("input: expected an even size in dimension {}, got {}", dim, toString(x.shape())), where);
  auto halves = split(x, size / 2, dim, where);
  return halves[0] * nnc::sigmoid(halves[1], where);
}
Tensor softmin(Tensor x, int64_t dim, Where where) { return nnc::softmax(-x, dim, where); }

} // namespace functional

using detail::number;

ELU::ELU(double alpha) : Layer("elu"), alpha_(alpha) { describe("alpha=" + number(alpha)); }
Hardshrink::Hardshrink(double lambda) : Layer("hardshrink"), lambda_(lambda) { describe(number(lambda)); }
Hardtanh::Hardtanh(double min_val, double max_val, Where where) : Layer("hardtanh"), min_(min_val), max_(max_val) {
  if (!(min_val < max_val))
    fail("Hardtanh", fmt::format("max_val: expected more than min_val {}, got {}", min_val, max_val), where);
  describe("min_val=" + number(min_val) + ", max_val=" + number(max_val));
}
LeakyReLU::LeakyReLU(double negative_slope) : Layer("leaky_relu"), slope_(negative_slope) {
  describe("negative_slope=" + number(negative_slope));
}
PReLU::PReLU(int64_t num_parameters, double init, DType dtype, Where where) : Layer("prelu") {
  detail::expectAtLeast("PReLU", "num_parameters", num_parameters, 1, where);
  weight = parameter("weight", Array::full({num_parameters}, init, dtype));
  describe(fmt::format("num_parameters={}", num_parameters));
}
RReLU::RReLU(double lower, double upper) : Layer("rrelu"), lower_(lower), upper_(upper) {
  describe("lower=" + number(lower) + ", upper=" + number(upper));
}
CELU::CELU(double alpha) : Layer("celu"), alpha_(alpha) { describe("alpha=" + number(alpha)); }
GELU::GELU(Approximate approximate) : Layer("gelu"), approximate_(approximate) {
  describe(approximate == Approximate::none ? "approximate='none'" : "approximate='tanh'");
}
Softplus::Softplus(double beta, double threshold) : Layer("softplus"), beta_(beta), threshold_(threshold) {
  describe("beta=" + number(beta) + ", threshold=" + number(threshold));
}
Softshrink::Softshrink(double lambda) : Layer("softshrink"), lambda_(lambda) { describe(number(lambda)); }
Threshold::Threshold(double threshold, double value) : Layer("threshold"), threshold_(threshold), value_(value) {
  describe("threshold=" + number(threshold) + ", value=" + number(value));
}
GLU::GLU(int64_t dim) : Layer("glu"), dim_(dim) { describe(fmt::format("dim={}", dim)); }
Softmax::Softmax(int64_t dim) : Layer("softmax"), dim_(dim) { describe(fmt::format("dim={}", dim)); }
LogSoftmax::LogSoftmax(int64_t dim) : Layer("log_softmax"), dim_(dim) { describe(fmt::format("dim={}", dim)); }
Softmin::Softmin(int64_t dim) : Layer("softmin"), dim_(dim) { describe(fmt::format("dim={}", dim)); }
Tensor Softmax2d::forward(Tensor x) const {
  if (x.rank() != 3 && x.rank() != 4)
    fail("softmax2d", fmt::format("input: expected 3 or 4 dimensions, got {} in {}", x.rank(), toString(x.shape())),
         Where::current());
  return softmax(x, -3);
}

} // namespace nnc::nn
