// Datasets of text, loaders that go on over epochs, and random tensors of a graph.
#include "nnc/frontend/Function.h"
#include "nnc/nn/Random.h"
#include "nnc/nn/data/Loader.h"
#include "nnc/runtime/Error.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

using namespace nnc;

TEST_CASE("windows of a text") {
  data::TextDataset text("hello world", 3);
  CHECK(text.vocabulary() == " dehlorw");
  CHECK(text.size() == 8);
  auto [x, y] = text.batch(std::vector<int64_t>{0, 7});
  CHECK(x.shape() == Shape{2, 3});
  CHECK(text.decode(x.data<int64_t>()) == "helorl");
  CHECK(text.decode(y.data<int64_t>()) == "ellrld");

  data::TextDataset apart("hello world", 3, {.vocabulary = "dehlorw ", .stride = 3});
  CHECK(apart.vocabulary() == "dehlorw ");
  CHECK(apart.size() == 3); // hel, "lo ", wor
  CHECK(apart.decode(apart.batch(std::vector<int64_t>{2}).second.data<int64_t>()) == "orl");
  CHECK(data::TextDataset("abc", 2, {.stride = 2}).size() == 1);
  CHECK_THROWS_WITH(apart.batch(std::vector<int64_t>{3}), "text: window 3 is out of range, there are 3");
  CHECK_THROWS_WITH(data::TextDataset("abcd", 2, {.stride = 0}), "text: stride: expected at least 1, got 0");
}

TEST_CASE("some of the examples are a dataset of the same arrays") {
  std::vector<float> numbers{0, 1, 2, 3, 4};
  data::ArrayDataset all(Array::of({5}, numbers), Array::of({5, 1}, numbers)), some = all.rows(1, 4);
  REQUIRE(some.size() == 3);
  CHECK(some.inputs().toDoubles() == std::vector<double>{1, 2, 3});
  CHECK(some.targets().shape() == Shape{3, 1});
  all.inputs().data<float>()[1] = 7;
  CHECK(some.inputs().at(0) == 7);
  CHECK_THROWS_WITH(all.rows(3, 6), "array: rows 3 to 6 are out of range for 5");
}

TEST_CASE("a loader's steps go on over epochs") {
  std::vector<float> numbers{0, 1, 2, 3, 4, 5, 6};
  data::ArrayDataset dataset(Array::of({7}, numbers), Array::of({7}, numbers));
  for (int64_t prefetch : {0, 2}) {
    data::Loader loader(dataset,
                        {.batch_size = 2, .shuffle = true, .seed = 3, .drop_last = true, .prefetch = prefetch});
    std::vector<double> epochs, steps, later;
    for (int epoch = 0; epoch < 3; ++epoch)
      for (auto [x, y] : loader)
        epochs.push_back(x.at(0) * 10 + x.at(1));
    REQUIRE(epochs.size() == 9);
    loader.set_epoch(1); // of no account
    for (auto [x, y] : loader.steps(0, 9))
      steps.push_back(x.at(0) * 10 + x.at(1));
    CHECK(steps == epochs);
    for (auto [x, y] : loader.steps(4, 8)) // as a resumed run begins
      later.push_back(x.at(0) * 10 + x.at(1));
    CHECK(later == std::vector<double>(epochs.begin() + 4, epochs.begin() + 8));
    for (auto [x, y] : loader.steps(5, 5))
      FAIL("no step was asked for");
    CHECK(loader.epoch() == 1);
    CHECK_THROWS_WITH(loader.steps(-1, 2), "loader: steps: expected a first step of at least 0, got -1");
  }
}

TEST_CASE("random tensors: another draw at every use and in every call") {
  auto draw = compile([] { return std::pair{rand({4}), randn({4}, DType::f64)}; }, {});
  auto first = draw(), second = draw();
  CHECK(first[0].dtype() == DType::f32);
  CHECK(first[1].dtype() == DType::f64);
  CHECK(first[0].toDoubles() != second[0].toDoubles());
  auto pair = compile([] { return std::pair{rand({4}), rand({4})}; }, {})();
  CHECK(pair[0].toDoubles() != pair[1].toDoubles());
}

TEST_CASE("categorical draws by the probabilities of softmax") {
  const int64_t draws = 20000;
  const double inf = std::numeric_limits<double>::infinity();
  Array scores = Array::of({4}, std::vector<double>{std::log(0.1), std::log(0.6), -inf, std::log(0.3)});
  Array drawn = evaluate([&](Tensor s) { return categorical(broadcast_to(s, {draws, 4})); }, scores);
  CHECK(drawn.dtype() == DType::i64);
  REQUIRE(drawn.shape() == Shape{draws});
  std::map<int64_t, double> share;
  for (int64_t number : drawn.data<int64_t>())
    share[number] += 1.0 / double(draws);
  CHECK(share[0] == Approx(0.1).margin(0.01)); // five standard deviations
  CHECK(share[1] == Approx(0.6).margin(0.018));
  CHECK(share[2] == 0);
  CHECK(share[3] == Approx(0.3).margin(0.017));
  CHECK_THROWS_WITH(evaluate([](Tensor s) { return categorical(s); }, Array({3}, DType::i64)),
                    Catch::Contains("categorical: scores: expected a float tensor, got i64"));
}
