// Learning-rate schedules against PyTorch: the rate of every group in every epoch.
#include "Golden.h"
#include "nnc/nn/optim/Schedule.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace nnc;

static std::shared_ptr<optim::Schedule> make(const golden::Case &c, const optim::Optimizer &sgd) {
  using namespace optim;
  if (c.layer == "StepLR")
    return std::make_shared<StepLR>(sgd, c.get<int64_t>("step_size"), c.get<double>("gamma", 0.1));
  if (c.layer == "MultiStepLR")
    return std::make_shared<MultiStepLR>(sgd, c.get<std::vector<int64_t>>("milestones"), c.get<double>("gamma", 0.1));
  if (c.layer == "ExponentialLR")
    return std::make_shared<ExponentialLR>(sgd, c.get<double>("gamma"));
  if (c.layer == "CosineAnnealingLR")
    return std::make_shared<CosineAnnealingLR>(sgd, c.get<int64_t>("T_max"), c.get<double>("eta_min", 0));
  if (c.layer == "CosineAnnealingWarmRestarts")
    return std::make_shared<CosineAnnealingWarmRestarts>(sgd, c.get<int64_t>("T_0"), c.get<int64_t>("T_mult", 1),
                                                         c.get<double>("eta_min", 0));
  if (c.layer == "LinearLR")
    return std::make_shared<LinearLR>(sgd, c.get<double>("start_factor", 1.0 / 3), c.get<double>("end_factor", 1),
                                      c.get<int64_t>("total_iters", 5));
  if (c.layer == "ConstantLR")
    return std::make_shared<ConstantLR>(sgd, c.get<double>("factor", 1.0 / 3), c.get<int64_t>("total_iters", 5));
  if (c.layer == "SequentialLR") {
    int64_t warmUp = c.get<int64_t>("warm_up");
    std::vector<std::shared_ptr<Schedule>> parts = {
        std::make_shared<LinearLR>(sgd, 0.1, 1.0, warmUp),
        std::make_shared<CosineAnnealingLR>(sgd, c.get<int64_t>("T_max"), c.get<double>("eta_min", 0))};
    return std::make_shared<SequentialLR>(sgd, parts, std::vector<int64_t>{warmUp});
  }
  return nullptr;
}

TEST_CASE("learning-rate schedules agree with PyTorch", "[nn]") {
  for (const golden::Case &c : Golden::open("optim").cases()) {
    const golden::Value *bases = c.line.find("base_lr");
    if (!bases)
      continue; // an optimizer
    INFO(c.name);
    auto schedule = make(c, optim::SGD());
    REQUIRE(schedule);
    CHECK(c.unread() == "");
    const golden::Array &expected = c.at("lr");
    std::vector<double> rates;
    for (int64_t epoch = 0; epoch < expected.shape[0]; ++epoch)
      for (const golden::Value &base : bases->list)
        rates.push_back(schedule->rate(base.asNumber(), epoch));
    CHECK(golden::mismatch(expected, std::span<const double>(rates), c.f64) == "");
  }
}
