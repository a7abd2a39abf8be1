// Products that sum over dimensions. The three convolutions are each other's gradients, so the family is closed under
// differentiation.
include "nnc/ir/ops/Base.td"

def Nnc_DotOp : Nnc_DifferentiableOp<"dot", [DeclareOpInterfaceMethods<Nnc_Product>]> {
  let summary = "sum of products over contracting dimensions, for each position of the batch dimensions";
  let description = [{
    The result has the batch dimensions (in the order given), then the remaining ones of `lhs`, then those of `rhs`.
  }];
  let arguments = (ins Nnc_NumberTensor:$lhs, Nnc_NumberTensor:$rhs, DenseI64ArrayAttr:$lhs_batch,
                       DenseI64ArrayAttr:$rhs_batch, DenseI64ArrayAttr:$lhs_contract, DenseI64ArrayAttr:$rhs_contract);
  let results = (outs Nnc_NumberTensor:$output);
}

// Sizes of one convolution: one number for each spatial dimension.
defvar Nnc_ConvSizes = (ins DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$padding_low, DenseI64ArrayAttr:$padding_high,
                            DenseI64ArrayAttr:$dilation, I64Attr:$groups);

def Nnc_ConvOp : Nnc_DifferentiableOp<"conv", [DeclareOpInterfaceMethods<Nnc_Product>]> {
  let summary = "cross-correlation: input N C spatial, weight O C/groups kernel -> N O out";
  let description = [{
    out = (in + padding_low + padding_high - dilation * (kernel - 1) - 1) / stride + 1;
    y[n, o, t] = sum over c, k of x[n, c, t * stride + k * dilation - padding_low] * w[o, c, k] with 0 outside, where group g of
    the output channels sees group g of the input channels. Any number of spatial dimensions.
  }];
  let arguments = !con((ins Nnc_FloatTensor:$input, Nnc_FloatTensor:$weight), Nnc_ConvSizes);
  let results = (outs Nnc_FloatTensor:$output);
}
def Nnc_ConvInputGradOp : Nnc_DifferentiableOp<"conv_input_grad", [DeclareOpInterfaceMethods<Nnc_Product>]> {
  let summary = "the cotangent of conv's input, of spatial sizes `input_spatial`: transposed convolution";
  let arguments = !con((ins Nnc_FloatTensor:$cotangent, Nnc_FloatTensor:$weight, DenseI64ArrayAttr:$input_spatial),
                       Nnc_ConvSizes);
  let results = (outs Nnc_FloatTensor:$output);
}
def Nnc_ConvWeightGradOp : Nnc_DifferentiableOp<"conv_weight_grad"> {
  let summary = "the cotangent of conv's weight, of spatial sizes `kernel`";
  let arguments = !con((ins Nnc_FloatTensor:$input, Nnc_FloatTensor:$cotangent, DenseI64ArrayAttr:$kernel),
                       Nnc_ConvSizes);
  let results = (outs Nnc_FloatTensor:$output);
}
