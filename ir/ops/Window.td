// Sliding windows. Only max_pool is an op: sum_pool is a convolution with ones, and unfold and fold are slices and pads, which
// differentiate and fuse by themselves.
include "nnc/ir/ops/Base.td"

def Nnc_MaxPoolOp : Nnc_DifferentiableOp<"max_pool"> {
  let summary = "the largest element of each window of N C spatial, and its flat position in the spatial plane";
  let description = [{
    out = (in + padding_low + padding_high - dilation * (kernel - 1) - 1) / stride + 1. Padding is never chosen; the first of equals
    is; NaN is larger than every number, and the last NaN of a window wins. The gradient goes to the chosen element.
  }];
  let arguments = (ins Nnc_FloatTensor:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$stride,
                       DenseI64ArrayAttr:$padding_low, DenseI64ArrayAttr:$padding_high, DenseI64ArrayAttr:$dilation);
  let results = (outs Nnc_FloatTensor:$output, Nnc_PositionTensor:$positions);
}
