// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @shapes(%l: tensor<4xf32>, %r: tensor<5xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'nn.pow' op requires the same type for all operands and results}}
  %y = nn.pow %l, %r : (tensor<4xf32>, tensor<5xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @element(%l: tensor<4xi64>, %r: tensor<4xi64>) -> tensor<4xi64> {
  // expected-error @+1 {{'nn.pow' op operand #0 must be a tensor of f32, f64, bf16 or f16, of static shape and at most 2^40 elements, but got 'tensor<4xi64>'}}
  %y = nn.pow %l, %r : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  return %y : tensor<4xi64>
}
