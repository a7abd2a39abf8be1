// The expectations that layers, losses and optimizers have of their arguments, so that all messages speak alike:
// `model.cpp:12:3: error: Linear: in_features: expected at least 0, got -1`.
#pragma once
#include "nnc/ir/Tensor.h"

namespace nnc::nn::detail {

/// Throws unless `value` is at least `least`.
void expectAtLeast(std::string_view layer, std::string_view argument, int64_t value, int64_t least, Where where);
/// Throws unless the argument has the element type of `as`, which the message calls by that name: a layer does not
/// convert its input.
void expectType(std::string_view layer, std::string_view argument, Tensor x, std::string_view name, Tensor as,
                Where where);
/// Throws unless `p` is in [0, 1].
void expectProbability(std::string_view layer, std::string_view argument, double p, Where where);

} // namespace nnc::nn::detail
