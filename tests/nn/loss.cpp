// Losses against PyTorch.
#include "nnc/nn/Loss.h"
#include "Layer.h"

#include <catch2/catch.hpp>

using namespace nnc;

static nn::Reduction reduction(const golden::Case &c) {
  std::string name = c.get<std::string>("reduction", "mean");
  return name == "none" ? nn::Reduction::none : name == "sum" ? nn::Reduction::sum : nn::Reduction::mean;
}
// The case's buffer of that name, or none.
static Array buffer(const golden::Case &c, const std::string &name, DType type) {
  const golden::Array *array = c.find("buffer." + name);
  return array ? test::toArray(*array, type) : Array();
}
static nn::ClassLossOptions classOptions(const golden::Case &c, DType type) {
  nn::ClassLossOptions options{.weight = buffer(c, "weight", type), .reduction = reduction(c)};
  c.set("ignore_index", options.ignore_index);
  c.set("label_smoothing", options.label_smoothing);
  return options;
}

TEST_CASE("losses: gradients agree with finite differences", "[nn]") {
  using namespace nn::functional;
  test::Subject all([](Tensor x, Tensor y, Tensor classes) {
    nn::CrossEntropyOptions smoothed{.label_smoothing = 0.1}, none{.reduction = nn::Reduction::none};
    return std::vector<Tensor>{l1_loss(x, y),
                               mse_loss(x, y, nn::Reduction::none),
                               smooth_l1_loss(x, y, nn::Reduction::sum, 0.5),
                               huber_loss(x, y, nn::Reduction::mean, 0.5),
                               nll_loss(x, classes),
                               nll_loss(x, classes, none),
                               cross_entropy(x, classes, smoothed),
                               cross_entropy(x, y, smoothed),
                               binary_cross_entropy_with_logits(x, y)};
  });
  test::checkFiniteDifferences(all, {test::randomArray({4, 3}, 1), test::randomArray({4, 3}, 2),
                                     Array::of<int64_t>({4}, std::vector<int64_t>{0, 2, 1, 2})});
}

TEST_CASE("losses agree with PyTorch", "[nn]") {
  test::checkSection(
      "loss",
      {
          {"L1Loss", [](const golden::Case &c, DType) { return test::Subject(nn::L1Loss(reduction(c))); }},
          {"MSELoss", [](const golden::Case &c, DType) { return test::Subject(nn::MSELoss(reduction(c))); }},
          {"NLLLoss",
           [](const golden::Case &c, DType type) { return test::Subject(nn::NLLLoss(classOptions(c, type))); }},
          {"CrossEntropyLoss", [](const golden::Case &c,
                                  DType type) { return test::Subject(nn::CrossEntropyLoss(classOptions(c, type))); }},
          {"BCEWithLogitsLoss",
           [](const golden::Case &c, DType type) {
             return test::Subject(nn::BCEWithLogitsLoss({.weight = buffer(c, "weight", type),
                                                         .pos_weight = buffer(c, "pos_weight", type),
                                                         .reduction = reduction(c)}));
           }},
      });
}
