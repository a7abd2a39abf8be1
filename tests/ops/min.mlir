// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=min | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s min --input 1,2,3,5,5,4 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s min --input 1,nan,3,inf,-inf,4 | FileCheck %s --check-prefix=SPECIAL
// RUN: nnc run %s integers --input -2147483648,2147483647 | FileCheck %s --check-prefix=INTEGERS
// RUN: nnc-opt %s --nnc-differentiate=function=min > %t && nnc run %t min_grad --input 1,2,3,5,5,4 --input 2 | FileCheck %s --check-prefix=GRADIENT

// Equal elements share the gradient.
// CHECK-LABEL: func.func @min(
// CHECK: nn.min %arg0 {dims = array<i64: 1>} : (tensor<2x3xf64>) -> tensor<2xf64>
// CHECK-LABEL: func.func @min_grad(
// CHECK: nn.compare %arg0, %{{.*}} {predicate = "eq"}
// CHECK: nn.sum
// CHECK: nn.div %arg1
// LINALG-LABEL: func.func @min(
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LINALG: arith.minimumf
// VALUE: 2 f64: 1 4{{$}}
// SPECIAL: 2 f64: {{-?}}nan -inf{{$}}
// GRADIENT: 2x3 f64: 2 0 0 0 0 2{{$}}
func.func @min(%x: tensor<2x3xf64>) -> tensor<2xf64> {
  %y = nn.min %x {dims = array<i64: 1>} : (tensor<2x3xf64>) -> tensor<2xf64>
  return %y : tensor<2xf64>
}

// INTEGERS: result: i32: -2147483648{{$}}
func.func @integers(%x: tensor<2xi32>) -> tensor<i32> {
  %y = nn.min %x {dims = array<i64: 0>} : (tensor<2xi32>) -> tensor<i32>
  return %y : tensor<i32>
}
