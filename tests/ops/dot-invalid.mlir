// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @element(%l: tensor<2x3xf32>, %r: tensor<3x2xf64>) -> tensor<2x2xf32> {
  // expected-error @+2 {{dot: rhs: expected f32 as lhs, got f64}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.dot %l, %r {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (tensor<2x3xf32>, tensor<3x2xf64>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @range(%l: tensor<2x3xf32>, %r: tensor<3x2xf32>) -> tensor<2x2xf32> {
  // expected-error @+2 {{dot: lhs dimensions: dimension 2 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.dot %l, %r {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 2>, rhs_contract = array<i64: 0>} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @negative(%l: tensor<2x3xf32>, %r: tensor<3x2xf32>) -> tensor<2x2xf32> {
  // expected-error @+2 {{dot: rhs dimensions: dimension -1 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.dot %l, %r {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: -1>} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @twice(%l: tensor<2x3xf32>, %r: tensor<3x2xf32>) -> tensor<2x2xf32> {
  // expected-error @+2 {{dot: lhs dimensions: dimension 1 is given twice}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.dot %l, %r {lhs_batch = array<i64: 1>, rhs_batch = array<i64: 0>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @count(%l: tensor<2x3xf32>, %r: tensor<3x2xf32>) -> tensor<2x2xf32> {
  // expected-error @+2 {{dot: dimensions: expected as many of lhs as of rhs, got 1 and 0 batch, 1 and 1 contracting}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.dot %l, %r {lhs_batch = array<i64: 0>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @sizes(%l: tensor<2x3xf32>, %r: tensor<4x2xf32>) -> tensor<2x2xf32> {
  // expected-error @+2 {{dot: rhs: expected size 3 in dimension 0 as lhs 2x3 has in dimension 1, got 4x2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.dot %l, %r {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (tensor<2x3xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

func.func @result(%l: tensor<2x3xf32>, %r: tensor<3x4xf32>) -> tensor<2x2xf32> {
  // expected-error @+2 {{inferred type(s) 'tensor<2x4xf32>' are incompatible with return type(s) of operation 'tensor<2x2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.dot %l, %r {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
