// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @range(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+2 {{reverse: dims: dimension 2 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.reverse %x {dims = array<i64: 2>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @twice(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+2 {{reverse: dims: dimension 1 is given twice}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.reverse %x {dims = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @order(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+2 {{reverse: dims: expected ascending dimensions, got 1, 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.reverse %x {dims = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
