// Recurrent layers against PyTorch and against their own single steps.
#include "nnc/nn/Recurrent.h"
#include "Layer.h"
#include "nnc/ir/ops/Vocabulary.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

using namespace nnc;

// The case's inputs after the first, or undefined tensors.
static Tensor at(const std::vector<Tensor> &x, size_t k) { return k < x.size() ? x[k] : Tensor(); }

template <class Options> static void setLayer(const golden::Case &c, Options &options) {
  c.set("num_layers", options.num_layers);
  c.set("bias", options.bias);
  c.set("batch_first", options.batch_first);
  c.set("dropout", options.dropout);
  c.set("bidirectional", options.bidirectional);
}
template <class Options> static void setNonlinearity(const golden::Case &c, Options &options) {
  std::string word = "tanh";
  c.set("nonlinearity", word);
  options.nonlinearity = word == "relu" ? nn::Nonlinearity::relu : nn::Nonlinearity::tanh;
}
template <class L, class Options> static L sized(const golden::Case &c, Options options) {
  return L(c.get<int64_t>("input_size"), c.get<int64_t>("hidden_size"), options);
}
// Called with the states that there are.
template <class L> static test::Subject withOneState(L layer) {
  return test::Subject(layer, [layer](const std::vector<Tensor> &x) {
    return detail::asVector(x.size() > 1 ? layer(x[0], x[1]) : layer(x[0]));
  });
}
template <class L> static test::Subject withTwoStates(L layer) {
  return test::Subject(layer, [layer](const std::vector<Tensor> &x) {
    return detail::asVector(x.size() > 1 ? layer(x[0], {x[1], at(x, 2)}) : layer(x[0]));
  });
}

TEST_CASE("recurrent layers agree with PyTorch", "[nn]") {
  test::checkSection("recurrent", {
                                      {"RNN",
                                       [](const golden::Case &c, DType type) {
                                         nn::RNNOptions options{.dtype = type};
                                         setLayer(c, options);
                                         setNonlinearity(c, options);
                                         return withOneState(sized<nn::RNN>(c, options));
                                       }},
                                      {"LSTM",
                                       [](const golden::Case &c, DType type) {
                                         nn::LSTMOptions options{.dtype = type};
                                         setLayer(c, options);
                                         c.set("proj_size", options.proj_size);
                                         return withTwoStates(sized<nn::LSTM>(c, options));
                                       }},
                                      {"GRU",
                                       [](const golden::Case &c, DType type) {
                                         nn::GRUOptions options{.dtype = type};
                                         setLayer(c, options);
                                         return withOneState(sized<nn::GRU>(c, options));
                                       }},
                                      {"RNNCell",
                                       [](const golden::Case &c, DType type) {
                                         nn::RNNCellOptions options{.dtype = type};
                                         c.set("bias", options.bias);
                                         setNonlinearity(c, options);
                                         return withOneState(sized<nn::RNNCell>(c, options));
                                       }},
                                      {"LSTMCell",
                                       [](const golden::Case &c, DType type) {
                                         nn::CellOptions options{.dtype = type};
                                         c.set("bias", options.bias);
                                         return withTwoStates(sized<nn::LSTMCell>(c, options));
                                       }},
                                      {"GRUCell",
                                       [](const golden::Case &c, DType type) {
                                         nn::CellOptions options{.dtype = type};
                                         c.set("bias", options.bias);
                                         return withOneState(sized<nn::GRUCell>(c, options));
                                       }},
                                  });
}

TEST_CASE("recurrent layers: gradients are those of finite differences", "[nn]") {
  auto random = [](Shape shape, uint64_t seed) { return test::randomArray(std::move(shape), seed); };
  test::checkFiniteDifferences(
      withOneState(nn::RNN(2, 3, {.num_layers = 2, .bidirectional = true, .dtype = DType::f64})),
      {random({4, 2, 2}, 1), random({4, 2, 3}, 2)});
  test::checkFiniteDifferences(withTwoStates(nn::LSTM(2, 3, {.num_layers = 2, .proj_size = 2, .dtype = DType::f64})),
                               {random({4, 2, 2}, 1), random({2, 2, 2}, 2), random({2, 2, 3}, 3)});
  test::checkFiniteDifferences(withOneState(nn::GRU(2, 3, {.batch_first = true, .dtype = DType::f64})),
                               {random({2, 4, 2}, 1), random({1, 2, 3}, 2)});
  test::checkFiniteDifferences(withTwoStates(nn::LSTMCell(2, 3, {.dtype = DType::f64})),
                               {random({2, 2}, 1), random({2, 3}, 2), random({2, 3}, 3)});
  test::checkFiniteDifferences(withOneState(nn::GRUCell(2, 3, {.dtype = DType::f64})),
                               {random({2, 2}, 1), random({2, 3}, 2)});
}

