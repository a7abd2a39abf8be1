// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @rank(%x: tensor<4x5xf32>, %i: tensor<3xi64>) -> tensor<3xf32> {
  // expected-error @+2 {{take_along: indices: expected 2 dimensions, got 1 in 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.take_along %x, %i {dim = 1 : i64} : (tensor<4x5xf32>, tensor<3xi64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @larger(%x: tensor<4x5xf32>, %i: tensor<6x2xi64>) -> tensor<6x2xf32> {
  // expected-error @+2 {{take_along: indices: expected at most size 4 in dimension 0 (input is 4x5), got 6x2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.take_along %x, %i {dim = 1 : i64} : (tensor<4x5xf32>, tensor<6x2xi64>) -> tensor<6x2xf32>
  return %y : tensor<6x2xf32>
}
