// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: nnc-opt %s --nnc-differentiate=function=embedding | FileCheck %s --check-prefix=GRAD

// The gradient of an embedding: tasks own blocks of columns (64 floats in blocks of 16), and each goes over all positions.
// CHECK: nn.scatter_add %{{.*}}, %{{.*}}, %{{.*}} {dim = 0 : i64}
// LINALG-LABEL: func.func @embedding
// LINALG: scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) in (1, 4, 4)
// LINALG: tensor.parallel_insert_slice
// BUFFERS: func.func @embedding
// BUFFERS: sched.launch @{{.*}} tasks(16)
// GRAD-LABEL: func.func @embedding_grad(
// GRAD: %[[U:.*]] = nn.take %arg3, %arg1 {dim = 0 : i64}
// GRAD: return %arg3, %[[U]]
func.func @embedding(%w: tensor<1000x64xf32>, %i: tensor<12x64xi64>, %g: tensor<12x64x64xf32>) -> tensor<1000x64xf32> {
  %y = nn.scatter_add %w, %i, %g {dim = 0 : i64} : (tensor<1000x64xf32>, tensor<12x64xi64>, tensor<12x64x64xf32>) -> tensor<1000x64xf32>
  return %y : tensor<1000x64xf32>
}

// Little work is one task.
// LINALG-LABEL: func.func @small
// LINALG: scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) in (2, 1, 1)
func.func @small(%w: tensor<2x5x3xf64>, %i: tensor<4xi32>, %g: tensor<2x4x3xf64>) -> tensor<2x5x3xf64> {
  %y = nn.scatter_add %w, %i, %g {dim = 1 : i64} : (tensor<2x5x3xf64>, tensor<4xi32>, tensor<2x4x3xf64>) -> tensor<2x5x3xf64>
  return %y : tensor<2x5x3xf64>
}
