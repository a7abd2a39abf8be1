// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s relu --input 0,1.5,-2,inf,nan | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t relu_grad --input 0,1.5,-2,inf,nan --input 1,2,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// The subgradient at 0 is 0; NaN stays NaN, and passes the gradient.
// CHECK-LABEL: func.func @relu(
// CHECK: nn.relu %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// CHECK-LABEL: func.func @relu_grad(
// CHECK: %[[P:.*]] = nn.compare %{{.*}} {predicate = "le"}
// CHECK: nn.select %[[P]], %{{.*}}, %arg1
// LINALG: linalg.generic
// LINALG: arith.maximumf
// VALUE: 5 f64: 0 1.5 0 inf {{-?}}nan{{$}}
// GRADIENT: 5 f64: 0 2 0 1 1{{$}}
func.func @relu(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.relu %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
