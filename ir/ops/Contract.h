// Products that sum over dimensions: dot, matmul, einsum-like batched dot, n-dimensional convolution and its two
// gradients.
#pragma once
#include "nnc/ir/ops/Shape.h"

namespace nnc {

struct DotDims {
  std::vector<int64_t> lhsBatch, rhsBatch, lhsContract, rhsContract;
};
/// Sum over the contracting dimensions; the result has the batch dimensions, then the free ones of l, then of r.
Tensor dot(Tensor l, Tensor r, DotDims dims, Where where = Where::current());
/// As torch.matmul: 1-D operands, 2-D, and leading batch dimensions that broadcast.
Tensor matmul(Tensor l, Tensor r, Where where = Where::current());

/// Sizes of one convolution, one entry a spatial dimension (an empty vector means all 1, or 0 for padding).
struct ConvDims {
  std::vector<int64_t> stride = {}, paddingLow = {}, paddingHigh = {}, dilation = {};
  int64_t groups = 1;
};
/// input N C spatial..., weight O C/groups kernel... -> N O out...; out = (in + low + high - dilation*(kernel-1) - 1) /
/// stride + 1.
Tensor conv(Tensor input, Tensor weight, ConvDims dims, Where where = Where::current());
/// The gradient of conv with respect to its input of spatial sizes `inputSpatial` (transposed convolution).
Tensor conv_input_grad(Tensor cotangent, Tensor weight, std::vector<int64_t> inputSpatial, ConvDims dims,
                       Where where = Where::current());
/// The gradient of conv with respect to its weight of spatial sizes `kernel`.
Tensor conv_weight_grad(Tensor input, Tensor cotangent, std::vector<int64_t> kernel, ConvDims dims,
                        Where where = Where::current());

} // namespace nnc
