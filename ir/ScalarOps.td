// The scalar dialect: functions of one number that upstream's math dialect lacks, for the bodies of structured loops.
// Like math's they take numbers, vectors and tensors, and a code generator expands them for its target.
#ifndef NNC_IR_SCALAROPS_TD
#define NNC_IR_SCALAROPS_TD
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Scalar_Dialect : Dialect {
  let name = "scalar";
  let cppNamespace = "::nnc::scalar";
  let summary = "functions of one number that are computed better whole than as compositions";
}

class Scalar_Op<string mnemonic>
    : Op<Scalar_Dialect, mnemonic, !listconcat([Pure, SameOperandsAndResultType], ElementwiseMappable.traits)> {
  let arguments = (ins FloatLike:$operand);
  let results = (outs FloatLike:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

def Scalar_SigmoidOp : Scalar_Op<"sigmoid"> {
  let summary = "1 / (1 + exp(-x)), down to the smallest subnormal number";
}
def Scalar_GeluOp : Scalar_Op<"gelu"> {
  let summary = "x times the normal distribution's function at x, accurate where that nears 0; -0 at -infinity";
}
def Scalar_GeluTanhOp : Scalar_Op<"gelu_tanh"> {
  let summary = "x / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3); -0 at -infinity";
}

#endif
