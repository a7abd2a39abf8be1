// RUN: nnc-opt %s --nnc-simplify | FileCheck %s
// RUN: nnc-opt %s --nnc-simplify=max-elements=2 | FileCheck %s --check-prefix=SMALL

// CHECK-LABEL: func.func @constants
// CHECK: dense<6.000000e+00> : tensor<1000000xf32>
// CHECK-NEXT: return
func.func @constants() -> tensor<1000000xf32> {
  %two = nn.constant {value = dense<2.0> : tensor<1000000xf32>} : () -> tensor<1000000xf32>
  %three = nn.constant {value = dense<3.0> : tensor<1000000xf32>} : () -> tensor<1000000xf32>
  %six = nn.mul %two, %three : (tensor<1000000xf32>, tensor<1000000xf32>) -> tensor<1000000xf32>
  %dead = nn.exp %six : (tensor<1000000xf32>) -> tensor<1000000xf32>
  return %six : tensor<1000000xf32>
}

// Element by element, up to a size; booleans and integers too.
// CHECK-LABEL: func.func @elements
// CHECK: dense<[true, false, false]> : tensor<3xi1>
// CHECK-NEXT: return
// SMALL-LABEL: func.func @elements
// SMALL: nn.compare
func.func @elements() -> tensor<3xi1> {
  %a = nn.constant {value = dense<[1, 2, 3]> : tensor<3xi64>} : () -> tensor<3xi64>
  %b = nn.constant {value = dense<2> : tensor<3xi64>} : () -> tensor<3xi64>
  %c = nn.compare %a, %b {predicate = "lt"} : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi1>
  return %c : tensor<3xi1>
}

// exp is left to the compiled code, whose bits are the same everywhere.
// CHECK-LABEL: func.func @inexact
// CHECK: nn.exp
func.func @inexact() -> tensor<3xf32> {
  %a = nn.constant {value = dense<2.0> : tensor<3xf32>} : () -> tensor<3xf32>
  %b = nn.exp %a : (tensor<3xf32>) -> tensor<3xf32>
  return %b : tensor<3xf32>
}

// CHECK-LABEL: func.func @repeated
// CHECK: %[[E:.*]] = nn.exp
// CHECK-NEXT: %[[S:.*]] = nn.add %[[E]], %[[E]]
// CHECK-NEXT: return %[[S]]
func.func @repeated(%x: tensor<3xf32>) -> tensor<3xf32> {
  %a = nn.exp %x : (tensor<3xf32>) -> tensor<3xf32>
  %b = nn.exp %x : (tensor<3xf32>) -> tensor<3xf32>
  %c = nn.add %a, %b : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %c : tensor<3xf32>
}
