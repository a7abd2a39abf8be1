// What every op's gradient and value tests rest on: the driver itself notices wrong values and wrong gradients.
#include "Run.h"
#include "nnc/ir/ops/Vocabulary.h"
#include "nnc/runtime/Error.h"
#include <catch2/catch.hpp>

using namespace nnc;
using namespace nnc::test;

TEST_CASE("a traced function gives its value") {
  auto f = [](std::vector<Tensor> x) { return std::vector{x[0] * x[1] + 1, x[0] > x[1]}; };
  auto got = evaluate(f, {f64({3}, {1, 2, 3}), f64({3}, {3, 2, 1})});
  REQUIRE(got.size() == 2);
  checkClose(got[0], f64({3}, {4, 5, 4}));
  checkClose(got[1], boolean({3}, {0, 0, 1}));
}

TEST_CASE("gradients of first and second order agree with finite differences") {
  checkGradients([](std::vector<Tensor> x) { return std::vector{exp(x[0]) * sum(square(x[1]))}; },
                 {random({2, 3}), random({4}, 2)});
}
