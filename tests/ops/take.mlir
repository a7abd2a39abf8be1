// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: nnc-opt %s --nnc-differentiate | FileCheck %s --check-prefix=GRAD

// The gradient adds at the same positions, which need no second check.
// GRAD-LABEL: func.func @take_grad
// GRAD-NOT: nn.check_index
// GRAD: nn.scatter_add %{{.*}}, %arg1, %arg2 {dim = 1 : i64}

// The indices' dimensions stand in the place of dim, and a position is brought inside before it is read.
// CHECK: nn.take %{{.*}}, %{{.*}} {dim = 1 : i64} : (tensor<2x5x3xf32>, tensor<4x6xi32>) -> tensor<2x4x6x3xf32>
// LINALG-LABEL: func.func @take
// LINALG-NOT: = nn.
// LINALG: linalg.generic
// LINALG: arith.maxsi
// LINALG: arith.minsi
// LINALG: tensor.extract
// BUFFERS: sched.launch
func.func @take(%x: tensor<2x5x3xf32>, %i: tensor<4x6xi32>) -> tensor<2x4x6x3xf32> {
  %y = nn.take %x, %i {dim = 1 : i64} : (tensor<2x5x3xf32>, tensor<4x6xi32>) -> tensor<2x4x6x3xf32>
  return %y : tensor<2x4x6x3xf32>
}
