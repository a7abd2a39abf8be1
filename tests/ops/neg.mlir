// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s neg --input 0,1.5,-2,inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t neg_grad --input 0,1.5,-2,inf --input 1,2,1,1 | FileCheck %s --check-prefix=GRADIENT

// Exact: only the sign changes, that of zero too.
// CHECK-LABEL: func.func @neg(
// CHECK: nn.neg %arg0 : (tensor<4xf64>) -> tensor<4xf64>
// CHECK-LABEL: func.func @neg_grad(
// CHECK: nn.neg %arg1
// LINALG: linalg.generic
// LINALG: arith.negf
// VALUE: 4 f64: -0 -1.5 2 -inf{{$}}
// GRADIENT: 4 f64: -1 -2 -1 -1{{$}}
func.func @neg(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = nn.neg %x : (tensor<4xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
