// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=transpose | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: nnc run %s transpose --input 1,2,3,4,5,6 | FileCheck %s --check-prefix=VALUE

// The gradient has the inverse order, which of a cycle of three is another one.
// CHECK-LABEL: func.func @transpose(
// CHECK: nn.transpose %arg0 {permutation = array<i64: 2, 0, 1>} : (tensor<1x2x3xf32>) -> tensor<3x1x2xf32>
// CHECK-LABEL: func.func @transpose_grad(
// CHECK: nn.transpose %arg1 {permutation = array<i64: 1, 2, 0>}
// LINALG: affine_map<(d0, d1, d2) -> (d1, d2, d0)>
// LINALG-LABEL: func.func @transpose(
// VALUE: 3x1x2 f32: 1 4 2 5 3 6{{$}}
func.func @transpose(%x: tensor<1x2x3xf32>) -> tensor<3x1x2xf32> {
  %y = nn.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<1x2x3xf32>) -> tensor<3x1x2xf32>
  return %y : tensor<3x1x2xf32>
}

// There and back, the order that is none, and a constant of one value.
// FOLD-LABEL: func.func @fold(
// FOLD: %[[C:.*]] = nn.constant {value = dense<2.000000e+00> : tensor<3x2xf32>}
// FOLD-NEXT: return %arg0, %arg0, %[[C]]
func.func @fold(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<3x2xf32>) {
  %a = nn.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %b = nn.transpose %a {permutation = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %c = nn.transpose %x {permutation = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %d = nn.constant {value = dense<2.0> : tensor<2x3xf32>} : () -> tensor<2x3xf32>
  %e = nn.transpose %d {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %b, %c, %e : tensor<2x3xf32>, tensor<2x3xf32>, tensor<3x2xf32>
}
