// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s rsqrt --input 1,2,0.25,0,inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t rsqrt_grad --input 1,2,0.25,0,inf --input 1,2,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// One square root and one division: right to the last bit but one.
// CHECK-LABEL: func.func @rsqrt(
// CHECK: nn.rsqrt %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// CHECK-LABEL: func.func @rsqrt_grad(
// CHECK: nn.rsqrt %arg0
// CHECK: nn.mul %arg1
// LINALG: linalg.generic
// LINALG: math.sqrt
// LINALG: arith.divf
// VALUE: 5 f64: 1 0.7071067811865{{[0-9]*}} 2 inf 0{{$}}
// GRADIENT: 5 f64: -0.5 -0.3535533905932{{[0-9]*}} -4 -inf -0{{$}}
func.func @rsqrt(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.rsqrt %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
