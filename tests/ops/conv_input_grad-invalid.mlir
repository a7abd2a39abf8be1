// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @element(%x: tensor<2x6x3xf32>, %w: tensor<6x4x3xf64>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: weight: expected f32 as cotangent, got f64}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, input_spatial = array<i64: 5>} : (tensor<2x6x3xf32>, tensor<6x4x3xf64>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @rank(%x: tensor<2x6x3xf32>, %w: tensor<6x4xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: weight: expected 3 dimensions, got 2 in 6x4}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, input_spatial = array<i64: 5>} : (tensor<2x6x3xf32>, tensor<6x4xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @stride_count(%x: tensor<2x6x3xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: stride: expected 1 values, got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1, 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, input_spatial = array<i64: 5>} : (tensor<2x6x3xf32>, tensor<6x4x3xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @stride(%x: tensor<2x6x3xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: stride: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 0>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, input_spatial = array<i64: 5>} : (tensor<2x6x3xf32>, tensor<6x4x3xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @padding(%x: tensor<2x6x3xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: padding: expected at least 0, got -1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: -1>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, input_spatial = array<i64: 5>} : (tensor<2x6x3xf32>, tensor<6x4x3xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @padding_high(%x: tensor<2x6x3xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: padding: expected 1 values, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64>, dilation = array<i64: 1>, groups = 1 : i64, input_spatial = array<i64: 5>} : (tensor<2x6x3xf32>, tensor<6x4x3xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @dilation(%x: tensor<2x6x3xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: dilation: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 0>, groups = 1 : i64, input_spatial = array<i64: 5>} : (tensor<2x6x3xf32>, tensor<6x4x3xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @groups(%x: tensor<2x6x3xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: groups: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 0 : i64, input_spatial = array<i64: 5>} : (tensor<2x6x3xf32>, tensor<6x4x3xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @spatial_count(%x: tensor<2x6x3xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: input_spatial: expected 1 values, got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, input_spatial = array<i64: 5, 5>} : (tensor<2x6x3xf32>, tensor<6x4x3xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @divisor(%x: tensor<2x6x3xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: groups: expected a divisor of the 6 channels of the cotangent, got 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 4 : i64, input_spatial = array<i64: 5>} : (tensor<2x6x3xf32>, tensor<6x4x3xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @channels(%x: tensor<2x5x3xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: cotangent: expected 6 channels (weight is 6x4x3), got 5 in 2x5x3}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, input_spatial = array<i64: 5>} : (tensor<2x5x3xf32>, tensor<6x4x3xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

// What conv would make of an input of that size is what a cotangent has.
func.func @shape(%x: tensor<2x6x4xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: cotangent: expected shape 2x6x3, got 2x6x4}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, input_spatial = array<i64: 5>} : (tensor<2x6x4xf32>, tensor<6x4x3xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @kernel(%x: tensor<2x6x3xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x5xf32> {
  // expected-error @+2 {{conv_input_grad: kernel: size 3 is larger than the padded input of 2 in spatial dimension 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, input_spatial = array<i64: 2>} : (tensor<2x6x3xf32>, tensor<6x4x3xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// -----

func.func @result(%x: tensor<2x6x3xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x6xf32> {
  // expected-error @+2 {{inferred type(s) 'tensor<2x4x5xf32>' are incompatible with return type(s) of operation 'tensor<2x4x6xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_input_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, input_spatial = array<i64: 5>} : (tensor<2x6x3xf32>, tensor<6x4x3xf32>) -> tensor<2x4x6xf32>
  return %y : tensor<2x4x6xf32>
}
