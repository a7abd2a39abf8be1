// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=slice | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: nnc run %s slice --input 1,2,3,4,5,6,7,8 | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate=function=slice > %t && nnc run %t slice_grad --input 0 --input 1,2 | FileCheck %s --check-prefix=GRADIENT

// The gradient stands among zeros.
// CHECK-LABEL: func.func @slice(
// CHECK: nn.slice %arg0 {start = array<i64: 1, 0>, stop = array<i64: 2, 4>, stride = array<i64: 1, 3>} : (tensor<2x4xf32>) -> tensor<1x2xf32>
// CHECK-LABEL: func.func @slice_grad(
// CHECK: nn.pad %arg1 {high = array<i64: 0, 0>, interior = array<i64: 0, 2>, low = array<i64: 1, 0>
// LINALG-LABEL: func.func @slice(
// LINALG: tensor.extract_slice %arg0[1, 0] [1, 2] [1, 3]
// VALUE: 1x2 f32: 5 8{{$}}
// GRADIENT: 2x4 f32: 0 0 0 0 1 0 0 2{{$}}
func.func @slice(%x: tensor<2x4xf32>) -> tensor<1x2xf32> {
  %y = nn.slice %x {start = array<i64: 1, 0>, stop = array<i64: 2, 4>, stride = array<i64: 1, 3>} : (tensor<2x4xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// All of it, and a part of a constant of one value.
// FOLD-LABEL: func.func @fold(
// FOLD: %[[C:.*]] = nn.constant {value = dense<2.000000e+00> : tensor<1xf32>}
// FOLD-NEXT: return %arg0, %[[C]]
func.func @fold(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<1xf32>) {
  %a = nn.slice %x {start = array<i64: 0>, stop = array<i64: 4>, stride = array<i64: 1>} : (tensor<4xf32>) -> tensor<4xf32>
  %b = nn.constant {value = dense<2.0> : tensor<4xf32>} : () -> tensor<4xf32>
  %c = nn.slice %b {start = array<i64: 2>, stop = array<i64: 3>, stride = array<i64: 1>} : (tensor<4xf32>) -> tensor<1xf32>
  return %a, %c : tensor<4xf32>, tensor<1xf32>
}
