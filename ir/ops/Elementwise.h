// Elementwise functions and operators on tensors. Operands of two-operand functions are broadcast as in NumPy and
// brought to a common element type as in PyTorch: boolean, then integer, then float; a number takes the tensor's type.
#pragma once
#include "nnc/ir/Tensor.h"

namespace nnc {

Tensor operator-(Tensor x);
Tensor logical_not(Tensor x, Where where = Where::current());
Tensor operator+(Operand l, Operand r);
Tensor operator-(Operand l, Operand r);
Tensor operator*(Operand l, Operand r);
/// Division; of two integer tensors it gives f32, as PyTorch's true division.
Tensor operator/(Operand l, Operand r);
/// Remainder of integer tensors, with the sign of `l`.
Tensor operator%(Operand l, Operand r);
Tensor operator&(Operand l, Operand r);
Tensor operator|(Operand l, Operand r);
Tensor operator^(Operand l, Operand r);
Tensor operator==(Operand l, Operand r);
Tensor operator!=(Operand l, Operand r);
Tensor operator<(Operand l, Operand r);
Tensor operator<=(Operand l, Operand r);
Tensor operator>(Operand l, Operand r);
Tensor operator>=(Operand l, Operand r);

/// The larger (smaller) of the two, element by element; NaN wins; a tie splits the gradient evenly.
Tensor maximum(Operand l, Operand r);
Tensor minimum(Operand l, Operand r);
Tensor pow(Operand base, Operand exponent);
/// Integer division truncating toward zero.
Tensor div_trunc(Operand l, Operand r);
/// Where `condition` (i1) holds the element of `onTrue`, else of `onFalse`.
Tensor select(Tensor condition, Operand onTrue, Operand onFalse);
/// max(min(x, high), low).
Tensor clamp(Tensor x, std::optional<double> low, std::optional<double> high, Where where = Where::current());

Tensor abs(Tensor x, Where where = Where::current());
Tensor sign(Tensor x, Where where = Where::current());
Tensor exp(Tensor x, Where where = Where::current());
Tensor expm1(Tensor x, Where where = Where::current());
Tensor log(Tensor x, Where where = Where::current());
Tensor log1p(Tensor x, Where where = Where::current());
Tensor sqrt(Tensor x, Where where = Where::current());
Tensor rsqrt(Tensor x, Where where = Where::current());
Tensor reciprocal(Tensor x, Where where = Where::current());
Tensor square(Tensor x, Where where = Where::current());
Tensor sin(Tensor x, Where where = Where::current());
Tensor cos(Tensor x, Where where = Where::current());
Tensor tanh(Tensor x, Where where = Where::current());
Tensor erf(Tensor x, Where where = Where::current());
Tensor sigmoid(Tensor x, Where where = Where::current());
/// x times the normal distribution's function at x, and the approximation of it with tanh.
Tensor gelu(Tensor x, Where where = Where::current());
Tensor gelu_tanh(Tensor x, Where where = Where::current());
/// log(1 + exp(x)).
Tensor softplus(Tensor x, Where where = Where::current());
Tensor relu(Tensor x, Where where = Where::current());
Tensor floor(Tensor x, Where where = Where::current());
Tensor ceil(Tensor x, Where where = Where::current());
/// To the nearest integer, ties to even.
Tensor round(Tensor x, Where where = Where::current());

/// The same numbers in another element type; no op where the type is that already.
Tensor convert(Tensor x, DType type, Where where = Where::current());
/// `x` as a constant: no gradient flows through it.
Tensor stop_gradient(Tensor x, Where where = Where::current());

} // namespace nnc
