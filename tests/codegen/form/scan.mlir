// RUN: nnc-opt --to=kernels %s | FileCheck %s
// RUN: nnc-opt --to=buffers %s | FileCheck %s --check-prefix=PLAN

// A recurrence: the loop stays in the schedule, its step is one launch, steps of sequences are views.

// CHECK-LABEL: func.func @rnn
// CHECK: scf.for
// CHECK: tensor.extract_slice
// CHECK: sched.launch @dot_tanh
// CHECK-NEXT: tensor.insert_slice
// CHECK-NEXT: scf.yield
// CHECK-NOT: sched.launch
// CHECK: return

// The step is written to its place in the sequence, which is the result itself.
// PLAN: func.func @rnn({{.*}}%[[YS:[a-z0-9]+]]: memref<12x4x8xf32>{{[^%]*}} %[[H:[a-z0-9]+]]: memref<4x8xf32>{{[^%]*}} %{{.*}}: memref<0xi8>)
// PLAN: sched.copy %{{.*}} to %[[H]]
// PLAN: scf.for %[[T:.*]] =
// PLAN: %[[Y:.*]] = memref.subview %[[YS]][%[[T]], 0, 0]
// PLAN: sched.launch {{.*}} ins(%[[H]], {{.*}} outs(%[[Y]]
// PLAN: sched.copy %[[Y]] to %[[H]]
func.func @rnn(%xs: tensor<12x4x8xf32>, %w: tensor<8x8xf32>, %h0: tensor<4x8xf32>) -> (tensor<12x4x8xf32>, tensor<4x8xf32>) {
  %z = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c12 = arith.constant 12 : index
  %ys0 = tensor.empty() : tensor<12x4x8xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %r:2 = scf.for %t = %c0 to %c12 step %c1 iter_args(%ys = %ys0, %h = %h0) -> (tensor<12x4x8xf32>, tensor<4x8xf32>) {
    %x = tensor.extract_slice %xs[%t, 0, 0] [1, 4, 8] [1, 1, 1] : tensor<12x4x8xf32> to tensor<4x8xf32>
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
    %hw = linalg.matmul ins(%h, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%f : tensor<4x8xf32>) -> tensor<4x8xf32>
    %s = linalg.add ins(%hw, %x : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
    %h2 = linalg.tanh ins(%s : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
    %ys2 = tensor.insert_slice %h2 into %ys[%t, 0, 0] [1, 4, 8] [1, 1, 1] : tensor<4x8xf32> into tensor<12x4x8xf32>
    scf.yield %ys2, %h2 : tensor<12x4x8xf32>, tensor<4x8xf32>
  }
  return %r#0, %r#1 : tensor<12x4x8xf32>, tensor<4x8xf32>
}
