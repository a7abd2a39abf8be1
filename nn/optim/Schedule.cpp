// The closed forms of the schedules.
#include "nnc/nn/optim/Schedule.h"
#include "nnc/nn/Check.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numbers>

namespace nnc::optim {

Schedule::Schedule(Optimizer optimizer) : optimizer_(std::move(optimizer)) {
  for (size_t group = 0; group < optimizer_.groups(); ++group)
    optimizer_.initial_lr(group); // remembered from now on
}
void Schedule::seek(int64_t epoch) {
  epoch_ = epoch;
  for (size_t group = 0; group < optimizer_.groups(); ++group) // the optimizer may have got another since
    optimizer_.set_lr(rate(optimizer_.initial_lr(group), epoch), group);
}

StepLR::StepLR(Optimizer optimizer, int64_t step_size, double gamma, Where where)
    : Schedule(std::move(optimizer)), stepSize_(step_size), gamma_(gamma) {
  nn::detail::expectAtLeast("StepLR", "step_size", step_size, 1, where);
}
double StepLR::rate(double base, int64_t epoch) const { return base * std::pow(gamma_, double(epoch / stepSize_)); }

MultiStepLR::MultiStepLR(Optimizer optimizer, std::vector<int64_t> milestones, double gamma)
    : Schedule(std::move(optimizer)), milestones_(std::move(milestones)), gamma_(gamma) {}
double MultiStepLR::rate(double base, int64_t epoch) const {
  auto reached = std::count_if(milestones_.begin(), milestones_.end(), [&](int64_t m) { return m <= epoch; });
  return base * std::pow(gamma_, double(reached));
}

ExponentialLR::ExponentialLR(Optimizer optimizer, double gamma) : Schedule(std::move(optimizer)), gamma_(gamma) {}
double ExponentialLR::rate(double base, int64_t epoch) const { return base * std::pow(gamma_, double(epoch)); }

static double cosine(double base, double low, double part) {
  return low + (base - low) * (1 + std::cos(std::numbers::pi * part)) / 2;
}
CosineAnnealingLR::CosineAnnealingLR(Optimizer optimizer, int64_t T_max, double eta_min, Where where)
    : Schedule(std::move(optimizer)), tMax_(T_max), etaMin_(eta_min) {
  nn::detail::expectAtLeast("CosineAnnealingLR", "T_max", T_max, 1, where);
}
double CosineAnnealingLR::rate(double base, int64_t epoch) const {
  return cosine(base, etaMin_, double(epoch) / double(tMax_));
}

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Optimizer optimizer, int64_t T_0, int64_t T_mult,
                                                         double eta_min, Where where)
    : Schedule(std::move(optimizer)), t0_(T_0), tMult_(T_mult), etaMin_(eta_min) {
  nn::detail::expectAtLeast("CosineAnnealingWarmRestarts", "T_0", T_0, 1, where);
  nn::detail::expectAtLeast("CosineAnnealingWarmRestarts", "T_mult", T_mult, 1, where);
}
double CosineAnnealingWarmRestarts::rate(double base, int64_t epoch) const {
  int64_t length = t0_;
  while (epoch >= length) {
    epoch -= length;
    length *= tMult_;
  }
  return cosine(base, etaMin_, double(epoch) / double(length));
}

LinearLR::LinearLR(Optimizer optimizer, double start_factor, double end_factor, int64_t total_iters, Where where)
    : Schedule(std::move(optimizer)), start_(start_factor), end_(end_factor), total_(total_iters) {
  if (!(start_factor > 0 && start_factor <= 1))
    fail("LinearLR", fmt::format("start_factor: expected a value in (0, 1], got {}", start_factor), where);
  if (!(end_factor >= 0 && end_factor <= 1))
    fail("LinearLR", fmt::format("end_factor: expected a value in [0, 1], got {}", end_factor), where);
  seek(0);
}
double LinearLR::rate(double base, int64_t epoch) const {
  double part = total_ > 0 ? double(std::min(epoch, total_)) / double(total_) : 1;
  return base * (start_ + (end_ - start_) * part);
}

ConstantLR::ConstantLR(Optimizer optimizer, double factor, int64_t total_iters, Where where)
    : Schedule(std::move(optimizer)), factor_(factor), total_(total_iters) {
  if (!(factor >= 0 && factor <= 1))
    fail("ConstantLR", fmt::format("factor: expected a value in [0, 1], got {}", factor), where);
  seek(0);
}
double ConstantLR::rate(double base, int64_t epoch) const { return epoch < total_ ? base * factor_ : base; }

LambdaLR::LambdaLR(Optimizer optimizer, std::function<double(int64_t)> factor)
    : Schedule(std::move(optimizer)), factor_(std::move(factor)) {
  seek(0);
}

SequentialLR::SequentialLR(Optimizer optimizer, std::vector<std::shared_ptr<Schedule>> schedules,
                           std::vector<int64_t> milestones, Where where)
    : Schedule(std::move(optimizer)), schedules_(std::move(schedules)), milestones_(std::move(milestones)) {
  if (schedules_.empty() || milestones_.size() + 1 != schedules_.size() ||
      !std::is_sorted(milestones_.begin(), milestones_.end()))
    fail("SequentialLR",
         schedules_.empty()
             ? "schedules: expected at least one, got none"
             : fmt::format("milestones: expected {} in ascending order, one fewer than schedules, got {{{}}}",
                           schedules_.size() - 1, fmt::join(milestones_, ", ")),
         where);
  seek(0);
}
double SequentialLR::rate(double base, int64_t epoch) const {
  size_t index = size_t(std::upper_bound(milestones_.begin(), milestones_.end(), epoch) - milestones_.begin());
  return schedules_[index]->rate(base, index ? epoch - milestones_[index - 1] : epoch);
}

} // namespace nnc::optim
