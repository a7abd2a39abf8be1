// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s reciprocal --input 1,-2,0.25,inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t reciprocal_grad --input 1,-2,0.25,inf --input 1,2,1,1 | FileCheck %s --check-prefix=GRADIENT

// CHECK-LABEL: func.func @reciprocal(
// CHECK: nn.reciprocal %arg0 : (tensor<4xf64>) -> tensor<4xf64>
// CHECK-LABEL: func.func @reciprocal_grad(
// CHECK: %[[Y:.*]] = nn.reciprocal %arg0
// CHECK: nn.neg %arg1
// CHECK: nn.mul
// LINALG: linalg.generic
// LINALG: arith.divf
// VALUE: 4 f64: 1 -0.5 4 0{{$}}
// GRADIENT: 4 f64: -1 -0.5 -16 -0{{$}}
func.func @reciprocal(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = nn.reciprocal %x : (tensor<4xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
