// RUN: nnc-opt %s --verify-diagnostics

func.func @dim(%x: tensor<7x3xf32>) -> (tensor<7x3xf32>, tensor<7x3xi64>) {
  // expected-error @+2 {{sort: dim: dimension 2 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y, %p = nn.sort %x {dim = 2 : i64, descending = true} : (tensor<7x3xf32>) -> (tensor<7x3xf32>, tensor<7x3xi64>)
  return %y, %p : tensor<7x3xf32>, tensor<7x3xi64>
}
