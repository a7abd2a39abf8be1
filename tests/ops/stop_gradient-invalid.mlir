// RUN: nnc-opt %s --verify-diagnostics

func.func @result(%x: tensor<4xf32>) -> tensor<2x2xf32> {
  // expected-error @+1 {{'nn.stop_gradient' op requires the same type for all operands and results}}
  %y = nn.stop_gradient %x : (tensor<4xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
