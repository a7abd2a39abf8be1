// Elementwise ops: one expression for the value of an element (words of ir/Scalar.h) and one for the cotangents (words of the
// vocabulary), side by side. An element of type ui8 is an i32 there, so that it is read without a sign.
include "nnc/ir/ops/Base.td"

class Nnc_PointwiseOp<string mnemonic, list<Trait> traits = []> : Nnc_Op<mnemonic, !listconcat([
    Pure, DeclareOpInterfaceMethods<Nnc_Pointwise>], traits)>;

// One operand `x`, result `y`, cotangent `g`.
class Nnc_UnaryOp<string mnemonic> : Nnc_PointwiseOp<mnemonic, [
    SameOperandsAndResultType, DeclareOpInterfaceMethods<Nnc_Differentiable>]> {
  let arguments = (ins Nnc_FloatTensor:$input);
  let results = (outs Nnc_FloatTensor:$output);
  string forward = ?;
  string backward = ?;
  let extraClassDefinition = [{
    ::mlir::Value $cppClass::element(::mlir::ImplicitLocOpBuilder &builder, ::mlir::ValueRange elements) {
      Scalar x(builder, elements[0]);
      return (}] # forward # [{).value();
    }
    ::llvm::SmallVector<::nnc::Tensor> $cppClass::vjp(::llvm::ArrayRef<::nnc::Tensor> cotangents) {
      [[maybe_unused]] ::nnc::Tensor x = tensor(getInput()), y = tensor(getOutput()), g = cotangents[0];
      return {(}] # backward # [{)};
    }
  }];
}

// Operands `l` and `r` of equal type, result `y`, cotangent `g`. On booleans sum is or, product is and.
class Nnc_BinaryOp<string mnemonic> : Nnc_PointwiseOp<mnemonic, [
    SameOperandsAndResultType, DeclareOpInterfaceMethods<Nnc_Differentiable>]> {
  let arguments = (ins Nnc_Tensor:$lhs, Nnc_Tensor:$rhs);
  let results = (outs Nnc_Tensor:$output);
  string forward = ?;
  string backwardLhs = ?;
  string backwardRhs = ?;
  let extraClassDefinition = [{
    ::mlir::Value $cppClass::element(::mlir::ImplicitLocOpBuilder &builder, ::mlir::ValueRange elements) {
      Scalar l(builder, elements[0]), r(builder, elements[1]);
      return (}] # forward # [{).value();
    }
    ::llvm::SmallVector<::nnc::Tensor> $cppClass::vjp(::llvm::ArrayRef<::nnc::Tensor> cotangents) {
      [[maybe_unused]] ::nnc::Tensor l = tensor(getLhs()), r = tensor(getRhs()), y = tensor(getOutput()), g = cotangents[0];
      return {(}] # backwardLhs # [{), (}] # backwardRhs # [{)};
    }
  }];
}

// One operand of integers or booleans, or a float op whose value is constant almost everywhere: no gradient.
class Nnc_InactiveUnaryOp<string mnemonic, Type type> : Nnc_PointwiseOp<mnemonic, [
    SameOperandsAndResultType, Nnc_NotDifferentiable]> {
  let arguments = (ins type:$input);
  let results = (outs type:$output);
  string forward = ?;
  let extraClassDefinition = [{
    ::mlir::Value $cppClass::element(::mlir::ImplicitLocOpBuilder &builder, ::mlir::ValueRange elements) {
      Scalar x(builder, elements[0]);
      return (}] # forward # [{).value();
    }
  }];
}

class Nnc_InactiveBinaryOp<string mnemonic, Type type> : Nnc_PointwiseOp<mnemonic, [
    SameOperandsAndResultType, Nnc_NotDifferentiable]> {
  let arguments = (ins type:$lhs, type:$rhs);
  let results = (outs type:$output);
  string forward = ?;
  let extraClassDefinition = [{
    ::mlir::Value $cppClass::element(::mlir::ImplicitLocOpBuilder &builder, ::mlir::ValueRange elements) {
      Scalar l(builder, elements[0]), r(builder, elements[1]);
      return (}] # forward # [{).value();
    }
  }];
}

