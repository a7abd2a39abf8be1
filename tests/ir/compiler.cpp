// What only the compiled way has: kernels in place, and tasks whose values are too large for a stack.
#include "Run.h"
#include "nnc/ir/ops/Vocabulary.h"
#include <catch2/catch.hpp>

using namespace nnc;
using namespace nnc::test;

using Tensors = std::vector<Tensor>;

static bool inPlace(const std::string &schedule) { return schedule.find("sched.may_alias") != std::string::npos; }

TEST_CASE("rows that are larger than a stack may be") {
  auto f = [](Tensors x) {
    Tensor centred = x[0] - mean(x[0], -1, true);
    Tensor y = centred * rsqrt(mean(square(centred), -1, true) + 1e-5) * x[1] + x[2];
    return Tensors{sum(square(softmax(y, -1))), sum(square(y))};
  };
  Function gradient = gradientOf(f, {0, 1, 2}); // keeps several values of a row of 4 MB
  std::vector<Data> inputs = {random({2, 500000}), random({500000}, 2), random({500000}, 3)};
  checkWays(gradient, inputs, 1e-8);
}

TEST_CASE("kernels that write over their operand") {
  // Between products, whose kernels take in nothing that reads whole rows.
  auto rows = [](Tensors x) {
    Tensor a = matmul(x[0], x[1]);
    Tensor s = reshape(softmax(reshape(a, {40, 20, 5}), 2), {40, 100});
    Tensor b = matmul(s, x[1]);
    Tensor centred = reshape(b, {40, 4, 25});
    centred = centred - mean(centred, -1, true);
    Tensor n = reshape(centred * rsqrt(mean(square(centred), -1, true) + 1e-5), {40, 100});
    return Tensors{matmul(n, x[1])};
  };
  // Between running sums, which are kernels of their own.
  auto elements = [](Tensors x) { return Tensors{cumsum(tanh(cumsum(x[0], 1)) * 0.5 + 1, 0)}; };
  for (DType type : {DType::f32, DType::f64}) {
    Data x = random({40, 100}), w = random({100, 100}, 2, -0.1, 0.1);
    x.type = w.type = type;
    CHECK(inPlace(schedule(rows, {x, w})));
    checkWays(rows, {x, w}, type == DType::f32 ? 2e-4 : 1e-12);
    Data y = random({33, 67}, 3, -0.1, 0.1);
    y.type = type;
    CHECK(inPlace(schedule(elements, {y})));
    checkWays(elements, {y}, type == DType::f32 ? 2e-5 : 1e-12);
  }
}
