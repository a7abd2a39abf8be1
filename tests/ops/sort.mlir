// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: nnc-opt %s --nnc-differentiate | FileCheck %s --check-prefix=GRAD

// One task a row; values, positions and a second buffer for positions are results of one kernel.
// CHECK: nn.sort %{{.*}} {descending = true, dim = 0 : i64} : (tensor<7x3xf32>) -> (tensor<7x3xf32>, tensor<7x3xi64>)
// LINALG-LABEL: func.func @sort
// LINALG: scf.forall (%{{.*}}, %{{.*}}) in (1, 3)
// BUFFERS: sched.launch @{{.*}} tasks(3)
// The gradient goes back to where the elements came from.
// GRAD-LABEL: func.func @sort_grad(
// GRAD: %{{.*}}, %[[P:.*]] = nn.sort %arg0
// GRAD: nn.scatter_add_along %{{.*}}, %[[P]], %arg1 {dim = 0 : i64}
func.func @sort(%x: tensor<7x3xf32>) -> (tensor<7x3xf32>, tensor<7x3xi64>) {
  %y, %p = nn.sort %x {dim = 0 : i64, descending = true} : (tensor<7x3xf32>) -> (tensor<7x3xf32>, tensor<7x3xi64>)
  return %y, %p : tensor<7x3xf32>, tensor<7x3xi64>
}
