// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nnc-differentiate=function=ranks | FileCheck %s --check-prefix=GRAD
// RUN: sed '/^.. BEGIN/,/^.. END/d' %s | nnc-opt --to=linalg | FileCheck %s --check-prefix=LINALG

// On one rank it is the identity.
// LINALG-LABEL: func.func @one
// LINALG-NEXT: return %arg0
func.func @one(%x: tensor<8x3xf32>) -> tensor<8x3xf32> {
  %y = nn.broadcast_from %x {root = 0 : i64, ranks = 1 : i64} : (tensor<8x3xf32>) -> tensor<8x3xf32>
  return %y : tensor<8x3xf32>
}

// BEGIN ranks
// CHECK-LABEL: func.func @ranks
// CHECK: nn.broadcast_from
// GRAD-LABEL: func.func @ranks_grad
// GRAD: nn.reduce_to %arg1
func.func @ranks(%x: tensor<8x3xf32>) -> tensor<8x3xf32> {
  %y = nn.broadcast_from %x {root = 0 : i64, ranks = 4 : i64} : (tensor<8x3xf32>) -> tensor<8x3xf32>
  return %y : tensor<8x3xf32>
}
// END ranks
