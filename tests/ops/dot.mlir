// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=dot | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s dot --input 1,2,3,4,5,6 --input 1,0,0,1,1,1 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s batched --input 1,2,3,4 --input 5,6,7,8 | FileCheck %s --check-prefix=BATCHED
// RUN: nnc-opt %s --nnc-differentiate=function=dot > %t && nnc run %t dot_grad --input 1,2,3,4,5,6 --input 1,0,0,1,1,1 --input 1,2,3,4 | FileCheck %s --check-prefix=GRADIENT

// A matrix product; its gradients contract the cotangent's free dimension of the other side.
// CHECK-LABEL: func.func @dot(
// CHECK: nn.dot %arg0, %arg1 {lhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_batch = array<i64>, rhs_contract = array<i64: 0>} : (tensor<2x3xf64>, tensor<3x2xf64>) -> tensor<2x2xf64>
// CHECK-LABEL: func.func @dot_grad(
// CHECK: nn.dot %arg2, %arg1 {{.*}}lhs_contract = array<i64: 1>, {{.*}}rhs_contract = array<i64: 1>
// CHECK: nn.dot %arg2, %arg0 {{.*}}lhs_contract = array<i64: 0>, {{.*}}rhs_contract = array<i64: 0>
// LINALG-LABEL: func.func @dot(
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]
// LINALG: arith.mulf
// LINALG: arith.addf
// VALUE: 2x2 f64: 4 5 10 11{{$}}
// GRADIENT: 2x3 f64: 1 2 3 3 4 7{{$}}
// GRADIENT: 3x2 f64: 13 18 17 24 21 30{{$}}
func.func @dot(%l: tensor<2x3xf64>, %r: tensor<3x2xf64>) -> tensor<2x2xf64> {
  %y = nn.dot %l, %r {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (tensor<2x3xf64>, tensor<3x2xf64>) -> tensor<2x2xf64>
  return %y : tensor<2x2xf64>
}

// The batch comes first, wherever it was.
// LINALG-LABEL: func.func @batched(
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel"]
// BATCHED: 2x2x2 i64: 5 6 15 18 14 16 28 32{{$}}
func.func @batched(%l: tensor<2x2xi64>, %r: tensor<2x2xi64>) -> (tensor<2x2x2xi64>) {
  %y = nn.dot %l, %r {lhs_batch = array<i64: 1>, rhs_batch = array<i64: 0>, lhs_contract = array<i64>, rhs_contract = array<i64>} : (tensor<2x2xi64>, tensor<2x2xi64>) -> tensor<2x2x2xi64>
  return %y : tensor<2x2x2xi64>
}
