// RUN: nnc-opt --to=buffers %s | FileCheck %s

// What a loop carries has one place. Elementwise steps update it in place; carried values that change places are copied by way
// of a spare buffer.

// CHECK-LABEL: func.func @carried
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<16x64xf32>{{[^%]*}} %[[H:[a-z0-9]+]]: memref<64xf32>{{[^%]*}} %{{.*}}: memref<0xi8>)
// CHECK: sched.launch @fill{{.*}} outs(%[[H]] :
// CHECK: scf.for
// CHECK: sched.launch @add{{.*}} ins(%[[H]], {{.*}} outs(%[[H]] :
// CHECK-NOT: sched.copy
// CHECK: return
func.func @carried(%xs: tensor<16x64xf32>) -> tensor<64xf32> {
  %z = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %e = tensor.empty() : tensor<64xf32>
  %h0 = linalg.fill ins(%z : f32) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %r = scf.for %t = %c0 to %c16 step %c1 iter_args(%h = %h0) -> (tensor<64xf32>) {
    %x = tensor.extract_slice %xs[%t, 0] [1, 64] [1, 1] : tensor<16x64xf32> to tensor<64xf32>
    %h2 = linalg.add ins(%h, %x : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %h2 : tensor<64xf32>
  }
  return %r : tensor<64xf32>
}

// CHECK-LABEL: func.func @swapped
// CHECK: scf.for
// CHECK: sched.launch @exp{{.*}} ins(%[[S:.*]] : {{.*}} outs(%[[S]] :
// CHECK-COUNT-3: sched.copy
// CHECK: }
func.func @swapped(%a: tensor<64xf32>, %b: tensor<64xf32>, %c: tensor<64xf32>)
    -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %e = tensor.empty() : tensor<64xf32>
  %r:3 = scf.for %t = %c0 to %c3 step %c1 iter_args(%x = %a, %y = %b, %s = %c)
      -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) {
    %s2 = linalg.exp ins(%s : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %y, %x, %s2 : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
  }
  return %r#0, %r#1, %r#2 : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
}
