// Learning-rate schedules, on the host between steps, by PyTorch's rules and names. Each starts from the optimizer's
// initial rates, and `step()` moves it by one epoch (or whatever its caller counts).
#pragma once
#include "nnc/nn/optim/Optimizer.h"

namespace nnc::optim {

class Schedule {
public:
  explicit Schedule(Optimizer optimizer);
  virtual ~Schedule() = default;
  void step() { seek(epoch_ + 1); }
  /// As if `epoch` steps had been taken: for resuming.
  void seek(int64_t epoch);
  int64_t epoch() const { return epoch_; }
  /// The rate of a group that starts at `base`, after `epoch` steps.
  virtual double rate(double base, int64_t epoch) const = 0;

protected:
  Optimizer optimizer_;
  int64_t epoch_ = 0;
};

/// base * gamma^floor(epoch / step_size)
class StepLR : public Schedule {
public:
  StepLR(Optimizer optimizer, int64_t step_size, double gamma = 0.1, Where where = Where::current());
  double rate(double base, int64_t epoch) const override;

private:
  int64_t stepSize_;
  double gamma_;
};
/// base * gamma^(milestones reached); a milestone given twice counts twice
class MultiStepLR : public Schedule {
public:
  MultiStepLR(Optimizer optimizer, std::vector<int64_t> milestones, double gamma = 0.1);
  double rate(double base, int64_t epoch) const override;

private:
  std::vector<int64_t> milestones_;
  double gamma_;
};
/// base * gamma^epoch
class ExponentialLR : public Schedule {
public:
  ExponentialLR(Optimizer optimizer, double gamma);
  double rate(double base, int64_t epoch) const override;

private:
  double gamma_;
};
/// eta_min + (base - eta_min) * (1 + cos(pi * epoch / T_max)) / 2
class CosineAnnealingLR : public Schedule {
public:
  CosineAnnealingLR(Optimizer optimizer, int64_t T_max, double eta_min = 0, Where where = Where::current());
  double rate(double base, int64_t epoch) const override;

private:
  int64_t tMax_;
  double etaMin_;
};
/// Cosine that starts again after T_0 epochs, then T_0 * T_mult, ...
class CosineAnnealingWarmRestarts : public Schedule {
public:
  CosineAnnealingWarmRestarts(Optimizer optimizer, int64_t T_0, int64_t T_mult = 1, double eta_min = 0,
                              Where where = Where::current());
  double rate(double base, int64_t epoch) const override;

private:
  int64_t t0_, tMult_;
  double etaMin_;
};
/// base times a factor that goes from start_factor to end_factor in total_iters steps: warm-up
class LinearLR : public Schedule {
public:
  LinearLR(Optimizer optimizer, double start_factor = 1.0 / 3, double end_factor = 1, int64_t total_iters = 5,
           Where where = Where::current());
  double rate(double base, int64_t epoch) const override;

private:
  double start_, end_;
  int64_t total_;
};
/// base * factor for total_iters steps, then base
class ConstantLR : public Schedule {
public:
  ConstantLR(Optimizer optimizer, double factor = 1.0 / 3, int64_t total_iters = 5, Where where = Where::current());
  double rate(double base, int64_t epoch) const override;

private:
  double factor_;
  int64_t total_;
};
/// base * factor(epoch)
class LambdaLR : public Schedule {
public:
  LambdaLR(Optimizer optimizer, std::function<double(int64_t)> factor);
  double rate(double base, int64_t epoch) const override { return base * factor_(epoch); }

private:
  std::function<double(int64_t)> factor_;
};
/// One schedule after another: the k-th from milestones[k-1] on, counting from 0 there.
class SequentialLR : public Schedule {
public:
  SequentialLR(Optimizer optimizer, std::vector<std::shared_ptr<Schedule>> schedules, std::vector<int64_t> milestones,
               Where where = Where::current());
  double rate(double base, int64_t epoch) const override;

private:
  std::vector<std::shared_ptr<Schedule>> schedules_;
  std::vector<int64_t> milestones_;
};

} // namespace nnc::optim
