// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s round --input 0.5,1.5,-2.5,2.4,inf | FileCheck %s --check-prefix=VALUE

// Ties go to the even neighbour.
// CHECK-LABEL: func.func @round(
// CHECK: nn.round %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// LINALG: linalg.generic
// LINALG: math.roundeven
// VALUE: 5 f64: 0 2 -2 2 inf{{$}}
func.func @round(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.round %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
