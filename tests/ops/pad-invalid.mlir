// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @count(%x: tensor<3xf32>) -> tensor<6xf32> {
  // expected-error @+2 {{pad: low: expected 1 values, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.pad %x {low = array<i64>, high = array<i64: 3>, interior = array<i64: 0>, value = 0.0 : f64} : (tensor<3xf32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}

// -----

func.func @low(%x: tensor<3xf32>) -> tensor<6xf32> {
  // expected-error @+2 {{pad: low: expected at least 0, got -1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.pad %x {low = array<i64: -1>, high = array<i64: 4>, interior = array<i64: 0>, value = 0.0 : f64} : (tensor<3xf32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}

// -----

func.func @high(%x: tensor<3xf32>) -> tensor<6xf32> {
  // expected-error @+2 {{pad: high: expected at least 0, got -1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.pad %x {low = array<i64: 4>, high = array<i64: -1>, interior = array<i64: 0>, value = 0.0 : f64} : (tensor<3xf32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}

// -----

func.func @interior(%x: tensor<3xf32>) -> tensor<6xf32> {
  // expected-error @+2 {{pad: interior: expected at least 0, got -1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.pad %x {low = array<i64: 4>, high = array<i64: 0>, interior = array<i64: -1>, value = 0.0 : f64} : (tensor<3xf32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}

// -----

// Sizes that would wrap around to a small one.
func.func @large(%x: tensor<3xf32>) -> tensor<6xf32> {
  // expected-error @+2 {{pad: low: expected at most 1099511627776, got 9223372036854775807}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.pad %x {low = array<i64: 9223372036854775807>, high = array<i64: 9223372036854775807>, interior = array<i64: 0>, value = 0.0 : f64} : (tensor<3xf32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}

// -----

func.func @wide(%x: tensor<3xf32>) -> tensor<6xf32> {
  // expected-error @+2 {{pad: interior: 1099511627776 between neighbours makes dimension 0 of 3 too large}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.pad %x {low = array<i64: 0>, high = array<i64: 0>, interior = array<i64: 1099511627776>, value = 0.0 : f64} : (tensor<3xf32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}

// -----

func.func @result(%x: tensor<3xf32>) -> tensor<6xf32> {
  // expected-error @+2 {{inferred type(s) 'tensor<5xf32>' are incompatible with return type(s) of operation 'tensor<6xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.pad %x {low = array<i64: 0>, high = array<i64: 0>, interior = array<i64: 1>, value = 0.0 : f64} : (tensor<3xf32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}
