// Attention against PyTorch.
#include "nnc/nn/Attention.h"
#include "Layer.h"

#include <catch2/catch.hpp>

using namespace nnc;

// The case's input of that name among those of the call, or an undefined tensor.
static Tensor named(const golden::Case &c, const std::vector<Tensor> &x, std::string_view name) {
  for (size_t k = 0; k < c.inputs.size(); ++k)
    if (c.inputs[k] == name)
      return x[k];
  return Tensor();
}

TEST_CASE("attention agrees with PyTorch", "[nn]") {
  test::checkSection(
      "attention",
      {
          {"scaled_dot_product_attention",
           [](const golden::Case &c, DType) {
             nn::ScaledDotProductAttentionOptions options;
             c.set("dropout_p", options.dropout_p);
             c.set("is_causal", options.is_causal);
             c.set("scale", options.scale);
             c.set("enable_gqa", options.enable_gqa);
             return test::Subject([&c, options](const std::vector<Tensor> &x) mutable {
               options.attn_mask = named(c, x, "attn_mask");
               return std::vector<Tensor>{nn::functional::scaled_dot_product_attention(x[0], x[1], x[2], options)};
             });
           }},
          {"MultiheadAttention",
           [](const golden::Case &c, DType type) {
             nn::MultiheadAttentionOptions options{.dtype = type};
             c.set("dropout", options.dropout);
             c.set("bias", options.bias);
             c.set("add_bias_kv", options.add_bias_kv);
             c.set("add_zero_attn", options.add_zero_attn);
             c.set("kdim", options.kdim);
             c.set("vdim", options.vdim);
             c.set("batch_first", options.batch_first);
             nn::MultiheadAttention layer(c.get<int64_t>("embed_dim"), c.get<int64_t>("num_heads"), options);
             nn::MultiheadAttentionCall call;
             c.set("need_weights", call.need_weights);
             c.set("average_attn_weights", call.average_attn_weights);
             c.set("is_causal", call.is_causal);
             return test::Subject(layer, [&c, layer, call](const std::vector<Tensor> &x) mutable {
               Tensor query = named(c, x, "query"), key = named(c, x, "key"), value = named(c, x, "value");
               call.key_padding_mask = named(c, x, "key_padding_mask");
               call.attn_mask = named(c, x, "attn_mask");
               auto [y, weights] = layer(query, key ? key : query, value ? value : query, call);
               return weights ? std::vector<Tensor>{y, weights} : std::vector<Tensor>{y};
             });
           }},
      });
}

TEST_CASE("attention: causal without a mask of one's own", "[nn]") {
  nn::MultiheadAttention layer(4, 2, {.batch_first = true, .dtype = DType::f64});
  auto weights = compile([&](Tensor x) { return layer(x, x, x, {.is_causal = true}).second; },
                         {f64({1, 3, 4})})(test::randomArray({1, 3, 4}, 1));
  for (int64_t query = 0; query < 3; ++query)
    for (int64_t key = 0; key < 3; ++key)
      CHECK((weights[0].at(query * 3 + key) != 0) == (key <= query));
}

TEST_CASE("attention: errors name layer, argument, what was expected and what came", "[nn]") {
  CHECK(test::messageOf([] { nn::MultiheadAttention(5, 2); }) ==
        "MultiheadAttention: embed_dim: expected a multiple of num_heads 2, got 5");
  CHECK(test::messageOf([] { nn::MultiheadAttention(4, 2, {.dropout = 2}); }) ==
        "MultiheadAttention: dropout: expected a probability in [0, 1], got 2");
  nn::MultiheadAttention layer(4, 2);
  std::string message = test::errorOf([&] {
    trace(asTensorFunction([&](Tensor q, Tensor k) { return layer(q, k, k).first; }), {f32({3, 1, 4}), f32({3, 1, 5})});
  });
  CHECK(message.find("multihead_attention: key: expected 3 dimensions with 4 features last, got 3x1x5") !=
        std::string::npos);
}