TEST_CASE("recurrent layers: gradients of gradients", "[nn]") {
  nn::LSTM lstm(2, 3, {.proj_size = 2, .dtype = DType::f64});
  auto ofLstm = [lstm](Tensor x) { return grad(sum(square(lstm(x).first)), {x, lstm.weights().weight_hh.tensor()}); };
  test::checkFiniteDifferences(test::Subject(lstm, ofLstm), {test::randomArray({3, 2, 2}, 1)});
  nn::GRU gru(2, 3, {.bidirectional = true, .dtype = DType::f64});
  auto ofGru = [gru](Tensor x) { return grad(sum(square(gru(x).first)), {x, gru.weights().bias_hh.tensor()}); };
  test::checkFiniteDifferences(test::Subject(gru, ofGru), {test::randomArray({3, 2, 2}, 1)});
}

// Gives `cell` the weights of the layer's only direction.
template <class Cell, class Layer> static void copyWeights(const Cell &cell, const Layer &layer) {
  cell.weight_ih.assign(layer.weights().weight_ih.value());
  cell.weight_hh.assign(layer.weights().weight_hh.value());
  cell.bias_ih.assign(layer.weights().bias_ih.value());
  cell.bias_hh.assign(layer.weights().bias_hh.value());
}
static void checkEqual(const std::vector<Array> &results) {
  REQUIRE(results.size() % 2 == 0);
  for (size_t i = 0; i < results.size() / 2; ++i)
    CHECK(results[i].toDoubles() == results[results.size() / 2 + i].toDoubles());
}

TEST_CASE("recurrent cells: steps by hand are the layer, to the bit", "[nn]") {
  const Shape input{3, 2, 4};
  std::vector<Array> given{test::randomArray(input, 1, DType::f32), test::randomArray({1, 2, 5}, 2, DType::f32),
                           test::randomArray({1, 2, 5}, 3, DType::f32)};
  auto specs = [&](size_t count) {
    std::vector<Spec> all{f32(input)};
    all.resize(count, f32({1, 2, 5}));
    return all;
  };
  auto oneState = [&](auto layer, auto cell) {
    copyWeights(cell, layer);
    checkEqual(compile(
        [&](Tensor x, Tensor h_0) {
          auto [output, h_n] = layer(x, h_0);
          std::vector<Tensor> outputs;
          Tensor h = pick(h_0, 0, 0);
          for (int64_t t = 0; t < 3; ++t)
            outputs.push_back(h = cell(pick(x, 0, t), h));
          return std::vector<Tensor>{output, h_n, stack(outputs), unsqueeze(h, 0)};
        },
        specs(2))(given[0], given[1]));
  };
  SECTION("RNN") { oneState(nn::RNN(4, 5), nn::RNNCell(4, 5)); }
  SECTION("GRU") { oneState(nn::GRU(4, 5), nn::GRUCell(4, 5)); }
  SECTION("LSTM") {
    nn::LSTM layer(4, 5);
    nn::LSTMCell cell(4, 5);
    copyWeights(cell, layer);
    checkEqual(compile(
        [&](Tensor x, Tensor h_0, Tensor c_0) {
          auto [output, state] = layer(x, {h_0, c_0});
          std::vector<Tensor> outputs;
          nn::LSTMState now{pick(h_0, 0, 0), pick(c_0, 0, 0)};
          for (int64_t t = 0; t < 3; ++t) {
            now = cell(pick(x, 0, t), now);
            outputs.push_back(now.first);
          }
          return std::vector<Tensor>{
              output, state.first, state.second, stack(outputs), unsqueeze(now.first, 0), unsqueeze(now.second, 0)};
        },
        specs(3))(given));
  }
}

