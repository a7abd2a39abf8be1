// RUN: nnc-opt --to=kernels %s | FileCheck %s

// Formation is total: a number without parallel loops, a ready-made loop over tasks, a loop over numbers, numbers read from
// tensors, results that are arguments, constants or the same twice, tensors without elements.

// CHECK-LABEL: func.func @scalar
// CHECK: sched.launch @sum_{{.*}} tasks(1)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @scalar(%x: tensor<64x10xf32>) -> tensor<f32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<f32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %r = linalg.reduce ins(%x : tensor<64x10xf32>) outs(%f : tensor<f32>) dimensions = [0, 1]
    (%a: f32, %o: f32) { %s = arith.addf %a, %o : f32 linalg.yield %s : f32 }
  return %r : tensor<f32>
}

// A million numbers with no divisor: 61 tasks, and a merge that adds the tail.
// CHECK-LABEL: func.func @total
// CHECK: sched.launch @sum_{{.*}} tasks(61)
// CHECK: sched.launch @sum_{{.*}} tasks(1)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @total(%x: tensor<100003x10xf32>) -> tensor<f32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<f32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %r = linalg.reduce ins(%x : tensor<100003x10xf32>) outs(%f : tensor<f32>) dimensions = [0, 1]
    (%a: f32, %o: f32) { %s = arith.addf %a, %o : f32 linalg.yield %s : f32 }
  return %r : tensor<f32>
}

// CHECK-LABEL: func.func @running_sum
// CHECK: sched.launch @{{.*}} tasks(32)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @running_sum(%x: tensor<32x50xf32>) -> tensor<32x50xf32> {
  %z = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c50 = arith.constant 50 : index
  %e = tensor.empty() : tensor<32x50xf32>
  %r = scf.forall (%t) in (32) shared_outs(%out = %e) -> (tensor<32x50xf32>) {
    %to = tensor.extract_slice %out[%t, 0] [1, 50] [1, 1] : tensor<32x50xf32> to tensor<1x50xf32>
    %s:2 = scf.for %j = %c0 to %c50 step %c1 iter_args(%sum = %z, %w = %to) -> (f32, tensor<1x50xf32>) {
      %v = tensor.extract %x[%t, %j] : tensor<32x50xf32>
      %n = arith.addf %sum, %v : f32
      %w2 = tensor.insert %n into %w[%c0, %j] : tensor<1x50xf32>
      scf.yield %n, %w2 : f32, tensor<1x50xf32>
    }
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s#1 into %out[%t, 0] [1, 50] [1, 1] : tensor<1x50xf32> into tensor<32x50xf32>
    }
  }
  return %r : tensor<32x50xf32>
}

// CHECK-LABEL: func.func @numbers
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<8xf32>{{[^%]*}} %[[I:[a-z0-9]+]]: tensor<i64>
// CHECK: sched.launch {{.*}} ins(%{{.*}} : {{.*}})
// CHECK-NOT: tensor.extract{{ }}
// CHECK: return
func.func @numbers(%x: tensor<8xf32>, %i: tensor<i64>) -> tensor<8xf32> {
  %n = tensor.extract %i[] : tensor<i64>
  %at = arith.index_cast %n : i64 to index
  %v = tensor.extract %x[%at] : tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %r = linalg.map ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>)
    (%a: f32, %o: f32) { %s = arith.mulf %a, %v : f32 linalg.yield %s : f32 }
  return %r : tensor<8xf32>
}

// CHECK-LABEL: func.func @as_they_are
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<4xf32>
// CHECK: %[[C:.*]] = arith.constant dense<[1, 2, 3]> : tensor<3xi64>
// CHECK-NOT: sched.launch
// CHECK: return %[[X]], %[[X]], %[[C]]
func.func @as_they_are(%x: tensor<4xf32>, %dead: tensor<9xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<3xi64>) {
  %c = arith.constant dense<[1, 2, 3]> : tensor<3xi64>
  return %x, %x, %c : tensor<4xf32>, tensor<4xf32>, tensor<3xi64>
}

// CHECK-LABEL: func.func @nothing
// CHECK-NOT: sched.launch
// CHECK: return
func.func @nothing(%x: tensor<0x4xf32>) -> tensor<0x4xf32> {
  %e = tensor.empty() : tensor<0x4xf32>
  %r = linalg.exp ins(%x : tensor<0x4xf32>) outs(%e : tensor<0x4xf32>) -> tensor<0x4xf32>
  return %r : tensor<0x4xf32>
}
