// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s exp --input 0,1,-1,709,710,-inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t exp_grad --input 0,1,-1,709,710,-inf --input 1,2,1,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// The gradient uses the value again. 709 is the last integer whose exponential is finite in f64.
// CHECK-LABEL: func.func @exp(
// CHECK: nn.exp %arg0 : (tensor<6xf64>) -> tensor<6xf64>
// CHECK-LABEL: func.func @exp_grad(
// CHECK: %[[Y:.*]] = nn.exp %arg0
// CHECK: nn.mul %arg1, %[[Y]]
// LINALG: linalg.generic
// LINALG: math.exp
// VALUE: 6 f64: 1 2.718281828459{{[0-9]*}} 0.3678794411714{{[0-9]*}} 8.218407461554{{[0-9]*}}e+307 inf 0{{$}}
// GRADIENT: 6 f64: 1 5.436563656918{{[0-9]*}} 0.3678794411714{{[0-9]*}} 8.218407461554{{[0-9]*}}e+307 inf 0{{$}}
func.func @exp(%x: tensor<6xf64>) -> tensor<6xf64> {
  %y = nn.exp %x : (tensor<6xf64>) -> tensor<6xf64>
  return %y : tensor<6xf64>
}
