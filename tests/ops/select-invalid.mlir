// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @sides(%c: tensor<4xi1>, %a: tensor<4xf32>, %b: tensor<4xf64>) -> tensor<4xf32> {
  // expected-error @+2 {{select: on_false: expected 4 of f32 as on_true, got 4 of f64}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.select %c, %a, %b : (tensor<4xi1>, tensor<4xf32>, tensor<4xf64>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @condition(%c: tensor<2xi1>, %a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+2 {{select: condition: expected shape 4, got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.select %c, %a, %a : (tensor<2xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @number(%c: tensor<4xi8>, %a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'nn.select' op operand #0 must be a tensor of i1, of static shape and at most 2^40 elements, but got 'tensor<4xi8>'}}
  %y = nn.select %c, %a, %a : (tensor<4xi8>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
