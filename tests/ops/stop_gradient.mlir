// RUN: nnc-opt %s | nnc-opt --nnc-differentiate --nnc-simplify | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s stop_gradient --input 1,-2 | FileCheck %s --check-prefix=VALUE

// x * stop_gradient(x) has the gradient g * x, not 2 g x.
// CHECK-LABEL: func.func @stop_gradient(
// CHECK: nn.stop_gradient %arg0 : (tensor<2xf32>) -> tensor<2xf32>
// CHECK-LABEL: func.func @stop_gradient_grad(
// CHECK: %[[S:.*]] = nn.stop_gradient %arg0
// CHECK-NEXT: %[[G:.*]] = nn.mul %arg1, %[[S]]
// CHECK-NEXT: return %[[G]]
// LINALG-LABEL: func.func @stop_gradient(
// VALUE: 2 f32: 1 4{{$}}
func.func @stop_gradient(%x: tensor<2xf32>) -> tensor<2xf32> {
  %s = nn.stop_gradient %x : (tensor<2xf32>) -> tensor<2xf32>
  %y = nn.mul %x, %s : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
