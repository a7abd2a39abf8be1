// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s expm1 --input 0,1e-20,-1,709,-inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t expm1_grad --input 0,1e-20,-1,709,-inf --input 1,2,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// Near 0 no digit is lost.
// CHECK-LABEL: func.func @expm1(
// CHECK: nn.expm1 %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// CHECK-LABEL: func.func @expm1_grad(
// CHECK: %[[Y:.*]] = nn.expm1 %arg0
// CHECK: nn.add %[[Y]]
// CHECK: nn.mul %arg1
// LINALG: linalg.generic
// LINALG: math.expm1
// VALUE: 5 f64: 0 9.999999999999{{[0-9]*}}e-21 -0.6321205588285{{[0-9]*}} 8.218407461554{{[0-9]*}}e+307 -1{{$}}
// GRADIENT: 5 f64: 1 2 0.3678794411714{{[0-9]*}} 8.218407461554{{[0-9]*}}e+307 0{{$}}
func.func @expm1(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.expm1 %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
