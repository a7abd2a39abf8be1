// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @element(%x: tensor<3xf32>) -> tensor<2x3xf64> {
  // expected-error @+1 {{broadcast: output: expected f32 as input, got f64}}
  %y = nn.broadcast %x {dims = array<i64: 1>} : (tensor<3xf32>) -> tensor<2x3xf64>
  return %y : tensor<2x3xf64>
}

// -----

func.func @count(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{broadcast: dims: expected 1 values, got 2}}
  %y = nn.broadcast %x {dims = array<i64: 0, 1>} : (tensor<3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @range(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{broadcast: dims: dimension 2 is out of range for 2 dimensions}}
  %y = nn.broadcast %x {dims = array<i64: 2>} : (tensor<3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @negative(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{broadcast: dims: expected at least 0, got -1}}
  %y = nn.broadcast %x {dims = array<i64: -1>} : (tensor<3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @order(%x: tensor<3x2xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{broadcast: dims: expected ascending dimensions, got 1, 0}}
  %y = nn.broadcast %x {dims = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// A dimension of size 1 is not stretched: reshape it away.
func.func @stretch(%x: tensor<1xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{broadcast: output: expected size 1 in dimension 0, got 2x3}}
  %y = nn.broadcast %x {dims = array<i64: 0>} : (tensor<1xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
