// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS

// CHECK: nn.take_along %{{.*}}, %{{.*}} {dim = 1 : i64} : (tensor<4x5xf32>, tensor<3x2xi64>) -> tensor<3x2xf32>
// LINALG-LABEL: func.func @take_along
// LINALG-NOT: = nn.
// LINALG: linalg.generic
// LINALG: tensor.extract
// BUFFERS: sched.launch
func.func @take_along(%x: tensor<4x5xf32>, %i: tensor<3x2xi64>) -> tensor<3x2xf32> {
  %y = nn.take_along %x, %i {dim = 1 : i64} : (tensor<4x5xf32>, tensor<3x2xi64>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
