// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @element(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf64>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: weight: expected f32 as input, got f64}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf64>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @spatial(%x: tensor<2x4xf32>, %w: tensor<6x4xf32>) -> tensor<2x6xf32> {
  // expected-error @+2 {{conv: input: expected at least 3 dimensions (batch, channels, spatial), got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64>, padding_low = array<i64>, padding_high = array<i64>, dilation = array<i64>, groups = 1 : i64} : (tensor<2x4xf32>, tensor<6x4xf32>) -> tensor<2x6xf32>
  return %y : tensor<2x6xf32>
}

// -----

func.func @rank(%x: tensor<2x4x5xf32>, %w: tensor<6x4xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: weight: expected 3 dimensions, got 2 in 6x4}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @stride_count(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: stride: expected 1 values, got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1, 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @stride(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: stride: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 0>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @padding(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: padding: expected at least 0, got -1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: -1>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @padding_high(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: padding: expected 1 values, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64>, dilation = array<i64: 1>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @dilation(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: dilation: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 0>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @groups(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: groups: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 0 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @divisor(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: groups: expected a divisor of the 6 output channels, got 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 4 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @channels(%x: tensor<2x4x5xf32>, %w: tensor<6x3x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: input: expected 3 channels (weight is 6x3x3), got 4 in 2x4x5}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x3x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @group_channels(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: input: expected 8 channels (weight is 6x4x3, 2 groups), got 4 in 2x4x5}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 2 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @no_kernel(%x: tensor<2x4x5xf32>, %w: tensor<6x4x0xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: kernel: expected sizes of at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x0xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @kernel(%x: tensor<2x4x5xf32>, %w: tensor<6x4x7xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: kernel: size 7 is larger than the padded input of 6 in spatial dimension 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 1>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x7xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @dilated(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: kernel: size 3 (7 with dilation) is larger than the padded input of 5 in spatial dimension 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 3>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

// Sizes that would wrap around to small ones.
func.func @large(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{conv: padding: expected at most 1099511627776, got 9223372036854775807}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 9223372036854775807>, padding_high = array<i64: 9223372036854775807>, dilation = array<i64: 1>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @huge(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x3xf32> {
  // expected-error @+2 {{is larger than the padded input of 5 in spatial dimension 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1099511627776>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x3xf32>
  return %y : tensor<2x6x3xf32>
}

// -----

func.func @result(%x: tensor<2x4x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x6x4xf32> {
  // expected-error @+2 {{inferred type(s) 'tensor<2x6x3xf32>' are incompatible with return type(s) of operation 'tensor<2x6x4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64} : (tensor<2x4x5xf32>, tensor<6x4x3xf32>) -> tensor<2x6x4xf32>
  return %y : tensor<2x6x4xf32>
}
