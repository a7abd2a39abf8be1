// Functions of sliding windows over the trailing (spatial) dimensions of N C spatial... tensors.
#pragma once
#include "nnc/ir/ops/Shape.h"

namespace nnc {

/// One entry a spatial dimension; `paddingHigh` already holds what ceil_mode adds. Empty stride means the kernel's
/// size.
struct WindowDims {
  std::vector<int64_t> kernel = {}, stride = {}, paddingLow = {}, paddingHigh = {}, dilation = {};
};
/// Largest element of each window and its flat position (i64) in the input's spatial plane. Padding is never chosen;
/// the first of equals wins; NaN wins (the last of several NaN, as PyTorch). The gradient goes to the chosen element.
std::pair<Tensor, Tensor> max_pool(Tensor x, WindowDims dims, Where where = Where::current());
/// Sum of each window; padding counts as 0.
Tensor sum_pool(Tensor x, WindowDims dims, Where where = Where::current());
/// N C spatial... -> N (C * kernel elements) (windows), as torch.nn.functional.unfold, in any number of spatial
/// dimensions.
Tensor unfold(Tensor x, WindowDims dims, Where where = Where::current());
/// Its transpose: overlapping elements add; `spatial` are the sizes of the result.
Tensor fold(Tensor x, std::vector<int64_t> spatial, WindowDims dims, Where where = Where::current());

} // namespace nnc
