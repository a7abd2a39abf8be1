// Recurrent layers: one matrix product for the inputs of all steps, then a scan over the steps.
#include "nnc/nn/Recurrent.h"
#include "nnc/nn/Axes.h"
#include "nnc/nn/Check.h"
#include "nnc/nn/Dropout.h"
#include "nnc/nn/Linear.h"
#include "nnc/nn/Print.h"
#include "nnc/nn/init.h"
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace nnc::nn {
namespace detail {

//===--- one step ---===//

namespace {
struct KindInfo {
  const char *layer, *kind, *cell, *cellKind; // as it is printed, and in messages
  int64_t gates;
};
// The weights of a layer in one direction, in the graph.
struct Weights {
  Tensor ih, hh, biasIh, biasHh, hr;
  explicit Weights(const RecurrentWeights &from)
      : ih(from.weight_ih), hh(from.weight_hh), biasIh(optional(from.bias_ih)), biasHh(optional(from.bias_hh)),
        hr(optional(from.weight_hr)) {}
  static Tensor optional(const Parameter &parameter) { return parameter ? parameter.tensor() : Tensor(); }
};
} // namespace

static const KindInfo &infoOf(RecurrentKind kind) {
  static const KindInfo infos[] = {{"RNN", "rnn", "RNNCell", "rnn_cell", 1},
                                   {"RNN", "rnn", "RNNCell", "rnn_cell", 1},
                                   {"LSTM", "lstm", "LSTMCell", "lstm_cell", 4},
                                   {"GRU", "gru", "GRUCell", "gru_cell", 3}};
  return infos[size_t(kind)];
}
static RecurrentKind kindOf(Nonlinearity nonlinearity) {
  return nonlinearity == Nonlinearity::tanh ? RecurrentKind::rnnTanh : RecurrentKind::rnnRelu;
}

// What the inputs (..., features) add to the gates, of any number of steps at once, with every bias that can be added
// here: all but the GRU's b_hh, of which the reset gate takes a part.
static Tensor projected(RecurrentKind kind, Tensor x, const Weights &weights) {
  Tensor bias = weights.biasIh && kind != RecurrentKind::gru ? weights.biasIh + weights.biasHh : weights.biasIh;
  return functional::linear(x, weights.ih, bias);
}

// The states (N, features) after a step, from those before it and the step's projected input (N, gates * hidden).
static std::vector<Tensor> stepOf(RecurrentKind kind, Tensor input, const std::vector<Tensor> &states,
                                  const Weights &weights) {
  Tensor h = states[0];
  Tensor hidden = functional::linear(h, weights.hh, kind == RecurrentKind::gru ? weights.biasHh : Tensor());
  if (kind == RecurrentKind::gru) {
    std::vector<Tensor> x = chunk(input, 3, -1), y = chunk(hidden, 3, -1);
    Tensor r = sigmoid(x[0] + y[0]), z = sigmoid(x[1] + y[1]), n = tanh(x[2] + r * y[2]);
    return {n + z * (h - n)};
  }
  Tensor sum = input + hidden;
  if (kind == RecurrentKind::rnnTanh)
    return {tanh(sum)};
  if (kind == RecurrentKind::rnnRelu)
    return {relu(sum)};
  std::vector<Tensor> gates = chunk(sum, 4, -1);
  Tensor i = sigmoid(gates[0]), f = sigmoid(gates[1]), g = tanh(gates[2]), o = sigmoid(gates[3]);
  Tensor c = f * states[1] + i * g;
  h = o * tanh(c);
  return {weights.hr ? functional::linear(h, weights.hr) : h, c};
}

static void expectInput(const char *layer, Tensor input, const Parameter &weight, std::string_view weightName,
                        int64_t features, int64_t rank, Where where) {
  if ((input.rank() != rank && input.rank() != rank - 1) || input.size(-1) != features)
    fail(layer,
         fmt::format("input: expected {} or {} dimensions with {} features last, got {}", rank - 1, rank, features,
                     toString(input.shape())),
         where);
  expectType(layer, "input", input, weightName, weight, where);
}

// Checks that all states are given or none, of the right shape and type; zeros where none is.
static void completeStates(const char *layer, std::vector<Tensor> &states, const std::vector<const char *> &names,
                           const std::vector<Shape> &shapes, const char *meaning, Tensor input, Where where) {
  const bool given = bool(states[0]);
  for (size_t i = 0; i < states.size(); ++i) {
    if (bool(states[i]) != given)
      fail(layer,
           fmt::format("{}: expected a state as {} is given, got none", names[states[i] ? 0 : i],
                       names[states[i] ? i : 0]),
           where);
    if (!states[i])
      states[i] = zeros(shapes[i], input.dtype(), where);
    else if (states[i].shape() != shapes[i])
      fail(layer,
           fmt::format("{}: expected {} ({}), got {}", names[i], toString(shapes[i]), meaning,
                       toString(states[i].shape())),
           where);
    expectType(layer, names[i], states[i], "input", input, where);
  }
}

//===--- layers ---===//

template <class Self>
Recurrent<Self>::Recurrent(RecurrentKind kind, int64_t input_size, int64_t hidden_size, LSTMOptions options,
                           Where where)
    : Layer<Self>(infoOf(kind).kind), kind_(kind), input_(input_size), hidden_(hidden_size), options_(options) {
  const KindInfo &info = infoOf(kind);
  expectAtLeast(info.layer, "input_size", input_size, 1, where);
  expectAtLeast(info.layer, "hidden_size", hidden_size, 1, where);
  expectAtLeast(info.layer, "num_layers", options.num_layers, 1, where);
  if (options.proj_size < 0 || options.proj_size >= hidden_size)
    fail(info.layer,
         fmt::format("proj_size: expected 0 (no projection) or less than hidden_size {}, got {}", hidden_size,
                     options.proj_size),
         where);
  expectProbability(info.layer, "dropout", options.dropout, where);

  const int64_t directions = options.bidirectional ? 2 : 1, rows = info.gates * hidden_size,
                result = options.proj_size ? options.proj_size : hidden_size;
  const double bound = 1 / std::sqrt(double(hidden_size));
  for (int64_t layer = 0; layer < options.num_layers; ++layer)
    for (int64_t direction = 0; direction < directions; ++direction) {
      auto make = [&](const char *name, Shape shape) {
        Parameter made = this->parameter(fmt::format("{}_l{}{}", name, layer, direction ? "_reverse" : ""),
                                         Array(std::move(shape), options.dtype));
        init::uniform_(made, -bound, bound);
        return made;
      };
      RecurrentWeights weights;
      weights.weight_ih = make("weight_ih", {rows, layer ? directions * result : input_size});
      weights.weight_hh = make("weight_hh", {rows, result});
      if (options.bias) {
        weights.bias_ih = make("bias_ih", {rows});
        weights.bias_hh = make("bias_hh", {rows});
      }
      if (options.proj_size)
        weights.weight_hr = make("weight_hr", {options.proj_size, hidden_size});
      weights_.push_back(weights);
    }

  std::string text = fmt::format("{}, {}", input_size, hidden_size);
  if (options.proj_size)
    text += fmt::format(", proj_size={}", options.proj_size);
  if (options.num_layers != 1)
    text += fmt::format(", num_layers={}", options.num_layers);
  if (!options.bias)
    text += ", bias=False";
  if (options.batch_first)
    text += ", batch_first=True";
  if (options.dropout != 0)
    text += ", dropout=" + number(options.dropout);
  if (options.bidirectional)
    text += ", bidirectional=True";
  this->describe(text);
}

template <class Self> const RecurrentWeights &Recurrent<Self>::weights(int64_t layer, bool reverse, Where where) const {
  const char *name = infoOf(kind_).layer;
  if (layer < 0 || layer >= options_.num_layers)
    fail(name, fmt::format("layer: expected one in [0, {}), got {}", options_.num_layers, layer), where);
  if (reverse && !options_.bidirectional)
    fail(name, "reverse: expected false in a layer that is not bidirectional, got true", where);
  return weights_[size_t(options_.bidirectional ? 2 * layer + reverse : layer)];
}

template <class Self> std::vector<Tensor> Recurrent<Self>::run(Tensor input, std::vector<Tensor> states) const {
  const char *name = infoOf(kind_).kind;
  Where where = Where::current();
  expectInput(name, input, weights_[0].weight_ih, "weight_ih_l0", input_, 3, where);
  const bool batched = input.rank() == 3;
  const int64_t directions = options_.bidirectional ? 2 : 1, count = options_.num_layers * directions,
                result = options_.proj_size ? options_.proj_size : hidden_;

  // All as (T, N, features).
  Tensor x = !batched ? unsqueeze(input, 1) : options_.batch_first ? transpose(input, 0, 1) : input;
  const int64_t batch = x.size(1);
  if (x.size(0) < 1)
    fail(name, "input: expected at least 1 step, got 0 in " + toString(input.shape()), where);
  auto stateShape = [&](int64_t features) { return batched ? Shape{count, batch, features} : Shape{count, features}; };
  completeStates(name, states, {"h_0", "c_0"}, {stateShape(result), stateShape(hidden_)},
                 batched ? "num_layers * directions, batch, features" : "num_layers * directions, features", input,
                 where);
  if (!batched)
    for (Tensor &state : states)
      state = unsqueeze(state, 1);

  std::vector<std::vector<Tensor>> last(states.size());
  for (int64_t layer = 0; layer < options_.num_layers; ++layer) {
    if (layer)
      x = functional::dropout(x, options_.dropout, this->training());
    std::vector<Tensor> outputs;
    for (int64_t direction = 0; direction < directions; ++direction) {
      int64_t at = layer * directions + direction;
      Weights weights(weights_[size_t(at)]);
      std::vector<Tensor> start;
      for (Tensor state : states)
        start.push_back(pick(state, 0, at));
      auto step = [&](std::vector<Tensor> carries, std::vector<Tensor> elements) {
        std::vector<Tensor> next = stepOf(kind_, elements[0], carries, weights);
        return StepResult{next, {next[0]}};
      };
      ScanResult steps = scan(start, {projected(kind_, x, weights)}, step, direction == 1, where);
      outputs.push_back(steps.outputs[0]);
      for (size_t i = 0; i < states.size(); ++i)
        last[i].push_back(steps.carries[i]);
    }
    x = directions == 1 ? outputs[0] : cat(outputs, -1);
  }

  std::vector<Tensor> results{!batched ? squeeze(x, 1) : options_.batch_first ? transpose(x, 0, 1) : x};
  for (const std::vector<Tensor> &state : last) {
    Tensor all = stack(state, 0);
    results.push_back(batched ? all : squeeze(all, 1));
  }
  return results;
}

//===--- cells ---===//

template <class Self>
RecurrentCell<Self>::RecurrentCell(RecurrentKind kind, int64_t input_size, int64_t hidden_size, RNNCellOptions options,
                                   Where where)
    : Layer<Self>(infoOf(kind).cellKind), kind_(kind), input_(input_size), hidden_(hidden_size) {
  const KindInfo &info = infoOf(kind);
  expectAtLeast(info.cell, "input_size", input_size, 1, where);
  expectAtLeast(info.cell, "hidden_size", hidden_size, 1, where);
  const int64_t rows = info.gates * hidden_size;
  const double bound = 1 / std::sqrt(double(hidden_size));
  auto make = [&](const char *name, Shape shape) {
    Parameter made = this->parameter(name, Array(std::move(shape), options.dtype));
    init::uniform_(made, -bound, bound);
    return made;
  };
  weight_ih = make("weight_ih", {rows, input_size});
  weight_hh = make("weight_hh", {rows, hidden_size});
  if (options.bias) {
    bias_ih = make("bias_ih", {rows});
    bias_hh = make("bias_hh", {rows});
  }
  std::string text = fmt::format("{}, {}", input_size, hidden_size);
  if (!options.bias)
    text += ", bias=False";
  if (options.nonlinearity == Nonlinearity::relu)
    text += ", nonlinearity=relu";
  this->describe(text);
}

template <class Self> std::vector<Tensor> RecurrentCell<Self>::step(Tensor input, std::vector<Tensor> states) const {
  const char *name = infoOf(kind_).cellKind;
  Where where = Where::current();
  expectInput(name, input, weight_ih, "weight_ih", input_, 2, where);
  const bool batched = input.rank() == 2;
  Shape shape = batched ? Shape{input.size(0), hidden_} : Shape{hidden_};
  completeStates(name, states, kind_ == RecurrentKind::lstm ? std::vector{"h", "c"} : std::vector{"hx"}, {shape, shape},
                 batched ? "batch, hidden_size" : "hidden_size", input, where);
  auto row = [&](Tensor x) { return batched ? x : unsqueeze(x, 0); };
  for (Tensor &state : states)
    state = row(state);
  Weights weights({weight_ih, weight_hh, bias_ih, bias_hh, {}});
  states = stepOf(kind_, projected(kind_, row(input), weights), states, weights);
  for (Tensor &state : states)
    state = batched ? state : squeeze(state, 0);
  return states;
}

template class Recurrent<RNN>;
template class Recurrent<LSTM>;
template class Recurrent<GRU>;
template class RecurrentCell<RNNCell>;
template class RecurrentCell<LSTMCell>;
template class RecurrentCell<GRUCell>;
} // namespace detail

// RNN and GRU have the options of an LSTM but proj_size.
template <class Options> static LSTMOptions common(const Options &options) {
  return {.num_layers = options.num_layers,
          .bias = options.bias,
          .batch_first = options.batch_first,
          .dropout = options.dropout,
          .bidirectional = options.bidirectional,
          .dtype = options.dtype};
}

RNN::RNN(int64_t input_size, int64_t hidden_size, RNNOptions options, Where where)
    : Recurrent(detail::kindOf(options.nonlinearity), input_size, hidden_size, common(options), where) {}
std::pair<Tensor, Tensor> RNN::forward(Tensor input, Tensor h_0) const {
  std::vector<Tensor> results = run(input, {h_0});
  return {results[0], results[1]};
}

LSTM::LSTM(int64_t input_size, int64_t hidden_size, LSTMOptions options, Where where)
    : Recurrent(detail::RecurrentKind::lstm, input_size, hidden_size, options, where) {}
std::pair<Tensor, LSTMState> LSTM::forward(Tensor input, LSTMState state) const {
  std::vector<Tensor> results = run(input, {state.first, state.second});
  return {results[0], {results[1], results[2]}};
}

GRU::GRU(int64_t input_size, int64_t hidden_size, GRUOptions options, Where where)
    : Recurrent(detail::RecurrentKind::gru, input_size, hidden_size, common(options), where) {}
std::pair<Tensor, Tensor> GRU::forward(Tensor input, Tensor h_0) const {
  std::vector<Tensor> results = run(input, {h_0});
  return {results[0], results[1]};
}

RNNCell::RNNCell(int64_t input_size, int64_t hidden_size, RNNCellOptions options, Where where)
    : RecurrentCell(detail::kindOf(options.nonlinearity), input_size, hidden_size, options, where) {}
LSTMCell::LSTMCell(int64_t input_size, int64_t hidden_size, CellOptions options, Where where)
    : RecurrentCell(detail::RecurrentKind::lstm, input_size, hidden_size,
                    {.bias = options.bias, .dtype = options.dtype}, where) {}
LSTMState LSTMCell::forward(Tensor input, LSTMState hx) const {
  std::vector<Tensor> states = step(input, {hx.first, hx.second});
  return {states[0], states[1]};
}
GRUCell::GRUCell(int64_t input_size, int64_t hidden_size, CellOptions options, Where where)
    : RecurrentCell(detail::RecurrentKind::gru, input_size, hidden_size, {.bias = options.bias, .dtype = options.dtype},
                    where) {}

} // namespace nnc::nn
