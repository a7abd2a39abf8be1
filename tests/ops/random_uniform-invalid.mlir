// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @seed(%seed: tensor<2xi64>, %step: tensor<i64>) -> tensor<5xf32> {
  // expected-error @+1 {{random_uniform: seed: expected shape scalar, got 2}}
  %y = nn.random_uniform %seed, %step {stream = 3 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// -----

func.func @stream(%seed: tensor<i64>, %step: tensor<i64>) -> tensor<5xf32> {
  // expected-error @+1 {{random_uniform: stream: expected a number in [0, 2^32), got -1}}
  %y = nn.random_uniform %seed, %step {stream = -1 : i64} : (tensor<i64>, tensor<i64>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}
