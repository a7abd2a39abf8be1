// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: nnc-opt %s --nnc-differentiate | FileCheck %s --check-prefix=GRAD
// RUN: nnc run %s scatter_add_along --input 0 --input 4,1,1,1,0,0 --input 2,1,3,4,5,6 | FileCheck %s --check-prefix=VALUE

// CHECK: nn.scatter_add_along %{{.*}}, %{{.*}}, %{{.*}} {dim = 1 : i64}
// LINALG-LABEL: func.func @scatter_add_along
// LINALG: scf.forall (%{{.*}}) in (3)
// LINALG: tensor.parallel_insert_slice
// BUFFERS: sched.launch @{{.*}} tasks(3)
// GRAD-LABEL: func.func @scatter_add_along_grad(
// GRAD: %[[U:.*]] = nn.take_along %arg3, %arg1 {dim = 1 : i64}
// GRAD: return %arg3, %[[U]]
// VALUE: 4x5 f32: 0 1 0 0 2 0 7 0 ...
func.func @scatter_add_along(%x: tensor<4x5xf32>, %i: tensor<3x2xi64>, %g: tensor<3x2xf32>) -> tensor<4x5xf32> {
  %y = nn.scatter_add_along %x, %i, %g {dim = 1 : i64} : (tensor<4x5xf32>, tensor<3x2xi64>, tensor<3x2xf32>) -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}
