// Recurrent layers (torch.nn: RNN, LSTM, GRU, and their single steps RNNCell, LSTMCell, GRUCell). Input is a tensor:
// PackedSequence is not taken.
#pragma once
#include "nnc/nn/Module.h"

namespace nnc::nn {

enum class Nonlinearity { tanh, relu };

struct RNNOptions {
  int64_t num_layers = 1;
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  bool bias = true;
  bool batch_first = false; // (N, T, features) instead of (T, N, features), in input and output but not in states
  double dropout = 0;       // of the output of every layer but the last, in training
  bool bidirectional = false;
  DType dtype = DType::f32;
};
struct LSTMOptions {
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  int64_t proj_size = 0; // h_t is projected to this many features; 0: not at all
  DType dtype = DType::f32;
};
struct GRUOptions {
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  DType dtype = DType::f32;
};
struct RNNCellOptions {
  bool bias = true;
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  DType dtype = DType::f32;
};
struct CellOptions {
  bool bias = true;
  DType dtype = DType::f32;
};

/// Hidden and cell state of an LSTM.
using LSTMState = std::pair<Tensor, Tensor>;

namespace detail {
enum class RecurrentKind { rnnTanh, rnnRelu, lstm, gru };

/// What one layer has in one direction, gates stacked along the first dimension in PyTorch's order: LSTM i, f, g, o;
/// GRU r, z, n. The biases are undefined where there are none, weight_hr where nothing is projected.
struct RecurrentWeights {
  Parameter weight_ih; // (gates * hidden_size, features of the layer's input)
  Parameter weight_hh; // (gates * hidden_size, hidden_size or proj_size)
  Parameter bias_ih, bias_hh;
  Parameter weight_hr; // (proj_size, hidden_size)
};

/// num_layers layers over T steps: each reads the outputs of the one before, with `bidirectional` of both directions
/// (the second from the last step to the first) side by side. Input (T, N, input_size), (N, T, input_size) with
/// `batch_first`, or (T, input_size) without batch. States (num_layers * directions, N, hidden_size) or without N,
/// those of a layer's two directions one after the other; zeros where none are given. Results: the outputs of the last
/// layer (T, N, directions * hidden_size), and the states after each direction's own last step. With proj_size, that
/// stands for hidden_size everywhere but in c. Parameters are named as PyTorch names them, `weight_ih_l0`,
/// `weight_hh_l0_reverse`,
/// ..., and uniform in +-1/sqrt(hidden_size) at first.
template <class Self> class Recurrent : public Layer<Self> {
public:
  const RecurrentWeights &weights(int64_t layer = 0, bool reverse = false, Where where = Where::current()) const;

protected:
  Recurrent(RecurrentKind kind, int64_t input_size, int64_t hidden_size, LSTMOptions options, Where where);
  /// The outputs, then the last states; `states` are all undefined or all given.
  std::vector<Tensor> run(Tensor input, std::vector<Tensor> states) const;

private:
  RecurrentKind kind_;
  int64_t input_, hidden_;
  LSTMOptions options_;
  std::vector<RecurrentWeights> weights_; // of layer l in direction d: l * directions + d
};

/// One step: input (N, input_size) and states (N, hidden_size), or all without N; states are zeros where none are
/// given. Parameters weight_ih, weight_hh, bias_ih, bias_hh, as the layers have them.
template <class Self> class RecurrentCell : public Layer<Self> {
public:
  Parameter weight_ih, weight_hh, bias_ih, bias_hh;

protected:
  RecurrentCell(RecurrentKind kind, int64_t input_size, int64_t hidden_size, RNNCellOptions options, Where where);
  std::vector<Tensor> step(Tensor input, std::vector<Tensor> states) const;

private:
  RecurrentKind kind_;
  int64_t input_, hidden_;
};
} // namespace detail

/// torch.nn.RNN: h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), or relu of it. Returns (output, h_n).
class RNN : public detail::Recurrent<RNN> {
public:
  RNN(int64_t input_size, int64_t hidden_size, RNNOptions options = {}, Where where = Where::current());
  std::pair<Tensor, Tensor> forward(Tensor input, Tensor h_0 = {}) const;
};

/// torch.nn.LSTM. Returns (output, (h_n, c_n)): `auto [output, state] = lstm(x, state)`.
///   i = sigmoid(W_ii x_t + b_ii + W_hi h_(t-1) + b_hi), f and o likewise, g = tanh(W_ig x_t + b_ig + W_hg h_(t-1) +
///   b_hg); c_t = f * c_(t-1) + i * g; h_t = o * tanh(c_t), with proj_size h_t = W_hr (o * tanh(c_t))
class LSTM : public detail::Recurrent<LSTM> {
public:
  LSTM(int64_t input_size, int64_t hidden_size, LSTMOptions options = {}, Where where = Where::current());
  std::pair<Tensor, LSTMState> forward(Tensor input, LSTMState state = {}) const;
  std::pair<Tensor, LSTMState> forward(Tensor input, Tensor h_0, Tensor c_0) const {
    return forward(input, {h_0, c_0});
  }
  using Callable<LSTM>::operator();
  std::pair<Tensor, LSTMState> operator()(Tensor input, LSTMState state, Where where = Where::current()) const {
    return call(where, input, state);
  }
};

/// torch.nn.GRU. Returns (output, h_n). The reset gate takes the hidden product with its bias:
///   r = sigmoid(W_ir x_t + b_ir + W_hr h_(t-1) + b_hr), z likewise; n = tanh(W_in x_t + b_in + r * (W_hn h_(t-1) +
///   b_hn)); h_t = (1 - z) * n + z * h_(t-1)
class GRU : public detail::Recurrent<GRU> {
public:
  GRU(int64_t input_size, int64_t hidden_size, GRUOptions options = {}, Where where = Where::current());
  std::pair<Tensor, Tensor> forward(Tensor input, Tensor h_0 = {}) const;
};

/// torch.nn.RNNCell: one step of RNN; returns h.
class RNNCell : public detail::RecurrentCell<RNNCell> {
public:
  RNNCell(int64_t input_size, int64_t hidden_size, RNNCellOptions options = {}, Where where = Where::current());
  Tensor forward(Tensor input, Tensor hx = {}) const { return step(input, {hx})[0]; }
};

/// torch.nn.LSTMCell: one step of LSTM; returns (h, c).
class LSTMCell : public detail::RecurrentCell<LSTMCell> {
public:
  LSTMCell(int64_t input_size, int64_t hidden_size, CellOptions options = {}, Where where = Where::current());
  LSTMState forward(Tensor input, LSTMState hx = {}) const;
  LSTMState forward(Tensor input, Tensor h, Tensor c) const { return forward(input, {h, c}); }
  using Callable<LSTMCell>::operator();
  LSTMState operator()(Tensor input, LSTMState hx, Where where = Where::current()) const {
    return call(where, input, hx);
  }
};

/// torch.nn.GRUCell: one step of GRU; returns h.
class GRUCell : public detail::RecurrentCell<GRUCell> {
public:
  GRUCell(int64_t input_size, int64_t hidden_size, CellOptions options = {}, Where where = Where::current());
  Tensor forward(Tensor input, Tensor hx = {}) const { return step(input, {hx})[0]; }
};

} // namespace nnc::nn
