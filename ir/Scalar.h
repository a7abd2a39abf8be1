// One element of a tensor while a lowering is being written: arithmetic on it adds arith, math and scalar ops.
// Operators choose the float, integer or boolean op by type.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace nnc::ir {

class Scalar {
public:
  Scalar(mlir::ImplicitLocOpBuilder &builder, mlir::Value value) : builder_(&builder), value_(value) {}
  mlir::Value value() const { return value_; }
  mlir::ImplicitLocOpBuilder &builder() const { return *builder_; }
  mlir::Type type() const { return value_.getType(); }
  bool isFloat() const { return llvm::isa<mlir::FloatType>(type()); }
  /// A constant of this scalar's type.
  Scalar of(double number) const;

private:
  mlir::ImplicitLocOpBuilder *builder_;
  mlir::Value value_;
};

Scalar operator-(Scalar x);
Scalar operator!(Scalar x);
Scalar operator+(Scalar l, Scalar r);
Scalar operator-(Scalar l, Scalar r);
Scalar operator*(Scalar l, Scalar r);
Scalar operator/(Scalar l, Scalar r);
Scalar operator%(Scalar l, Scalar r);
Scalar operator&(Scalar l, Scalar r);
Scalar operator|(Scalar l, Scalar r);
Scalar operator^(Scalar l, Scalar r);
inline Scalar operator+(Scalar l, double r) { return l + l.of(r); }
inline Scalar operator-(Scalar l, double r) { return l - l.of(r); }
inline Scalar operator*(Scalar l, double r) { return l * l.of(r); }
inline Scalar operator/(double l, Scalar r) { return r.of(l) / r; }
inline Scalar operator-(double l, Scalar r) { return r.of(l) - r; }

/// predicate: eq, ne, lt, le, gt, ge; the result is an i1.
Scalar compare(llvm::StringRef predicate, Scalar l, Scalar r);
Scalar select(Scalar condition, Scalar onTrue, Scalar onFalse);
/// To another element type; `fromUnsigned` reads a source integer as unsigned.
Scalar convert(Scalar x, mlir::Type to, bool fromUnsigned = false);

Scalar abs(Scalar x);
Scalar sign(Scalar x);
Scalar exp(Scalar x);
Scalar expm1(Scalar x);
Scalar log(Scalar x);
Scalar log1p(Scalar x);
Scalar sqrt(Scalar x);
Scalar sin(Scalar x);
Scalar cos(Scalar x);
Scalar tanh(Scalar x);
Scalar erf(Scalar x);
Scalar sigmoid(Scalar x);
Scalar gelu(Scalar x);
Scalar geluTanh(Scalar x);
Scalar floor(Scalar x);
Scalar ceil(Scalar x);
Scalar roundEven(Scalar x);
Scalar pow(Scalar x, Scalar y);
Scalar maximum(Scalar l, Scalar r); // NaN wins
Scalar minimum(Scalar l, Scalar r); // NaN wins

} // namespace nnc::ir
