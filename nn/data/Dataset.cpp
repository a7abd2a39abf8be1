// Arrays, MNIST and text as datasets.
#include "nnc/nn/data/Dataset.h"
#include "nnc/frontend/AbiTypes.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/File.h"
#include "nnc/runtime/Idx.h"
#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>

namespace nnc::data {

ArrayDataset::ArrayDataset(Array inputs, Array targets) : inputs_(std::move(inputs)), targets_(std::move(targets)) {
  if (inputs_.rank() < 1 || targets_.rank() < 1 || inputs_.size(0) != targets_.size(0))
    throw Error(fmt::format("dataset: expected as many targets as inputs, got inputs {} and targets {}",
                            toString(inputs_.shape()), toString(targets_.shape())));
}

static Array gather(const Array &from, std::span<const int64_t> indices) {
  Shape shape = from.shape();
  shape[0] = int64_t(indices.size());
  Array rows(shape, from.dtype());
  int64_t bytes = from.size(0) ? from.bytes() / from.size(0) : 0;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || indices[i] >= from.size(0))
      throw Error(fmt::format("dataset: example {} is out of range, there are {}", indices[i], from.size(0)));
    std::memcpy(static_cast<char *>(rows.raw()) + int64_t(i) * bytes,
                static_cast<char *>(from.raw()) + indices[i] * bytes, size_t(bytes));
  }
  return rows;
}
std::pair<Array, Array> ArrayDataset::batch(std::span<const int64_t> indices) const {
  return {gather(inputs_, indices), gather(targets_, indices)};
}

Array readIdx(const std::string &path) {
  auto data = std::make_shared<runtime::TensorData>(runtime::readIdx(path));
  return Array::view(data->dims, fromAbiType(data->dtype, path), data->data.data(), data);
}

ArrayDataset mnist(const std::string &folder, MnistOptions options) {
  auto find = [&](const char *what) {
    std::string path = fmt::format("{}/{}-{}", folder, options.train ? "train" : "t10k", what);
    return std::filesystem::exists(path) ? path : path + ".gz";
  };
  std::string imagePath = find("images-idx3-ubyte"), labelPath = find("labels-idx1-ubyte");
  Array pixels = readIdx(imagePath), labels = readIdx(labelPath);
  if (pixels.rank() != 3 || pixels.dtype() != DType::u8)
    throw Error(fmt::format("{}: expected images of unsigned bytes in 3 dimensions, got {} of {}", imagePath,
                            toString(pixels.shape()), toString(pixels.dtype())));
  if (labels.rank() != 1 || labels.dtype() != DType::u8)
    throw Error(fmt::format("{}: expected labels of unsigned bytes in 1 dimension, got {} of {}", labelPath,
                            toString(labels.shape()), toString(labels.dtype())));
  if (labels.size(0) != pixels.size(0))
    throw Error(
        fmt::format("{}: expected {} labels for as many images, got {}", labelPath, pixels.size(0), labels.size(0)));
  Array images({pixels.size(0), 1, pixels.size(1), pixels.size(2)});
  std::array<float, 256> value;
  for (size_t pixel = 0; pixel < value.size(); ++pixel)
    value[pixel] = float((double(pixel) / 255 - options.mean) / options.deviation);
  auto from = pixels.data<uint8_t>();
  auto to = images.data<float>();
  for (size_t i = 0; i < from.size(); ++i)
    to[i] = value[from[i]];
  return {images, labels.to(DType::i64)};
}

std::string vocabularyOf(const std::string &text) {
  std::array<bool, 256> found{};
  for (char character : text)
    found[uint8_t(character)] = true;
  std::string vocabulary;
  for (size_t code = 0; code < found.size(); ++code)
    if (found[code])
      vocabulary += char(code);
  return vocabulary;
}

TextDataset::TextDataset(const std::string &text, int64_t length, TextOptions options)
    : vocabulary_(options.vocabulary.empty() ? vocabularyOf(text) : std::move(options.vocabulary)), length_(length),
      stride_(options.stride) {
  if (length < 1)
    throw Error(fmt::format("text: length: expected at least 1, got {}", length));
  if (stride_ < 1)
    throw Error(fmt::format("text: stride: expected at least 1, got {}", stride_));
  if (int64_t(text.size()) <= length)
    throw Error(fmt::format("text: expected more than {} characters, got {}", length, text.size()));
  codes_ = encode(text);
}
std::pair<Array, Array> TextDataset::batch(std::span<const int64_t> indices) const {
  Array inputs({int64_t(indices.size()), length_}, DType::i64), targets({int64_t(indices.size()), length_}, DType::i64);
  auto in = inputs.data<int64_t>(), out = targets.data<int64_t>();
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || indices[i] >= size())
      throw Error(fmt::format("text: window {} is out of range, there are {}", indices[i], size()));
    auto start = codes_.begin() + indices[i] * stride_;
    std::copy_n(start, length_, in.begin() + int64_t(i) * length_);
    std::copy_n(start + 1, length_, out.begin() + int64_t(i) * length_);
  }
  return {inputs, targets};
}
std::vector<int64_t> TextDataset::encode(const std::string &text) const {
  std::array<int64_t, 256> code;
  code.fill(-1);
  for (size_t i = 0; i < vocabulary_.size(); ++i)
    code[uint8_t(vocabulary_[i])] = int64_t(i);
  std::vector<int64_t> codes;
  codes.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    codes.push_back(code[uint8_t(text[i])]);
    if (codes.back() < 0)
      throw Error(fmt::format("text: character {} at {} is not in the vocabulary", int(uint8_t(text[i])), i));
  }
  return codes;
}
std::string TextDataset::decode(std::span<const int64_t> codes) const {
  std::string text;
  for (int64_t code : codes) {
    if (code < 0 || code >= int64_t(vocabulary_.size()))
      throw Error(fmt::format("text: code {} is out of range [0, {})", code, vocabulary_.size()));
    text += vocabulary_[size_t(code)];
  }
  return text;
}

std::string readText(const std::string &path) {
  auto bytes = runtime::readFile(path);
  return std::string(reinterpret_cast<const char *>(bytes.data()), bytes.size());
}

} // namespace nnc::data
