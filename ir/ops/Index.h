// Functions that read and write by integer positions (i64 or i32). A position out of range is an error of the call that
// runs the compiled function: it names the layer, the value and where it stood; nothing outside is ever read or
// written.
#pragma once
#include "nnc/ir/ops/Shape.h"

namespace nnc {

/// Whole slices of `x` along `dim` at `indices` (any shape): the result has the indices' dimensions in the place of
/// `dim`.
Tensor take(Tensor x, Tensor indices, int64_t dim = 0, Where where = Where::current());
/// One element along `dim` for each position, as torch.gather; indices have x's rank.
Tensor take_along(Tensor x, Tensor indices, int64_t dim, Where where = Where::current());
/// `into` with the slices of `updates` added along `dim` at `indices` (the transpose of take); equal positions add in a
/// fixed order.
Tensor scatter_add(Tensor into, Tensor indices, Tensor updates, int64_t dim = 0, Where where = Where::current());
/// `into` with each element of `updates` added at its position along `dim` (the transpose of take_along,
/// torch.scatter_add).
Tensor scatter_add_along(Tensor into, Tensor indices, Tensor updates, int64_t dim, Where where = Where::current());
/// 1 where the class matches along a new last dimension, else 0; positions outside [0, classes) give zeros.
Tensor one_hot(Tensor indices, int64_t classes, DType type = DType::f32, Where where = Where::current());
/// Sorted values and their positions along `dim`; stable.
std::pair<Tensor, Tensor> sort(Tensor x, int64_t dim = -1, bool descending = false, Where where = Where::current());
/// The k largest (smallest) values in order and their positions.
std::pair<Tensor, Tensor> topk(Tensor x, int64_t k, int64_t dim = -1, bool largest = true,
                               Where where = Where::current());
/// Returns `indices`, checked at run time to lie in [0, size), or to equal `ignore`. `what` names the argument: the
/// error reads
/// `<layer>: <what>: index 1000 at [3, 2] is out of range [0, 1000)`.
Tensor check_index(Tensor indices, int64_t size, std::string_view what, std::optional<int64_t> ignore = std::nullopt,
                   Where where = Where::current());

} // namespace nnc
