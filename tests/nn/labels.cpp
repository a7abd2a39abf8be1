// Labels that are no classes: the call fails, and names the label at its place in the user's own array.
#include "nnc/frontend/Function.h"
#include "nnc/nn/Loss.h"
#include "nnc/runtime/Error.h"
#include <catch2/catch.hpp>

using namespace nnc;
using Catch::Contains;

TEST_CASE("a label out of range is named by its place among the labels") {
  auto loss = [](Tensor x, Tensor y) { return nn::functional::cross_entropy(x, y); };
  auto labels = Array::of<int64_t>({4}, std::vector<int64_t>{0, 2, -100, 3}); // -100 is ignored
  CHECK_THROWS_WITH(evaluate(loss, Array({4, 3}), labels), Contains("target: index 3 at [3] is out of range [0, 3)"));
  auto pixels = Array::of<int64_t>({1, 2, 2}, std::vector<int64_t>{0, 2, -1, 1});
  CHECK_THROWS_WITH(evaluate(loss, Array({1, 3, 2, 2}), pixels),
                    Contains("target: index -1 at [0, 1, 0] is out of range [0, 3)"));
  CHECK_THROWS_WITH(evaluate(loss, Array({3}), Array::scalar<int64_t>(5)),
                    Contains("target: index 5 is out of range [0, 3)"));
}
