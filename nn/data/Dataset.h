// Datasets: numbered examples, each an input and a target, delivered in batches.
#pragma once
#include "nnc/frontend/Array.h"
#include <string>

namespace nnc::data {

class Dataset {
public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  /// The examples of these numbers, stacked along a first dimension: {inputs, targets}. Called from the loader's
  /// thread.
  virtual std::pair<Array, Array> batch(std::span<const int64_t> indices) const = 0;
};

/// Two arrays with the examples along the first dimension.
class ArrayDataset : public Dataset {
public:
  ArrayDataset(Array inputs, Array targets);
  int64_t size() const override { return inputs_.size(0); }
  std::pair<Array, Array> batch(std::span<const int64_t> indices) const override;
  /// Examples start..stop; shares them.
  ArrayDataset rows(int64_t start, int64_t stop) const {
    return {inputs_.rows(start, stop), targets_.rows(start, stop)};
  }
  const Array &inputs() const { return inputs_; }
  const Array &targets() const { return targets_; }

private:
  Array inputs_, targets_;
};

/// An IDX file, packed with gzip or not, as an array in the file's own element type.
Array readIdx(const std::string &path);

/// MNIST from its four files (with or without .gz) in `folder`: images N x 1 x 28 x 28 of f32, (pixel / 255 - mean) /
/// deviation, and labels N of i64.
struct MnistOptions {
  bool train = true;
  double mean = 0.1307, deviation = 0.3081;
};
ArrayDataset mnist(const std::string &folder, MnistOptions options = {});

/// The different characters of a text, sorted.
std::string vocabularyOf(const std::string &text);

struct TextOptions {
  std::string vocabulary = {}; // the characters that have a number; by default those of the text, sorted
  int64_t stride = 1;          // characters from one window to the next
};
/// Text as characters: windows of `length` characters, each with the same window one character later as its target.
class TextDataset : public Dataset {
public:
  /// Throws where the text holds a character without a number or is not longer than `length`.
  TextDataset(const std::string &text, int64_t length, TextOptions options = {});
  TextDataset(const std::string &text, int64_t length, std::string vocabulary)
      : TextDataset(text, length, TextOptions{.vocabulary = std::move(vocabulary)}) {}
  int64_t size() const override { return (int64_t(codes_.size()) - length_ - 1) / stride_ + 1; }
  std::pair<Array, Array> batch(std::span<const int64_t> indices) const override;
  const std::string &vocabulary() const { return vocabulary_; }
  std::vector<int64_t> encode(const std::string &text) const;
  std::string decode(std::span<const int64_t> codes) const;

private:
  std::string vocabulary_;
  std::vector<int64_t> codes_;
  int64_t length_, stride_;
};

/// A whole text file.
std::string readText(const std::string &path);

} // namespace nnc::data
