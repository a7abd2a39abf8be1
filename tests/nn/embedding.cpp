// Embedding against PyTorch; finite differences, initial values, errors.
#include "nnc/nn/Embedding.h"
#include "Layer.h"

#include <catch2/catch.hpp>

using namespace nnc;

template <class Options> static void setOptions(const golden::Case &c, Options &options) {
  c.set("padding_idx", options.padding_idx);
  c.set("max_norm", options.max_norm);
  c.set("norm_type", options.norm_type);
  c.set("scale_grad_by_freq", options.scale_grad_by_freq);
  c.set("sparse", options.sparse);
}

TEST_CASE("embedding agrees with PyTorch", "[nn]") {
  test::checkSection(
      "sparse", {{"Embedding",
                  [](const golden::Case &c, DType type) {
                    nn::EmbeddingOptions options{.dtype = type};
                    setOptions(c, options);
                    return test::Subject(
                        nn::Embedding(c.get<int64_t>("num_embeddings"), c.get<int64_t>("embedding_dim"), options));
                  }},
                 {"Embedding.from_pretrained", [](const golden::Case &c, DType type) {
                    nn::PretrainedOptions options;
                    setOptions(c, options);
                    options.freeze = !c.hasGradients();
                    auto layer = nn::Embedding::from_pretrained(test::toArray(c.at("param.weight"), type), options);
                    CHECK(layer.weight.requires_grad() == c.hasGradients());
                    return test::Subject(layer);
                  }}});
}

TEST_CASE("embedding: gradient agrees with finite differences", "[nn]") {
  test::checkFiniteDifferences(test::Subject(nn::Embedding(5, 3, {.dtype = DType::f64})),
                               {Array::of({2, 3}, std::vector<int64_t>{0, 4, 1, 1, 1, 2})});
}

TEST_CASE("embedding: padding begins as zeros, 32-bit numbers are numbers", "[nn]") {
  nn::Embedding embedding(4, 3, {.padding_idx = -1});
  CHECK(embedding.weight.value().rows(3, 4).toDoubles() == std::vector<double>{0, 0, 0});
  CHECK(embedding.weight.value().at(0) != 0);
  Array rows = evaluate(embedding, Array::of({2}, std::vector<int32_t>{3, 1}));
  CHECK(rows.rows(1, 2).toDoubles() == embedding.weight.value().rows(1, 2).toDoubles());
}

TEST_CASE("embedding: errors", "[nn]") {
  using Catch::Contains;
  nn::Embedding embedding(4, 3);
  for (int64_t bad : {int64_t(4), int64_t(-1), int64_t(1) << 40})
    CHECK_THAT(test::errorOf([&] { evaluate(embedding, Array::of({2}, std::vector<int64_t>{0, bad})); }),
               Contains("embedding") &&
                   Contains("input: index " + std::to_string(bad) + " at [1] is out of range [0, 4)"));
  CHECK_THAT(test::errorOf([&] { trace(asTensorFunction(embedding), {f32({2})}); }),
             Contains("embedding: input: expected i64 or i32, got f32"));
  CHECK(test::messageOf([] { nn::Embedding(4, 3, {.padding_idx = 4}); }) ==
        "Embedding: padding_idx: expected a row in [-4, 3], got 4");
}
