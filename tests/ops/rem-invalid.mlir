// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @shapes(%l: tensor<4xi32>, %r: tensor<5xi32>) -> tensor<4xi32> {
  // expected-error @+1 {{'nn.rem' op requires the same type for all operands and results}}
  %y = nn.rem %l, %r : (tensor<4xi32>, tensor<5xi32>) -> tensor<4xi32>
  return %y : tensor<4xi32>
}

// -----

func.func @element(%l: tensor<4xf32>, %r: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'nn.rem' op operand #0 must be a tensor of i64, i32 or i8, of static shape and at most 2^40 elements, but got 'tensor<4xf32>'}}
  %y = nn.rem %l, %r : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
