// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s gelu_tanh --input 0,1,-1,40,-6 | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t gelu_tanh_grad --input 0,1,-1,40,-6 --input 1,2,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// Where it nears 0 no digit is lost.
// CHECK-LABEL: func.func @gelu_tanh(
// CHECK: nn.gelu_tanh %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// CHECK-LABEL: func.func @gelu_tanh_grad(
// CHECK: nn.sigmoid
// CHECK: nn.mul %arg1
// LINALG: linalg.generic
// LINALG: scalar.gelu_tanh %
// VALUE: 5 f64: 0 0.8411919906082{{[0-9]*}} -0.1588080093917{{[0-9]*}} 40 -8.43964670076229{{[0-9]*}}e-11{{$}}
// GRADIENT: 5 f64: 0.5 2.165928167691{{[0-9]*}} -0.0829640838457{{[0-9]*}} 1 -7.7099739{{[0-9]*}}e-10{{$}}
func.func @gelu_tanh(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.gelu_tanh %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
