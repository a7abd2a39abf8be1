// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=div | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: nnc run %s div --input 6,-1.5,0 --input 4,0.5,2 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s div_integers --input 7,-7,2147483647 --input 2,2,1 | FileCheck %s --check-prefix=INTEGERS
// RUN: nnc-opt %s --nnc-differentiate=function=div > %t && nnc run %t div_grad --input 6,-1.5,0 --input 4,0.5,2 --input 1,2,3 | FileCheck %s --check-prefix=GRADIENT

// Integers truncate toward zero.
// CHECK-LABEL: func.func @div(
// CHECK: nn.div %arg0, %arg1 : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
// CHECK-LABEL: func.func @div_grad(
// CHECK: nn.div %arg2, %arg1
// CHECK: nn.neg %arg2
// LINALG-LABEL: func.func @div(
// LINALG: arith.divf
// VALUE: 3 f64: 1.5 -3 0{{$}}
// GRADIENT: 3 f64: 0.25 4 1.5{{$}}
// GRADIENT: 3 f64: -0.375 12 {{-?}}0{{$}}
func.func @div(%l: tensor<3xf64>, %r: tensor<3xf64>) -> tensor<3xf64> {
  %y = nn.div %l, %r : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}

// LINALG-LABEL: func.func @div_integers(
// LINALG: arith.divsi
// INTEGERS: 3 i32: 3 -3 2147483647{{$}}
func.func @div_integers(%l: tensor<3xi32>, %r: tensor<3xi32>) -> tensor<3xi32> {
  %y = nn.div %l, %r : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}

// A division by zero and the one quotient that does not fit are divisions by 1: nothing traps.
// RUN: nnc run %s zero --input 5,-2147483648 --input 0,-1 | FileCheck %s --check-prefix=ZERO
// ZERO: 2 i32: 5 -2147483648{{$}}
func.func @zero(%l: tensor<2xi32>, %r: tensor<2xi32>) -> tensor<2xi32> {
  %y = nn.div %l, %r : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}

// Bytes have no sign.
// RUN: nnc run %s bytes --input 200,255 --input 3,128 | FileCheck %s --check-prefix=BYTES
// BYTES: 2 u8: 66 1{{$}}
func.func @bytes(%l: tensor<2xui8>, %r: tensor<2xui8>) -> tensor<2xui8> {
  %y = nn.div %l, %r : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xui8>
  return %y : tensor<2xui8>
}

// FOLD-LABEL: func.func @fold(
// FOLD-NEXT: return %arg0
func.func @fold(%x: tensor<3xf64>) -> tensor<3xf64> {
  %c = nn.constant {value = dense<1.0> : tensor<3xf64>} : () -> tensor<3xf64>
  %y = nn.div %x, %c : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}
