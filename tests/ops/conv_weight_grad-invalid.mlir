// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @element(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf64>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: cotangent: expected f32 as input, got f64}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<2x6x3xf64>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @rank(%x: tensor<2x4x5xf32>, %w: tensor<2x6xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: cotangent: expected 3 dimensions, got 2 in 2x6}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<2x6xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @stride_count(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: stride: expected 1 values, got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1, 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<2x6x3xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @stride(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: stride: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 0>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<2x6x3xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @padding(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: padding: expected at least 0, got -1}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: -1>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<2x6x3xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @padding_high(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: padding: expected 1 values, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64>, dilation = array<i64: 1>, groups = 1 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<2x6x3xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @dilation(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: dilation: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 0>, groups = 1 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<2x6x3xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @groups(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: groups: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 0 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<2x6x3xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @kernel_size(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: kernel: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, kernel = array<i64: 0>} : (tensor<2x4x5xf32>, tensor<2x6x3xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @input_divisor(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: groups: expected a divisor of the 4 input channels, got 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 3 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<2x6x3xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @output_divisor(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: groups: expected a divisor of the 6 output channels, got 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 4 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<2x6x3xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @shape(%x: tensor<2x4x5xf32>, %w: tensor<3x6x3xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: cotangent: expected shape 2x6x3, got 3x6x3}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<3x6x3xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @kernel(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf32>) -> tensor<6x4x3xf32> {
  // expected-error @+2 {{conv_weight_grad: kernel: size 6 is larger than the padded input of 5 in spatial dimension 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, kernel = array<i64: 6>} : (tensor<2x4x5xf32>, tensor<2x6x3xf32>) -> tensor<6x4x3xf32>
  return %y : tensor<6x4x3xf32>
}

// -----

func.func @result(%x: tensor<2x4x5xf32>, %w: tensor<2x6x3xf32>) -> tensor<6x4x2xf32> {
  // expected-error @+2 {{inferred type(s) 'tensor<6x4x3xf32>' are incompatible with return type(s) of operation 'tensor<6x4x2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.conv_weight_grad %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64, kernel = array<i64: 3>} : (tensor<2x4x5xf32>, tensor<2x6x3xf32>) -> tensor<6x4x2xf32>
  return %y : tensor<6x4x2xf32>
}
