// Losses (torch.nn): scalar by reduction `mean` or `sum`, or of the input's shape with `none`.
#pragma once
#include "nnc/nn/Module.h"

namespace nnc::nn {

enum class Reduction { none, mean, sum };

struct CrossEntropyOptions {
  Tensor weight = {};          // one for each class; undefined: all 1
  int64_t ignore_index = -100; // targets of this value count nothing
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0;
};

namespace functional {
/// |x - y|
Tensor l1_loss(Tensor x, Tensor target, Reduction reduction = Reduction::mean, Where where = Where::current());
/// (x - y)^2
Tensor mse_loss(Tensor x, Tensor target, Reduction reduction = Reduction::mean, Where where = Where::current());
/// |d| < beta ? d^2 / (2 beta) : |d| - beta / 2, with d = x - y; beta 0 is the L1 loss
Tensor smooth_l1_loss(Tensor x, Tensor target, Reduction reduction = Reduction::mean, double beta = 1.0,
                      Where where = Where::current());
/// |d| <= delta ? d^2 / 2 : delta (|d| - delta / 2)
Tensor huber_loss(Tensor x, Tensor target, Reduction reduction = Reduction::mean, double delta = 1.0,
                  Where where = Where::current());
/// -weight[t] * x[n, t]; the mean is over the sum of the weights of the targets. x (C), (N, C) or (N, C, d...); target
/// without C, integers checked at run time.
Tensor nll_loss(Tensor x, Tensor target, CrossEntropyOptions options = {}, Where where = Where::current());
/// nll_loss of log_softmax, with classes or class probabilities (of x's shape) as targets.
Tensor cross_entropy(Tensor x, Tensor target, CrossEntropyOptions options = {}, Where where = Where::current());
/// -(pos_weight * y * log(sigmoid(x)) + (1 - y) * log(1 - sigmoid(x))) * weight, stable for large logits
Tensor binary_cross_entropy_with_logits(Tensor x, Tensor target, Tensor weight = {},
                                        Reduction reduction = Reduction::mean, Tensor pos_weight = {},
                                        Where where = Where::current());
} // namespace functional

class L1Loss : public Layer<L1Loss> {
public:
  explicit L1Loss(Reduction reduction = Reduction::mean) : Layer("l1_loss"), reduction_(reduction) {}
  Tensor forward(Tensor x, Tensor target) const { return functional::l1_loss(x, target, reduction_); }

private:
  Reduction reduction_;
};
class MSELoss : public Layer<MSELoss> {
public:
  explicit MSELoss(Reduction reduction = Reduction::mean) : Layer("mse_loss"), reduction_(reduction) {}
  Tensor forward(Tensor x, Tensor target) const { return functional::mse_loss(x, target, reduction_); }

private:
  Reduction reduction_;
};
class SmoothL1Loss : public Layer<SmoothL1Loss> {
public:
  explicit SmoothL1Loss(Reduction reduction = Reduction::mean, double beta = 1.0)
      : Layer("smooth_l1_loss"), reduction_(reduction), beta_(beta) {}
  Tensor forward(Tensor x, Tensor target) const { return functional::smooth_l1_loss(x, target, reduction_, beta_); }

private:
  Reduction reduction_;
  double beta_;
};
class HuberLoss : public Layer<HuberLoss> {
public:
  explicit HuberLoss(Reduction reduction = Reduction::mean, double delta = 1.0)
      : Layer("huber_loss"), reduction_(reduction), delta_(delta) {}
  Tensor forward(Tensor x, Tensor target) const { return functional::huber_loss(x, target, reduction_, delta_); }

private:
  Reduction reduction_;
  double delta_;
};

struct ClassLossOptions {
  Array weight = {}; // one for each class; kept as a buffer
  int64_t ignore_index = -100;
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0; // CrossEntropyLoss only
};
class NLLLoss : public Layer<NLLLoss> {
public:
  explicit NLLLoss(ClassLossOptions options = {});
  Tensor forward(Tensor x, Tensor target) const;
  Buffer weight;

private:
  ClassLossOptions options_;
};
class CrossEntropyLoss : public Layer<CrossEntropyLoss> {
public:
  explicit CrossEntropyLoss(ClassLossOptions options = {});
  Tensor forward(Tensor x, Tensor target) const;
  Buffer weight;

private:
  ClassLossOptions options_;
};

struct BCEWithLogitsOptions {
  Array weight = {}, pos_weight = {};
  Reduction reduction = Reduction::mean;
};
class BCEWithLogitsLoss : public Layer<BCEWithLogitsLoss> {
public:
  explicit BCEWithLogitsLoss(BCEWithLogitsOptions options = {});
  Tensor forward(Tensor x, Tensor target) const;
  Buffer weight, pos_weight;

private:
  Reduction reduction_;
};

} // namespace nnc::nn
