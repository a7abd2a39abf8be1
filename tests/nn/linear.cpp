// Linear layers against PyTorch.
#include "nnc/nn/Linear.h"
#include "Layer.h"

#include <catch2/catch.hpp>

using namespace nnc;

TEST_CASE("linear layers agree with PyTorch", "[nn]") {
  test::checkSection(
      "linear",
      {
          {"Linear",
           [](const golden::Case &c, DType type) {
             nn::LinearOptions options{.dtype = type};
             c.set("bias", options.bias);
             return test::Subject(nn::Linear(c.get<int64_t>("in_features"), c.get<int64_t>("out_features"), options));
           }},
          {"Identity",
           [](const golden::Case &c, DType) {
             for (const std::string &name : c.args.names) // it ignores whatever it is given
               c.argumentValue(name);
             return test::Subject(nn::Identity());
           }},
          {"Flatten",
           [](const golden::Case &c, DType) {
             return test::Subject(nn::Flatten(c.get<int64_t>("start_dim", 1), c.get<int64_t>("end_dim", -1)));
           }},
      });
}

TEST_CASE("linear layers: gradients agree with finite differences", "[nn]") {
  test::checkFiniteDifferences(test::Subject(nn::Linear(3, 4, {.dtype = DType::f64})),
                               {test::randomArray({2, 5, 3}, 1)});
  nn::Bilinear bilinear(3, 2, 4, {.dtype = DType::f64});
  test::checkFiniteDifferences(test::Subject(bilinear), {test::randomArray({5, 3}, 1), test::randomArray({5, 2}, 2)});
}
