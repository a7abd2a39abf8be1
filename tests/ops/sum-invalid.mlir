// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @range(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{sum: dims: dimension 2 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.sum %x {dims = array<i64: 2>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @twice(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{sum: dims: dimension 1 is given twice}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.sum %x {dims = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @order(%x: tensor<2x3xf32>) -> tensor<f32> {
  // expected-error @+2 {{sum: dims: expected ascending dimensions, got 1, 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.sum %x {dims = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @result(%x: tensor<2x3xf32>) -> tensor<3xf32> {
  // expected-error @+2 {{inferred type(s) 'tensor<2xf32>' are incompatible with return type(s) of operation 'tensor<3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.sum %x {dims = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @element(%x: tensor<2x3xi1>) -> tensor<2xi1> {
  // expected-error @+1 {{'nn.sum' op operand #0 must be a tensor of f32, f64, bf16, f16, i64, i32 or i8, of static shape and at most 2^40 elements, but got 'tensor<2x3xi1>'}}
  %y = nn.sum %x {dims = array<i64: 1>} : (tensor<2x3xi1>) -> tensor<2xi1>
  return %y : tensor<2xi1>
}
