// Ops that move elements, and the ops without operands: constants and positions.
include "nnc/ir/ops/Base.td"

class Nnc_MoveOp<string mnemonic> : Nnc_Op<mnemonic, [
    Pure, DeclareOpInterfaceMethods<Nnc_Differentiable>, DeclareOpInterfaceMethods<Nnc_LowersToLinalg>]> {
  let results = (outs Nnc_Tensor:$output);
}

def Nnc_ReshapeOp : Nnc_MoveOp<"reshape"> {
  let summary = "the same elements in row-major order, another shape";
  let arguments = (ins Nnc_Tensor:$input);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Nnc_BroadcastOp : Nnc_MoveOp<"broadcast"> {
  let summary = "the input repeated: its dimension i is dimension dims[i] of the result";
  let description = [{ `dims` ascend, and the sizes agree: a dimension of size 1 is not stretched. }];
  let arguments = (ins Nnc_Tensor:$input, DenseI64ArrayAttr:$dims);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Nnc_TransposeOp : Nnc_DifferentiableOp<"transpose"> {
  let summary = "dimensions in another order: dimension i of the result is dimension permutation[i] of the input";
  let arguments = (ins Nnc_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs Nnc_Tensor:$output);
  let hasFolder = 1;
}

def Nnc_SliceOp : Nnc_DifferentiableOp<"slice"> {
  let summary = "along each dimension the elements start, start + stride, ... below stop";
  let arguments = (ins Nnc_Tensor:$input, DenseI64ArrayAttr:$start, DenseI64ArrayAttr:$stop, DenseI64ArrayAttr:$stride);
  let results = (outs Nnc_Tensor:$output);
  let hasFolder = 1;
}

def Nnc_PadOp : Nnc_DifferentiableOp<"pad"> {
  let summary = "the input among copies of `value`: low before, high behind, interior between neighbours of each dimension";
  let arguments = (ins Nnc_Tensor:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$interior,
                       F64Attr:$value);
  let results = (outs Nnc_Tensor:$output);
}

def Nnc_ConcatOp : Nnc_DifferentiableOp<"concat"> {
  let summary = "the inputs one behind another along `dim`";
  let arguments = (ins Variadic<Nnc_Tensor>:$inputs, I64Attr:$dim);
  let results = (outs Nnc_Tensor:$output);
}

def Nnc_ReverseOp : Nnc_DifferentiableOp<"reverse"> {
  let summary = "elements in opposite order along `dims`";
  let arguments = (ins Nnc_Tensor:$input, DenseI64ArrayAttr:$dims);
  let results = (outs Nnc_Tensor:$output);
}

def Nnc_ConstantOp : Nnc_Op<"constant", [
    Pure, ConstantLike, Nnc_NotDifferentiable, DeclareOpInterfaceMethods<Nnc_LowersToLinalg>]> {
  let summary = "a tensor known at compile time";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Nnc_Tensor:$output);
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Nnc_IotaOp : Nnc_Op<"iota", [
    Pure, Nnc_NotDifferentiable, DeclareOpInterfaceMethods<Nnc_LowersToLinalg>]> {
  let summary = "each element's position along `dim`";
  let arguments = (ins I64Attr:$dim);
  let results = (outs Nnc_NumberTensor:$output);
  let hasVerifier = 1;
}
