// Numbers for each axis, and batches of one.
#include "nnc/nn/Axes.h"
#include "nnc/ir/ops/Shape.h"
#include "nnc/nn/Print.h"
#include <fmt/format.h>

namespace nnc::nn {

std::string Axes::str() const { return single ? std::to_string(values.at(0)) : detail::tuple(values); }

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

std::vector<int64_t> detail::perAxis(std::string_view layer, std::string_view argument, const Axes &axes, size_t count,
                                     int64_t least, Where where) {
  std::vector<int64_t> values = axes.values;
  if (values.size() == 1)
    values.assign(count, values[0]);
  if (values.size() != count)
    fail(layer,
         fmt::format("{}: expected {}, got {}", argument, count == 1 ? "1 value" : fmt::format("1 or {} values", count),
                     values.size()),
         where);
  for (int64_t value : values)
    expectAtLeast(layer, argument, value, least, where);
  return values;
}

Tensor detail::batched(std::string_view layer, Tensor x, size_t spatial, bool &added, Where where) {
  int64_t rank = int64_t(spatial) + 2;
  if (x.rank() != rank && x.rank() != rank - 1)
    fail(layer,
         fmt::format(
             "input: expected {} or {} dimensions (batch, channels, {} spatial; batch may be missing), got {} in {}",
             rank, rank - 1, spatial, x.rank(), toString(x.shape())),
         where);
  added = x.rank() == rank - 1;
  return added ? unsqueeze(x, 0, where) : x;
}

} // namespace nnc::nn
