// What a user is told about mistakes: the text of the messages of every layer, loss, optimizer, initialiser and data
// class, with the user's own line and the layer's path in the model.
#include "../runtime/temporary.h"
#include "Layer.h"
#include "nnc/nnc.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

using namespace nnc;
using test::errorOf;

namespace {

/// A model with one part, which its messages name: "conv2d 'part'".
struct Net : nn::Module {
  explicit Net(const nn::AnyModule &layer) : part(module("part", layer)) {}
  nn::AnyModule part;
};

/// The message without `<this file>:<line>:<column>: error: `, which it must begin with; `most` is how many lines
/// behind `line` the place may be.
std::string withoutPlace(const std::string &message, unsigned line, unsigned most = 0) {
  for (unsigned i = line; i <= line + most; ++i) {
    std::string begin = fmt::format("{}:{}:", __FILE__, i), end = ": error: ";
    size_t at = message.find(end);
    if (message.compare(0, begin.size(), begin) == 0 && at != std::string::npos)
      return message.substr(at + end.size());
  }
  return "at another place: " + message;
}

void compare(const std::string &got, const std::string &expected, Where where) {
  INFO("line " << where.line());
  CHECK(got == expected);
}

/// The call of a layer of a model, on tensors of these types, is refused.
void refuses(const nn::AnyModule &layer, const std::vector<Spec> &inputs, const std::string &expected, Where where) {
  Net net(layer);
  constexpr unsigned line = __LINE__ + 1;
  std::string message = errorOf([&] { trace([&](const std::vector<Tensor> &x) { return net.part(x); }, inputs); });
  compare(withoutPlace(message, line), expected, where);
}
void refuses(const nn::AnyModule &layer, const Spec &input, const std::string &expected,
             Where where = Where::current()) {
  refuses(layer, std::vector<Spec>{input}, expected, where);
}
void refuses(const nn::AnyModule &layer, const Spec &first, const Spec &second, const std::string &expected,
             Where where = Where::current()) {
  refuses(layer, std::vector<Spec>{first, second}, expected, where);
}

/// What `make` does is refused, at its own line.
void refused(const std::function<void()> &make, const std::string &expected, Where where = Where::current()) {
  compare(withoutPlace(errorOf(make), where.line(), 3), expected, where);
}
using Folder = test::TemporaryFolder;

/// A message without a place, since no line of the model is to blame.
void says(const std::function<void()> &make, const std::string &expected, Where where = Where::current()) {
  compare(errorOf(make), expected, where);
}

} // namespace

TEST_CASE("errors: the whole of a message", "[nn]") {
  struct Model : nn::Module {
    nn::Sequential features =
        module("features", nn::Sequential(nn::Conv2d(1, 32, 3), nn::ReLU(), nn::Conv2d(64, 128, 3)));
    enum { line = __LINE__ + 1 };
    Tensor forward(Tensor x) { return features(x); }
  } model;
  std::string message = errorOf([&] { trace_forward(model, {f32({8, 1, 28, 28})}); });
  std::string begin = fmt::format("{}:{}:", __FILE__, int(Model::line)), column = message.substr(begin.size(), 2);
  CHECK(message == begin + column +
                       ": error: conv2d 'features.2': input: expected 64 channels (weight is 128x64x3x3), got 32 in "
                       "8x32x26x26");
  CHECK(column.find_first_not_of("0123456789") == std::string::npos);
}

