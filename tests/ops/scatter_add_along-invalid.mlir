// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @shape(%x: tensor<4x5xf32>, %i: tensor<3x2xi64>, %g: tensor<3x3xf32>) -> tensor<4x5xf32> {
  // expected-error @+2 {{scatter_add_along: updates: expected shape 3x2, got 3x3}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.scatter_add_along %x, %i, %g {dim = 1 : i64} : (tensor<4x5xf32>, tensor<3x2xi64>, tensor<3x3xf32>) -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

// -----

func.func @larger(%x: tensor<4x5xf32>, %i: tensor<6x2xi64>, %g: tensor<6x2xf32>) -> tensor<4x5xf32> {
  // expected-error @+2 {{scatter_add_along: indices: expected at most size 4 in dimension 0 (into is 4x5), got 6x2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.scatter_add_along %x, %i, %g {dim = 1 : i64} : (tensor<4x5xf32>, tensor<6x2xi64>, tensor<6x2xf32>) -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}
