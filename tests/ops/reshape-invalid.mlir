// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @count(%x: tensor<2x3xf32>) -> tensor<5xf32> {
  // expected-error @+1 {{reshape: output: 5 does not hold the elements of 2x3}}
  %y = nn.reshape %x : (tensor<2x3xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// -----

func.func @element(%x: tensor<2x3xf32>) -> tensor<6xi32> {
  // expected-error @+1 {{reshape: output: expected f32 as input, got i32}}
  %y = nn.reshape %x : (tensor<2x3xf32>) -> tensor<6xi32>
  return %y : tensor<6xi32>
}

// -----

// Sizes whose product is no 64-bit number.
func.func @size(%x: tensor<0xf32>) -> tensor<4294967296x4294967296x0xf32> {
  // expected-error @+1 {{'nn.reshape' op result #0 must be a tensor of f32, f64, bf16, f16, i64, i32, i8, ui8 or i1, of static shape and at most 2^40 elements, but got 'tensor<4294967296x4294967296x0xf32>'}}
  %y = nn.reshape %x : (tensor<0xf32>) -> tensor<4294967296x4294967296x0xf32>
  return %y : tensor<4294967296x4294967296x0xf32>
}