TEST_CASE("errors: calls of layers", "[nn]") {
  // linear
  refuses(nn::Linear(4, 3), f32({2, 5}), "linear 'part': input: expected 4 features (weight is 3x4), got 5 in 2x5");
  refuses(nn::Linear(4, 3), f32({}), "linear 'part': input: expected 4 features (weight is 3x4), got none in scalar");
  refuses(nn::Linear(4, 3), f64({2, 4}), "linear 'part': input: expected f32 as weight, got f64");
  refuses(nn::Linear(4, 3), i64({2, 4}), "linear 'part': input: expected f32 as weight, got i64");
  refuses(nn::Bilinear(4, 3, 2), f32({2, 5}), f32({2, 3}),
          "bilinear 'part': input1: expected 4 features (weight is 2x4x3), got 5 in 2x5");
  refuses(nn::Bilinear(4, 3, 2), f32({2, 4}), f32({2, 4}),
          "bilinear 'part': input2: expected 3 features (weight is 2x4x3), got 4 in 2x4");
  refuses(nn::Bilinear(4, 3, 2), f32({2, 4}), f32({3, 3}),
          "bilinear 'part': input2: expected the sizes of input1 2x4 before the features, got 3x3");
  refuses(nn::Bilinear(4, 3, 2), f32({2, 4}), f32({3}),
          "bilinear 'part': input2: expected the sizes of input1 2x4 before the features, got 3");
  refuses(nn::Bilinear(4, 3, 2), f64({2, 4}), f32({2, 3}), "bilinear 'part': input1: expected f32 as weight, got f64");
  refuses(nn::Bilinear(4, 3, 2), f32({2, 4}), f64({2, 3}), "bilinear 'part': input2: expected f32 as weight, got f64");
  refuses(nn::Flatten(2, 1), f32({2, 3, 4}), "flatten 'part': start_dim: expected at most end_dim 1, got 2");
  refuses(nn::Flatten(3), f32({2, 3, 4}), "flatten 'part': dim: expected a dimension in [-3, 2], got 3");
  refuses(nn::Unflatten(1, {2, 4}), f32({2, 6}),
          "unflatten 'part': unflattened_size: expected a product of 6 (dimension 1 of 2x6), got 2x4");
  refuses(nn::Unflatten(1, {-1, 4}), f32({2, 6}),
          "unflatten 'part': unflattened_size: expected a product of 6 (dimension 1 of 2x6), got -1x4");
  refuses(nn::Unflatten(1, {-1, -1}), f32({2, 6}),
          "unflatten 'part': unflattened_size: expected sizes of at least 0 and at most one -1, got -1x-1");
  refuses(nn::Unflatten(1, {-2, -3}), f32({2, 6}),
          "unflatten 'part': unflattened_size: expected sizes of at least 0 and at most one -1, got -2x-3");
  refuses(nn::Unflatten(2, {2, 3}), f32({2, 6}), "unflatten 'part': dim: expected a dimension in [-2, 1], got 2");

  // convolution
  refuses(nn::Conv1d(3, 4, 3), f32({2, 2, 8}),
          "conv1d 'part': input: expected 3 channels (weight is 4x3x3), got 2 in 2x2x8");
  refuses(nn::Conv1d(3, 4, 3), f32({8}),
          "conv1d 'part': input: expected 3 or 2 dimensions (batch, channels, 1 spatial; batch may be missing), got 1 "
          "in 8");
  refuses(nn::Conv1d(3, 4, 9), f32({2, 3, 8}),
          "conv1d 'part': kernel: size 9 is larger than the padded input of 8 in spatial dimension 0");
  refuses(nn::Conv1d(3, 4, 3), f64({2, 3, 8}), "conv1d 'part': input: expected f32 as weight, got f64");
  refuses(nn::Conv2d(64, 128, 3), f32({8, 32, 28, 28}),
          "conv2d 'part': input: expected 64 channels (weight is 128x64x3x3), got 32 in 8x32x28x28");
  refuses(nn::Conv2d(3, 4, 3), f32({8, 8}),
          "conv2d 'part': input: expected 4 or 3 dimensions (batch, channels, 2 spatial; batch may be missing), got 2 "
          "in 8x8");
  refuses(nn::Conv2d(3, 4, {5, 3}, {.padding = 1}), f32({3, 2, 8}),
          "conv2d 'part': kernel: size 5 is larger than the padded input of 4 in spatial dimension 0");
  refuses(
      nn::Conv2d(3, 4, 3, {.dilation = 4}), f32({1, 3, 8, 16}),
      "conv2d 'part': kernel: size 3 (9 with dilation) is larger than the padded input of 8 in spatial dimension 0");
  refuses(nn::Conv2d(3, 4, 3), i64({2, 3, 8, 8}), "conv2d 'part': input: expected f32 as weight, got i64");
  refuses(nn::Conv2d(4, 4, 3, {.groups = 2}), f32({2, 3, 8, 8}),
          "conv2d 'part': input: expected 4 channels (weight is 4x2x3x3, 2 groups), got 3 in 2x3x8x8");
  refuses(nn::Conv2d(3, 4, 3, {.padding = 8, .padding_mode = nn::PaddingMode::reflect}), f32({2, 3, 8, 8}),
          "conv2d 'part': padding: expected at most 7 for reflection in dimension 3 of 2x3x8x8, got 8 and 8");
  refuses(nn::Conv2d(3, 4, 3, {.padding = 9, .padding_mode = nn::PaddingMode::circular}), f32({2, 3, 8, 8}),
          "conv2d 'part': padding: expected at most 8 to wrap around once in dimension 3 of 2x3x8x8, got 9 and 9");
  refuses(nn::Conv3d(3, 4, 3), f32({2, 2, 8, 8, 8}),
          "conv3d 'part': input: expected 3 channels (weight is 4x3x3x3x3), got 2 in 2x2x8x8x8");
  refuses(nn::Conv3d(3, 4, 3), f32({8, 8, 8}),
          "conv3d 'part': input: expected 5 or 4 dimensions (batch, channels, 3 spatial; batch may be missing), got 3 "
          "in 8x8x8");
  refuses(nn::Conv3d(3, 4, 3), f32({2, 3, 8, 8, 2}),
          "conv3d 'part': kernel: size 3 is larger than the padded input of 2 in spatial dimension 2");

  // pooling
  refuses(nn::MaxPool1d(3), f32({4}),
          "max_pool1d 'part': input: expected 3 or 2 dimensions (batch, channels, 1 spatial; batch may be missing), "
          "got 1 in 4");
  refuses(nn::MaxPool1d(3), f32({1, 2, 2}),
          "max_pool1d 'part': kernel_size: 3 is larger than the padded input of 2 in spatial dimension 0");
  refuses(nn::MaxPool2d(3), f32({4, 5}),
          "max_pool2d 'part': input: expected 4 or 3 dimensions (batch, channels, 2 spatial; batch may be missing), "
          "got 2 in 4x5");
  refuses(nn::MaxPool2d({2, 6}), f32({1, 2, 5, 5}),
          "max_pool2d 'part': kernel_size: 6 is larger than the padded input of 5 in spatial dimension 1");
  refuses(nn::MaxPool2d(3), i1({1, 2, 5, 5}), "max_pool2d 'part': input: expected a float tensor, got i1");
  refuses(nn::MaxPool3d(3), f32({1, 2}),
          "max_pool3d 'part': input: expected 5 or 4 dimensions (batch, channels, 3 spatial; batch may be missing), "
          "got 2 in 1x2");
  refuses(nn::MaxPool3d(3), f32({1, 2, 3, 3, 2}),
          "max_pool3d 'part': kernel_size: 3 is larger than the padded input of 2 in spatial dimension 2");
  refuses(nn::AvgPool1d(3), f32({4}),
          "avg_pool1d 'part': input: expected 3 or 2 dimensions (batch, channels, 1 spatial; batch may be missing), "
          "got 1 in 4");
  refuses(nn::AvgPool1d(3), f32({1, 2, 2}),
          "avg_pool1d 'part': kernel_size: 3 is larger than the padded input of 2 in spatial dimension 0");
  refuses(nn::AvgPool2d(3), f32({4, 5}),
          "avg_pool2d 'part': input: expected 4 or 3 dimensions (batch, channels, 2 spatial; batch may be missing), "
          "got 2 in 4x5");
  refuses(nn::AvgPool2d(6), f32({1, 2, 5, 5}),
          "avg_pool2d 'part': kernel_size: 6 is larger than the padded input of 5 in spatial dimension 0");
  refuses(nn::AvgPool2d(2), i64({1, 2, 5, 5}), "avg_pool2d 'part': input: expected a float tensor, got i64");
  refuses(nn::AvgPool3d(3), f32({1, 2, 4}),
          "avg_pool3d 'part': input: expected 5 or 4 dimensions (batch, channels, 3 spatial; batch may be missing), "
          "got 3 in 1x2x4");
  refuses(nn::AvgPool3d(3), f32({1, 2, 3, 3, 2}),
          "avg_pool3d 'part': kernel_size: 3 is larger than the padded input of 2 in spatial dimension 2");
  refuses(nn::AdaptiveAvgPool1d(2), f32({4}),
          "adaptive_avg_pool1d 'part': input: expected 3 or 2 dimensions (batch, channels, 1 spatial; batch may be "
          "missing), got 1 in 4");
  refuses(nn::AdaptiveAvgPool2d(2), f32({4, 4}),
          "adaptive_avg_pool2d 'part': input: expected 4 or 3 dimensions (batch, channels, 2 spatial; batch may be "
          "missing), got 2 in 4x4");
  refuses(nn::AdaptiveAvgPool2d(2), f32({1, 4, 0, 4}),
          "adaptive_avg_pool2d 'part': input: expected spatial sizes of at least 1, got 1x4x0x4");
  refuses(nn::AdaptiveAvgPool2d(2), i64({1, 4, 4, 4}),
          "adaptive_avg_pool2d 'part': input: expected a float tensor, got i64");
  refuses(nn::AdaptiveAvgPool3d(2), f32({4, 4, 4}),
          "adaptive_avg_pool3d 'part': input: expected 5 or 4 dimensions (batch, channels, 3 spatial; batch may be "
          "missing), got 3 in 4x4x4");

  // padding
  refuses(nn::ConstantPad1d(1, 0), f32({}),
          "constant_pad1d 'part': input: expected at least 1 dimension, got 0 in scalar");
  refuses(nn::ConstantPad2d(1, 0), f32({3}),
          "constant_pad2d 'part': input: expected at least 2 dimensions, got 1 in 3");
  refuses(nn::ConstantPad3d(1, 0), f32({3, 3}),
          "constant_pad3d 'part': input: expected at least 3 dimensions, got 2 in 3x3");
  refuses(nn::ConstantPad1d({-2, -2}, 0), f32({3}),
          "constant_pad1d 'part': padding: expected to crop no more than there is in dimension 0 of 3, got -2 and -2");
  refuses(nn::ZeroPad1d(1), f32({}), "zero_pad1d 'part': input: expected at least 1 dimension, got 0 in scalar");
  refuses(nn::ZeroPad2d(1), f32({3}), "zero_pad2d 'part': input: expected at least 2 dimensions, got 1 in 3");
  refuses(nn::ZeroPad3d(1), f32({3, 3}), "zero_pad3d 'part': input: expected at least 3 dimensions, got 2 in 3x3");
  refuses(nn::ReflectionPad1d(3), f32({2, 3}),
          "reflection_pad1d 'part': padding: expected at most 2 for reflection in dimension 1 of 2x3, got 3 and 3");
  refuses(nn::ReflectionPad1d(1), f32({3}),
          "reflection_pad1d 'part': input: expected 3 or 2 dimensions (batch, channels, 1 spatial; batch may be "
          "missing), got 1 in 3");
  refuses(nn::ReflectionPad2d({1, 1, 4, 0}), f32({2, 4, 3}),
          "reflection_pad2d 'part': padding: expected at most 3 for reflection in dimension 1 of 2x4x3, got 4 and 0");
  refuses(nn::ReflectionPad2d(1), f32({2, 4}),
          "reflection_pad2d 'part': input: expected 4 or 3 dimensions (batch, channels, 2 spatial; batch may be "
          "missing), got 2 in 2x4");
  refuses(nn::ReflectionPad3d(1), f32({2, 4, 3}),
          "reflection_pad3d 'part': input: expected 5 or 4 dimensions (batch, channels, 3 spatial; batch may be "
          "missing), got 3 in 2x4x3");
  refuses(nn::ReplicationPad1d(1), f32({3}),
          "replication_pad1d 'part': input: expected 3 or 2 dimensions (batch, channels, 1 spatial; batch may be "
          "missing), got 1 in 3");
  refuses(nn::ReplicationPad2d(1), f32({1, 0, 3}),
          "replication_pad2d 'part': padding: expected an element to replicate in dimension 1 of 1x0x3, got 1 and 1");
  refuses(nn::ReplicationPad3d(1), f32({2, 4, 3}),
          "replication_pad3d 'part': input: expected 5 or 4 dimensions (batch, channels, 3 spatial; batch may be "
          "missing), got 3 in 2x4x3");
  refuses(nn::CircularPad1d(4), f32({1, 3}),
          "circular_pad1d 'part': padding: expected at most 3 to wrap around once in dimension 1 of 1x3, got 4 and 4");
  refuses(nn::CircularPad2d(1), f32({3, 3}),
          "circular_pad2d 'part': input: expected 4 or 3 dimensions (batch, channels, 2 spatial; batch may be "
          "missing), got 2 in 3x3");
  refuses(nn::CircularPad3d(1), f32({3, 3, 3}),
          "circular_pad3d 'part': input: expected 5 or 4 dimensions (batch, channels, 3 spatial; batch may be "
          "missing), got 3 in 3x3x3");

  // normalization
  refuses(nn::BatchNorm1d(3), f32({2, 4}), "batch_norm1d 'part': input: expected 3 channels, got 4 in 2x4");
  refuses(nn::BatchNorm1d(3), f32({2, 3, 4, 4}),
          "batch_norm1d 'part': input: expected 2 or 3 dimensions (batch, channels, 1 spatial), got 4 in 2x3x4x4");
  refuses(nn::BatchNorm1d(3), f32({1, 3}),
          "batch_norm1d 'part': input: expected more than 1 value per channel in training, got 1 in 1x3");
  refuses(nn::BatchNorm1d(3), f64({2, 3}), "batch_norm1d 'part': input: expected f32 as weight, got f64");
  refuses(nn::BatchNorm2d(3), f32({2, 4, 5, 5}), "batch_norm2d 'part': input: expected 3 channels, got 4 in 2x4x5x5");
  refuses(nn::BatchNorm2d(3), f32({2, 3, 5}),
          "batch_norm2d 'part': input: expected 4 dimensions (batch, channels, 2 spatial), got 3 in 2x3x5");
  refuses(nn::BatchNorm2d(3), i64({2, 3, 5, 5}), "batch_norm2d 'part': input: expected a float tensor, got i64");
  refuses(nn::BatchNorm3d(3), f32({2, 3, 5, 5}),
          "batch_norm3d 'part': input: expected 5 dimensions (batch, channels, 3 spatial), got 4 in 2x3x5x5");
  refuses(nn::InstanceNorm1d(3), f32({3}),
          "instance_norm1d 'part': input: expected 3 or 2 dimensions (batch, channels, 1 spatial; batch may be "
          "missing), got 1 in 3");
  refuses(nn::InstanceNorm1d(3), f32({2, 3, 1}),
          "instance_norm1d 'part': input: expected more than 1 value per channel in training, got 1 in 2x3x1");
  refuses(nn::InstanceNorm2d(3), f32({2, 4, 5, 5}),
          "instance_norm2d 'part': input: expected 3 channels, got 4 in 2x4x5x5");
  refuses(nn::InstanceNorm2d(3), i64({2, 3, 5, 5}), "instance_norm2d 'part': input: expected a float tensor, got i64");
  refuses(nn::InstanceNorm3d(3), f32({2, 3, 5}),
          "instance_norm3d 'part': input: expected 5 or 4 dimensions (batch, channels, 3 spatial; batch may be "
          "missing), got 3 in 2x3x5");
  refuses(nn::LayerNorm({3, 4}), f32({2, 3, 5}), "layer_norm 'part': input: expected last dimensions 3x4, got 2x3x5");
  refuses(nn::LayerNorm(4), f32({}), "layer_norm 'part': input: expected last dimensions 4, got scalar");
  refuses(nn::LayerNorm(4), f64({2, 4}), "layer_norm 'part': input: expected f32 as weight, got f64");
  refuses(nn::LayerNorm(4), i64({2, 4}), "layer_norm 'part': input: expected a float tensor, got i64");
  refuses(nn::GroupNorm(2, 4), f32({2, 6, 5}),
          "group_norm 'part': input: expected batch and 4 channels first, got 2x6x5");
  refuses(nn::GroupNorm(2, 4), f32({4}), "group_norm 'part': input: expected batch and 4 channels first, got 4");
  refuses(nn::GroupNorm(2, 4), f64({2, 4}), "group_norm 'part': input: expected f32 as weight, got f64");
  refuses(nn::RMSNorm(4), f32({2, 5}), "rms_norm 'part': input: expected last dimensions 4, got 2x5");
  refuses(nn::RMSNorm(4), f64({2, 4}), "rms_norm 'part': input: expected f32 as weight, got f64");
  refuses(nn::RMSNorm(4), i64({2, 4}), "rms_norm 'part': input: expected a float tensor, got i64");

  // recurrent
  refuses(nn::RNN(3, 4), f32({5, 2, 4}),
          "rnn 'part': input: expected 2 or 3 dimensions with 3 features last, got 5x2x4");
  refuses(nn::RNN(3, 4), f32({3}), "rnn 'part': input: expected 2 or 3 dimensions with 3 features last, got 3");
  refuses(nn::RNN(3, 4), f64({5, 2, 3}), "rnn 'part': input: expected f32 as weight_ih_l0, got f64");
  refuses(nn::RNN(3, 4), f32({5, 2, 3}), f32({2, 2, 4}),
          "rnn 'part': h_0: expected 1x2x4 (num_layers * directions, batch, features), got 2x2x4");
  refuses(nn::LSTM(3, 4), f32({5, 2, 4}),
          "lstm 'part': input: expected 2 or 3 dimensions with 3 features last, got 5x2x4");
  refuses(nn::LSTM(3, 4), f32({0, 2, 3}), "lstm 'part': input: expected at least 1 step, got 0 in 0x2x3");
  refuses(nn::GRU(3, 4), f32({5, 2, 4}),
          "gru 'part': input: expected 2 or 3 dimensions with 3 features last, got 5x2x4");
  refuses(nn::GRU(3, 4), f32({5, 2, 3}), f32({1, 3, 4}),
          "gru 'part': h_0: expected 1x2x4 (num_layers * directions, batch, features), got 1x3x4");
  refuses(nn::RNNCell(3, 4), f32({2, 4}),
          "rnn_cell 'part': input: expected 1 or 2 dimensions with 3 features last, got 2x4");
  refuses(nn::RNNCell(3, 4), f32({2, 3}), f32({3, 4}),
          "rnn_cell 'part': hx: expected 2x4 (batch, hidden_size), got 3x4");
  refuses(nn::LSTMCell(3, 4), f32({1, 2, 3}),
          "lstm_cell 'part': input: expected 1 or 2 dimensions with 3 features last, got 1x2x3");
  refuses(nn::GRUCell(3, 4), i64({2, 3}), "gru_cell 'part': input: expected f32 as weight_ih, got i64");

  // embedding, dropout
  refuses(nn::Embedding(5, 3), f32({2}), "embedding 'part': input: expected i64 or i32, got f32");
  refuses(nn::Embedding(5, 3), i1({2}), "embedding 'part': input: expected i64 or i32, got i1");
  refuses(nn::Embedding(5, 3, {.max_norm = 1}), f32({2}), "embedding 'part': input: expected i64 or i32, got f32");
  refuses(nn::Dropout(), i64({2}), "dropout 'part': input: expected a float tensor, got i64");
  refuses(nn::Dropout1d(), f32({2}),
          "dropout1d 'part': input: expected 3 or 2 dimensions (batch, channels, 1 spatial; batch may be missing), got "
          "1 in 2");
  refuses(nn::Dropout2d(), f32({2, 3}),
          "dropout2d 'part': input: expected 3 or 4 dimensions (batch, channels, spatial), got 2 in 2x3");
  refuses(nn::Dropout3d(), f32({2, 3, 4}),
          "dropout3d 'part': input: expected 5 or 4 dimensions (batch, channels, 3 spatial; batch may be missing), got "
          "3 in 2x3x4");

  // activations with shapes or arguments of their own
  refuses(nn::PReLU(3), f32({2, 4}), "prelu 'part': weight: expected 1 or 4 elements for the channels of 2x4, got 3");
  refuses(nn::PReLU(), f64({2, 4}), "prelu 'part': input: expected f32 as weight, got f64");
  refuses(nn::RReLU(1, 0), f32({2, 4}), "rrelu 'part': lower: expected at most upper 0, got 1");
  refuses(nn::CELU(0), f32({2}), "celu 'part': alpha: expected a value other than 0, got 0");
  refuses(nn::Softshrink(-1), f32({2}), "softshrink 'part': lambda: expected at least 0, got -1");
  refuses(nn::GLU(), f32({2, 3}), "glu 'part': input: expected an even size in dimension -1, got 2x3");
  refuses(nn::GLU(2), f32({2, 4}), "glu 'part': dim: expected a dimension in [-2, 1], got 2");
  refuses(nn::Softmax(2), f32({2, 4}), "softmax 'part': dim: expected a dimension in [-2, 1], got 2");
  refuses(nn::Softmax(0), i64({2, 4}), "softmax 'part': input: expected a float tensor, got i64");
  refuses(nn::LogSoftmax(-3), f32({2, 4}), "log_softmax 'part': dim: expected a dimension in [-2, 1], got -3");
  refuses(nn::Softmin(1), f32({4}), "softmin 'part': dim: expected a dimension in [-1, 0], got 1");
  refuses(nn::Softmax2d(), f32({2, 4}), "softmax2d 'part': input: expected 3 or 4 dimensions, got 2 in 2x4");
  refuses(nn::ELU(), i64({2}), "elu 'part': input: expected a float tensor, got i64");
  refuses(nn::LogSigmoid(), i64({2}), "logsigmoid 'part': input: expected a float tensor, got i64");
  refuses(nn::ReLU(), i1({2}), "relu 'part': input: expected a float tensor, got i1");
  refuses(nn::SELU(), i64({2}), "selu 'part': input: expected a float tensor, got i64");
  refuses(nn::Sigmoid(), i64({2}), "sigmoid 'part': input: expected a float tensor, got i64");
  refuses(nn::SiLU(), i64({2}), "silu 'part': input: expected a float tensor, got i64");
  refuses(nn::Mish(), i64({2}), "mish 'part': input: expected a float tensor, got i64");
  refuses(nn::Softsign(), i1({2}), "softsign 'part': input: expected a float tensor, got i1");
  refuses(nn::Tanh(), i64({2}), "tanh 'part': input: expected a float tensor, got i64");
  refuses(nn::Tanhshrink(), i64({2}), "tanhshrink 'part': input: expected a float tensor, got i64");
}

