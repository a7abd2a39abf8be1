// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @range(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{logsumexp: dim: dimension 2 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.logsumexp %x {dim = 2 : i64} : (tensor<2x3xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @negative(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{logsumexp: dim: dimension -1 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.logsumexp %x {dim = -1 : i64} : (tensor<2x3xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @result(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // expected-error @+2 {{inferred type(s) 'tensor<2xf32>' are incompatible with return type(s) of operation 'tensor<3x2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.logsumexp %x {dim = 1 : i64} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

func.func @element(%x: tensor<2x3xi64>) -> tensor<2xi64> {
  // expected-error @+1 {{'nn.logsumexp' op operand #0 must be a tensor of f32, f64, bf16 or f16, of static shape and at most 2^40 elements, but got 'tensor<2x3xi64>'}}
  %y = nn.logsumexp %x {dim = 1 : i64} : (tensor<2x3xi64>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}
