// Counter-based random numbers: each element is a pure function of (seed, step, stream, position).
include "nnc/ir/ops/Base.td"

class Nnc_RandomOp<string mnemonic> : Nnc_Op<mnemonic, [
    Pure, Nnc_NotDifferentiable, DeclareOpInterfaceMethods<Nnc_LowersToLinalg>]> {
  let arguments = (ins Nnc_PositionTensor:$seed, Nnc_PositionTensor:$step, I64Attr:$stream);
  let results = (outs Nnc_TensorOf<[F32, F64], "a tensor of f32 or f64">:$output);
  let hasVerifier = 1;
}

def Nnc_RandomUniformOp : Nnc_RandomOp<"random_uniform"> {
  let summary = "uniform in [0, 1)";
  let description = [{
    Words come from Philox4x32-10 with key (seed low, seed high) and counter (block, stream, step low, step high), 32 bits each.
    The element at row-major position p is, in f32, word p mod 4 of block p div 4: its upper 24 bits times 2^-24; in f64, of the
    words a = 2(p mod 2) and a+1 of block p div 2: the upper 53 bits of word[a] 2^32 + word[a+1], times 2^-53.
    A body of scan draws the same numbers in every step unless `step` changes with it.
  }];
}

def Nnc_RandomNormalOp : Nnc_RandomOp<"random_normal"> {
  let summary = "standard normal, by Box-Muller";
  let description = [{
    sqrt(-2 log(1 - u)) cos(2 pi v) for even positions and sqrt(-2 log(1 - u)) sin(2 pi v) for odd ones, where u and v are two
    uniform numbers of one block (see random_uniform). In f32, position p uses block p div 4 and of its words 2((p mod 4) div 2) for
    u and the next for v; in f64, block p div 2, words 0 and 1 for u, 2 and 3 for v.
  }];
}
