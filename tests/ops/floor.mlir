// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s floor --input 0.5,-0.5,2,-inf | FileCheck %s --check-prefix=VALUE

// CHECK-LABEL: func.func @floor(
// CHECK: nn.floor %arg0 : (tensor<4xf64>) -> tensor<4xf64>
// LINALG: linalg.generic
// LINALG: math.floor
// VALUE: 4 f64: 0 -1 2 -inf{{$}}
func.func @floor(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = nn.floor %x : (tensor<4xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
