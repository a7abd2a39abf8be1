// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s prod --input 2,3,4,2,0,4 | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t prod_grad --input 2,3,4,2,0,4 --input 1,2 | FileCheck %s --check-prefix=GRADIENT

// Where an element is 0 the gradient is the product of the others, and not 0/0.
// CHECK-LABEL: func.func @prod(
// CHECK: nn.prod %arg0 {dims = array<i64: 1>} : (tensor<2x3xf64>) -> tensor<2xf64>
// CHECK-LABEL: func.func @prod_grad(
// CHECK: nn.compare %arg0, %{{.*}} {predicate = "eq"}
// CHECK: nn.prod
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LINALG: arith.mulf
// VALUE: 2 f64: 24 0{{$}}
// GRADIENT: 2x3 f64: 12 8 6 0 16 0{{$}}
func.func @prod(%x: tensor<2x3xf64>) -> tensor<2xf64> {
  %y = nn.prod %x {dims = array<i64: 1>} : (tensor<2x3xf64>) -> tensor<2xf64>
  return %y : tensor<2xf64>
}
