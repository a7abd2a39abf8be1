// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @shapes(%l: tensor<4xi64>, %r: tensor<5xi64>) -> tensor<4xi64> {
  // expected-error @+1 {{'nn.and' op requires the same type for all operands and results}}
  %y = nn.and %l, %r : (tensor<4xi64>, tensor<5xi64>) -> tensor<4xi64>
  return %y : tensor<4xi64>
}

// -----

func.func @element(%l: tensor<4xf32>, %r: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'nn.and' op operand #0 must be a tensor of i64, i32, i8, ui8 or i1, of static shape and at most 2^40 elements, but got 'tensor<4xf32>'}}
  %y = nn.and %l, %r : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
