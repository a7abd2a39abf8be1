// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @shape(%w: tensor<5x3xf32>, %i: tensor<4xi64>, %g: tensor<3x4xf32>) -> tensor<5x3xf32> {
  // expected-error @+2 {{scatter_add: updates: expected shape 4x3, got 3x4}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.scatter_add %w, %i, %g {dim = 0 : i64} : (tensor<5x3xf32>, tensor<4xi64>, tensor<3x4xf32>) -> tensor<5x3xf32>
  return %y : tensor<5x3xf32>
}

// -----

func.func @element(%w: tensor<5x3xf32>, %i: tensor<4xi64>, %g: tensor<4x3xf64>) -> tensor<5x3xf32> {
  // expected-error @+2 {{scatter_add: updates: expected f32 as into, got f64}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.scatter_add %w, %i, %g {dim = 0 : i64} : (tensor<5x3xf32>, tensor<4xi64>, tensor<4x3xf64>) -> tensor<5x3xf32>
  return %y : tensor<5x3xf32>
}
