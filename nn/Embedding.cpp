// Embedding: a lookup, and around it what changes the table or its gradient.
#include "nnc/nn/Embedding.h"
#include "nnc/nn/Check.h"
#include "nnc/nn/Print.h"
#include "nnc/nn/init.h"
#include <cmath>
#include <fmt/format.h>

namespace nnc::nn {

// How often each row is asked for.
static Tensor countsOf(Tensor indices, int64_t rows, DType type, Where where) {
  Tensor flat = reshape(indices, {indices.numel()}, where);
  return scatter_add(zeros({rows}, type, where), flat, ones(flat.shape(), type, where), 0, where);
}

// An index that counts from the end if negative; throws where there is no such row.
static std::optional<int64_t> rowOf(std::string_view layer, std::optional<int64_t> index, int64_t rows, Where where) {
  if (index && (*index < -rows || *index >= rows))
    fail(layer, fmt::format("padding_idx: expected a row in [{}, {}], got {}", -rows, rows - 1, *index), where);
  return index && *index < 0 ? *index + rows : index;
}

static void expectIndices(Tensor indices, Where where) {
  if (indices.dtype() != DType::i64 && indices.dtype() != DType::i32)
    fail("embedding", fmt::format("input: expected i64 or i32, got {}", toString(indices.dtype())), where);
}

Tensor functional::embedding(Tensor indices, Tensor weight, std::optional<int64_t> padding_idx, bool scale_grad_by_freq,
                             Where where) {
  if (weight.rank() != 2)
    fail("embedding",
         fmt::format("weight: expected 2 dimensions, got {} in {}", weight.rank(), toString(weight.shape())), where);
  expectIndices(indices, where);
  int64_t rows = weight.size(0);
  padding_idx = rowOf("embedding", padding_idx, rows, where);
  indices = check_index(indices, rows, "input", std::nullopt, where);
  Tensor y = take(weight, indices, 0, where);
  if (scale_grad_by_freq) {
    Tensor share = unsqueeze(take(countsOf(indices, rows, weight.dtype(), where), indices, 0, where), -1, where);
    Tensor fixed = stop_gradient(y, where);
    // The value of y, the gradient of y / share.
    y = Operand(fixed, where) +
        Operand(Operand(Operand(y, where) - Operand(fixed, where), where) / Operand(share, where), where);
  }
  if (padding_idx) {
    Tensor isPadding = Operand(unsqueeze(indices, -1, where), where) == Operand(*padding_idx, where);
    y = select(broadcast_to(isPadding, y.shape(), where), Operand(stop_gradient(y, where), where), Operand(y, where));
  }
  return y;
}

// The table with the rows that are looked up scaled to at most max_norm.
static Tensor renormalized(Tensor weight, Tensor indices, double max_norm, double type) {
  weight = stop_gradient(weight);
  Tensor norms;
  if (std::isinf(type))
    norms = amax(abs(weight), 1, true);
  else if (type == 1)
    norms = sum(abs(weight), 1, true);
  else if (type == 2)
    norms = sqrt(sum(square(weight), 1, true));
  else
    norms = pow(sum(pow(abs(weight), type), 1, true), 1 / type);
  Tensor touched = unsqueeze(countsOf(indices, weight.size(0), weight.dtype(), Where::current()), -1) > 0;
  Tensor tooLong = broadcast_to(touched & (norms > max_norm), weight.shape());
  return select(tooLong, weight * (max_norm / (norms + 1e-7)), weight);
}

static Parameter initial(int64_t count, int64_t width, const EmbeddingOptions &options, Where where) {
  detail::expectAtLeast("Embedding", "num_embeddings", count, 1, where);
  detail::expectAtLeast("Embedding", "embedding_dim", width, 0, where);
  Array table({count, width}, options.dtype);
  init::normal_(table);
  if (auto row = rowOf("Embedding", options.padding_idx, count, where))
    table.rows(*row, *row + 1).fill(0);
  return Parameter(table);
}

Embedding::Embedding(int64_t num_embeddings, int64_t embedding_dim, EmbeddingOptions options, Where where)
    : Embedding(initial(num_embeddings, embedding_dim, options, where), options, where) {}

Embedding Embedding::from_pretrained(const Array &embeddings, PretrainedOptions o, Where where) {
  if (embeddings.rank() != 2)
    fail(
        "Embedding.from_pretrained",
        fmt::format("embeddings: expected 2 dimensions, got {} in {}", embeddings.rank(), toString(embeddings.shape())),
        where);
  return Embedding(Parameter(embeddings, !o.freeze),
                   {o.padding_idx, o.max_norm, o.norm_type, o.scale_grad_by_freq, o.sparse, embeddings.dtype()}, where);
}

Embedding::Embedding(Parameter table, EmbeddingOptions options, Where where)
    : Layer("embedding"), options_(std::move(options)) {
  weight = parameter("weight", std::move(table));
  options_.padding_idx = rowOf("Embedding", options_.padding_idx, weight.size(0), where);
  if (!(options_.norm_type > 0))
    fail("Embedding", fmt::format("norm_type: expected more than 0, got {}", options_.norm_type), where);
  std::string text = fmt::format("{}, {}", weight.size(0), weight.size(1));
  if (options_.padding_idx)
    text += fmt::format(", padding_idx={}", *options_.padding_idx);
  if (options_.max_norm)
    text += ", max_norm=" + detail::number(*options_.max_norm);
  if (options_.norm_type != 2)
    text += ", norm_type=" + detail::number(options_.norm_type);
  if (options_.scale_grad_by_freq)
    text += ", scale_grad_by_freq=True";
  if (options_.sparse)
    text += ", sparse=True";
  describe(text);
}

Tensor Embedding::forward(Tensor indices) const {
  if (options_.max_norm) {
    expectIndices(indices, Where::current());
    indices = check_index(indices, weight.size(0), "input");
    weight.update(renormalized(weight, indices, *options_.max_norm, options_.norm_type));
  }
  return functional::embedding(indices, weight, options_.padding_idx, options_.scale_grad_by_freq);
}

} // namespace nnc::nn
