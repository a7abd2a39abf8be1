// Attention. A mask that is added stands for every kind of mask: what does not take part has minus infinity.
#include "nnc/nn/Attention.h"
#include "nnc/nn/Axes.h"
#include "nnc/nn/Check.h"
#include "nnc/nn/Dropout.h"
#include "nnc/nn/init.h"
#include <cmath>
#include <fmt/format.h>

namespace nnc::nn {

static constexpr double infinity = std::numeric_limits<double>::infinity();

// (queries, keys) of numbers to add: 0 at and left of the diagonal, minus infinity to the right of it.
static Tensor causalMask(int64_t queries, int64_t keys, DType type, Where where) {
  Shape shape{queries, keys};
  Tensor seen = iota(shape, 1, DType::i64, where) <= iota(shape, 0, DType::i64, where);
  return select(seen, zeros(shape, type, where), full(shape, -infinity, type, where));
}
static void expectMask(const char *layer, const char *name, Tensor mask, Where where) {
  if (mask && mask.dtype() != DType::i1 && !isFloat(mask.dtype()))
    fail(layer, fmt::format("{}: expected booleans or floats, got {}", name, toString(mask.dtype())), where);
}
static Tensor added(Tensor mask, bool trueTakesPart, DType type, Where where) {
  if (mask.dtype() != DType::i1)
    return convert(mask, type, where);
  Tensor none = zeros(mask.shape(), type, where), hides = full(mask.shape(), -infinity, type, where);
  return trueTakesPart ? select(mask, none, hides) : select(mask, hides, none);
}

// The weights of attention before dropout; `bias` is undefined or added to the scores. With `zeroHidden`, rows that it
// masks whole are zeros, in value and gradient, and not NaN.
static Tensor attentionWeights(Tensor query, Tensor key, Tensor bias, double scale, bool zeroHidden, Where where) {
  Tensor scores = matmul(query * scale, transpose(key, -2, -1, where), where);
  if (!bias)
    return softmax(scores, -1, where);
  scores = scores + bias;
  if (!zeroHidden)
    return softmax(scores, -1, where);
  Tensor hidden = broadcast_like(amax(stop_gradient(bias), -1, true, where) == -infinity, scores, where);
  Tensor none = zerosLike(scores, where);
  return select(hidden, none, softmax(select(hidden, none, scores), -1, where));
}

Tensor functional::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value,
                                                ScaledDotProductAttentionOptions options, Where where) {
  const char *layer = "scaled_dot_product_attention";
  detail::expectProbability(layer, "dropout_p", options.dropout_p, where);
  for (auto [name, x] : {std::pair{"query", query}, std::pair{"key", key}, std::pair{"value", value}})
    if (x.rank() < 2 || !isFloat(x.dtype()))
      fail(layer,
           fmt::format("{}: expected floats of at least 2 dimensions, got {} {}", name, toString(x.dtype()),
                       toString(x.shape())),
           where);
  detail::expectType(layer, "key", key, "query", query, where);
  detail::expectType(layer, "value", value, "query", query, where);
  if (key.size(-1) != query.size(-1))
    fail(layer,
         fmt::format("key: expected {} features as query, got {} in {}", query.size(-1), key.size(-1),
                     toString(key.shape())),
         where);
  if (value.size(-2) != key.size(-2))
    fail(layer,
         fmt::format("value: expected {} positions as key, got {} in {}", key.size(-2), value.size(-2),
                     toString(value.shape())),
         where);
  if (options.is_causal && options.attn_mask)
    fail(layer, "attn_mask: expected none with is_causal, got " + toString(options.attn_mask.shape()), where);
  if (options.enable_gqa) {
    auto repeat = [&](const char *name, Tensor x) {
      if (query.rank() < 3 || x.rank() != query.rank() || query.size(-3) % x.size(-3) != 0)
        fail(layer,
             fmt::format("{}: expected heads (dimension -3) that divide those of query {}, got {}", name,
                         toString(query.shape()), toString(x.shape())),
             where);
      Shape shape = x.shape(), repeated = shape;
      size_t heads = shape.size() - 3;
      int64_t times = query.size(-3) / shape[heads];
      repeated.insert(repeated.begin() + int64_t(heads) + 1, times);
      shape[heads] *= times;
      return reshape(broadcast_to(unsqueeze(x, -3, where), repeated, where), shape, where);
    };
    key = repeat("key", key);
    value = repeat("value", value);
  }
  expectMask(layer, "attn_mask", options.attn_mask, where);
  int64_t queries = query.size(-2), keys = key.size(-2);
  Tensor bias;
  if (options.attn_mask) {
    Shape shape = options.attn_mask.shape();
    if (shape.size() < 2 || (shape.back() != keys && shape.back() != 1) ||
        (shape[shape.size() - 2] != queries && shape[shape.size() - 2] != 1))
      fail(layer,
           fmt::format("attn_mask: expected a shape that broadcasts to (..., {}, {}), got {}", queries, keys,
                       toString(shape)),
           where);
    bias = added(options.attn_mask, true, query.dtype(), where);
  } else if (options.is_causal) {
    bias = causalMask(queries, keys, query.dtype(), where);
  }
  double scale = options.scale.value_or(1 / std::sqrt(double(query.size(-1))));
  // the causal mask leaves every row its first key
  Tensor weights = attentionWeights(query, key, bias, scale, !options.is_causal, where);
  return matmul(functional::dropout(weights, options.dropout_p, true, where), value, where);
}