//===--- unary, differentiable ---===//

def Nnc_NegOp : Nnc_UnaryOp<"neg"> {
  let summary = "-x";
  let forward = "-x";
  let backward = "-g";
}
def Nnc_AbsOp : Nnc_UnaryOp<"abs"> {
  let summary = "|x|; the subgradient at 0 is 0";
  let forward = "abs(x)";
  let backward = "g * sign(x)";
}
def Nnc_ExpOp : Nnc_UnaryOp<"exp"> {
  let summary = "e to the power x";
  let forward = "exp(x)";
  let backward = "g * y";
}
def Nnc_Expm1Op : Nnc_UnaryOp<"expm1"> {
  let summary = "exp(x) - 1, accurate near 0";
  let forward = "expm1(x)";
  let backward = "g * (y + 1.0)";
}
def Nnc_LogOp : Nnc_UnaryOp<"log"> {
  let summary = "natural logarithm";
  let forward = "log(x)";
  let backward = "g / x";
}
def Nnc_Log1pOp : Nnc_UnaryOp<"log1p"> {
  let summary = "log(1 + x), accurate near 0";
  let forward = "log1p(x)";
  let backward = "g / (x + 1.0)";
}
def Nnc_SqrtOp : Nnc_UnaryOp<"sqrt"> {
  let summary = "square root";
  let forward = "sqrt(x)";
  let backward = "g / (y + y)";
}
def Nnc_RsqrtOp : Nnc_UnaryOp<"rsqrt"> {
  let summary = "1 / sqrt(x)";
  let forward = "1.0 / sqrt(x)";
  let backward = "g * y * y * y * -0.5";
}
def Nnc_ReciprocalOp : Nnc_UnaryOp<"reciprocal"> {
  let summary = "1 / x";
  let forward = "1.0 / x";
  let backward = "-g * y * y";
}
def Nnc_SquareOp : Nnc_UnaryOp<"square"> {
  let summary = "x * x";
  let forward = "x * x";
  let backward = "g * (x + x)";
}
def Nnc_SinOp : Nnc_UnaryOp<"sin"> {
  let summary = "sine of an angle in radians";
  let forward = "sin(x)";
  let backward = "g * cos(x)";
}
def Nnc_CosOp : Nnc_UnaryOp<"cos"> {
  let summary = "cosine of an angle in radians";
  let forward = "cos(x)";
  let backward = "-g * sin(x)";
}
def Nnc_TanhOp : Nnc_UnaryOp<"tanh"> {
  let summary = "hyperbolic tangent";
  let forward = "tanh(x)";
  let backward = "g * (1.0 - y * y)";
}
def Nnc_ErfOp : Nnc_UnaryOp<"erf"> {
  let summary = "error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x";
  let forward = "erf(x)";
  let backward = "g * exp(-(x * x)) * 1.1283791670955126";
}
def Nnc_SigmoidOp : Nnc_UnaryOp<"sigmoid"> {
  let summary = "1 / (1 + exp(-x))";
  let forward = "sigmoid(x)";
  let backward = "g * y * (1.0 - y)";
}
def Nnc_GeluOp : Nnc_UnaryOp<"gelu"> {
  let summary = "x times the normal distribution's function at x";
  let description = [{
    An op of its own because x (1 + erf(x / sqrt(2))) / 2 loses all its digits where the sum nears 0. At -infinity it is -0,
    its limit.
  }];
  let forward = "gelu(x)";
  let backward = "g * ((erf(x * 0.7071067811865476) + 1.0) * 0.5 + x * exp(square(x) * -0.5) * 0.3989422804014327)";
}
def Nnc_GeluTanhOp : Nnc_UnaryOp<"gelu_tanh"> {
  let summary = "x (1 + tanh(u)) / 2, u = sqrt(2 / pi) (x + 0.044715 x^3)";
  let description = [{ Computed as x sigmoid(2 u), so that no digit is lost where that nears 0; -0 at -infinity, its limit. }];
  let forward = "geluTanh(x)";
  let backward = [{
    [&] {
      ::nnc::Tensor z = square(x), s = sigmoid(x * (z * 0.07135481627260025 + 1.5957691216057308));
      return g * (s + x * (z * 0.21406444881780074 + 1.5957691216057308) * s * (1.0 - s));
    }()
  }];
}
def Nnc_SoftplusOp : Nnc_UnaryOp<"softplus"> {
  let summary = "log(1 + exp(x)), finite and accurate for every finite x";
  let description = [{
    Computed as max(x, 0) + log1p(exp(-|x|)). An op of its own because the composed form's gradient is undefined at 0 and far out.
  }];
  let forward = "maximum(x, x.of(0.0)) + log1p(exp(-abs(x)))";
  let backward = "g * sigmoid(x)";
}
def Nnc_ReluOp : Nnc_UnaryOp<"relu"> {
  let summary = "max(x, 0); NaN stays NaN; the subgradient at 0 is 0";
  let forward = "maximum(x, x.of(0.0))";
  let backward = "select(y <= 0.0, zerosLike(g), g)"; // of NaN it is g, as PyTorch
}

