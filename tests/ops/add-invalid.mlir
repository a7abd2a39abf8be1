// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @shapes(%l: tensor<4xf32>, %r: tensor<5xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'nn.add' op requires the same type for all operands and results}}
  %y = nn.add %l, %r : (tensor<4xf32>, tensor<5xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @dynamic(%l: tensor<?xf32>, %r: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @+1 {{'nn.add' op operand #0 must be a tensor of f32, f64, bf16, f16, i64, i32, i8, ui8 or i1, of static shape and at most 2^40 elements, but got 'tensor<?xf32>'}}
  %y = nn.add %l, %r : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
