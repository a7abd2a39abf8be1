// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: nnc-opt %s --nnc-differentiate | FileCheck %s --check-prefix=GRAD
// RUN: nnc run %s take_along --input 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20 --input 4,0,1,1,4,3 | FileCheck %s --check-prefix=VALUE

// CHECK: nn.take_along %{{.*}}, %{{.*}} {dim = 1 : i64} : (tensor<4x5xf32>, tensor<3x2xi64>) -> tensor<3x2xf32>
// LINALG-LABEL: func.func @take_along
// LINALG-NOT: = nn.
// LINALG: linalg.generic
// LINALG: tensor.extract
// BUFFERS: sched.launch
// GRAD-LABEL: func.func @take_along_grad(
// GRAD: nn.scatter_add_along %{{.*}}, %arg1, %arg2 {dim = 1 : i64}
// VALUE: 3x2 f32: 5 1 7 7 15 14{{$}}
func.func @take_along(%x: tensor<4x5xf32>, %i: tensor<3x2xi64>) -> tensor<3x2xf32> {
  %y = nn.take_along %x, %i {dim = 1 : i64} : (tensor<4x5xf32>, tensor<3x2xi64>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
