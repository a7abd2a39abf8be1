// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=sub | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: nnc run %s sub --input 6,-1.5,0 --input 4,0.5,2 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s sub_integers --input 7,-7,2147483647 --input 2,2,1 | FileCheck %s --check-prefix=INTEGERS
// RUN: nnc-opt %s --nnc-differentiate=function=sub > %t && nnc run %t sub_grad --input 6,-1.5,0 --input 4,0.5,2 --input 1,2,3 | FileCheck %s --check-prefix=GRADIENT

// CHECK-LABEL: func.func @sub(
// CHECK: nn.sub %arg0, %arg1 : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
// CHECK-LABEL: func.func @sub_grad(
// CHECK: %[[N:.*]] = nn.neg %arg2
// CHECK: return %arg2, %[[N]]
// LINALG-LABEL: func.func @sub(
// LINALG: arith.subf
// VALUE: 3 f64: 2 -2 -2{{$}}
// GRADIENT: 3 f64: 1 2 3{{$}}
// GRADIENT: 3 f64: -1 -2 -3{{$}}
func.func @sub(%l: tensor<3xf64>, %r: tensor<3xf64>) -> tensor<3xf64> {
  %y = nn.sub %l, %r : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}

// LINALG-LABEL: func.func @sub_integers(
// LINALG: arith.subi
// INTEGERS: 3 i32: 5 -9 2147483646{{$}}
func.func @sub_integers(%l: tensor<3xi32>, %r: tensor<3xi32>) -> tensor<3xi32> {
  %y = nn.sub %l, %r : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}

// FOLD-LABEL: func.func @fold(
// FOLD-NEXT: return %arg0
func.func @fold(%x: tensor<3xf64>) -> tensor<3xf64> {
  %c = nn.constant {value = dense<0.0> : tensor<3xf64>} : () -> tensor<3xf64>
  %y = nn.sub %x, %c : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}
