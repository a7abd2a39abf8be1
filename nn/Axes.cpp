// Numbers for each axis, and batches of one.
#include "nnc/nn/Axes.h"
#include "nnc/ir/ops/Shape.h"
#include "nnc/nn/Print.h"
#include "nnc/runtime/Error.h"
#include <fmt/format.h>

namespace nnc::nn {

std::string Axes::str() const { return single ? std::to_string(values.at(0)) : detail::tuple(values); }

void detail::expectAtLeast(std::string_view layer, std::string_view argument, int64_t value, int64_t least) {
  if (value < least)
    throw Error(fmt::format("{}: {}: expected at least {}, got {}", layer, argument, least, value));
}

std::vector<int64_t> detail::perAxis(std::string_view layer, std::string_view argument, const Axes &axes, size_t count,
                                     int64_t least) {
  std::vector<int64_t> values = axes.values;
  if (values.size() == 1)
    values.assign(count, values[0]);
  if (values.size() != count)
    throw Error(fmt::format("{}: {}: expected {} values, got {}", layer, argument,
                            count == 1 ? "1" : fmt::format("1 or {}", count), values.size()));
  for (int64_t value : values)
    expectAtLeast(layer, argument, value, least);
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
