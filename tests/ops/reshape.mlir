// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=reshape | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: nnc-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: nnc run %s reshape --input 1,2,3,4,5,6 | FileCheck %s --check-prefix=VALUE

// CHECK-LABEL: func.func @reshape(
// CHECK: nn.reshape %arg0 : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-LABEL: func.func @reshape_grad(
// CHECK: nn.reshape %arg1 : (tensor<3x2xf32>) -> tensor<2x3xf32>
// LINALG-LABEL: func.func @reshape(
// LINALG: tensor.collapse_shape
// LINALG: tensor.expand_shape
// VALUE: 3x2 f32: 1 2 3 4 5 6{{$}}
func.func @reshape(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %y = nn.reshape %x : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// Between two kernels it is another view of the same memory: nothing is launched for it.
// BUFFERS-LABEL: func.func @between(
// BUFFERS-COUNT-2: sched.launch
// BUFFERS-NOT: sched.launch
// BUFFERS: return
func.func @between(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  %e = nn.cumsum %x {dim = 1 : i64, reverse = false} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %r = nn.reshape %e : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %y = nn.sum %r {dims = array<i64: 0>} : (tensor<3x2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// One of another is one of the first; to the same shape it is nothing; of a constant, a constant.
// FOLD-LABEL: func.func @fold(
// FOLD-DAG: %[[C:.*]] = nn.constant {value = dense<{{.}}[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>}
// FOLD-DAG: %[[R:.*]] = nn.reshape %arg0 : (tensor<4xf32>) -> tensor<2x2xf32>
// FOLD: return %arg0, %[[R]], %[[C]]
func.func @fold(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<2x2xf32>, tensor<2x2xf32>) {
  %a = nn.reshape %x : (tensor<4xf32>) -> tensor<4x1xf32>
  %b = nn.reshape %a : (tensor<4x1xf32>) -> tensor<4xf32>
  %c = nn.reshape %a : (tensor<4x1xf32>) -> tensor<2x2xf32>
  %d = nn.constant {value = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>} : () -> tensor<4xf32>
  %e = nn.reshape %d : (tensor<4xf32>) -> tensor<2x2xf32>
  return %b, %c, %e : tensor<4xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}
