// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s ceil --input 0.5,-1.5,2,inf | FileCheck %s --check-prefix=VALUE

// CHECK-LABEL: func.func @ceil(
// CHECK: nn.ceil %arg0 : (tensor<4xf64>) -> tensor<4xf64>
// LINALG: linalg.generic
// LINALG: math.ceil
// VALUE: 4 f64: 1 -1 2 inf{{$}}
func.func @ceil(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = nn.ceil %x : (tensor<4xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
