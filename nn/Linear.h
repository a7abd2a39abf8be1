// Linear layers (torch.nn: Linear, Identity, Flatten, Unflatten, Bilinear).
#pragma once
#include "nnc/nn/Module.h"

namespace nnc::nn {

namespace functional {
/// x weight^T + bias over the last dimension: x (..., in), weight (out, in), bias (out) or undefined.
Tensor linear(Tensor x, Tensor weight, Tensor bias = {}, Where where = Where::current());
/// y[..., k] = sum over i, j of x1[..., i] * weight[k, i, j] * x2[..., j] + bias[k].
Tensor bilinear(Tensor x1, Tensor x2, Tensor weight, Tensor bias = {}, Where where = Where::current());
} // namespace functional

struct LinearOptions {
  bool bias = true;
  DType dtype = DType::f32;
};
/// torch.nn.Linear: y = x weight^T + bias for any leading dimensions; weight (out_features, in_features), both uniform
/// in
/// +-1/sqrt(in_features) at first.
class Linear : public Layer<Linear> {
public:
  Linear(int64_t in_features, int64_t out_features, LinearOptions options = {}, Where where = Where::current());
  Tensor forward(Tensor x) const;
  Parameter weight, bias;
};

/// torch.nn.Bilinear; both uniform in +-1/sqrt(in1_features) at first.
class Bilinear : public Layer<Bilinear> {
public:
  Bilinear(int64_t in1_features, int64_t in2_features, int64_t out_features, LinearOptions options = {},
           Where where = Where::current());
  Tensor forward(Tensor x1, Tensor x2) const;
  Parameter weight, bias;
};

/// torch.nn.Identity: returns its input, whatever it is constructed with.
class Identity : public Layer<Identity> {
public:
  template <class... Ignored> explicit Identity(const Ignored &...) : Layer("identity") {}
  Tensor forward(Tensor x) const { return x; }
};

/// torch.nn.Flatten: dimensions start_dim to end_dim as one.
class Flatten : public Layer<Flatten> {
public:
  explicit Flatten(int64_t start_dim = 1, int64_t end_dim = -1);
  Tensor forward(Tensor x) const { return flatten(x, start_, end_); }

private:
  int64_t start_, end_;
};

/// torch.nn.Unflatten: dimension dim as several, one of which may be -1.
class Unflatten : public Layer<Unflatten> {
public:
  Unflatten(int64_t dim, Shape unflattened_size);
  Tensor forward(Tensor x) const;

private:
  int64_t dim_;
  Shape sizes_;
};

} // namespace nnc::nn
