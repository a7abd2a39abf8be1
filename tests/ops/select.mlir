// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=select | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: nnc run %s select --input 0,1,1 --input 1,2,3 --input nan,-2,nan | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate=function=select > %t && nnc run %t select_grad --input 0,1,1 --input 0 --input 0 --input 1,2,3 | FileCheck %s --check-prefix=GRADIENT

// The other side's NaN is not seen.
// CHECK-LABEL: func.func @select(
// CHECK: nn.select %arg0, %arg1, %arg2 : (tensor<3xi1>, tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
// CHECK-LABEL: func.func @select_grad(
// CHECK-DAG: nn.select %arg0, %arg3, %{{.*}}
// CHECK-DAG: nn.select %arg0, %{{.*}}, %arg3
// LINALG-LABEL: func.func @select(
// LINALG: arith.select %{{.*}} : f64
// VALUE: 3 f64: {{-?}}nan 2 3{{$}}
// GRADIENT: 3 f64: 0 2 3{{$}}
// GRADIENT: 3 f64: 1 0 0{{$}}
func.func @select(%c: tensor<3xi1>, %a: tensor<3xf64>, %b: tensor<3xf64>) -> tensor<3xf64> {
  %y = nn.select %c, %a, %b : (tensor<3xi1>, tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}

// FOLD-LABEL: func.func @fold(
// FOLD-NEXT: return %arg1, %arg2, %arg2
func.func @fold(%c: tensor<3xi1>, %a: tensor<3xf64>, %b: tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) {
  %t = nn.constant {value = dense<true> : tensor<3xi1>} : () -> tensor<3xi1>
  %f = nn.constant {value = dense<false> : tensor<3xi1>} : () -> tensor<3xi1>
  %x = nn.select %t, %a, %b : (tensor<3xi1>, tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  %y = nn.select %f, %a, %b : (tensor<3xi1>, tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  %z = nn.select %c, %b, %b : (tensor<3xi1>, tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %x, %y, %z : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
}