//===--- unary, constant almost everywhere ---===//

def Nnc_SignOp : Nnc_InactiveUnaryOp<"sign", Nnc_FloatTensor> {
  let summary = "-1, 0 or 1 by the sign of x; 0 for NaN, as PyTorch";
  let forward = "sign(x)";
}
def Nnc_FloorOp : Nnc_InactiveUnaryOp<"floor", Nnc_FloatTensor> {
  let summary = "largest integer not above x";
  let forward = "floor(x)";
}
def Nnc_CeilOp : Nnc_InactiveUnaryOp<"ceil", Nnc_FloatTensor> {
  let summary = "smallest integer not below x";
  let forward = "ceil(x)";
}
def Nnc_RoundOp : Nnc_InactiveUnaryOp<"round", Nnc_FloatTensor> {
  let summary = "nearest integer, ties to even";
  let forward = "roundEven(x)";
}
def Nnc_NotOp : Nnc_InactiveUnaryOp<"not", Nnc_BoolTensor> {
  let summary = "logical not";
  let forward = "!x";
}

//===--- binary ---===//

def Nnc_AddOp : Nnc_BinaryOp<"add"> {
  let summary = "l + r";
  let forward = "l + r";
  let backwardLhs = "g";
  let backwardRhs = "g";
  let hasFolder = 1;
}
def Nnc_SubOp : Nnc_BinaryOp<"sub"> {
  let summary = "l - r";
  let arguments = (ins Nnc_NumberOrByteTensor:$lhs, Nnc_NumberOrByteTensor:$rhs);
  let results = (outs Nnc_NumberOrByteTensor:$output);
  let forward = "l - r";
  let backwardLhs = "g";
  let backwardRhs = "-g";
  let hasFolder = 1;
}
def Nnc_MulOp : Nnc_BinaryOp<"mul"> {
  let summary = "l * r";
  let forward = "l * r";
  let backwardLhs = "g * r";
  let backwardRhs = "g * l";
  let hasFolder = 1;
}
def Nnc_DivOp : Nnc_BinaryOp<"div"> {
  let summary = "l / r; integers truncate toward zero";
  let arguments = (ins Nnc_NumberOrByteTensor:$lhs, Nnc_NumberOrByteTensor:$rhs);
  let results = (outs Nnc_NumberOrByteTensor:$output);
  let forward = "l / r";
  let backwardLhs = "g / r";
  let backwardRhs = "-g * y / r";
  let hasFolder = 1;
}
def Nnc_MaximumOp : Nnc_BinaryOp<"maximum"> {
  let summary = "the larger; NaN wins; a tie splits the gradient evenly, NaN passes it to both, as PyTorch";
  let forward = "maximum(l, r)";
  let backwardLhs = "select(l < r, zerosLike(g), select(l == r, g * 0.5, g))";
  let backwardRhs = "select(r < l, zerosLike(g), select(l == r, g * 0.5, g))";
}
def Nnc_MinimumOp : Nnc_BinaryOp<"minimum"> {
  let summary = "the smaller; NaN wins; a tie splits the gradient evenly, NaN passes it to both, as PyTorch";
  let forward = "minimum(l, r)";
  let backwardLhs = "select(l > r, zerosLike(g), select(l == r, g * 0.5, g))";
  let backwardRhs = "select(r > l, zerosLike(g), select(l == r, g * 0.5, g))";
}
def Nnc_PowOp : Nnc_BinaryOp<"pow"> {
  let summary = "l to the power r";
  let description = [{
    The gradient of the exponent is y * log(l), and 0 where l is 0 and r is at least 0, as PyTorch; the gradient of the
    base is 0 where the exponent is 0.
  }];
  let arguments = (ins Nnc_FloatTensor:$lhs, Nnc_FloatTensor:$rhs);
  let results = (outs Nnc_FloatTensor:$output);
  let forward = "pow(l, r)";
  let backwardLhs = "select(r == 0.0, zerosLike(g), g * r * pow(l, r - 1.0))";
  let backwardRhs = "select((l == 0.0) & (r >= 0.0), zerosLike(g), g * y * log(l))";
}
def Nnc_RemOp : Nnc_InactiveBinaryOp<"rem", Nnc_IntTensor> {
  let summary = "remainder of integers with the sign of l";
  let forward = "l % r";
}
def Nnc_AndOp : Nnc_InactiveBinaryOp<"and", Nnc_BitsTensor> {
  let summary = "logical and of booleans, bitwise and of integers";
  let forward = "l & r";
}
def Nnc_OrOp : Nnc_InactiveBinaryOp<"or", Nnc_BitsTensor> {
  let summary = "logical or of booleans, bitwise or of integers";
  let forward = "l | r";
}
def Nnc_XorOp : Nnc_InactiveBinaryOp<"xor", Nnc_BitsTensor> {
  let summary = "logical exclusive or of booleans, bitwise of integers";
  let forward = "l ^ r";
}

