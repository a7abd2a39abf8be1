// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s sigmoid --input 0,2,-2,40,-inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t sigmoid_grad --input 0,2,-2,40,-inf --input 1,2,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// CHECK-LABEL: func.func @sigmoid(
// CHECK: nn.sigmoid %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// CHECK-LABEL: func.func @sigmoid_grad(
// CHECK: %[[Y:.*]] = nn.sigmoid %arg0
// CHECK: nn.mul %arg1, %[[Y]]
// LINALG: linalg.generic
// LINALG: scalar.sigmoid %
// VALUE: 5 f64: 0.5 0.8807970779778{{[0-9]*}} 0.1192029220221{{[0-9]*}} 1 0{{$}}
// GRADIENT: 5 f64: 0.25 0.2099871708070{{[0-9]*}} 0.1049935854035{{[0-9]*}} 0 0{{$}}
func.func @sigmoid(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.sigmoid %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
