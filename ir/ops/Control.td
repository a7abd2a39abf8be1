// Control flow as dataflow.
include "nnc/ir/ops/Base.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Nnc_ScanOp : Op<Nnc_Dialect, "scan", [
    AttrSizedOperandSegments, IsolatedFromAbove, RecursiveMemoryEffects, SingleBlock, Nnc_Control,
    DeclareOpInterfaceMethods<Nnc_Differentiable>]> {
  let summary = "a loop over the first dimension of sequences, with values carried from step to step";
  let description = [{
    `for t in 0..length: carries, outputs[t] = body(carries, sequences[t] ..., captures ...)`, from the last t to the first where
    `reverse`; what belongs to t stands at t all the same. Results are the carries after the last step, then the outputs,
    stacked along a new first dimension. The body sees nothing from outside but its arguments: what it needs from there is
    captured.

    The gradient is a scan in the other direction. A step's cotangents are carried, gradients of captures are summed in carries, and
    each step's values are computed again from the carries it began with, which the scan therefore has among its outputs (the
    vocabulary adds them, and simplification removes them where nobody differentiates). The gradient is a scan like any other,
    so it can be differentiated too.

    ```mlir
    %last, %all = nn.scan 8 carries(%h0) sequences(%xs) captures(%w)
        : (tensor<4xf32>, tensor<8x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<8x4xf32>) {
      ^bb0(%h: tensor<4xf32>, %x: tensor<4xf32>, %v: tensor<4xf32>):
        %a = nn.mul %h, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
        %n = nn.add %a, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
        nn.yield %n, %n : tensor<4xf32>, tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Nnc_Tensor>:$carries, Variadic<Nnc_Tensor>:$sequences, Variadic<Nnc_Tensor>:$captures,
                       I64Attr:$length, UnitAttr:$reverse);
  let results = (outs Variadic<Nnc_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $length (`reverse` $reverse^)? `carries` `(` $carries `)` `sequences` `(` $sequences `)` `captures` `(` $captures `)`
    attr-dict-with-keyword `:` functional-type(operands, results) $body
  }];
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

def Nnc_YieldOp : Nnc_Op<"yield", [
    Pure, Terminator, ReturnLike, HasParent<"ScanOp">, Nnc_NotDifferentiable, Nnc_Control]> {
  let summary = "the end of a step: the next carries, then the step's outputs";
  let description = [{ Part of scan, by which it is differentiated and lowered. }];
  let arguments = (ins Variadic<Nnc_Tensor>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}
