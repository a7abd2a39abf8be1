// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=broadcast | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: nnc run %s broadcast --input 1,2,3 | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate=function=broadcast > %t && nnc run %t broadcast_grad --input 0 --input 1,2,3,4,5,6 | FileCheck %s --check-prefix=GRADIENT

// The gradient sums along what was repeated.
// CHECK-LABEL: func.func @broadcast(
// CHECK: nn.broadcast %arg0 {dims = array<i64: 1>} : (tensor<3xf32>) -> tensor<2x3xf32>
// CHECK-LABEL: func.func @broadcast_grad(
// CHECK: nn.sum %arg1 {dims = array<i64: 0>}
// LINALG: affine_map<(d0, d1) -> (d1)>
// LINALG-LABEL: func.func @broadcast(
// VALUE: 2x3 f32: 1 2 3 1 2 3{{$}}
// GRADIENT: 3 f32: 5 7 9{{$}}
func.func @broadcast(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %y = nn.broadcast %x {dims = array<i64: 1>} : (tensor<3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// FOLD-LABEL: func.func @fold(
// FOLD: %[[C:.*]] = nn.constant {value = dense<2.000000e+00> : tensor<2x3xf32>}
// FOLD-NEXT: return %arg0, %[[C]]
func.func @fold(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %a = nn.broadcast %x {dims = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %c = nn.constant {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %b = nn.broadcast %c {dims = array<i64>} : (tensor<f32>) -> tensor<2x3xf32>
  return %a, %b : tensor<2x3xf32>, tensor<2x3xf32>
}