//===--- compare, select, convert ---===//

def Nnc_CompareOp : Nnc_PointwiseOp<"compare", [
    InferTypeOpAdaptor, Nnc_NotDifferentiable, SameTypeOperands]> {
  let summary = "a boolean for each pair of elements; comparisons with NaN are false but for `ne`";
  let arguments = (ins Nnc_Tensor:$lhs, Nnc_Tensor:$rhs, StrAttr:$predicate);
  let results = (outs Nnc_BoolTensor:$output);
  let description = [{ `predicate` is one of eq, ne, lt, le, gt, ge. }];
}
def Nnc_SelectOp : Nnc_PointwiseOp<"select", [
    InferTypeOpAdaptor, DeclareOpInterfaceMethods<Nnc_Differentiable>]> {
  let summary = "where the condition holds the element of `on_true`, else of `on_false`";
  let arguments = (ins Nnc_BoolTensor:$condition, Nnc_Tensor:$on_true, Nnc_Tensor:$on_false);
  let results = (outs Nnc_Tensor:$output);
  let hasFolder = 1;
}
def Nnc_ConvertOp : Nnc_PointwiseOp<"convert", [DeclareOpInterfaceMethods<Nnc_Differentiable>]> {
  let summary = "the same numbers in another element type";
  let description = [{
    Float to integer truncates toward zero; to boolean is x != 0; boolean to number is 0 or 1. u8 is read as unsigned.
  }];
  let arguments = (ins Nnc_Tensor:$input);
  let results = (outs Nnc_Tensor:$output);
  let hasFolder = 1;
  let hasVerifier = 1;
}
def Nnc_StopGradientOp : Nnc_InactiveUnaryOp<"stop_gradient", Nnc_Tensor> {
  let summary = "x, seen as a constant by differentiation (detach)";
  let forward = "x";
}