TEST_CASE("errors: losses", "[nn]") {
  refuses(nn::L1Loss(), f32({2, 3}), f32({3, 2}), "l1_loss 'part': target: expected 2x3 as input, got 3x2");
  refuses(nn::MSELoss(), f32({2, 3}), f32({2}), "mse_loss 'part': target: expected 2x3 as input, got 2");
  refuses(nn::MSELoss(), i64({2, 3}), i64({2, 3}), "mse_loss 'part': input: expected a float tensor, got i64");
  refuses(nn::SmoothL1Loss(), f32({2, 3}), f32({2}), "smooth_l1_loss 'part': target: expected 2x3 as input, got 2");
  refuses(nn::SmoothL1Loss(nn::Reduction::mean, -1), f32({2}), f32({2}),
          "smooth_l1_loss 'part': beta: expected at least 0, got -1");
  refuses(nn::HuberLoss(), f32({2, 3}), f32({2}), "huber_loss 'part': target: expected 2x3 as input, got 2");
  refuses(nn::HuberLoss(nn::Reduction::mean, 0), f32({2}), f32({2}),
          "huber_loss 'part': delta: expected more than 0, got 0");
  refuses(nn::NLLLoss(), f32({4, 3}), i64({5}), "nll_loss 'part': target: expected 4 labels for 4x3, got 5");
  refuses(nn::NLLLoss(), f32({4, 3}), f32({4}), "nll_loss 'part': target: expected i64 or i32 class numbers, got f32");
  refuses(nn::NLLLoss(), f32({}), i64({}),
          "nll_loss 'part': input: expected at least 1 dimension (classes), got a scalar");
  refuses(nn::NLLLoss(), i64({4, 3}), i64({4}), "nll_loss 'part': input: expected a float tensor, got i64");
  refuses(nn::NLLLoss({.weight = Array({4})}), f32({4, 3}), i64({4}),
          "nll_loss 'part': weight: expected 3 values, one a class, got 4");
  refuses(nn::CrossEntropyLoss(), f32({4, 3}), i64({5}),
          "cross_entropy 'part': target: expected 4 labels for 4x3, got 5");
  refuses(nn::CrossEntropyLoss(), f32({4, 3, 2, 2}), i64({4, 2}),
          "cross_entropy 'part': target: expected 4x2x2 labels for 4x3x2x2, got 4x2");
  refuses(nn::CrossEntropyLoss(), f32({4, 3}), i1({4}),
          "cross_entropy 'part': target: expected i64 or i32 class numbers, got i1");
  refuses(nn::CrossEntropyLoss(), f32({4, 3}), f32({4}), "cross_entropy 'part': target: expected 4x3 as input, got 4");
  refuses(nn::CrossEntropyLoss(), f32({}), i64({}),
          "cross_entropy 'part': input: expected at least 1 dimension (classes), got a scalar");
  refuses(nn::CrossEntropyLoss(), i64({4, 3}), i64({4}),
          "cross_entropy 'part': input: expected a float tensor, got i64");
  refuses(nn::CrossEntropyLoss({.weight = Array({2})}), f32({4, 3}), i64({4}),
          "cross_entropy 'part': weight: expected 3 values, one a class, got 2");
  refuses(nn::CrossEntropyLoss({.label_smoothing = 1.5}), f32({4, 3}), i64({4}),
          "cross_entropy 'part': label_smoothing: expected a value in [0, 1], got 1.5");
  refuses(nn::BCEWithLogitsLoss(), f32({4, 3}), f32({4}),
          "binary_cross_entropy_with_logits 'part': target: expected 4x3 as input, got 4");
  refuses(nn::BCEWithLogitsLoss({.weight = Array({2})}), f32({4, 3}), f32({4, 3}),
          "binary_cross_entropy_with_logits 'part': weight: expected a shape that broadcasts to 4x3, got 2");
  refuses(nn::BCEWithLogitsLoss({.pos_weight = Array({2})}), f32({4, 3}), f32({4, 3}),
          "binary_cross_entropy_with_logits 'part': pos_weight: expected a shape that broadcasts to 4x3, got 2");
}

