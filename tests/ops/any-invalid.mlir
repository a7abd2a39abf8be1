// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @range(%x: tensor<2x3xi1>) -> tensor<2xi1> {
  // expected-error @+2 {{any: dims: dimension 2 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.any %x {dims = array<i64: 2>} : (tensor<2x3xi1>) -> tensor<2xi1>
  return %y : tensor<2xi1>
}

// -----

func.func @twice(%x: tensor<2x3xi1>) -> tensor<2xi1> {
  // expected-error @+2 {{any: dims: dimension 1 is given twice}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.any %x {dims = array<i64: 1, 1>} : (tensor<2x3xi1>) -> tensor<2xi1>
  return %y : tensor<2xi1>
}

// -----

func.func @order(%x: tensor<2x3xi1>) -> tensor<i1> {
  // expected-error @+2 {{any: dims: expected ascending dimensions, got 1, 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.any %x {dims = array<i64: 1, 0>} : (tensor<2x3xi1>) -> tensor<i1>
  return %y : tensor<i1>
}

// -----

func.func @result(%x: tensor<2x3xi1>) -> tensor<3xi1> {
  // expected-error @+2 {{inferred type(s) 'tensor<2xi1>' are incompatible with return type(s) of operation 'tensor<3xi1>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.any %x {dims = array<i64: 1>} : (tensor<2x3xi1>) -> tensor<3xi1>
  return %y : tensor<3xi1>
}

// -----

func.func @element(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{'nn.any' op operand #0 must be a tensor of i1, of static shape and at most 2^40 elements, but got 'tensor<2x3xf32>'}}
  %y = nn.any %x {dims = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
