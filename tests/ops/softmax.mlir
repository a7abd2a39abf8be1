// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG

// CHECK: nn.softmax
// LINALG-LABEL: func.func @softmax
// LINALG-NOT: = nn.
// LINALG: linalg.generic
// LINALG: math.exp
func.func @softmax(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = nn.softmax %x {dim = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
