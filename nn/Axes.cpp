// Numbers for each axis, and batches of one.
#include "nnc/nn/Axes.h"
#include "nnc/ir/ops/Shape.h"
#include "nnc/nn/Check.h"
#include "nnc/nn/Print.h"
#include <fmt/format.h>

namespace nnc::nn {

std::string Axes::str() const { return single ? std::to_string(values.at(0)) : detail::tuple(values); }

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
