// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @count(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // expected-error @+2 {{transpose: permutation: expected 2 values, got 1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.transpose %x {permutation = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

func.func @range(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // expected-error @+2 {{transpose: permutation: dimension 2 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.transpose %x {permutation = array<i64: 2, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

func.func @twice(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // expected-error @+2 {{transpose: permutation: dimension 1 is given twice}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.transpose %x {permutation = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

func.func @negative(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // expected-error @+2 {{transpose: permutation: expected at least 0, got -1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.transpose %x {permutation = array<i64: -1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

func.func @result(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+2 {{inferred type(s) 'tensor<3x2xf32>' are incompatible with return type(s) of operation 'tensor<2x3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
