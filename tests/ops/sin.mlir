// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s sin --input 0,1,-2.5,10000,inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t sin_grad --input 0,1,-2.5,10000,inf --input 1,2,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// CHECK-LABEL: func.func @sin(
// CHECK: nn.sin %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// CHECK-LABEL: func.func @sin_grad(
// CHECK: nn.cos %arg0
// CHECK: nn.mul %arg1
// LINALG: linalg.generic
// LINALG: math.sin
// VALUE: 5 f64: 0 0.8414709848078{{[0-9]*}} -0.5984721441039{{[0-9]*}} -0.3056143888882{{[0-9]*}} {{-?}}nan{{$}}
// GRADIENT: 5 f64: 1 1.080604611736{{[0-9]*}} -0.8011436155469{{[0-9]*}} -0.9521553682590{{[0-9]*}} {{-?}}nan{{$}}
func.func @sin(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.sin %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