TEST_CASE("errors: attention", "[nn]") {
  auto attends = [](const nn::MultiheadAttention &layer, Spec query, Spec key, Spec value, const std::string &expected,
                    std::function<nn::MultiheadAttentionCall(Tensor)> options = {}, Spec mask = f32({}),
                    Where where = Where::current()) {
    struct : nn::Module {
    } net;
    nn::MultiheadAttention part = net.module("part", layer);
    constexpr unsigned line = __LINE__ + 3;
    auto f = [&](Tensor q, Tensor k, Tensor v, Tensor m) {
      auto given = options ? options(m) : nn::MultiheadAttentionCall{};
      return part(q, k, v, given).first;
    };
    compare(withoutPlace(errorOf([&] { trace(asTensorFunction(f), {query, key, value, mask}); }), line), expected,
            where);
  };
  nn::MultiheadAttention layer(4, 2);
  attends(layer, f32({3, 1, 5}), f32({3, 1, 4}), f32({3, 1, 4}),
          "multihead_attention 'part': query: expected 2 or 3 dimensions with 4 features last, got 3x1x5");
  attends(layer, f32({3}), f32({3, 1, 4}), f32({3, 1, 4}),
          "multihead_attention 'part': query: expected 2 or 3 dimensions with 4 features last, got 3");
  attends(layer, f32({3, 1, 4}), f32({3, 4}), f32({3, 1, 4}),
          "multihead_attention 'part': key: expected 3 dimensions with 4 features last, got 3x4");
  attends(layer, f32({3, 1, 4}), f32({3, 1, 4}), f32({3, 1, 5}),
          "multihead_attention 'part': value: expected 3 dimensions with 4 features last, got 3x1x5");
  attends(layer, f32({3, 1, 4}), f32({3, 2, 4}), f32({3, 2, 4}),
          "multihead_attention 'part': key: expected batch 1 and 3 positions, got batch 2 and 3");
  attends(layer, f32({3, 1, 4}), f32({5, 1, 4}), f32({3, 1, 4}),
          "multihead_attention 'part': value: expected batch 1 and 5 positions, got batch 1 and 3");
  attends(layer, f64({3, 1, 4}), f32({3, 1, 4}), f32({3, 1, 4}),
          "multihead_attention 'part': query: expected f32 as out_proj.weight, got f64");
  attends(
      layer, f32({3, 1, 4}), f32({3, 1, 4}), f32({3, 1, 4}),
      "multihead_attention 'part': attn_mask: expected 3x3 or 2x3x3, got 2x2",
      [](Tensor m) { return nn::MultiheadAttentionCall{.attn_mask = m}; }, f32({2, 2}));
  attends(
      layer, f32({3, 1, 4}), f32({3, 1, 4}), f32({3, 1, 4}),
      "multihead_attention 'part': key_padding_mask: expected 1x3, got 3x1",
      [](Tensor m) { return nn::MultiheadAttentionCall{.key_padding_mask = m}; }, i1({3, 1}));
  attends(
      layer, f32({3, 1, 4}), f32({3, 1, 4}), f32({3, 1, 4}),
      "multihead_attention 'part': key_padding_mask: expected booleans or floats, got i64",
      [](Tensor m) { return nn::MultiheadAttentionCall{.key_padding_mask = m}; }, i64({1, 3}));

  auto scaled = [](std::vector<Spec> inputs, nn::ScaledDotProductAttentionOptions options, const std::string &expected,
                   Where where = Where::current()) {
    constexpr unsigned line = __LINE__ + 4;
    auto f = [&](const std::vector<Tensor> &x) {
      if (x.size() > 3)
        options.attn_mask = x[3];
      return std::vector{nn::functional::scaled_dot_product_attention(x[0], x[1], x[2], options)};
    };
    compare(withoutPlace(errorOf([&] { trace(f, inputs); }), line), expected, where);
  };
  scaled({f32({4}), f32({3, 4}), f32({3, 4})}, {},
         "scaled_dot_product_attention: query: expected floats of at least 2 dimensions, got f32 4");
  scaled({f32({2, 4}), i64({3, 4}), f32({3, 4})}, {},
         "scaled_dot_product_attention: key: expected floats of at least 2 dimensions, got i64 3x4");
  scaled({f32({2, 4}), f32({3, 5}), f32({3, 4})}, {},
         "scaled_dot_product_attention: key: expected 4 features as query, got 5 in 3x5");
  scaled({f32({2, 4}), f32({3, 4}), f32({4, 4})}, {},
         "scaled_dot_product_attention: value: expected 3 positions as key, got 4 in 4x4");
  scaled({f32({2, 4}), f64({3, 4}), f32({3, 4})}, {},
         "scaled_dot_product_attention: key: expected f32 as query, got f64");
  scaled({f32({2, 4}), f32({3, 4}), f32({3, 4}), i1({3, 2})}, {},
         "scaled_dot_product_attention: attn_mask: expected a shape that broadcasts to (..., 2, 3), got 3x2");
  scaled({f32({2, 4}), f32({3, 4}), f32({3, 4}), i1({2, 3})}, {.is_causal = true},
         "scaled_dot_product_attention: attn_mask: expected none with is_causal, got 2x3");
  scaled({f32({2, 4}), f32({3, 4}), f32({3, 4})}, {.dropout_p = -1},
         "scaled_dot_product_attention: dropout_p: expected a probability in [0, 1], got -1");
  scaled(
      {f32({3, 2, 4}), f32({2, 3, 4}), f32({2, 3, 4})}, {.enable_gqa = true},
      "scaled_dot_product_attention: key: expected heads (dimension -3) that divide those of query 3x2x4, got 2x3x4");
}

