// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @count(%x: tensor<4xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{slice: start: expected 1 values, got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.slice %x {start = array<i64: 0, 0>, stop = array<i64: 2>, stride = array<i64: 1>} : (tensor<4xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @start(%x: tensor<4xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{slice: start: expected at least 0, got -2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.slice %x {start = array<i64: -2>, stop = array<i64: 0>, stride = array<i64: 1>} : (tensor<4xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @stop(%x: tensor<4xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{slice: stop: expected at least 0, got -2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.slice %x {start = array<i64: 0>, stop = array<i64: -2>, stride = array<i64: 1>} : (tensor<4xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @stride(%x: tensor<4xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{slice: stride: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.slice %x {start = array<i64: 0>, stop = array<i64: 2>, stride = array<i64: 0>} : (tensor<4xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @end(%x: tensor<4xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{slice: stop: expected start <= stop <= 4 in dimension 0, got 3 and 5}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.slice %x {start = array<i64: 3>, stop = array<i64: 5>, stride = array<i64: 1>} : (tensor<4xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @order(%x: tensor<4xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{slice: stop: expected start <= stop <= 4 in dimension 0, got 3 and 1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.slice %x {start = array<i64: 3>, stop = array<i64: 1>, stride = array<i64: 1>} : (tensor<4xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @result(%x: tensor<4xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{inferred type(s) 'tensor<4xf32>' are incompatible with return type(s) of operation 'tensor<2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.slice %x {start = array<i64: 0>, stop = array<i64: 4>, stride = array<i64: 1>} : (tensor<4xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
