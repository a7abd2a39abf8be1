// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @dim(%x: tensor<5x3xf32>, %i: tensor<4xi64>) -> tensor<4x3xf32> {
  // expected-error @+2 {{take: dim: dimension 2 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.take %x, %i {dim = 2 : i64} : (tensor<5x3xf32>, tensor<4xi64>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @nothing_to_read(%x: tensor<0x3xf32>, %i: tensor<4xi64>) -> tensor<4x3xf32> {
  // expected-error @+2 {{take: input: expected at least one element along dimension 0, got 0x3}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.take %x, %i {dim = 0 : i64} : (tensor<0x3xf32>, tensor<4xi64>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @float_index(%x: tensor<5x3xf32>, %i: tensor<4xf32>) -> tensor<4x3xf32> {
  // expected-error @+1 {{operand #1 must be}}
  %y = nn.take %x, %i {dim = 0 : i64} : (tensor<5x3xf32>, tensor<4xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
