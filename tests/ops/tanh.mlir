// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s tanh --input 0,0.5,-1e-20,20,-inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t tanh_grad --input 0,0.5,-1e-20,20,-inf --input 1,2,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// CHECK-LABEL: func.func @tanh(
// CHECK: nn.tanh %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// CHECK-LABEL: func.func @tanh_grad(
// CHECK: %[[Y:.*]] = nn.tanh %arg0
// CHECK: nn.mul %[[Y]], %[[Y]]
// CHECK: nn.sub
// LINALG: linalg.generic
// LINALG: math.tanh
// VALUE: 5 f64: 0 0.4621171572600{{[0-9]*}} -9.999999999999{{[0-9]*}}e-21 1 -1{{$}}
// GRADIENT: 5 f64: 1 1.572895465931{{[0-9]*}} 1 0 0{{$}}
func.func @tanh(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.tanh %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
