// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @range(%x: tensor<2x3xf32>) -> tensor<2xi64> {
  // expected-error @+2 {{argmax: dim: dimension 2 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.argmax %x {dim = 2 : i64} : (tensor<2x3xf32>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}

// -----

func.func @negative(%x: tensor<2x3xf32>) -> tensor<2xi64> {
  // expected-error @+2 {{argmax: dim: dimension -1 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.argmax %x {dim = -1 : i64} : (tensor<2x3xf32>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}

// -----

func.func @result(%x: tensor<2x3xf32>) -> tensor<3x2xi64> {
  // expected-error @+2 {{inferred type(s) 'tensor<2xi64>' are incompatible with return type(s) of operation 'tensor<3x2xi64>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.argmax %x {dim = 1 : i64} : (tensor<2x3xf32>) -> tensor<3x2xi64>
  return %y : tensor<3x2xi64>
}

// -----

func.func @element(%x: tensor<2x3xi1>) -> tensor<2xi64> {
  // expected-error @+1 {{'nn.argmax' op operand #0 must be a tensor of f32, f64, bf16, f16, i64, i32 or i8, of static shape and at most 2^40 elements, but got 'tensor<2x3xi1>'}}
  %y = nn.argmax %x {dim = 1 : i64} : (tensor<2x3xi1>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}

// -----

// Largest of nothing has no place.
func.func @nothing(%x: tensor<2x0xf32>) -> tensor<2xi64> {
  // expected-error @+2 {{argmax: input: expected at least one element along dimension 1, got 2x0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.argmax %x {dim = 1 : i64} : (tensor<2x0xf32>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}
