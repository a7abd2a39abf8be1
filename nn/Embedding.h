// Tables of vectors looked up by number (torch.nn.Embedding).
#pragma once
#include "nnc/nn/Module.h"

namespace nnc::nn {

struct EmbeddingOptions {
  std::optional<int64_t> padding_idx = std::nullopt; // negative ones count from the end
  std::optional<double> max_norm = std::nullopt;
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  bool sparse = false; // printed; the gradient has the same numbers, held for all rows
  DType dtype = DType::f32;
};
struct PretrainedOptions {
  bool freeze = true;
  std::optional<int64_t> padding_idx = std::nullopt;
  std::optional<double> max_norm = std::nullopt;
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  bool sparse = false;
};

namespace functional {
/// weight[indices]: indices (...) of i64 or i32, weight (count, width) -> (..., width). The row `padding_idx` gets no
/// gradient; with `scale_grad_by_freq` a row's gradient is divided by how often its number is in `indices`.
Tensor embedding(Tensor indices, Tensor weight, std::optional<int64_t> padding_idx = std::nullopt,
                 bool scale_grad_by_freq = false, Where where = Where::current());
} // namespace functional

/// torch.nn.Embedding: y[..., :] = weight[x[...], :]; weight (num_embeddings, embedding_dim) is standard normal at
/// first, but zero in the row of padding_idx, which is not trained. With max_norm the rows that are looked up are first
/// scaled, where they stand, to at most that norm of type norm_type. A number outside [0, num_embeddings) is an error
/// of the call.
class Embedding : public Layer<Embedding> {
public:
  Embedding(int64_t num_embeddings, int64_t embedding_dim, EmbeddingOptions options = {},
            Where where = Where::current());
  /// With given weights, which are not trained unless `freeze` is false.
  static Embedding from_pretrained(const Array &embeddings, PretrainedOptions options = {},
                                   Where where = Where::current());
  Tensor forward(Tensor indices) const;
  Parameter weight;

private:
  Embedding(Parameter weight, EmbeddingOptions options, Where where);
  EmbeddingOptions options_;
};

} // namespace nnc::nn
