// RUN: nnc-opt --to=kernels %s | FileCheck %s

// Layer norm that also returns mean and reciprocal deviation is one kernel, cut in rows; each value of a row is computed once.

// CHECK-LABEL: func.func @layer_norm
// CHECK-COUNT-1: sched.launch
// CHECK-NOT: sched.launch
// CHECK: return
// CHECK-LABEL: func.func private @sum
// CHECK-SAME: sched.kernel
// CHECK: scf.forall ({{.*}}) = (0) to (128) step
// CHECK-COUNT-1: math.rsqrt
// CHECK-NOT: math.rsqrt
// CHECK-COUNT-3: tensor.parallel_insert_slice
func.func @layer_norm(%x: tensor<128x768xf32>, %g: tensor<768xf32>, %b: tensor<768xf32>)
    -> (tensor<128x768xf32>, tensor<128xf32>, tensor<128xf32>) {
  %z = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<128xf32>
  %e = tensor.empty() : tensor<128x768xf32>
  %f = linalg.fill ins(%z : f32) outs(%er : tensor<128xf32>) -> tensor<128xf32>
  %s = linalg.reduce ins(%x : tensor<128x768xf32>) outs(%f : tensor<128xf32>) dimensions = [1]
    (%a: f32, %o: f32) { %r = arith.addf %a, %o : f32 linalg.yield %r : f32 }
  %mean = linalg.map ins(%s : tensor<128xf32>) outs(%er : tensor<128xf32>)
    (%a: f32, %o: f32) { %n = arith.constant 1.302083e-03 : f32 %r = arith.mulf %a, %n : f32 linalg.yield %r : f32 }
  %mb = linalg.broadcast ins(%mean : tensor<128xf32>) outs(%e : tensor<128x768xf32>) dimensions = [1]
  %d = linalg.sub ins(%x, %mb : tensor<128x768xf32>, tensor<128x768xf32>) outs(%e : tensor<128x768xf32>) -> tensor<128x768xf32>
  %d2 = linalg.mul ins(%d, %d : tensor<128x768xf32>, tensor<128x768xf32>) outs(%e : tensor<128x768xf32>) -> tensor<128x768xf32>
  %v = linalg.reduce ins(%d2 : tensor<128x768xf32>) outs(%f : tensor<128xf32>) dimensions = [1]
    (%a: f32, %o: f32) { %r = arith.addf %a, %o : f32 linalg.yield %r : f32 }
  %rstd = linalg.map ins(%v : tensor<128xf32>) outs(%er : tensor<128xf32>) (%a: f32, %o: f32) {
    %n = arith.constant 1.302083e-03 : f32
    %eps = arith.constant 1.0e-05 : f32
    %m = arith.mulf %a, %n : f32
    %t = arith.addf %m, %eps : f32
    %r = math.rsqrt %t : f32
    linalg.yield %r : f32
  }
  %rb = linalg.broadcast ins(%rstd : tensor<128xf32>) outs(%e : tensor<128x768xf32>) dimensions = [1]
  %gb = linalg.broadcast ins(%g : tensor<768xf32>) outs(%e : tensor<128x768xf32>) dimensions = [0]
  %bb = linalg.broadcast ins(%b : tensor<768xf32>) outs(%e : tensor<128x768xf32>) dimensions = [0]
  %y0 = linalg.mul ins(%d, %rb : tensor<128x768xf32>, tensor<128x768xf32>) outs(%e : tensor<128x768xf32>) -> tensor<128x768xf32>
  %y1 = linalg.mul ins(%y0, %gb : tensor<128x768xf32>, tensor<128x768xf32>) outs(%e : tensor<128x768xf32>) -> tensor<128x768xf32>
  %y2 = linalg.add ins(%y1, %bb : tensor<128x768xf32>, tensor<128x768xf32>) outs(%e : tensor<128x768xf32>) -> tensor<128x768xf32>
  return %y2, %mean, %rstd : tensor<128x768xf32>, tensor<128xf32>, tensor<128xf32>
}
