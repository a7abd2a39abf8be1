// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=concat | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s concat --input 1,2 --input 3,4,5,6 --input "" | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate=function=concat > %t && nnc run %t concat_grad --input 0 --input 0 --input 0 --input 1,2,3,4,5,6 | FileCheck %s --check-prefix=GRADIENT

// The gradient is cut where the inputs meet. What has no elements is not copied.
// CHECK-LABEL: func.func @concat(
// CHECK: nn.concat %arg0, %arg1, %arg2 {dim = 1 : i64} : (tensor<2x1xf32>, tensor<2x2xf32>, tensor<2x0xf32>) -> tensor<2x3xf32>
// CHECK-LABEL: func.func @concat_grad(
// CHECK: nn.slice %arg3 {start = array<i64: 0, 0>, stop = array<i64: 2, 1>
// CHECK: nn.slice %arg3 {start = array<i64: 0, 1>, stop = array<i64: 2, 3>
// LINALG-LABEL: func.func @concat(
// LINALG-COUNT-2: tensor.insert_slice
// LINALG-NOT: tensor.insert_slice
// VALUE: 2x3 f32: 1 3 4 2 5 6{{$}}
// GRADIENT: 2x1 f32: 1 4{{$}}
// GRADIENT: 2x2 f32: 2 3 5 6{{$}}
// GRADIENT: 2x0 f32:{{$}}
func.func @concat(%a: tensor<2x1xf32>, %b: tensor<2x2xf32>, %c: tensor<2x0xf32>) -> tensor<2x3xf32> {
  %y = nn.concat %a, %b, %c {dim = 1 : i64} : (tensor<2x1xf32>, tensor<2x2xf32>, tensor<2x0xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