TEST_CASE("errors: construction of layers", "[nn]") {
  refused([] { nn::Linear(-1, 3); }, "Linear: in_features: expected at least 0, got -1");
  refused([] { nn::Linear(3, -1); }, "Linear: out_features: expected at least 0, got -1");
  refused([] { nn::Bilinear(0, 3, 2); }, "Bilinear: in1_features: expected at least 1, got 0");
  refused([] { nn::Bilinear(3, -3, 2); }, "Bilinear: in2_features: expected at least 0, got -3");
  refused([] { nn::Bilinear(3, 3, -2); }, "Bilinear: out_features: expected at least 0, got -2");
  refused([] { nn::Conv1d(3, 4, 0); }, "Conv1d: kernel_size: expected at least 1, got 0");
  refused([] { nn::Conv1d(3, 4, {3, 3}); }, "Conv1d: kernel_size: expected 1 value, got 2");
  refused([] { nn::Conv2d(0, 4, 3); }, "Conv2d: in_channels: expected at least 1, got 0");
  refused([] { nn::Conv2d(3, -4, 3); }, "Conv2d: out_channels: expected at least 1, got -4");
  refused([] { nn::Conv2d(3, 4, {3, 3, 3}); }, "Conv2d: kernel_size: expected 1 or 2 values, got 3");
  refused([] { nn::Conv2d(3, 4, 3, {.stride = 0}); }, "Conv2d: stride: expected at least 1, got 0");
  refused([] { nn::Conv2d(3, 4, 3, {.padding = -1}); }, "Conv2d: padding: expected at least 0, got -1");
  refused([] { nn::Conv2d(3, 4, 3, {.padding = {1, 2, 3}}); }, "Conv2d: padding: expected 1 or 2 values, got 3");
  refused([] { nn::Conv2d(3, 4, 3, {.padding = "full"}); },
          "Conv2d: padding: expected sizes, 'same' or 'valid', got 'full'");
  refused([] { nn::Conv2d(3, 4, 3, {.stride = 2, .padding = "same"}); },
          "Conv2d: padding: 'same' expects stride 1, got stride (2, 2)");
  refused([] { nn::Conv2d(3, 4, 3, {.dilation = 0}); }, "Conv2d: dilation: expected at least 1, got 0");
  refused([] { nn::Conv2d(3, 4, 3, {.groups = 0}); }, "Conv2d: groups: expected at least 1, got 0");
  refused([] { nn::Conv2d(3, 4, 3, {.groups = 2}); }, "Conv2d: groups: expected a divisor of in_channels = 3, got 2");
  refused([] { nn::Conv2d(4, 5, 3, {.groups = 2}); }, "Conv2d: groups: expected a divisor of out_channels = 5, got 2");
  refused([] { nn::Conv3d(3, 4, {3, 3}); }, "Conv3d: kernel_size: expected 1 or 3 values, got 2");
  refused([] { nn::MaxPool1d(0); }, "MaxPool1d: kernel_size: expected at least 1, got 0");
  refused([] { nn::MaxPool2d({3, 3, 3}); }, "MaxPool2d: kernel_size: expected 1 or 2 values, got 3");
  refused([] { nn::MaxPool2d(3, {.stride = 0}); }, "MaxPool2d: stride: expected at least 1, got 0");
  refused([] { nn::MaxPool2d(3, {.padding = 2}); },
          "MaxPool2d: padding: expected at most half of the kernel's 3, got 2");
  refused([] { nn::MaxPool3d(3, {.dilation = 0}); }, "MaxPool3d: dilation: expected at least 1, got 0");
  refused([] { nn::AvgPool1d(2, {.divisor_override = 3}); },
          "AvgPool1d: divisor_override: expected none in one dimension, got 3");
  refused([] { nn::AvgPool2d(2, {.divisor_override = 0}); },
          "AvgPool2d: divisor_override: expected a number other than 0, got 0");
  refused([] { nn::AvgPool2d(2, {.padding = -1}); }, "AvgPool2d: padding: expected at least 0, got -1");
  refused([] { nn::AvgPool3d({1, 2}); }, "AvgPool3d: kernel_size: expected 1 or 3 values, got 2");
  refused([] { nn::AdaptiveAvgPool1d({2, 3}); }, "AdaptiveAvgPool1d: output_size: expected 1 value, got 2");
  refused([] { nn::AdaptiveAvgPool2d({2, 3, 4}); }, "AdaptiveAvgPool2d: output_size: expected 1 or 2 values, got 3");
  refused([] { nn::AdaptiveAvgPool3d(0); }, "AdaptiveAvgPool3d: output_size: expected at least 1, got 0");
  refused([] { nn::ConstantPad1d({1, 2, 3}, 0); }, "ConstantPad1d: padding: expected 1 or 2 values, got 3");
  refused([] { nn::ZeroPad2d({1, 2, 3}); }, "ZeroPad2d: padding: expected 1 or 4 values, got 3");
  refused([] { nn::ReflectionPad3d({1, 2}); }, "ReflectionPad3d: padding: expected 1 or 6 values, got 2");
  refused([] { nn::ReplicationPad1d({1, 2, 3}); }, "ReplicationPad1d: padding: expected 1 or 2 values, got 3");
  refused([] { nn::CircularPad2d({1, 2}); }, "CircularPad2d: padding: expected 1 or 4 values, got 2");
  refused([] { nn::BatchNorm1d(0); }, "BatchNorm1d: num_features: expected at least 1, got 0");
  refused([] { nn::BatchNorm2d(-3); }, "BatchNorm2d: num_features: expected at least 1, got -3");
  refused([] { nn::InstanceNorm3d(0); }, "InstanceNorm3d: num_features: expected at least 1, got 0");
  refused([] { nn::LayerNorm(Shape{}); }, "LayerNorm: normalized_shape: expected at least one size, got none");
  refused([] { nn::LayerNorm({3, -1}); }, "LayerNorm: normalized_shape: expected at least 1, got -1");
  refused([] { nn::LayerNorm(0); }, "LayerNorm: normalized_shape: expected at least 1, got 0");
  refused([] { nn::RMSNorm(Shape{}); }, "RMSNorm: normalized_shape: expected at least one size, got none");
  refused([] { nn::RMSNorm(-4); }, "RMSNorm: normalized_shape: expected at least 1, got -4");
  refused([] { nn::GroupNorm(0, 4); }, "GroupNorm: num_groups: expected at least 1, got 0");
  refused([] { nn::GroupNorm(2, 0); }, "GroupNorm: num_channels: expected at least 1, got 0");
  refused([] { nn::GroupNorm(3, 4); }, "GroupNorm: num_groups: expected a divisor of num_channels = 4, got 3");
  refused([] { nn::Dropout(1.5); }, "Dropout: p: expected a probability in [0, 1], got 1.5");
  refused([] { nn::Dropout1d(-0.5); }, "Dropout1d: p: expected a probability in [0, 1], got -0.5");
  refused([] { nn::Dropout2d(std::nan("")); }, "Dropout2d: p: expected a probability in [0, 1], got nan");
  refused([] { nn::Dropout3d(2); }, "Dropout3d: p: expected a probability in [0, 1], got 2");
  refused([] { nn::Embedding(0, 3); }, "Embedding: num_embeddings: expected at least 1, got 0");
  refused([] { nn::Embedding(4, -3); }, "Embedding: embedding_dim: expected at least 0, got -3");
  refused([] { nn::Embedding(4, 3, {.padding_idx = 4}); }, "Embedding: padding_idx: expected a row in [-4, 3], got 4");
  refused([] { nn::Embedding(4, 3, {.norm_type = 0}); }, "Embedding: norm_type: expected more than 0, got 0");
  refused([] { nn::Embedding::from_pretrained(Array({4})); },
          "Embedding.from_pretrained: embeddings: expected 2 dimensions, got 1 in 4");
  refused([] { nn::PReLU(0); }, "PReLU: num_parameters: expected at least 1, got 0");
  refused([] { nn::Hardtanh(1, 1); }, "Hardtanh: max_val: expected more than min_val 1, got 1");
  refused([] { nn::MultiheadAttention(5, 2); },
          "MultiheadAttention: embed_dim: expected a multiple of num_heads 2, got 5");
  refused([] { nn::MultiheadAttention(0, 2); }, "MultiheadAttention: embed_dim: expected at least 1, got 0");
  refused([] { nn::MultiheadAttention(4, 0); }, "MultiheadAttention: num_heads: expected at least 1, got 0");
  refused([] { nn::MultiheadAttention(4, 2, {.dropout = 2}); },
          "MultiheadAttention: dropout: expected a probability in [0, 1], got 2");
  refused([] { nn::MultiheadAttention(4, 2, {.kdim = 0}); }, "MultiheadAttention: kdim: expected at least 1, got 0");
  refused([] { nn::MultiheadAttention(4, 2, {.vdim = -1}); }, "MultiheadAttention: vdim: expected at least 1, got -1");
  refused([] { nn::RNN(0, 3); }, "RNN: input_size: expected at least 1, got 0");
  refused([] { nn::RNN(3, 4, {.num_layers = 0}); }, "RNN: num_layers: expected at least 1, got 0");
  refused([] { nn::LSTM(3, 0); }, "LSTM: hidden_size: expected at least 1, got 0");
  refused([] { nn::LSTM(3, 4, {.proj_size = 4}); },
          "LSTM: proj_size: expected 0 (no projection) or less than hidden_size 4, got 4");
  refused([] { nn::GRU(3, 4, {.dropout = 1.5}); }, "GRU: dropout: expected a probability in [0, 1], got 1.5");
  refused([] { nn::LSTM(3, 4).weights(1); }, "LSTM: layer: expected one in [0, 1), got 1");
  refused([] { nn::LSTM(3, 4).weights(0, true); },
          "LSTM: reverse: expected false in a layer that is not bidirectional, got true");
  refused([] { nn::RNNCell(0, 3); }, "RNNCell: input_size: expected at least 1, got 0");
  refused([] { nn::LSTMCell(3, 0); }, "LSTMCell: hidden_size: expected at least 1, got 0");
  refused([] { nn::GRUCell(-1, 3); }, "GRUCell: input_size: expected at least 1, got -1");
}

