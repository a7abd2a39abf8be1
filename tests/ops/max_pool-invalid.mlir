// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @rank(%x: tensor<1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>) {
  // expected-error @+2 {{max_pool: input: expected at least 3 dimensions (batch, channels, spatial), got 2 in 1x6}}
  // expected-error @+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool %x {kernel = array<i64: 3>, stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>)
  return %y, %p : tensor<1x1x3xf32>, tensor<1x1x3xi64>
}

// -----

func.func @count(%x: tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>) {
  // expected-error @+2 {{max_pool: kernel: expected 1 values, got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool %x {kernel = array<i64: 3, 3>, stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>)
  return %y, %p : tensor<1x1x3xf32>, tensor<1x1x3xi64>
}

// -----

func.func @kernel(%x: tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>) {
  // expected-error @+2 {{max_pool: kernel: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool %x {kernel = array<i64: 0>, stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>)
  return %y, %p : tensor<1x1x3xf32>, tensor<1x1x3xi64>
}

// -----

func.func @stride(%x: tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>) {
  // expected-error @+2 {{max_pool: stride: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool %x {kernel = array<i64: 3>, stride = array<i64: 0>, padding_low = array<i64: 1>, padding_high = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>)
  return %y, %p : tensor<1x1x3xf32>, tensor<1x1x3xi64>
}

// -----

func.func @padding(%x: tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>) {
  // expected-error @+2 {{max_pool: padding: expected at least 0, got -1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool %x {kernel = array<i64: 3>, stride = array<i64: 2>, padding_low = array<i64: -1>, padding_high = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>)
  return %y, %p : tensor<1x1x3xf32>, tensor<1x1x3xi64>
}

// -----

func.func @padding_high(%x: tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>) {
  // expected-error @+2 {{max_pool: padding: expected 1 values, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool %x {kernel = array<i64: 3>, stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64>, dilation = array<i64: 1>} : (tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>)
  return %y, %p : tensor<1x1x3xf32>, tensor<1x1x3xi64>
}

// -----

func.func @dilation(%x: tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>) {
  // expected-error @+2 {{max_pool: dilation: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool %x {kernel = array<i64: 3>, stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64: 1>, dilation = array<i64: 0>} : (tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>)
  return %y, %p : tensor<1x1x3xf32>, tensor<1x1x3xi64>
}

// -----

func.func @window(%x: tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>) {
  // expected-error @+2 {{max_pool: kernel: 9 is larger than the padded input of 8 in spatial dimension 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool %x {kernel = array<i64: 3>, stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64: 1>, dilation = array<i64: 4>} : (tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>)
  return %y, %p : tensor<1x1x3xf32>, tensor<1x1x3xi64>
}

// -----

// Sizes that would wrap around to small ones.
func.func @large(%x: tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>) {
  // expected-error @+2 {{max_pool: padding: expected at most 1099511627776, got 9223372036854775807}}
  // expected-error @+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool %x {kernel = array<i64: 3>, stride = array<i64: 2>, padding_low = array<i64: 9223372036854775807>, padding_high = array<i64: 9223372036854775807>, dilation = array<i64: 1>} : (tensor<1x1x6xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xi64>)
  return %y, %p : tensor<1x1x3xf32>, tensor<1x1x3xi64>
}

// -----

func.func @result(%x: tensor<1x1x6xf32>) -> (tensor<1x1x4xf32>, tensor<1x1x3xi64>) {
  // expected-error @+2 {{inferred type(s) 'tensor<1x1x3xf32>', 'tensor<1x1x3xi64>' are incompatible with return type(s) of operation 'tensor<1x1x4xf32>', 'tensor<1x1x3xi64>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool %x {kernel = array<i64: 3>, stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x1x6xf32>) -> (tensor<1x1x4xf32>, tensor<1x1x3xi64>)
  return %y, %p : tensor<1x1x4xf32>, tensor<1x1x3xi64>
}
