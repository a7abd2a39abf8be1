// RUN: nnc-opt --to=kernels %s | FileCheck %s

// Backward of layer norm: the gradient of the input is one kernel over rows. The gradients of weight and bias are sums over
// rows: trees of two levels, whose first levels are one kernel (both read dy) with what is summed computed inside.

// CHECK-LABEL: func.func @backward
// CHECK-DAG: sched.launch @sum{{.*}} outs({{.*}} : tensor<512x768xf32>)
// CHECK-DAG: sched.launch @sum{{.*}} outs({{.*}} : tensor<8x768xf32>, tensor<8x768xf32>)
// CHECK-DAG: sched.launch @[[MERGE:sum_[0-9a-f]+]] {{.*}} outs({{.*}} : tensor<768xf32>)
// CHECK-DAG: sched.launch @[[MERGE]] {{.*}} outs({{.*}} : tensor<768xf32>)
// CHECK-NOT: sched.launch
// CHECK: return
#r = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#col = affine_map<(d0, d1) -> (d1)>
func.func @backward(%dy: tensor<512x768xf32>, %x: tensor<512x768xf32>, %mean: tensor<512xf32>, %rstd: tensor<512xf32>,
                    %g: tensor<768xf32>) -> (tensor<512x768xf32>, tensor<768xf32>, tensor<768xf32>) {
  %z = arith.constant 0.0 : f32
  %n = arith.constant 1.302083e-03 : f32
  %e = tensor.empty() : tensor<512x768xf32>
  %er = tensor.empty() : tensor<512xf32>
  %ec = tensor.empty() : tensor<768xf32>
  %fr = linalg.fill ins(%z : f32) outs(%er : tensor<512xf32>) -> tensor<512xf32>
  %fc = linalg.fill ins(%z : f32) outs(%ec : tensor<768xf32>) -> tensor<768xf32>
  %xhat = linalg.generic {indexing_maps = [#r, #row, #row, #r], iterator_types = ["parallel", "parallel"]}
    ins(%x, %mean, %rstd : tensor<512x768xf32>, tensor<512xf32>, tensor<512xf32>) outs(%e : tensor<512x768xf32>) {
  ^bb0(%a: f32, %m: f32, %s: f32, %o: f32):
    %d = arith.subf %a, %m : f32
    %q = arith.mulf %d, %s : f32
    linalg.yield %q : f32
  } -> tensor<512x768xf32>
  %dg0 = linalg.mul ins(%dy, %xhat : tensor<512x768xf32>, tensor<512x768xf32>) outs(%e : tensor<512x768xf32>) -> tensor<512x768xf32>
  %dg = linalg.reduce ins(%dg0 : tensor<512x768xf32>) outs(%fc : tensor<768xf32>) dimensions = [0]
    (%a: f32, %o: f32) { %q = arith.addf %a, %o : f32 linalg.yield %q : f32 }
  %db = linalg.reduce ins(%dy : tensor<512x768xf32>) outs(%fc : tensor<768xf32>) dimensions = [0]
    (%a: f32, %o: f32) { %q = arith.addf %a, %o : f32 linalg.yield %q : f32 }
  %gb = linalg.broadcast ins(%g : tensor<768xf32>) outs(%e : tensor<512x768xf32>) dimensions = [0]
  %dh = linalg.mul ins(%dy, %gb : tensor<512x768xf32>, tensor<512x768xf32>) outs(%e : tensor<512x768xf32>) -> tensor<512x768xf32>
  %s1 = linalg.reduce ins(%dh : tensor<512x768xf32>) outs(%fr : tensor<512xf32>) dimensions = [1]
    (%a: f32, %o: f32) { %q = arith.addf %a, %o : f32 linalg.yield %q : f32 }
  %hx = linalg.mul ins(%dh, %xhat : tensor<512x768xf32>, tensor<512x768xf32>) outs(%e : tensor<512x768xf32>) -> tensor<512x768xf32>
  %s2 = linalg.reduce ins(%hx : tensor<512x768xf32>) outs(%fr : tensor<512xf32>) dimensions = [1]
    (%a: f32, %o: f32) { %q = arith.addf %a, %o : f32 linalg.yield %q : f32 }
  %dx = linalg.generic {indexing_maps = [#r, #r, #row, #row, #row, #r], iterator_types = ["parallel", "parallel"]}
    ins(%dh, %xhat, %s1, %s2, %rstd : tensor<512x768xf32>, tensor<512x768xf32>, tensor<512xf32>, tensor<512xf32>, tensor<512xf32>)
    outs(%e : tensor<512x768xf32>) {
  ^bb0(%h: f32, %xh: f32, %a1: f32, %a2: f32, %s: f32, %o: f32):
    %m1 = arith.mulf %a1, %n : f32
    %m2 = arith.mulf %a2, %n : f32
    %t0 = arith.subf %h, %m1 : f32
    %t1 = arith.mulf %xh, %m2 : f32
    %t2 = arith.subf %t0, %t1 : f32
    %q = arith.mulf %t2, %s : f32
    linalg.yield %q : f32
  } -> tensor<512x768xf32>
  return %dx, %dg, %db : tensor<512x768xf32>, tensor<768xf32>, tensor<768xf32>
}
