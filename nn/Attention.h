// Attention (torch.nn: MultiheadAttention; torch.nn.functional: scaled_dot_product_attention).
#pragma once
#include "nnc/nn/Linear.h"

namespace nnc::nn {

struct ScaledDotProductAttentionOptions {
  Tensor attn_mask = {};  // broadcast to (..., L, S): boolean (true takes part) or a number added to the score
  double dropout_p = 0;   // of the weights, whenever it is not 0
  bool is_causal = false; // query i sees keys 0..i; not together with attn_mask
  std::optional<double> scale = {}; // 1/sqrt(E) where not given
  bool enable_gqa = false;          // key and value have fewer heads (dimension -3), each for a group of query heads
};

namespace functional {
/// softmax(query key^T * scale + mask) value over (..., L, E), (..., S, E), (..., S, Ev) -> (..., L, Ev). A row that is
/// masked whole gives zeros.
Tensor scaled_dot_product_attention(Tensor query, Tensor key, Tensor value,
                                    ScaledDotProductAttentionOptions options = {}, Where where = Where::current());
} // namespace functional

struct MultiheadAttentionOptions {
  double dropout = 0; // of the weights, in training
  bool bias = true;
  bool add_bias_kv = false;         // one more key and value that are parameters
  bool add_zero_attn = false;       // one more key and value of zeros
  std::optional<int64_t> kdim = {}; // features of key and value; embed_dim where not given
  std::optional<int64_t> vdim = {};
  bool batch_first = false; // (N, L, E) instead of (L, N, E)
  DType dtype = DType::f32;
};
struct MultiheadAttentionCall {
  Tensor key_padding_mask = {}; // (N, S), (S) without batch: boolean (true does not take part) or a number added
  bool need_weights = true;
  Tensor attn_mask = {}; // (L, S) or (N * num_heads, L, S): as key_padding_mask
  bool average_attn_weights = true;
  bool is_causal = false; // that attn_mask is the causal one; without attn_mask, applies it
};

/// What out_proj is, by the name PyTorch prints.
class NonDynamicallyQuantizableLinear : public Linear {
public:
  using Linear::Linear;
};

/// torch.nn.MultiheadAttention: out_proj(concatenated heads), head_i = scaled_dot_product_attention of its embed_dim /
/// num_heads features of query W_q^T, key W_k^T, value W_v^T. Query (L, N, E), key (S, N, kdim), value (S, N, vdim), or
/// all without N; results (L, N, E) and, where asked for, the weights (N, L, S), or (N, num_heads, L, S) where they are
/// not averaged. Projections are xavier_uniform, bias_k and bias_v xavier_normal, other biases 0 at first;
/// out_proj.weight as Linear's. A row that is masked whole gives NaN where weights are asked for, else zeros before
/// out_proj.
class MultiheadAttention : public Layer<MultiheadAttention> {
public:
  MultiheadAttention(int64_t embed_dim, int64_t num_heads, MultiheadAttentionOptions options = {},
                     Where where = Where::current());
  /// Result and weights; these are undefined where not asked for.
  std::pair<Tensor, Tensor> forward(Tensor query, Tensor key, Tensor value, MultiheadAttentionCall options = {}) const;
  std::pair<Tensor, Tensor> operator()(Tensor query, Tensor key, Tensor value, MultiheadAttentionCall options = {},
                                       Where where = Where::current()) const {
    return call(where, query, key, value, options);
  }
  Parameter in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, in_proj_bias, bias_k, bias_v;
  NonDynamicallyQuantizableLinear out_proj;

private:
  int64_t embed_, heads_, kdim_, vdim_;
  MultiheadAttentionOptions options_;
};

} // namespace nnc::nn
