// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s log --input 1,10,0.5,inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t log_grad --input 1,10,0.5,inf --input 1,2,1,1 | FileCheck %s --check-prefix=GRADIENT

// CHECK-LABEL: func.func @log(
// CHECK: nn.log %arg0 : (tensor<4xf64>) -> tensor<4xf64>
// CHECK-LABEL: func.func @log_grad(
// CHECK: nn.div %arg1, %arg0
// LINALG: linalg.generic
// LINALG: math.log
// VALUE: 4 f64: 0 2.302585092994{{[0-9]*}} -0.6931471805599{{[0-9]*}} inf{{$}}
// GRADIENT: 4 f64: 1 0.2000000000000{{[0-9]*}} 2 0{{$}}
func.func @log(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = nn.log %x : (tensor<4xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
