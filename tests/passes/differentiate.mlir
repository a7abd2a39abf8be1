// RUN: nnc-opt %s --nnc-differentiate --nnc-simplify | FileCheck %s
// RUN: nnc-opt %s --nnc-differentiate="function=second inputs=1" --nnc-simplify | FileCheck %s --check-prefix=ONE
// RUN: nnc-opt %s --nnc-differentiate --nnc-simplify --nnc-differentiate="function=first_grad inputs=0 outputs=0" | FileCheck %s --check-prefix=TWICE
// RUN: not nnc-opt %s --nnc-differentiate="function=second inputs=2" 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: not nnc-opt %s --nnc-differentiate=function=third 2>&1 | FileCheck %s --check-prefix=NONE

// Beside the function, after it: the function's arguments, then a cotangent for each result.
// CHECK-LABEL: func.func @first(
// CHECK-LABEL: func.func @first_grad(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[G:.*]]: tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %[[Y:.*]] = nn.exp %[[X]]
// CHECK-NEXT: %[[D:.*]] = nn.mul %[[G]], %[[Y]]
// CHECK-NEXT: return %[[D]]
// TWICE-LABEL: func.func @first_grad_grad
// TWICE: return %{{.*}} : tensor<4xf32>
func.func @first(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = nn.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// Cotangents of a value used twice add, and only the inputs asked for are differentiated by.
// ONE-LABEL: func.func @second_grad(
// ONE-SAME: %[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>, %{{.*}}: tensor<2xi64>, %[[G:.*]]: tensor<4xf32>) -> tensor<4xf32>
// ONE: nn.add
// ONE: return
// BAD: argument 2 of 'second' is not a float tensor
// NONE: no function 'third' to differentiate
func.func @second(%a: tensor<4xf32>, %b: tensor<4xf32>, %i: tensor<2xi64>) -> (tensor<4xf32>, tensor<2xi64>) {
  %c = nn.mul %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %d = nn.mul %c, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %d, %i : tensor<4xf32>, tensor<2xi64>
}
