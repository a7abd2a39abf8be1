// Dropout layers (torch.nn: Dropout, Dropout1d, Dropout2d, Dropout3d).
#pragma once
#include "nnc/nn/Module.h"

namespace nnc::nn {

namespace functional {
/// In training each element is 0 with probability p, else x / (1 - p); otherwise x. The mask depends on the graph's
/// seed and step, the use and the element's position alone.
Tensor dropout(Tensor x, double p = 0.5, bool training = true, Where where = Where::current());
/// Whole channels at once: x (N, C, ...), also for x (N, C).
Tensor feature_dropout(Tensor x, double p = 0.5, bool training = true, Where where = Where::current());
} // namespace functional

/// torch.nn.Dropout: y = x * mask / (1 - p) in training, mask 0 with probability p for each element; y = x in
/// evaluation. p = 1 gives zeros. Any shape.
class Dropout : public Layer<Dropout> {
public:
  explicit Dropout(double p = 0.5, Where where = Where::current());
  Tensor forward(Tensor x) const;

private:
  double p_;
};

/// torch.nn.Dropout1d: whole channels of (N, C, L) or (C, L).
class Dropout1d : public Layer<Dropout1d> {
public:
  explicit Dropout1d(double p = 0.5, Where where = Where::current());
  Tensor forward(Tensor x) const;

private:
  double p_;
};

/// torch.nn.Dropout2d: whole channels of (N, C, H, W). An input of three dimensions is (N, C, L), as in PyTorch.
class Dropout2d : public Layer<Dropout2d> {
public:
  explicit Dropout2d(double p = 0.5, Where where = Where::current());
  Tensor forward(Tensor x) const;

private:
  double p_;
};

/// torch.nn.Dropout3d: whole channels of (N, C, D, H, W) or (C, D, H, W).
class Dropout3d : public Layer<Dropout3d> {
public:
  explicit Dropout3d(double p = 0.5, Where where = Where::current());
  Tensor forward(Tensor x) const;

private:
  double p_;
};

} // namespace nnc::nn
