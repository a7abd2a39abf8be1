// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=mul | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: nnc run %s mul --input 6,-1.5,0 --input 4,0.5,2 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s mul_integers --input 7,-7,2147483647 --input 2,2,1 | FileCheck %s --check-prefix=INTEGERS
// RUN: nnc-opt %s --nnc-differentiate=function=mul > %t && nnc run %t mul_grad --input 6,-1.5,0 --input 4,0.5,2 --input 1,2,3 | FileCheck %s --check-prefix=GRADIENT

// CHECK-LABEL: func.func @mul(
// CHECK: nn.mul %arg0, %arg1 : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
// CHECK-LABEL: func.func @mul_grad(
// CHECK-DAG: nn.mul %arg2, %arg1
// CHECK-DAG: nn.mul %arg2, %arg0
// LINALG-LABEL: func.func @mul(
// LINALG: arith.mulf
// VALUE: 3 f64: 24 -0.75 0{{$}}
// GRADIENT: 3 f64: 4 1 6{{$}}
// GRADIENT: 3 f64: 6 -3 0{{$}}
func.func @mul(%l: tensor<3xf64>, %r: tensor<3xf64>) -> tensor<3xf64> {
  %y = nn.mul %l, %r : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}

// LINALG-LABEL: func.func @mul_integers(
// LINALG: arith.muli
// INTEGERS: 3 i32: 14 -14 2147483647{{$}}
func.func @mul_integers(%l: tensor<3xi32>, %r: tensor<3xi32>) -> tensor<3xi32> {
  %y = nn.mul %l, %r : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}

// FOLD-LABEL: func.func @fold(
// FOLD-NEXT: return %arg0
func.func @fold(%x: tensor<3xf64>) -> tensor<3xf64> {
  %c = nn.constant {value = dense<1.0> : tensor<3xf64>} : () -> tensor<3xf64>
  %y = nn.mul %c, %x : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  %z = nn.mul %y, %c : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %z : tensor<3xf64>
}
