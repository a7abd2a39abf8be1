// Activations (torch.nn, "non-linear activations"): functions and the layers that call them. Elementwise unless said
// otherwise: any shape in, the same shape out. Subgradients at kinks are PyTorch's.
#pragma once
#include "nnc/nn/Module.h"

namespace nnc::nn {

enum class Approximate { none, tanh };

namespace functional {
/// x > 0 ? x : alpha * (exp(x) - 1)
Tensor elu(Tensor x, double alpha = 1.0);
/// |x| > lambda ? x : 0
Tensor hardshrink(Tensor x, double lambda = 0.5);
/// clamp(x / 6 + 1/2, 0, 1)
Tensor hardsigmoid(Tensor x);
/// clamp(x, min_val, max_val)
Tensor hardtanh(Tensor x, double min_val = -1.0, double max_val = 1.0);
/// x * clamp(x + 3, 0, 6) / 6
Tensor hardswish(Tensor x);
/// x > 0 ? x : negative_slope * x
Tensor leaky_relu(Tensor x, double negative_slope = 0.01);
/// log(1 / (1 + exp(-x)))
Tensor logsigmoid(Tensor x);
/// x > 0 ? x : weight * x, weight of one element or one for each channel (dimension 1)
Tensor prelu(Tensor x, Tensor weight, Where where = Where::current());
/// clamp(x, 0, 6)
Tensor relu6(Tensor x);
/// x > 0 ? x : a * x, with a uniform in [lower, upper) in training and their mean otherwise
Tensor rrelu(Tensor x, double lower = 1.0 / 8, double upper = 1.0 / 3, bool training = false,
             Where where = Where::current());
/// 1.0507... * elu(x, 1.6732...)
Tensor selu(Tensor x);
/// x > 0 ? x : alpha * (exp(x / alpha) - 1)
Tensor celu(Tensor x, double alpha = 1.0, Where where = Where::current());
/// x * Phi(x), with the normal distribution's Phi by erf, or by tanh(sqrt(2/pi) * (x + 0.044715 x^3))
Tensor gelu(Tensor x, Approximate approximate = Approximate::none);
/// x * sigmoid(x)
Tensor silu(Tensor x);
/// x * tanh(softplus(x))
Tensor mish(Tensor x);
/// log(1 + exp(beta * x)) / beta; x itself where beta * x > threshold
Tensor softplus(Tensor x, double beta = 1.0, double threshold = 20.0);
/// x > lambda ? x - lambda : x < -lambda ? x + lambda : 0
Tensor softshrink(Tensor x, double lambda = 0.5, Where where = Where::current());
/// x / (1 + |x|)
Tensor softsign(Tensor x);
/// x - tanh(x)
Tensor tanhshrink(Tensor x);
/// x > threshold ? x : value
Tensor threshold(Tensor x, double threshold, double value);
/// First half along dim times the sigmoid of the second.
Tensor glu(Tensor x, int64_t dim = -1, Where where = Where::current());
/// softmax(-x)
Tensor softmin(Tensor x, int64_t dim, Where where = Where::current());
using nnc::log_softmax;
using nnc::relu;
using nnc::sigmoid;
using nnc::softmax;
using nnc::tanh;
} // namespace functional

class ELU : public Layer<ELU> {
public:
  explicit ELU(double alpha = 1.0);
  Tensor forward(Tensor x) const { return functional::elu(x, alpha_); }

private:
  double alpha_;
};
class Hardshrink : public Layer<Hardshrink> {
public:
  explicit Hardshrink(double lambda = 0.5);
  Tensor forward(Tensor x) const { return functional::hardshrink(x, lambda_); }

private:
  double lambda_;
};
class Hardsigmoid : public Layer<Hardsigmoid> {
public:
  Hardsigmoid() : Layer("hardsigmoid") {}
  Tensor forward(Tensor x) const { return functional::hardsigmoid(x); }
};
class Hardtanh : public Layer<Hardtanh> {
public:
  explicit Hardtanh(double min_val = -1.0, double max_val = 1.0, Where where = Where::current());
  Tensor forward(Tensor x) const { return functional::hardtanh(x, min_, max_); }

private:
  double min_, max_;
};
class Hardswish : public Layer<Hardswish> {
public:
  Hardswish() : Layer("hardswish") {}
  Tensor forward(Tensor x) const { return functional::hardswish(x); }
};
class LeakyReLU : public Layer<LeakyReLU> {
public:
  explicit LeakyReLU(double negative_slope = 0.01);
  Tensor forward(Tensor x) const { return functional::leaky_relu(x, slope_); }

private:
  double slope_;
};
class LogSigmoid : public Layer<LogSigmoid> {
public:
  LogSigmoid() : Layer("logsigmoid") {}
  Tensor forward(Tensor x) const { return functional::logsigmoid(x); }
};
/// weight (num_parameters) starts at `init`.
class PReLU : public Layer<PReLU> {
public:
  explicit PReLU(int64_t num_parameters = 1, double init = 0.25, DType dtype = DType::f32,
                 Where where = Where::current());
  Tensor forward(Tensor x) const { return functional::prelu(x, weight); }
  Parameter weight;
};
class ReLU : public Layer<ReLU> {
public:
  ReLU() : Layer("relu") {}
  Tensor forward(Tensor x) const { return relu(x); }
};
class ReLU6 : public Layer<ReLU6> {
public:
  ReLU6() : Layer("relu6") {}
  Tensor forward(Tensor x) const { return functional::relu6(x); }
};
class RReLU : public Layer<RReLU> {
public:
  explicit RReLU(double lower = 1.0 / 8, double upper = 1.0 / 3);
  Tensor forward(Tensor x) const { return functional::rrelu(x, lower_, upper_, training()); }

private:
  double lower_, upper_;
};
class SELU : public Layer<SELU> {
public:
  SELU() : Layer("selu") {}
  Tensor forward(Tensor x) const { return functional::selu(x); }
};
class CELU : public Layer<CELU> {
public:
  explicit CELU(double alpha = 1.0);
  Tensor forward(Tensor x) const { return functional::celu(x, alpha_); }

private:
  double alpha_;
};
class GELU : public Layer<GELU> {
public:
  explicit GELU(Approximate approximate = Approximate::none);
  Tensor forward(Tensor x) const { return functional::gelu(x, approximate_); }

private:
  Approximate approximate_;
};
class Sigmoid : public Layer<Sigmoid> {
public:
  Sigmoid() : Layer("sigmoid") {}
  Tensor forward(Tensor x) const { return sigmoid(x); }
};
class SiLU : public Layer<SiLU> {
public:
  SiLU() : Layer("silu") {}
  Tensor forward(Tensor x) const { return functional::silu(x); }
};
class Mish : public Layer<Mish> {
public:
  Mish() : Layer("mish") {}
  Tensor forward(Tensor x) const { return functional::mish(x); }
};
class Softplus : public Layer<Softplus> {
public:
  explicit Softplus(double beta = 1.0, double threshold = 20.0);
  Tensor forward(Tensor x) const { return functional::softplus(x, beta_, threshold_); }

private:
  double beta_, threshold_;
};
class Softshrink : public Layer<Softshrink> {
public:
  explicit Softshrink(double lambda = 0.5);
  Tensor forward(Tensor x) const { return functional::softshrink(x, lambda_); }

private:
  double lambda_;
};
class Softsign : public Layer<Softsign> {
public:
  Softsign() : Layer("softsign") {}
  Tensor forward(Tensor x) const { return functional::softsign(x); }
};
class Tanh : public Layer<Tanh> {
public:
  Tanh() : Layer("tanh") {}
  Tensor forward(Tensor x) const { return nnc::tanh(x); }
};
class Tanhshrink : public Layer<Tanhshrink> {
public:
  Tanhshrink() : Layer("tanhshrink") {}
  Tensor forward(Tensor x) const { return functional::tanhshrink(x); }
};
class Threshold : public Layer<Threshold> {
public:
  Threshold(double threshold, double value);
  Tensor forward(Tensor x) const { return functional::threshold(x, threshold_, value_); }

private:
  double threshold_, value_;
};
class GLU : public Layer<GLU> {
public:
  explicit GLU(int64_t dim = -1);
  Tensor forward(Tensor x) const { return functional::glu(x, dim_); }

private:
  int64_t dim_;
};
/// exp(x) / sum(exp(x)) along dim, with the maximum subtracted first.
class Softmax : public Layer<Softmax> {
public:
  explicit Softmax(int64_t dim);
  Tensor forward(Tensor x) const { return softmax(x, dim_); }

private:
  int64_t dim_;
};
class LogSoftmax : public Layer<LogSoftmax> {
public:
  explicit LogSoftmax(int64_t dim);
  Tensor forward(Tensor x) const { return log_softmax(x, dim_); }

private:
  int64_t dim_;
};
class Softmin : public Layer<Softmin> {
public:
  explicit Softmin(int64_t dim);
  Tensor forward(Tensor x) const { return functional::softmin(x, dim_); }

private:
  int64_t dim_;
};
/// Softmax over the channels of N C H W or C H W.
class Softmax2d : public Layer<Softmax2d> {
public:
  Softmax2d() : Layer("softmax2d") {}
  Tensor forward(Tensor x) const;
};

} // namespace nnc::nn
