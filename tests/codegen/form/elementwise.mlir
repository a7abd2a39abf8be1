// RUN: nnc-opt --to=kernels %s | FileCheck %s

// Chains of elementwise operations with several results are one operation in one kernel, stored values included.

// CHECK-LABEL: func.func @adam
// CHECK: %{{.*}}:3 = sched.launch
// CHECK-NOT: sched.launch
// CHECK: return
func.func @adam(%w: tensor<4096x64xf32>, %m: tensor<4096x64xf32>, %v: tensor<4096x64xf32>, %g: tensor<4096x64xf32>)
    -> (tensor<4096x64xf32>, tensor<4096x64xf32>, tensor<4096x64xf32>) {
  %e = tensor.empty() : tensor<4096x64xf32>
  %m1 = linalg.map ins(%m, %g : tensor<4096x64xf32>, tensor<4096x64xf32>) outs(%e : tensor<4096x64xf32>)
    (%a: f32, %b: f32, %o: f32) {
      %c = arith.constant 0.9 : f32 %d = arith.constant 0.1 : f32
      %p = arith.mulf %a, %c : f32 %q = arith.mulf %b, %d : f32 %r = arith.addf %p, %q : f32 linalg.yield %r : f32 }
  %v1 = linalg.map ins(%v, %g : tensor<4096x64xf32>, tensor<4096x64xf32>) outs(%e : tensor<4096x64xf32>)
    (%a: f32, %b: f32, %o: f32) {
      %c = arith.constant 0.999 : f32 %d = arith.constant 0.001 : f32
      %s = arith.mulf %b, %b : f32
      %p = arith.mulf %a, %c : f32 %q = arith.mulf %s, %d : f32 %r = arith.addf %p, %q : f32 linalg.yield %r : f32 }
  %w1 = linalg.map ins(%w, %m1, %v1 : tensor<4096x64xf32>, tensor<4096x64xf32>, tensor<4096x64xf32>) outs(%e : tensor<4096x64xf32>)
    (%a: f32, %b: f32, %c: f32, %o: f32) {
      %lr = arith.constant 0.001 : f32 %eps = arith.constant 1.0e-8 : f32
      %s = math.sqrt %c : f32 %t = arith.addf %s, %eps : f32 %u = arith.divf %b, %t : f32
      %q = arith.mulf %u, %lr : f32 %r = arith.subf %a, %q : f32 linalg.yield %r : f32 }
  return %w1, %m1, %v1 : tensor<4096x64xf32>, tensor<4096x64xf32>, tensor<4096x64xf32>
}

// An exponential that is returned and used by two consumers, one of which transposes: still one kernel.
// CHECK-LABEL: func.func @chain
// CHECK: sched.launch
// CHECK-NOT: sched.launch
// CHECK: return
func.func @chain(%x: tensor<96x160xf32>, %t: tensor<160x96xf32>) -> (tensor<96x160xf32>, tensor<96x160xf32>) {
  %e = tensor.empty() : tensor<96x160xf32>
  %y = linalg.exp ins(%x : tensor<96x160xf32>) outs(%e : tensor<96x160xf32>) -> tensor<96x160xf32>
  %tt = linalg.transpose ins(%t : tensor<160x96xf32>) outs(%e : tensor<96x160xf32>) permutation = [1, 0]
  %a = linalg.mul ins(%y, %tt : tensor<96x160xf32>, tensor<96x160xf32>) outs(%e : tensor<96x160xf32>) -> tensor<96x160xf32>
  return %y, %a : tensor<96x160xf32>, tensor<96x160xf32>
}

// Sizes without a divisor: neither one task nor a task an element; the last task is smaller.
// CHECK-LABEL: func.func @prime
// CHECK: sched.launch @[[ADD:add_[0-9a-f]+]] tasks(4)
// CHECK: func.func private @sqrt
// CHECK-COUNT-1: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
// CHECK: func.func private @[[ADD]]
// CHECK: scf.forall ({{.*}}) = (0) to (100003) step (25024)
// CHECK: affine.min
func.func @prime(%x: tensor<100003xf32>, %y: tensor<100003xf32>) -> tensor<100003xf32> {
  %e = tensor.empty() : tensor<100003xf32>
  %r = linalg.add ins(%x, %y : tensor<100003xf32>, tensor<100003xf32>) outs(%e : tensor<100003xf32>) -> tensor<100003xf32>
  return %r : tensor<100003xf32>
}