TEST_CASE("errors: modules and their names", "[nn]") {
  struct Part : nn::Module {};
  says(
      [] {
        Part part;
        part.module("a.b", nn::ReLU());
      },
      "Module: module name: expected a name without dots, got 'a.b'");
  says(
      [] {
        Part part;
        part.module("", nn::ReLU());
      },
      "Module: module name: expected a name without dots, got ''");
  says(
      [] {
        Part part;
        part.module("a", nn::ReLU());
        part.parameter("a", Array({1}));
      },
      "Module: parameter 'a': the name belongs to something else of this module");
  says(
      [] {
        Part part;
        part.module("self", part);
      },
      "Part: module 'self': a module cannot be a part of itself");
  says([] { nn::Linear(2, 3).to(DType::i64); }, "to: expected a floating type, got i64");
  says([] { nn::Linear(2, 3).weight.assign(Array({2, 3})); }, "assign: expected 3x2, got 2x3");
  says([] { nn::Linear(2, 3).weight.tie(nn::Linear(3, 2).weight); }, "tie: expected a parameter of 3x2, got 2x3");
  says([] { nn::Linear(2, 3, {.bias = false}).bias.value(); },
       "a parameter or buffer that is not there was used: check defined() first");
  says([] { nn::Linear(2, 3).weight.tensor(); }, "a parameter or random number was used outside a graph: call it "
                                                 "inside a function that is traced (evaluate, compile, train_step)");
  says([] { nn::Linear(2, 3).state_dict().at("wieght"); }, "state dict: no key 'wieght'");
  says([] { nn::Linear(2, 3).load_state_dict({{"weight", Array({3, 3})}, {"bais", Array({3})}}); },
       "load_state_dict: Linear: missing keys: \"bias\"; unexpected keys: \"bais\"; \"weight\": expected 3x2, got 3x3");
  says([] { nn::ModuleList({nn::ReLU()})[1]; }, "ModuleList: index: expected a position in [-1, 0], got 1");
  says([] { nn::ModuleDict()["a"]; }, "ModuleDict: no key 'a'");
  says(
      [] {
        trace([](const std::vector<Tensor> &x) { return std::vector{nn::AnyModule(nn::Bilinear(2, 2, 2))(x[0])}; },
              {f32({2, 2})});
      },
      "Bilinear: forward does not take 1 tensor and return tensors");
}

TEST_CASE("errors: initial values", "[nn]") {
  namespace init = nn::init;
  refused([] { init::uniform_(Array({2}), 1, 0); }, "uniform_: high: expected at least low 1, got 0");
  refused([] { init::normal_(Array({2}), 0, -1); }, "normal_: std: expected at least 0, got -1");
  refused([] { init::trunc_normal_(Array({2}), 0, 0); }, "trunc_normal_: std: expected more than 0, got 0");
  refused([] { init::trunc_normal_(Array({2}), 0, 1, 2, 1); }, "trunc_normal_: high: expected more than low 2, got 1");
  refused([] { init::zeros_(Array()); }, "constant_: target: expected an array, got none");
  refused([] { init::uniform_(Array()); }, "uniform_: target: expected an array, got none");
  refused([] { init::eye_(Array({2})); }, "eye_: target: expected 2 dimensions, got 1 in 2");
  refused([] { init::dirac_(Array({2, 2})); }, "dirac_: target: expected 3 to 5 dimensions, got 2 in 2x2");
  refused([] { init::dirac_(Array({3, 2, 1}), 2); },
          "dirac_: groups: expected a divisor of the 3 output channels, got 2");
  refused([] { init::xavier_uniform_(Array({3})); },
          "xavier_uniform_: target: expected at least 2 dimensions, got 1 in 3");
  refused([] { init::xavier_normal_(Array({3})); },
          "xavier_normal_: target: expected at least 2 dimensions, got 1 in 3");
  refused([] { init::kaiming_uniform_(Array({3})); },
          "kaiming_uniform_: target: expected at least 2 dimensions, got 1 in 3");
  refused([] { init::kaiming_normal_(Array(Shape{})); },
          "kaiming_normal_: target: expected at least 2 dimensions, got 0 in scalar");
  refused([] { init::orthogonal_(Array({3})); }, "orthogonal_: target: expected at least 2 dimensions, got 1 in 3");
  refused([] { init::sparse_(Array({3}), 0.5); }, "sparse_: target: expected 2 dimensions, got 1 in 3");
  refused([] { init::sparse_(Array({3, 3}), 1.5); }, "sparse_: sparsity: expected a value in [0, 1], got 1.5");
  refused([] { init::fans({3}); }, "fans: shape: expected at least 2 dimensions, got 1 in 3");
}

