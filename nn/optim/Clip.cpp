// Gradient clipping.
#include "nnc/nn/optim/Clip.h"
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace nnc::nn {

static Tensor norm(Tensor x, double p) {
  if (std::isinf(p))
    return amax(abs(x));
  if (p == 2)
    return sqrt(sum(square(x)));
  if (p == 1)
    return sum(abs(x));
  if (p == 0)
    return sum(convert(x != 0, x.dtype()));
  return pow(sum(pow(abs(x), p)), 1 / p);
}

Tensor clip_grad_norm_(std::vector<Tensor> &gradients, double max_norm, double norm_type, bool error_if_nonfinite,
                       Where where) {
  if (std::isnan(norm_type) || norm_type < 0)
    fail("clip_grad_norm_", fmt::format("norm_type: expected at least 0, got {}", norm_type), where);
  if (gradients.empty())
    return zeros({}, DType::f32, where);
  LayerScope scope("clip_grad_norm_", where);
  std::vector<Tensor> norms;
  for (Tensor gradient : gradients)
    norms.push_back(reshape(norm(gradient, norm_type), {1}, where));
  Tensor total = norm(cat(norms, 0, where), norm_type);
  if (error_if_nonfinite) // the check of an index is the one way for a graph to end its call
    check_index(1 - convert(total < std::numeric_limits<double>::infinity(), DType::i64, where), 1,
                "clip_grad_norm_: total norm: expected a finite number", std::nullopt, where);
  Tensor scale = minimum(max_norm / (total + 1e-6), 1.0);
  for (Tensor &gradient : gradients)
    gradient = gradient * convert(scale, gradient.dtype(), where);
  return total;
}
void clip_grad_value_(std::vector<Tensor> &gradients, double clip_value, Where where) {
  for (Tensor &gradient : gradients)
    gradient = clamp(gradient, -clip_value, clip_value, where);
}

} // namespace nnc::nn