static int64_t expectSizes(int64_t embed, int64_t heads, double dropout, Where where) {
  const char *layer = "MultiheadAttention";
  detail::expectAtLeast(layer, "embed_dim", embed, 1, where);
  detail::expectAtLeast(layer, "num_heads", heads, 1, where);
  if (embed % heads)
    fail(layer, fmt::format("embed_dim: expected a multiple of num_heads {}, got {}", heads, embed), where);
  detail::expectProbability(layer, "dropout", dropout, where);
  return embed;
}

MultiheadAttention::MultiheadAttention(int64_t embed_dim, int64_t num_heads, MultiheadAttentionOptions options,
                                       Where where)
    : Layer("multihead_attention"), out_proj(expectSizes(embed_dim, num_heads, options.dropout, where), embed_dim,
                                             LinearOptions{.bias = options.bias, .dtype = options.dtype}),
      embed_(embed_dim), heads_(num_heads), kdim_(options.kdim.value_or(embed_dim)),
      vdim_(options.vdim.value_or(embed_dim)), options_(options) {
  detail::expectAtLeast("MultiheadAttention", "kdim", kdim_, 1, where);
  detail::expectAtLeast("MultiheadAttention", "vdim", vdim_, 1, where);
  auto weight = [&](const char *name, int64_t rows, int64_t columns) {
    Parameter made = parameter(name, Array({rows, columns}, options.dtype));
    init::xavier_uniform_(made);
    return made;
  };
  if (kdim_ == embed_ && vdim_ == embed_) {
    in_proj_weight = weight("in_proj_weight", 3 * embed_, embed_);
  } else {
    q_proj_weight = weight("q_proj_weight", embed_, embed_);
    k_proj_weight = weight("k_proj_weight", embed_, kdim_);
    v_proj_weight = weight("v_proj_weight", embed_, vdim_);
  }
  if (options.bias)
    in_proj_bias = parameter("in_proj_bias", Array({3 * embed_}, options.dtype));
  if (options.add_bias_kv) {
    bias_k = parameter("bias_k", Array({1, 1, embed_}, options.dtype));
    bias_v = parameter("bias_v", Array({1, 1, embed_}, options.dtype));
    init::xavier_normal_(bias_k);
    init::xavier_normal_(bias_v);
  }
  if (options.bias)
    init::zeros_(out_proj.bias);
  out_proj = module("out_proj", out_proj);
}

