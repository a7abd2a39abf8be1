// Reductions along dimensions, and the row-wise functions built on them that keep their accuracy only when taken whole.
include "nnc/ir/ops/Base.td"

// Reduced dimensions, ascending, are dropped from the result.
class Nnc_ReduceOp<string mnemonic, Type type> : Nnc_DifferentiableOp<mnemonic> {
  let arguments = (ins type:$input, DenseI64ArrayAttr:$dims);
  let results = (outs type:$output);
}
class Nnc_InactiveReduceOp<string mnemonic, Type type> : Nnc_InactiveOp<mnemonic> {
  let arguments = (ins type:$input, DenseI64ArrayAttr:$dims);
  let results = (outs type:$output);
}
class Nnc_RowOp<string mnemonic> : Nnc_DifferentiableOp<mnemonic> {
  let arguments = (ins Nnc_FloatTensor:$input, I64Attr:$dim);
  let results = (outs Nnc_FloatTensor:$output);
}

def Nnc_SumOp : Nnc_ReduceOp<"sum", Nnc_NumberTensor> {
  let summary = "sum along `dims`; 0 of nothing";
}
def Nnc_MaxOp : Nnc_ReduceOp<"max", Nnc_NumberTensor> {
  let summary = "largest element along `dims`; NaN wins; ties share the gradient evenly";
}
def Nnc_MinOp : Nnc_ReduceOp<"min", Nnc_NumberTensor> {
  let summary = "smallest element along `dims`; NaN wins; ties share the gradient evenly";
}
def Nnc_ProdOp : Nnc_ReduceOp<"prod", Nnc_NumberTensor> {
  let summary = "product along `dims`; 1 of nothing; the gradient is right where elements are 0";
}
def Nnc_AnyOp : Nnc_InactiveReduceOp<"any", Nnc_BoolTensor> {
  let summary = "whether any element along `dims` holds";
}
def Nnc_AllOp : Nnc_InactiveReduceOp<"all", Nnc_BoolTensor> {
  let summary = "whether every element along `dims` holds";
}

class Nnc_ArgOp<string mnemonic> : Nnc_InactiveOp<mnemonic> {
  let arguments = (ins Nnc_NumberTensor:$input, I64Attr:$dim);
  let results = (outs Nnc_IndexTensor:$output);
}
def Nnc_ArgmaxOp : Nnc_ArgOp<"argmax"> {
  let summary = "i64 position of the largest element along `dim`; the first of equals, the first NaN before all";
}
def Nnc_ArgminOp : Nnc_ArgOp<"argmin"> {
  let summary = "i64 position of the smallest element along `dim`; the first of equals, the first NaN before all";
}

def Nnc_CumsumOp : Nnc_DifferentiableOp<"cumsum"> {
  let summary = "running sum along `dim`, from the back where `reverse`";
  let arguments = (ins Nnc_NumberTensor:$input, I64Attr:$dim, BoolAttr:$reverse);
  let results = (outs Nnc_NumberTensor:$output);
}

def Nnc_SoftmaxOp : Nnc_RowOp<"softmax"> {
  let summary = "exp(x - max) / sum(exp(x - max)) along `dim`";
  let description = [{ A row of minus infinity gives NaN, as PyTorch. Its gradient is y * (g - sum(g * y)). }];
}
def Nnc_LogSoftmaxOp : Nnc_RowOp<"log_softmax"> {
  let summary = "x - max - log(sum(exp(x - max))) along `dim`";
  let description = [{ Its gradient is g - exp(y) * sum(g). }];
}
def Nnc_LogsumexpOp : Nnc_RowOp<"logsumexp"> {
  let summary = "log(sum(exp(x))) along `dim`, which is dropped; minus infinity for a row of minus infinity";
}