TEST_CASE("recurrent layers: a long sequence in pieces is the whole, to the bit", "[nn]") {
  nn::LSTM layer(3, 4, {.num_layers = 2});
  checkEqual(compile(
      [&](Tensor x) {
        auto [whole, last] = layer(x);
        auto [first, middle] = layer(slice(x, 0, 0, 3));
        auto [second, end] = layer(slice(x, 0, 3), middle);
        return std::vector<Tensor>{whole, last.first, last.second, cat({first, second}), end.first, end.second};
      },
      {f32({7, 2, 3})})(test::randomArray({7, 2, 3}, 1, DType::f32)));
}

TEST_CASE("recurrent layers: dropout is between layers, in training only", "[nn]") {
  nn::GRU layer(3, 64, {.num_layers = 2, .dropout = 0.5});
  auto run = [&](bool train) {
    layer.train(train);
    auto function = [&](Tensor x) {
      auto [output, h_n] = layer(x);
      // how the first layer's output reaches the second is seen in the gradient: dropped features have none
      Tensor gradient = grad(sum(slice(h_n, 0, 1)), {layer.weights(1).weight_ih.tensor()})[0];
      return std::vector<Tensor>{output, h_n, gradient};
    };
    return compile(function, {f32({1, 1, 3})})(test::randomArray({1, 1, 3}, 1, DType::f32));
  };
  std::vector<Array> trained = run(true), evaluated = run(false);
  auto zeroColumns = [](const Array &gradient) { // (3 * 64, 64): a column for each feature
    int64_t zeros = 0;
    for (int64_t column = 0; column < 64; ++column)
      zeros += gradient.at(column) == 0 && gradient.at(64 * 64 + column) == 0 && gradient.at(128 * 64 + column) == 0;
    return zeros;
  };
  CHECK(zeroColumns(evaluated[2]) == 0);
  CHECK(zeroColumns(trained[2]) > 16);
  CHECK(zeroColumns(trained[2]) < 48);
  CHECK(trained[1].rows(0, 1).toDoubles() == evaluated[1].rows(0, 1).toDoubles()); // the first layer's own state
  CHECK(trained[0].toDoubles() != evaluated[0].toDoubles());
}

TEST_CASE("recurrent layers: parameters have PyTorch's names, in its order, and begin as there", "[nn]") {
  manual_seed(1);
  nn::LSTM layer(5, 64, {.num_layers = 2, .bidirectional = true, .proj_size = 3});
  std::vector<std::string> names;
  for (const auto &[name, parameter] : layer.named_parameters()) {
    names.push_back(name);
    INFO(name);
    std::vector<double> values = parameter.value().toDoubles();
    auto [low, high] = std::minmax_element(values.begin(), values.end());
    CHECK(*low >= -0.125); // 1/sqrt(64)
    CHECK(*high <= 0.125);
    CHECK(*high - *low > 0.9 * 0.25);
  }
  CHECK(names == std::vector<std::string>{
                     "weight_ih_l0",         "weight_hh_l0",         "bias_ih_l0",           "bias_hh_l0",
                     "weight_hr_l0",         "weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse",
                     "bias_hh_l0_reverse",   "weight_hr_l0_reverse", "weight_ih_l1",         "weight_hh_l1",
                     "bias_ih_l1",           "bias_hh_l1",           "weight_hr_l1",         "weight_ih_l1_reverse",
                     "weight_hh_l1_reverse", "bias_ih_l1_reverse",   "bias_hh_l1_reverse",   "weight_hr_l1_reverse"});
  CHECK(layer.weights(0).weight_ih.shape() == Shape{256, 5});
  CHECK(layer.weights(1, true).weight_ih.shape() == Shape{256, 6});
  CHECK(layer.weights(1, true).weight_hh.shape() == Shape{256, 3});
  CHECK(layer.weights(1, true).weight_hr.shape() == Shape{3, 64});
}

TEST_CASE("recurrent layers: a module of unknown type takes and gives states as tensors", "[nn]") {
  nn::AnyModule any = nn::LSTM(2, 3);
  auto results = compile(
      [&](Tensor x, Tensor h, Tensor c) {
        std::vector<Tensor> all = any(std::vector<Tensor>{x, h, c}), start = any(std::vector<Tensor>{x});
        all.insert(all.end(), start.begin(), start.end());
        return all;
      },
      {f32({2, 1, 2}), f32({1, 1, 3}), f32({1, 1, 3})})(test::randomArray({2, 1, 2}, 1, DType::f32), Array({1, 1, 3}),
                                                        Array({1, 1, 3}));
  CHECK(results.size() == 6);
  checkEqual(results);
}

