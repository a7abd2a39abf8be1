// RUN: nnc-opt %s --verify-diagnostics

func.func @shape(%x: tensor<4xf32>) -> tensor<2x2xf64> {
  // expected-error @+1 {{convert: output: expected shape 4, got 2x2}}
  %y = nn.convert %x : (tensor<4xf32>) -> tensor<2x2xf64>
  return %y : tensor<2x2xf64>
}
