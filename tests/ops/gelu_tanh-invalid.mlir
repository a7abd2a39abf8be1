// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @integers(%x: tensor<4xi32>) -> tensor<4xi32> {
  // expected-error @+1 {{'nn.gelu_tanh' op operand #0 must be a tensor of f32, f64, bf16 or f16, of static shape and at most 2^40 elements, but got 'tensor<4xi32>'}}
  %y = nn.gelu_tanh %x : (tensor<4xi32>) -> tensor<4xi32>
  return %y : tensor<4xi32>
}

// -----

func.func @result(%x: tensor<4xf32>) -> tensor<4xf64> {
  // expected-error @+1 {{'nn.gelu_tanh' op requires the same type for all operands and results}}
  %y = nn.gelu_tanh %x : (tensor<4xf32>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
