// Ops that read and write by integer positions. Positions are checked by ops of their own (check_index), which stop the call;
// whatever a position is, nothing outside of a tensor is read or written.
include "nnc/ir/ops/Base.td"

def Nnc_TakeOp : Nnc_DifferentiableOp<"take"> {
  let summary = "whole slices of the input along `dim` at `indices`";
  let description = [{
    The result has the dimensions of `indices` in the place of `dim`: with i the position in `indices`,
    `output[a, i, b] = input[a, indices[i], b]`. A position outside reads the nearest one inside. The gradient is scatter_add
    into zeros.
  }];
  let arguments = (ins Nnc_Tensor:$input, Nnc_IndexTensor:$indices, I64Attr:$dim);
  let results = (outs Nnc_Tensor:$output);
}

def Nnc_TakeAlongOp : Nnc_DifferentiableOp<"take_along"> {
  let summary = "one element along `dim` for each position: torch.gather";
  let description = [{
    `output[a, i, b] = input[a, indices[a, i, b], b]`. `indices` has the input's rank and no dimension larger than the input's,
    but for `dim`. A position outside reads the nearest one inside. The gradient is scatter_add_along into zeros; with one
    position a row it is a comparison with iota, which fuses with its neighbours.
  }];
  let arguments = (ins Nnc_Tensor:$input, Nnc_IndexTensor:$indices, I64Attr:$dim);
  let results = (outs Nnc_Tensor:$output);
}

def Nnc_ScatterAddOp : Nnc_DifferentiableOp<"scatter_add"> {
  let summary = "`into` with the slices of `updates` added along `dim` at `indices`: the transpose of take";
  let description = [{
    `output[a, r, b] = into[a, r, b] + updates[a, i, b]` summed over all i with `indices[i] = r`, in the order of i, so that the
    sum has the same bits for any number of threads. Updates at a position outside are left out.
  }];
  let arguments = (ins Nnc_NumberTensor:$into, Nnc_IndexTensor:$indices, Nnc_NumberTensor:$updates, I64Attr:$dim);
  let results = (outs Nnc_NumberTensor:$output);
}

def Nnc_ScatterAddAlongOp : Nnc_DifferentiableOp<"scatter_add_along"> {
  let summary = "`into` with each element of `updates` added at its position along `dim`: the transpose of take_along";
  let description = [{
    `output[a, indices[a, i, b], b] += updates[a, i, b]`, in the order of i. Updates at a position outside are left out.
  }];
  let arguments = (ins Nnc_NumberTensor:$into, Nnc_IndexTensor:$indices, Nnc_NumberTensor:$updates, I64Attr:$dim);
  let results = (outs Nnc_NumberTensor:$output);
}

def Nnc_SortOp : Nnc_DifferentiableOp<"sort"> {
  let summary = "the input in order along `dim`, and the i64 position each element came from";
  let description = [{
    Stable: equal elements keep their order, also where `descending`. NaN counts as larger than every number, as in PyTorch. The
    gradient goes back to where the elements came from.
  }];
  let arguments = (ins Nnc_NumberTensor:$input, I64Attr:$dim, BoolAttr:$descending);
  let results = (outs Nnc_NumberTensor:$output, Nnc_PositionTensor:$positions);
}

def Nnc_CheckIndexOp : Nnc_Op<"check_index", [
    InferTypeOpAdaptor, MemoryEffects<[MemWrite]>, Nnc_NotDifferentiable, Nnc_Control]> {
  let summary = "`indices`, after the call was stopped if one of them is not in [0, size) and not `ignore`";
  let description = [{
    The error reads `<source>: error: <layer>: <what>: index 1000 at [3, 2] is out of range [0, 1000)`. The op has an effect (the
    call ends), so it stays even where its result is not used; of several checks of one value for one range the first is enough.
  }];
  let arguments = (ins Nnc_IndexTensor:$indices, I64Attr:$size, OptionalAttr<I64Attr>:$ignore, StrAttr:$what);
  let results = (outs Nnc_IndexTensor:$output);
  let hasCanonicalizeMethod = 1;
}
