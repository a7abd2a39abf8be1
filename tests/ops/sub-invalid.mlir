// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @shapes(%l: tensor<4xf32>, %r: tensor<5xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'nn.sub' op requires the same type for all operands and results}}
  %y = nn.sub %l, %r : (tensor<4xf32>, tensor<5xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @element(%l: tensor<4xi1>, %r: tensor<4xi1>) -> tensor<4xi1> {
  // expected-error @+1 {{'nn.sub' op operand #0 must be a tensor of f32, f64, bf16, f16, i64, i32, i8 or ui8, of static shape and at most 2^40 elements, but got 'tensor<4xi1>'}}
  %y = nn.sub %l, %r : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return %y : tensor<4xi1>
}
