// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @none() -> tensor<3xf32> {
  // expected-error @+2 {{concat: inputs: expected at least one, got none}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.concat {dim = 0 : i64} : () -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @range(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<4x3xf32> {
  // expected-error @+2 {{concat: dim: dimension 2 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.concat %a, %b {dim = 2 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @element(%a: tensor<2x3xf32>, %b: tensor<2x3xf64>) -> tensor<4x3xf32> {
  // expected-error @+2 {{concat: input 1: expected f32 as input 0, got f64}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.concat %a, %b {dim = 0 : i64} : (tensor<2x3xf32>, tensor<2x3xf64>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @rank(%a: tensor<2x3xf32>, %b: tensor<3xf32>) -> tensor<4x3xf32> {
  // expected-error @+2 {{concat: input 1: expected 2 dimensions, got 1 in 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.concat %a, %b {dim = 0 : i64} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @sizes(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) -> tensor<4x3xf32> {
  // expected-error @+2 {{concat: input 1: expected the sizes of 2x3 except in dimension 0, got 2x4}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.concat %a, %b {dim = 0 : i64} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @result(%a: tensor<2x3xf32>, %b: tensor<1x3xf32>) -> tensor<4x3xf32> {
  // expected-error @+2 {{inferred type(s) 'tensor<3x3xf32>' are incompatible with return type(s) of operation 'tensor<4x3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.concat %a, %b {dim = 0 : i64} : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
