// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=max | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s max --input 1,2,3,5,5,4 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s max --input 1,nan,3,inf,-inf,4 | FileCheck %s --check-prefix=SPECIAL
// RUN: nnc run %s integers --input -2147483648,2147483647 | FileCheck %s --check-prefix=INTEGERS
// RUN: nnc-opt %s --nnc-differentiate=function=max > %t && nnc run %t max_grad --input 1,2,3,5,5,4 --input 2 | FileCheck %s --check-prefix=GRADIENT

// Equal elements share the gradient.
// CHECK-LABEL: func.func @max(
// CHECK: nn.max %arg0 {dims = array<i64: 1>} : (tensor<2x3xf64>) -> tensor<2xf64>
// CHECK-LABEL: func.func @max_grad(
// CHECK: nn.compare %arg0, %{{.*}} {predicate = "eq"}
// CHECK: nn.sum
// CHECK: nn.div %arg1
// LINALG-LABEL: func.func @max(
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LINALG: arith.maximumf
// VALUE: 2 f64: 3 5{{$}}
// SPECIAL: 2 f64: {{-?}}nan inf{{$}}
// GRADIENT: 2x3 f64: 0 0 2 1 1 0{{$}}
func.func @max(%x: tensor<2x3xf64>) -> tensor<2xf64> {
  %y = nn.max %x {dims = array<i64: 1>} : (tensor<2x3xf64>) -> tensor<2xf64>
  return %y : tensor<2xf64>
}

// INTEGERS: result: i32: 2147483647{{$}}
func.func @integers(%x: tensor<2xi32>) -> tensor<i32> {
  %y = nn.max %x {dims = array<i64: 0>} : (tensor<2xi32>) -> tensor<i32>
  return %y : tensor<i32>
}
