// Argument checks.
#include "nnc/nn/Check.h"
#include <fmt/format.h>

namespace nnc::nn {

void detail::expectAtLeast(std::string_view layer, std::string_view argument, int64_t value, int64_t least,
                           Where where) {
  if (value < least)
    fail(layer, fmt::format("{}: expected at least {}, got {}", argument, least, value), where);
}
void detail::expectType(std::string_view layer, std::string_view argument, Tensor x, std::string_view name, Tensor as,
                        Where where) {
  if (as && x.dtype() != as.dtype())
    fail(layer, fmt::format("{}: expected {} as {}, got {}", argument, toString(as.dtype()), name, toString(x.dtype())),
         where);
}
void detail::expectProbability(std::string_view layer, std::string_view argument, double p, Where where) {
  if (!(p >= 0 && p <= 1))
    fail(layer, fmt::format("{}: expected a probability in [0, 1], got {}", argument, p), where);
}

} // namespace nnc::nn
