// RUN: nnc-opt %s --verify-diagnostics

func.func @integers(%x: tensor<4xi32>) -> tensor<4xi32> {
  // expected-error @+1 {{'nn.not' op operand #0 must be a tensor of i1, of static shape and at most 2^40 elements, but got 'tensor<4xi32>'}}
  %y = nn.not %x : (tensor<4xi32>) -> tensor<4xi32>
  return %y : tensor<4xi32>
}