TEST_CASE("recurrent layers: errors name layer, argument, what was expected and what came", "[nn]") {
  CHECK(test::messageOf([] { nn::LSTM(0, 3); }) == "LSTM: input_size: expected at least 1, got 0");
  CHECK(test::messageOf([] { nn::GRU(3, -1); }) == "GRU: hidden_size: expected at least 1, got -1");
  CHECK(test::messageOf([] { nn::RNN(3, 4, {.num_layers = 0}); }) == "RNN: num_layers: expected at least 1, got 0");
  CHECK(test::messageOf([] { nn::LSTM(3, 4, {.proj_size = 4}); }) ==
        "LSTM: proj_size: expected 0 (no projection) or less than hidden_size 4, got 4");
  CHECK(test::messageOf([] { nn::GRU(3, 4, {.dropout = 1.5}); }) ==
        "GRU: dropout: expected a probability in [0, 1], got 1.5");
  CHECK(test::messageOf([] { nn::LSTMCell(3, 0); }) == "LSTMCell: hidden_size: expected at least 1, got 0");
  nn::LSTM layer(3, 4, {.num_layers = 2});
  CHECK(test::messageOf([&] { layer.weights(2); }) == "LSTM: layer: expected one in [0, 2), got 2");
  CHECK(test::messageOf([&] { layer.weights(0, true); }) ==
        "LSTM: reverse: expected false in a layer that is not bidirectional, got true");

  // An error of a call ends in `lstm: <this>`.
  auto fails = [](auto function, std::vector<Spec> inputs, const std::string &expected) {
    std::string message = test::errorOf([&] { trace(asTensorFunction(function), inputs); });
    INFO(message);
    CHECK(message.size() >= expected.size());
    CHECK(message.find("recurrent.cpp:") != std::string::npos);
    CHECK(message.substr(message.size() - std::min(message.size(), expected.size())) == expected);
  };
  auto plain = [&](Tensor x) { return layer(x); };
  auto given = [&](Tensor x, Tensor h, Tensor c) { return layer(x, {h, c}); };
  fails(plain, {f32({3})}, "lstm: input: expected 2 or 3 dimensions with 3 features last, got 3");
  fails(plain, {f32({5, 2, 4})}, "lstm: input: expected 2 or 3 dimensions with 3 features last, got 5x2x4");
  fails(plain, {f64({5, 2, 3})}, "lstm: input: expected f32 as weight_ih_l0, got f64");
  fails(plain, {f32({0, 2, 3})}, "lstm: input: expected at least 1 step, got 0 in 0x2x3");
  fails(given, {f32({5, 2, 3}), f32({2, 1, 4}), f32({2, 2, 4})},
        "lstm: h_0: expected 2x2x4 (num_layers * directions, batch, features), got 2x1x4");
  fails(given, {f32({5, 3}), f32({2, 4}), f32({2, 1, 4})},
        "lstm: c_0: expected 2x4 (num_layers * directions, features), got 2x1x4");
  fails(given, {f32({5, 2, 3}), f64({2, 2, 4}), f32({2, 2, 4})}, "lstm: h_0: expected f32 as input, got f64");
  fails([&](Tensor x, Tensor h) { return layer(x, {h, Tensor()}); }, {f32({5, 2, 3}), f32({2, 2, 4})},
        "lstm: c_0: expected a state as h_0 is given, got none");
  fails([&](Tensor x, Tensor c) { return layer(x, {Tensor(), c}); }, {f32({5, 2, 3}), f32({2, 2, 4})},
        "lstm: h_0: expected a state as c_0 is given, got none");
  nn::GRUCell cell(3, 4);
  fails([&](Tensor x) { return cell(x); }, {f32({1, 2, 3})},
        "gru_cell: input: expected 1 or 2 dimensions with 3 features last, got 1x2x3");
  fails([&](Tensor x, Tensor h) { return cell(x, h); }, {f32({2, 3}), f32({4})},
        "gru_cell: hx: expected 2x4 (batch, hidden_size), got 4");
}
