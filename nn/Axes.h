// Options that take one number for every spatial axis or one for each, as PyTorch's kernel_size, stride and padding.
#pragma once
#include "nnc/ir/Tensor.h"

namespace nnc::nn {

/// `3` or `{3, 5}`; none given leaves the choice to the layer.
class Axes {
public:
  Axes() = default;
  template <std::integral T> Axes(T value) : values{int64_t(value)}, single(true) {}
  Axes(std::initializer_list<int64_t> values) : values(values) {}
  Axes(std::vector<int64_t> values) : values(std::move(values)) {}

  bool given() const { return !values.empty(); }
  /// As Python prints it: "3" or "(3, 5)".
  std::string str() const;

  std::vector<int64_t> values;
  bool single = false; // one number, not a list
};

namespace detail {

/// One value for each of `count` axes, none below `least`. Otherwise throws the library's Error:
/// `model.cpp:12:3: error: <layer>: <argument>: expected 1 or 2 values, got 3`.
std::vector<int64_t> perAxis(std::string_view layer, std::string_view argument, const Axes &axes, size_t count,
                             int64_t least, Where where);
/// The input with a batch dimension: as it is, or as a batch of one where it has only channels and `spatial` axes; then
/// `added` is set. Fails with another number of dimensions.
Tensor batched(std::string_view layer, Tensor x, size_t spatial, bool &added, Where where);

} // namespace detail
} // namespace nnc::nn
