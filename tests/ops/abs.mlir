// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s abs --input 0,1.5,-2,-inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t abs_grad --input 0,1.5,-2,-inf --input 1,2,1,1 | FileCheck %s --check-prefix=GRADIENT

// The subgradient at 0 is 0.
// CHECK-LABEL: func.func @abs(
// CHECK: nn.abs %arg0 : (tensor<4xf64>) -> tensor<4xf64>
// CHECK-LABEL: func.func @abs_grad(
// CHECK: %[[S:.*]] = nn.sign %arg0
// CHECK: nn.mul %arg1, %[[S]]
// LINALG: linalg.generic
// LINALG: math.absf
// VALUE: 4 f64: 0 1.5 2 inf{{$}}
// GRADIENT: 4 f64: 0 2 -1 -1{{$}}
func.func @abs(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = nn.abs %x : (tensor<4xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
