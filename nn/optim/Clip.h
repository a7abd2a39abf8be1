// Gradient clipping inside a training step.
#pragma once
#include "nnc/frontend/Graph.h"

namespace nnc::nn {

/// torch.nn.utils.clip_grad_norm_: scales the gradients in place by min(1, max_norm / (total + 1e-6)), where total is
/// the p-norm of the norms of all gradients (p = infinity: the largest magnitude). Returns the total norm. The norm is
/// taken over whole tensors in the gradients' type. With `error_if_nonfinite` a total that is infinite or NaN ends the
/// call of the compiled step with an error, before anything is updated.
Tensor clip_grad_norm_(std::vector<Tensor> &gradients, double max_norm, double norm_type = 2.0,
                       bool error_if_nonfinite = false, Where where = Where::current());
/// torch.nn.utils.clip_grad_value_: clamps every element to [-clip_value, clip_value].
void clip_grad_value_(std::vector<Tensor> &gradients, double clip_value, Where where = Where::current());

} // namespace nnc::nn
