// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=reverse | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s reverse --input 1,2,3,4,5,6 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s both --input 1,2,3,4,5,6 | FileCheck %s --check-prefix=BOTH

// It is its own inverse, and its own gradient.
// CHECK-LABEL: func.func @reverse(
// CHECK: nn.reverse %arg0 {dims = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-LABEL: func.func @reverse_grad(
// CHECK: nn.reverse %arg1 {dims = array<i64: 1>}
// LINALG-LABEL: func.func @reverse(
// LINALG: linalg.index 1
// LINALG: arith.subi
// LINALG: tensor.extract %arg0
// VALUE: 2x3 f32: 3 2 1 6 5 4{{$}}
func.func @reverse(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = nn.reverse %x {dims = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// BOTH: 2x3 i64: 6 5 4 3 2 1{{$}}
func.func @both(%x: tensor<2x3xi64>) -> tensor<2x3xi64> {
  %y = nn.reverse %x {dims = array<i64: 0, 1>} : (tensor<2x3xi64>) -> tensor<2x3xi64>
  return %y : tensor<2x3xi64>
}