TEST_CASE("errors: optimizers and schedules", "[nn]") {
  refused([] { optim::SGD({.lr = -1}); }, "SGD: lr: expected at least 0, got -1");
  refused([] { optim::SGD({.lr = std::nan("")}); }, "SGD: lr: expected at least 0, got nan");
  refused([] { optim::SGD({.momentum = -1}); }, "SGD: momentum: expected at least 0, got -1");
  refused([] { optim::SGD({.weight_decay = -1}); }, "SGD: weight_decay: expected at least 0, got -1");
  refused([] { optim::SGD({.nesterov = true}); }, "SGD: momentum: expected more than 0 with nesterov, got 0");
  refused([] { optim::SGD({.momentum = 0.9, .dampening = 0.1, .nesterov = true}); },
          "SGD: dampening: expected 0 with nesterov, got 0.1");
  refused([] { optim::SGD({}, {{{}, {.lr = -2}}}); }, "SGD: lr: expected at least 0, got -2");
  refused([] { optim::Adam({.lr = -1}); }, "Adam: lr: expected at least 0, got -1");
  refused([] { optim::Adam({.betas = {0.9, 1}}); }, "Adam: betas: expected a value in [0, 1), got 1");
  refused([] { optim::Adam({.betas = {-0.1, 0.9}}); }, "Adam: betas: expected a value in [0, 1), got -0.1");
  refused([] { optim::Adam({.eps = -1}); }, "Adam: eps: expected at least 0, got -1");
  refused([] { optim::AdamW({.weight_decay = -1}); }, "AdamW: weight_decay: expected at least 0, got -1");
  refused([] { optim::SGD().set_lr(-1); }, "set_lr: lr: expected at least 0, got -1");
  says([] { optim::SGD().set_lr(1, 3); }, "optimizer: group 3 is out of range, there are 1");
  says([] { optim::SGD().lr(1); }, "optimizer: group 1 is out of range, there are 1");
  optim::SGD sgd;
  refused([&] { optim::StepLR(sgd, 0); }, "StepLR: step_size: expected at least 1, got 0");
  refused([&] { optim::CosineAnnealingLR(sgd, 0); }, "CosineAnnealingLR: T_max: expected at least 1, got 0");
  refused([&] { optim::CosineAnnealingWarmRestarts(sgd, 0); },
          "CosineAnnealingWarmRestarts: T_0: expected at least 1, got 0");
  refused([&] { optim::CosineAnnealingWarmRestarts(sgd, 1, 0); },
          "CosineAnnealingWarmRestarts: T_mult: expected at least 1, got 0");
  refused([&] { optim::LinearLR(sgd, 0); }, "LinearLR: start_factor: expected a value in (0, 1], got 0");
  refused([&] { optim::LinearLR(sgd, 1, 2); }, "LinearLR: end_factor: expected a value in [0, 1], got 2");
  refused([&] { optim::ConstantLR(sgd, -1); }, "ConstantLR: factor: expected a value in [0, 1], got -1");
  refused([&] { optim::SequentialLR(sgd, {}, {}); }, "SequentialLR: schedules: expected at least one, got none");
  auto constant = std::make_shared<optim::ConstantLR>(sgd);
  refused([&] { optim::SequentialLR(sgd, {constant}, {3}); },
          "SequentialLR: milestones: expected 0 in ascending order, one fewer than schedules, got {3}");
  refused([&] { optim::SequentialLR(sgd, {constant, constant, constant}, {5, 3}); },
          "SequentialLR: milestones: expected 2 in ascending order, one fewer than schedules, got {5, 3}");
  nn::Linear other(2, 2);
  says(
      [&] {
        train_step(nn::Linear(2, 2), nn::MSELoss(), optim::SGD({}, {{{other.weight.variable()}, {}}}),
                   {f32({1, 2}), f32({1, 2})});
      },
      "optimizer: a group holds a parameter of 2x2 that is no trained parameter of the model");
}

TEST_CASE("errors: arrays and data", "[nn]") {
  says([] { Array({2, -1}); }, "array: expected sizes of at least 0, got 2x-1");
  says([] { Array({int64_t(1) << 40, int64_t(1) << 40}); },
       "array: expected at most 2^63-1 bytes, got 1099511627776x1099511627776 of f32");
  says([] { Array({int64_t(1) << 60, 2}); }, "array: expected at most 2^63-1 bytes, got 1152921504606846976x2 of f32");
  says([] { Array::of<float>({2, 2}, std::vector<float>{1, 2, 3}); }, "array: 2x2 has 4 elements, got 3");
  says([] { Array({2}).data<double>(); }, "array: its elements are f32, asked for as f64");
  says([] { Array().data<float>(); }, "array: expected data, got none");
  says([] { Array().toDoubles(); }, "array: expected data, got none");
  says([] { Array().fill(1); }, "array: expected data, got none");
  says([] { Array({2}).item(); }, "item: expected one element, got 2");
  says([] { Array({2}).at(2); }, "array: index 2 is out of range for 2");
  says([] { Array({2}).size(1); }, "array: dimension 1 is out of range for 2");
  says([] { Array({2, 3}).reshape({4}); }, "array: 4 does not hold the 6 elements of 2x3");
  says([] { Array({2, 3}).reshape({-2, -3}); }, "array: expected sizes of at least 0, got -2x-3");
  says([] { Array({2, 3}).rows(1, 3); }, "array: rows 1 to 3 are out of range for 2x3");
  says([] { Array({2}).copyFrom(Array({3})); }, "array: expected 2 of f32, got 3 of f32");
  says([] { data::ArrayDataset(Array({3, 2}), Array({2})); },
       "dataset: expected as many targets as inputs, got inputs 3x2 and targets 2");
  says([] { data::ArrayDataset(Array(), Array()); },
       "dataset: expected as many targets as inputs, got inputs scalar and targets scalar");
  says(
      [] {
        int64_t at = 3;
        data::ArrayDataset(Array({3, 2}), Array({3})).batch({&at, 1});
      },
      "dataset: example 3 is out of range, there are 3");
  says([] { data::TextDataset("abc", 0); }, "text: length: expected at least 1, got 0");
  says([] { data::TextDataset("abc", 3); }, "text: expected more than 3 characters, got 3");
  says([] { data::TextDataset("abcd", 2, "abc"); }, "text: character 100 at 3 is not in the vocabulary");
  says(
      [] {
        int64_t code = 9;
        data::TextDataset("abcd", 2).decode({&code, 1});
      },
      "text: code 9 is out of range [0, 4)");
  data::ArrayDataset three(Array({3, 2}), Array({3}));
  says([&] { data::Loader(three, {.batch_size = 0}); }, "loader: batch_size: expected at least 1, got 0");
  says([&] { data::Loader(three, {.prefetch = -1}); }, "loader: prefetch: expected at least 0, got -1");
  says([&] { data::Loader(data::ArrayDataset(Array({0, 2}), Array({0})), {}); },
       "loader: dataset: expected at least one example, got none");
  says([&] { data::Loader(three, {}).from(4); }, "loader: batch 4 is out of range, an epoch has 3");
  says([&] { data::Loader(std::shared_ptr<const data::Dataset>(), {}); }, "loader: dataset: expected one, got none");
  says([] { data::readIdx("/no/such/file"); }, "/no/such/file: cannot open: No such file or directory");
  says([] { data::readText("/no/such/file"); }, "/no/such/file: cannot open: No such file or directory");
  says([] { data::mnist("/no/such/folder"); },
       "/no/such/folder/train-images-idx3-ubyte.gz: cannot open: No such file or directory");
}

