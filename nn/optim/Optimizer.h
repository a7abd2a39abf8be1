// Optimizers as update rules of a graph: inside a traced training step `apply` turns gradients into new values of
// parameters and moments. The learning rate of each group is an input of the compiled step, set between steps by
// schedules.
#pragma once
#include "nnc/frontend/Graph.h"
#include <array>
#include <utility>

namespace nnc::optim {

using NamedVariables = std::vector<std::pair<std::string, VariableRef>>;

/// A handle: copies share the groups, their learning rates and the moments.
class Optimizer {
public:
  /// Creates the state for these parameters (those that require a gradient), named `<parameter>.<what>` with PyTorch's
  /// words for what. A parameter in none of the groups given at construction goes to a last group with the default
  /// options. Called by train_step; again with the same parameters it changes nothing.
  void prepare(const NamedVariables &parameters) const;
  /// Within a graph: updates the parameters and the moments, given one gradient for each parameter. Advances `step`.
  void apply(const std::vector<VariableRef> &parameters, const std::vector<Tensor> &gradients) const;

  size_t groups() const;
  double lr(size_t group = 0) const;
  void set_lr(double lr, size_t group = 0, Where where = Where::current()) const;
  /// The rate that schedules start from: the one at the first call, as PyTorch's initial_lr.
  double initial_lr(size_t group = 0) const;
  /// Steps taken, as the compiled step counts them.
  VariableRef step() const;
  /// Moments and the step count with their names, for checkpoints.
  NamedVariables state() const;
  /// Names of moments, learning rates and the step for a graph's signature.
  VariableNames names() const;

  struct Impl;

protected:
  explicit Optimizer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

/// Parameters with options of their own.
template <class Options> struct Group {
  std::vector<VariableRef> parameters;
  Options options;
};

/// torch.optim.SGD. g' = g + weight_decay * p; buffer = momentum * buffer + (1 - dampening) * g' (g' in the first
/// step); p -= lr * (nesterov ? g' + momentum * buffer : buffer).
struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  bool maximize = false;
};
class SGD : public Optimizer {
public:
  explicit SGD(SGDOptions options = {}, std::vector<Group<SGDOptions>> groups = {}, Where where = Where::current());
};

/// torch.optim.Adam. m = lerp(m, g, 1 - beta1); v = beta2 * v + (1 - beta2) * g * g;
/// p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps), with the largest v so far where amsgrad.
/// weight_decay is added to the gradient, or shrinks p by lr * weight_decay first where decoupled.
struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;
  bool maximize = false;
  bool decoupled_weight_decay = false;
};
class Adam : public Optimizer {
public:
  explicit Adam(AdamOptions options = {}, std::vector<Group<AdamOptions>> groups = {}, Where where = Where::current());
};

/// torch.optim.AdamW: Adam with decoupled weight decay.
struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
  bool maximize = false;
};
class AdamW : public Optimizer {
public:
  explicit AdamW(AdamWOptions options = {}, std::vector<Group<AdamWOptions>> groups = {},
                 Where where = Where::current());
};

} // namespace nnc::optim
