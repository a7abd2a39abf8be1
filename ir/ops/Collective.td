// Communication between the ranks of a data-parallel program. On one rank each is the identity, and that is all that is lowered
// so far: on more ranks they become ops of the schedule.
include "nnc/ir/ops/Base.td"

class Nnc_CollectiveOp<string mnemonic, dag extra> : Nnc_Op<mnemonic, [
    Pure, InferTypeOpAdaptor, Nnc_Control, DeclareOpInterfaceMethods<Nnc_Differentiable>]> {
  let arguments = !con((ins Nnc_FloatTensor:$input, I64Attr:$ranks), extra);
  let results = (outs Nnc_FloatTensor:$output);
}

def Nnc_AllReduceOp : Nnc_CollectiveOp<"all_reduce", (ins)> {
  let summary = "on every rank the sum of all ranks' inputs, in the order of ranks";
  let description = [{
    The function that is differentiated is the sum of the ranks' losses, so the gradient is all_reduce of the cotangents. On one
    rank it is the identity.
  }];
}
def Nnc_AllGatherOp : Nnc_CollectiveOp<"all_gather", (ins I64Attr:$dim)> {
  let summary = "on every rank all ranks' inputs one behind another along `dim`";
  let description = [{ The gradient is reduce_scatter. On one rank it is the identity. }];
}
def Nnc_ReduceScatterOp : Nnc_CollectiveOp<"reduce_scatter", (ins I64Attr:$dim)> {
  let summary = "on rank r part r along `dim` of the sum of all ranks' inputs";
  let description = [{ The gradient is all_gather. On one rank it is the identity. }];
}
def Nnc_BroadcastFromOp : Nnc_CollectiveOp<"broadcast_from", (ins I64Attr:$root)> {
  let summary = "on every rank the input of rank `root`";
  let description = [{ The gradient is reduce_to the same rank. On one rank it is the identity. }];
}
def Nnc_ReduceToOp : Nnc_CollectiveOp<"reduce_to", (ins I64Attr:$root)> {
  let summary = "on rank `root` the sum of all ranks' inputs, zeros on the others";
  let description = [{ The gradient is broadcast_from the same rank. On one rank it is the identity. }];
}