TEST_CASE("errors: tracing and training", "[nn]") {
  struct Mlp : nn::Module {
    nn::Linear fc = module("fc", nn::Linear(4, 3));
    Tensor forward(Tensor x) { return fc(x); }
  } net;
  nn::CrossEntropyLoss loss;
  optim::SGD sgd;
  refused([&] { train_step(net, loss, sgd, {f32({2, 4}), i64({3})}); },
          "cross_entropy: target: expected 2 labels for 2x3, got 3");
  refused([&] { train_step(nn::Linear(4, 3), loss, sgd, {f32({2, 5}), i64({2})}); },
          "linear: input: expected 4 features (weight is 3x4), got 5 in 2x5");
  refused([&] { train_step(nn::Sequential(nn::Linear(4, 3), nn::Linear(4, 3)), loss, sgd, {f32({2, 4}), i64({2})}); },
          "linear '1': input: expected 4 features (weight is 3x4), got 3 in 2x3");
  refused(
      [&] { train_step(net, nn::CrossEntropyLoss({.reduction = nn::Reduction::none}), sgd, {f32({2, 4}), i64({2})}); },
      "train_step: loss: expected a scalar, got 2");
  refused([&] { train_step(net, loss, sgd, {f32({2, 4})}); },
          "train_step: inputs: expected those of the model and then the target, got 1 in all");
  refused([&] { train_step(net, loss, sgd, {f32({2, 4}), f32({2, 4}), i64({2})}); },
          "train_step: inputs: expected those of the model and then the target, got 3 in all");
  says([&] { trace_forward(net, {f32({2, 4}), f32({2, 4})}); }, "the traced function takes 1 tensor, got 2 inputs");
  says([&] { trace_forward(net, {f32({2, -4})}); }, "trace: input 'x0': expected sizes of at least 0, got 2x-4");
  says([&] { trace_forward(net, {f32({int64_t(1) << 40, int64_t(1) << 40})}); },
       "trace: input 'x0': expected at most 2^40 elements, got 1099511627776x1099511627776");
  refused([&] { trace_forward(nn::Linear(4, 3), {f32({2, 5})}); },
          "linear: input: expected 4 features (weight is 3x4), got 5 in 2x5");
  refused([&] { compile(nn::Linear(4, 3), {f32({2, 5})}); },
          "linear: input: expected 4 features (weight is 3x4), got 5 in 2x5");
  says([&] { evaluate(nn::Linear(4, 3), Array({2, 5})); },
       "linear: input: expected 4 features (weight is 3x4), got 5 in 2x5");
  says([&] { evaluate(nn::Linear(4, 3), Array()); }, "evaluate: expected an array, got none");
  refused(
      [&] {
        trace(asTensorFunction([](Tensor x) { return broadcast_to(x, {int64_t(1) << 40, int64_t(1) << 40}); }),
              {f32({1, 1})});
      },
      "broadcast: expected a result of at most 2^40 elements, got 1099511627776x1099511627776");
  refused(
      [&] { trace(asTensorFunction([](Tensor x) { return zeros({int64_t(1) << 62}, x.dtype()); }), {f32({1, 1})}); },
      "constant: expected a result of at most 2^40 elements, got 4611686018427387904");
  refused([&] { trace(asTensorFunction([](Tensor x) { return reshape(x, {-1, -1}); }), {f32({4})}); },
          "reshape: shape: expected sizes of at least 0 and at most one -1, got -1x-1");
  refused([&] { trace(asTensorFunction([](Tensor x) { return reshape(x, {-2, -2}); }), {f32({4})}); },
          "reshape: shape: expected sizes of at least 0 and at most one -1, got -2x-2");
  says(
      [&] {
        trace(asTensorFunction([](Tensor x) {
                x.size(3);
                return x;
              }),
              {f32({1, 1})});
      },
      "size: dim: expected a dimension in [-2, 1], got 3 for 1x1");
  refused([&] { trace(asTensorFunction([](Tensor x) { return grad(x, {x})[0]; }), {f32({2})}); },
          "grad: loss: expected one element, got 2");
  says([&] { trace(asTensorFunction([](Tensor) { return Tensor(); }), {f32({2})}); }, "trace: result 0 has no value");
  says([&] { relu(Tensor()); }, "a tensor operation was used outside a graph: call it inside a function that is traced "
                                "(evaluate, compile, train_step)");
  says([&] { zeros({2}); }, "a tensor operation was used outside a graph: call it inside a function that is traced "
                            "(evaluate, compile, train_step)");
  says([&] { Function()(Array({1})); }, "a function that was never compiled was called");

  constexpr unsigned line = __LINE__ + 1;
  TrainStep step = train_step(net, loss, sgd, {f32({2, 4}, "images"), i64({2}, "labels")});
  Array images({2, 4}), labels({2}, DType::i64);
  says([&] { step(images); }, "train_step: expected 2 inputs, got 1");
  says([&] { step(images, Array({3}, DType::i64)); }, "train_step: labels: expected 2 of i64, got 3 of i64");
  says([&] { step(images, Array({2})); }, "train_step: labels: expected 2 of i64, got 2 of f32");
  says([&] { step(images, Array()); }, "train_step: labels: expected an array, got none");
  says([&] { step(Array({3, 4}), labels); }, "train_step: images: expected 2x4 of f32, got 3x4 of f32");
  std::vector<double> before = net.fc.weight.value().toDoubles();
  auto trains = [&](int64_t label, const std::string &expected, Where where = Where::current()) {
    labels.data<int64_t>()[1] = label;
    compare(withoutPlace(errorOf([&] { step(images, labels); }), line), expected, where);
    CHECK(net.fc.weight.value().toDoubles() == before); // nothing of the step was done
    CHECK(step.steps() == 0);
  };
  trains(3, "cross_entropy: target: index 3 at [1] is out of range [0, 3)");
  trains(-1, "cross_entropy: target: index -1 at [1] is out of range [0, 3)");

  // The same from a shipped object, and what else it is asked for wrongly.
  Folder folder;
  compile_ahead(folder / "step.so", {step});
  Loaded loaded = load(folder / "step.so");
  std::vector<Array> arguments{images, labels};
  for (const VariableRef &variable : step.traced().variables())
    arguments.push_back(variable->value.clone());
  compare(withoutPlace(errorOf([&] { loaded.call("train_step", arguments); }), line),
          "cross_entropy: target: index -1 at [1] is out of range [0, 3)", Where::current());
  compare(errorOf([&] { loaded.call("train", arguments); }).substr(folder.path.string().size()),
          "/step.so: no function 'train', there are: train_step", Where::current());
  says([&] { loaded.call("train_step", {images}); }, "train_step: labels: expected 2 of i64, got none");
  arguments[1] = Array({2});
  says([&] { loaded.call("train_step", arguments); }, "train_step: labels: expected 2 of i64, got 2 of f32");
  arguments[1] = Array();
  says([&] { loaded.call("train_step", arguments); }, "train_step: labels: expected 2 of i64, got none");
  says([&] { compile_ahead(folder / "none.so", {}); }, "compile_ahead: functions: expected at least one, got none");
  says([&] { compile_ahead(folder / "two.so", {step, step}); }, "compile_ahead: two functions are named 'train_step'");
  says([&] { compile_ahead("/no/such/folder/step.so", {step}); },
       "/no/such/folder/step.so: cannot write: No such file or directory");
  AheadOptions old;
  old.targets = {"i486"};
  says([&] { compile_ahead(folder / "step.so", {step}, old); },
       "target 'i486': expected a CPU with AVX2 and FMA (x86-64-v3 or later)");
  says([&] { load("/no/such/file.so"); },
       "/no/such/file.so: cannot load: cannot open shared object file: No such file or directory");
}

TEST_CASE("errors: checkpoints", "[nn]") {
  Folder folder;
  nn::Linear layer(2, 3), other(2, 2);
  std::string path = folder / "state.safetensors";
  std::vector<double> before = layer.weight.value().toDoubles();
  auto text = [&](const std::function<void()> &f) {
    std::string message = errorOf(f);
    return message.compare(0, path.size(), path) == 0 ? message.substr(path.size()) : message;
  };
  auto fits = [&](const nn::StateDict &state, const std::string &expected, Where where = Where::current()) {
    save_file(state, path);
    compare(text([&] { load(layer, path); }), expected, where);
    CHECK(layer.weight.value().toDoubles() == before);
  };
  fits({{"weight", Array({3, 2})}, {"bais", Array({3})}},
       ": does not fit the model\n  missing keys:\n    bias\n  unexpected keys:\n    bais");
  fits({{"weight", Array({2, 3})}, {"bias", Array({3}, DType::f64)}},
       ": does not fit the model\n  misshapen keys:\n    weight: expected 3x2 of f32, got 2x3 of f32\n    bias: "
       "expected 3 of f32, got 3 of f64");
  fits({}, ": does not fit the model\n  missing keys:\n    weight\n    bias");
  compare(text([&] { load(layer, path + ".none"); }), ".none: cannot open: No such file or directory",
          Where::current());
  std::ofstream(path) << "text";
  compare(text([&] { load(layer, path); }), ": truncated: expected at least 8 bytes, got 4", Where::current());
  compare(text([&] { load_file(path); }), ": truncated: expected at least 8 bytes, got 4", Where::current());
  compare(text([&] { load_npy(path); }), ": expected a .npy file, which begins with \\x93NUMPY", Where::current());
  says([&] { save(layer, "/dev/full"); }, "/dev/full: cannot write: No space left on device");
  says([&] { save(layer, "/no/such/folder/x"); }, "/no/such/folder/x: cannot write: No such file or directory");
  says([&] { save_npy(Array({2}), "/dev/full"); }, "/dev/full: cannot write: No space left on device");
  says([&] { save_file({{"a", Array()}}, "/dev/null"); }, "/dev/null: cannot write: 'a': expected an array, got none");
  says([&] { save_npy(Array(), "/dev/null"); }, "/dev/null: cannot write: expected an array, got none");
}
