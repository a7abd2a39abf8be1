// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @range() -> tensor<2x3xi64> {
  // expected-error @+1 {{iota: dim: dimension 2 is out of range for 2 dimensions}}
  %y = nn.iota {dim = 2 : i64} : () -> tensor<2x3xi64>
  return %y : tensor<2x3xi64>
}

// -----

func.func @boolean() -> tensor<2xi1> {
  // expected-error @+1 {{'nn.iota' op result #0 must be a tensor of f32, f64, bf16, f16, i64, i32 or i8, of static shape and at most 2^40 elements, but got 'tensor<2xi1>'}}
  %y = nn.iota {dim = 0 : i64} : () -> tensor<2xi1>
  return %y : tensor<2xi1>
}
