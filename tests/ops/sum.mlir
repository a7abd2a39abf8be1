// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=sum | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s sum --input 1,2,3,4,5,6 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s nothing --input "" | FileCheck %s --check-prefix=NOTHING
// RUN: nnc-opt %s --nnc-differentiate=function=sum > %t && nnc run %t sum_grad --input 0 --input 1,2 | FileCheck %s --check-prefix=GRADIENT

// The gradient repeats the cotangent.
// CHECK-LABEL: func.func @sum(
// CHECK: nn.sum %arg0 {dims = array<i64: 1>} : (tensor<2x3xf64>) -> tensor<2xf64>
// CHECK-LABEL: func.func @sum_grad(
// CHECK: nn.broadcast %arg1 {dims = array<i64: 0>}
// LINALG-LABEL: func.func @sum(
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LINALG: arith.addf
// VALUE: 2 f64: 6 15{{$}}
// GRADIENT: 2x3 f64: 1 1 1 2 2 2{{$}}
func.func @sum(%x: tensor<2x3xf64>) -> tensor<2xf64> {
  %y = nn.sum %x {dims = array<i64: 1>} : (tensor<2x3xf64>) -> tensor<2xf64>
  return %y : tensor<2xf64>
}

// NOTHING: 2 i32: 0 0{{$}}
func.func @nothing(%x: tensor<2x0xi32>) -> tensor<2xi32> {
  %y = nn.sum %x {dims = array<i64: 1>} : (tensor<2x0xi32>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}
