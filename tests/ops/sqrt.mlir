// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s sqrt --input 0,2,0.25,-1,inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t sqrt_grad --input 0,2,0.25,-1,inf --input 1,2,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// At 0 the gradient is infinite, as the derivative.
// CHECK-LABEL: func.func @sqrt(
// CHECK: nn.sqrt %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// CHECK-LABEL: func.func @sqrt_grad(
// CHECK: %[[Y:.*]] = nn.sqrt %arg0
// CHECK: %[[T:.*]] = nn.add %[[Y]], %[[Y]]
// CHECK: nn.div %arg1, %[[T]]
// LINALG: linalg.generic
// LINALG: math.sqrt
// VALUE: 5 f64: 0 1.414213562373{{[0-9]*}} 0.5 {{-?}}nan inf{{$}}
// GRADIENT: 5 f64: inf 0.7071067811865{{[0-9]*}} 1 {{-?}}nan 0{{$}}
func.func @sqrt(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.sqrt %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
