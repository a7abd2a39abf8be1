// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s log1p --input 0,1e-20,1,inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t log1p_grad --input 0,1e-20,1,inf --input 1,2,1,1 | FileCheck %s --check-prefix=GRADIENT

// Near 0 no digit is lost.
// CHECK-LABEL: func.func @log1p(
// CHECK: nn.log1p %arg0 : (tensor<4xf64>) -> tensor<4xf64>
// CHECK-LABEL: func.func @log1p_grad(
// CHECK: %[[S:.*]] = nn.add %arg0
// CHECK: nn.div %arg1, %[[S]]
// LINALG: linalg.generic
// LINALG: math.log1p
// VALUE: 4 f64: 0 9.999999999999{{[0-9]*}}e-21 0.6931471805599{{[0-9]*}} inf{{$}}
// GRADIENT: 4 f64: 1 2 0.5 0{{$}}
func.func @log1p(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = nn.log1p %x : (tensor<4xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
