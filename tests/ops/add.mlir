// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=add | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: nnc run %s add --input 6,-1.5,0 --input 4,0.5,2 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s add_integers --input 7,-7,2147483647 --input 2,2,1 | FileCheck %s --check-prefix=INTEGERS
// RUN: nnc-opt %s --nnc-differentiate=function=add > %t && nnc run %t add_grad --input 6,-1.5,0 --input 4,0.5,2 --input 1,2,3 | FileCheck %s --check-prefix=GRADIENT

// CHECK-LABEL: func.func @add(
// CHECK: nn.add %arg0, %arg1 : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
// CHECK-LABEL: func.func @add_grad(
// CHECK: return %arg2, %arg2
// LINALG-LABEL: func.func @add(
// LINALG: arith.addf
// VALUE: 3 f64: 10 -1 2{{$}}
// GRADIENT: 3 f64: 1 2 3{{$}}
// GRADIENT: 3 f64: 1 2 3{{$}}
func.func @add(%l: tensor<3xf64>, %r: tensor<3xf64>) -> tensor<3xf64> {
  %y = nn.add %l, %r : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}

// LINALG-LABEL: func.func @add_integers(
// LINALG: arith.addi
// INTEGERS: 3 i32: 9 -5 -2147483648{{$}}
func.func @add_integers(%l: tensor<3xi32>, %r: tensor<3xi32>) -> tensor<3xi32> {
  %y = nn.add %l, %r : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}

// FOLD-LABEL: func.func @fold(
// FOLD-NEXT: return %arg0
func.func @fold(%x: tensor<3xf64>) -> tensor<3xf64> {
  %c = nn.constant {value = dense<0.0> : tensor<3xf64>} : () -> tensor<3xf64>
  %y = nn.add %c, %x : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  %z = nn.add %y, %c : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %z : tensor<3xf64>
}
