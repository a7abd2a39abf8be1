// RUN: nnc-opt --to=kernels %s | FileCheck %s

// Softmax is one kernel over rows that computes the exponential once; so is its backward. The named operation is the same.

// CHECK-LABEL: func.func @softmax
// CHECK: sched.launch @[[SOFTMAX:max_exp_sum_div_[0-9a-f]+]]
// CHECK-NOT: sched.launch
// CHECK: return
func.func @softmax(%x: tensor<128x1000xf32>) -> tensor<128x1000xf32> {
  %z = arith.constant 0.0 : f32
  %ni = arith.constant 0xFF800000 : f32
  %er = tensor.empty() : tensor<128xf32>
  %e = tensor.empty() : tensor<128x1000xf32>
  %f0 = linalg.fill ins(%ni : f32) outs(%er : tensor<128xf32>) -> tensor<128xf32>
  %m = linalg.reduce ins(%x : tensor<128x1000xf32>) outs(%f0 : tensor<128xf32>) dimensions = [1]
    (%a: f32, %o: f32) { %r = arith.maximumf %a, %o : f32 linalg.yield %r : f32 }
  %mb = linalg.broadcast ins(%m : tensor<128xf32>) outs(%e : tensor<128x1000xf32>) dimensions = [1]
  %d = linalg.sub ins(%x, %mb : tensor<128x1000xf32>, tensor<128x1000xf32>) outs(%e : tensor<128x1000xf32>) -> tensor<128x1000xf32>
  %ex = linalg.exp ins(%d : tensor<128x1000xf32>) outs(%e : tensor<128x1000xf32>) -> tensor<128x1000xf32>
  %f1 = linalg.fill ins(%z : f32) outs(%er : tensor<128xf32>) -> tensor<128xf32>
  %s = linalg.reduce ins(%ex : tensor<128x1000xf32>) outs(%f1 : tensor<128xf32>) dimensions = [1]
    (%a: f32, %o: f32) { %r = arith.addf %a, %o : f32 linalg.yield %r : f32 }
  %sb = linalg.broadcast ins(%s : tensor<128xf32>) outs(%e : tensor<128x1000xf32>) dimensions = [1]
  %y = linalg.div ins(%ex, %sb : tensor<128x1000xf32>, tensor<128x1000xf32>) outs(%e : tensor<128x1000xf32>) -> tensor<128x1000xf32>
  return %y : tensor<128x1000xf32>
}

// CHECK-LABEL: func.func @backward
// CHECK: sched.launch @sum
// CHECK-NOT: sched.launch
// CHECK: return
func.func @backward(%y: tensor<128x1000xf32>, %dy: tensor<128x1000xf32>) -> tensor<128x1000xf32> {
  %z = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<128xf32>
  %e = tensor.empty() : tensor<128x1000xf32>
  %p = linalg.mul ins(%y, %dy : tensor<128x1000xf32>, tensor<128x1000xf32>) outs(%e : tensor<128x1000xf32>) -> tensor<128x1000xf32>
  %f = linalg.fill ins(%z : f32) outs(%er : tensor<128xf32>) -> tensor<128xf32>
  %s = linalg.reduce ins(%p : tensor<128x1000xf32>) outs(%f : tensor<128xf32>) dimensions = [1]
    (%a: f32, %o: f32) { %r = arith.addf %a, %o : f32 linalg.yield %r : f32 }
  %sb = linalg.broadcast ins(%s : tensor<128xf32>) outs(%e : tensor<128x1000xf32>) dimensions = [1]
  %d = linalg.sub ins(%dy, %sb : tensor<128x1000xf32>, tensor<128x1000xf32>) outs(%e : tensor<128x1000xf32>) -> tensor<128x1000xf32>
  %r = linalg.mul ins(%d, %y : tensor<128x1000xf32>, tensor<128x1000xf32>) outs(%e : tensor<128x1000xf32>) -> tensor<128x1000xf32>
  return %r : tensor<128x1000xf32>
}

// CHECK-LABEL: func.func @named
// CHECK: sched.launch @max
// CHECK-NOT: sched.launch
// CHECK: return
func.func @named(%x: tensor<32x100xf32>) -> tensor<32x100xf32> {
  %e = tensor.empty() : tensor<32x100xf32>
  %y = linalg.softmax dimension(1) ins(%x : tensor<32x100xf32>) outs(%e : tensor<32x100xf32>) -> tensor<32x100xf32>
  return %y : tensor<32x100xf32>
}

// CHECK: func.func private @[[SOFTMAX]]
// CHECK-COUNT-1: math.exp
// CHECK-NOT: math.exp
// CHECK: scf.forall.in_parallel