std::pair<Tensor, Tensor> MultiheadAttention::forward(Tensor query, Tensor key, Tensor value,
                                                      MultiheadAttentionCall options) const {
  const char *layer = "multihead_attention";
  Where where = Where::current();
  const bool batched = query.rank() == 3;
  auto check = [&](const char *name, Tensor x, int64_t features) {
    if ((x.rank() != 2 && x.rank() != 3) || x.rank() != query.rank() || x.size(-1) != features)
      fail(layer,
           fmt::format("{}: expected {} dimensions with {} features last, got {}", name,
                       x.opaque() == query.opaque() ? "2 or 3" : std::to_string(query.rank()), features,
                       toString(x.shape())),
           where);
    detail::expectType(layer, name, x, "out_proj.weight", out_proj.weight, where);
  };
  check("query", query, embed_);
  check("key", key, kdim_);
  check("value", value, vdim_);

  expectMask(layer, "attn_mask", options.attn_mask, where);
  expectMask(layer, "key_padding_mask", options.key_padding_mask, where);

  // All as (N, length, features).
  const bool self = query.opaque() == key.opaque() && key.opaque() == value.opaque();
  auto arrange = [&](Tensor x) { return !batched ? unsqueeze(x, 0) : options_.batch_first ? x : transpose(x, 0, 1); };
  query = arrange(query);
  key = self ? query : arrange(key);
  value = self ? query : arrange(value);
  const int64_t batch = query.size(0), queries = query.size(1), keys = key.size(1), width = embed_ / heads_;
  for (auto [name, x] : {std::pair{"key", key}, std::pair{"value", value}})
    if (x.size(0) != batch || x.size(1) != keys)
      fail(layer,
           fmt::format("{}: expected batch {} and {} positions, got batch {} and {}", name, batch, keys, x.size(0),
                       x.size(1)),
           where);

  Tensor q, k, v;
  auto bias = [&](int64_t part) {
    return in_proj_bias ? slice(in_proj_bias, 0, part * embed_, (part + 1) * embed_) : Tensor();
  };
  if (in_proj_weight && self) {
    std::vector<Tensor> parts =
        chunk(functional::linear(query, in_proj_weight, in_proj_bias ? in_proj_bias.tensor() : Tensor()), 3, -1);
    q = parts[0], k = parts[1], v = parts[2];
  } else {
    auto weight = [&](const Parameter &own, int64_t part) {
      return own ? own.tensor() : slice(in_proj_weight, 0, part * embed_, (part + 1) * embed_);
    };
    q = functional::linear(query, weight(q_proj_weight, 0), bias(0));
    k = functional::linear(key, weight(k_proj_weight, 1), bias(1));
    v = functional::linear(value, weight(v_proj_weight, 2), bias(2));
  }

  // Masks as one that is added, broadcast to (N, heads, L, S).
  Tensor mask;
  if (options.attn_mask) {
    Shape shape = options.attn_mask.shape(), flat{queries, keys}, whole{batch * heads_, queries, keys};
    if (shape != flat && shape != whole)
      fail(layer, fmt::format("attn_mask: expected {} or {}, got {}", toString(flat), toString(whole), toString(shape)),
           where);
    mask = added(options.attn_mask, false, q.dtype(), where);
    mask = reshape(mask, shape == flat ? Shape{1, 1, queries, keys} : Shape{batch, heads_, queries, keys});
  } else if (options.is_causal) {
    mask = reshape(causalMask(queries, keys, q.dtype(), where), {1, 1, queries, keys});
  }
  if (options.key_padding_mask) {
    Shape expected = batched ? Shape{batch, keys} : Shape{keys};
    if (options.key_padding_mask.shape() != expected)
      fail(layer,
           fmt::format("key_padding_mask: expected {}, got {}", toString(expected),
                       toString(options.key_padding_mask.shape())),
           where);
    Tensor padding = reshape(added(options.key_padding_mask, false, q.dtype(), where), {batch, 1, 1, keys});
    mask = mask ? mask + padding : padding;
  }

  auto alsoSeen = [&] { // one more key, which no mask hides
    if (mask)
      mask = pad(mask, {0, 0, 0, 0}, {0, 0, 0, 1});
  };
  if (bias_k) {
    k = cat({k, broadcast_to(bias_k, {batch, 1, embed_})}, 1);
    v = cat({v, broadcast_to(bias_v, {batch, 1, embed_})}, 1);
    alsoSeen();
  }
  auto heads = [&](Tensor x) { return permute(reshape(x, {batch, x.size(1), heads_, width}), {0, 2, 1, 3}); };
  q = heads(q), k = heads(k), v = heads(v);
  if (options_.add_zero_attn) {
    Tensor none = nnc::zeros({batch, heads_, 1, width}, q.dtype());
    k = cat({k, none}, 2);
    v = cat({v, none}, 2);
    alsoSeen();
  }

  Tensor weights = attentionWeights(q, k, mask, 1 / std::sqrt(double(width)), !options.need_weights, where);
  weights = functional::dropout(weights, options_.dropout, training(), where);
  Tensor y = reshape(permute(matmul(weights, v), {0, 2, 1, 3}), {batch, queries, embed_});
  y = out_proj(y);
  y = !batched ? squeeze(y, 0) : options_.batch_first ? y : transpose(y, 0, 1);
  if (!options.need_weights)
    return {y, Tensor()};
  if (options.average_attn_weights)
    weights = mean(weights, 1);
  return {y, batched ? weights : squeeze(weights, 0)};
}

} // namespace nnc::nn
