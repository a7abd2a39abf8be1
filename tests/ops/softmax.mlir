// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: nnc run %s softmax --input 0,0,-inf,1000,-1000,0 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s softmax --input -inf,-inf,-inf,nan,1,2 | FileCheck %s --check-prefix=SPECIAL
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t softmax_grad --input 0,0,-inf,0,0,0 --input 1,2,3,1,1,4 | FileCheck %s --check-prefix=GRADIENT

// Nothing overflows; a row without a finite element has no value. The gradient is y * (g - sum(g * y)), and one kernel does all.
// CHECK-LABEL: func.func @softmax(
// CHECK: nn.softmax %arg0 {dim = 1 : i64} : (tensor<2x3xf64>) -> tensor<2x3xf64>
// CHECK-LABEL: func.func @softmax_grad(
// CHECK: %[[Y:.*]] = nn.softmax %arg0
// CHECK: %[[P:.*]] = nn.mul %arg1, %[[Y]]
// CHECK: nn.sum %[[P]]
// LINALG-LABEL: func.func @softmax(
// LINALG-NOT: = nn.
// LINALG: arith.maximumf
// LINALG: math.exp
// LINALG: arith.addf
// LINALG: arith.divf
// BUFFERS: sched.launch
// BUFFERS-NOT: sched.launch
// VALUE: 2x3 f64: 0.5 0.5 0 1 0 0{{$}}
// SPECIAL: 2x3 f64: {{-?}}nan {{-?}}nan {{-?}}nan {{-?}}nan {{-?}}nan {{-?}}nan{{$}}
// GRADIENT: 2x3 f64: -0.25 0.25 0 {{-0.333333333333[0-9]* -0.333333333333[0-9]* 0.66666666666[0-9]*$}}
func.func @softmax(%x: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %y = nn.softmax %x {dim = 1 : i64} : (tensor<2x3xf64>) -> tensor<2x3xf64>
  return %y : tensor<2x3xf64>
}
