// RUN: nnc-opt --to=kernels %s | FileCheck %s

// The head of a classifier: log-softmax is one kernel over rows; picking by index, and the mean of what is picked, another.

// CHECK-LABEL: func.func @loss
// CHECK: sched.launch @max_sum_log{{.*}} outs({{.*}} : tensor<128x1000xf32>)
// CHECK-NEXT: tensor.empty
// CHECK-NEXT: sched.launch {{.*}} tasks(1) {{.*}} outs({{.*}} : tensor<f32>)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @loss(%x: tensor<128x1000xf32>, %t: tensor<128xi64>) -> (tensor<f32>, tensor<128x1000xf32>) {
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
  %ls = linalg.log ins(%sb : tensor<128x1000xf32>) outs(%e : tensor<128x1000xf32>) -> tensor<128x1000xf32>
  %y = linalg.sub ins(%d, %ls : tensor<128x1000xf32>, tensor<128x1000xf32>) outs(%e : tensor<128x1000xf32>) -> tensor<128x1000xf32>
  %picked = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
    ins(%t : tensor<128xi64>) outs(%er : tensor<128xf32>) {
  ^bb0(%i: i64, %o: f32):
    %row = linalg.index 0 : index
    %c = arith.index_cast %i : i64 to index
    %v = tensor.extract %y[%row, %c] : tensor<128x1000xf32>
    %r = arith.negf %v : f32
    linalg.yield %r : f32
  } -> tensor<128xf32>
  %e0 = tensor.empty() : tensor<f32>
  %f2 = linalg.fill ins(%z : f32) outs(%e0 : tensor<f32>) -> tensor<f32>
  %sum = linalg.reduce ins(%picked : tensor<128xf32>) outs(%f2 : tensor<f32>) dimensions = [0]
    (%a: f32, %o: f32) { %r = arith.addf %a, %o : f32 linalg.yield %r : f32 }
  %mean = linalg.map ins(%sum : tensor<f32>) outs(%e0 : tensor<f32>)
    (%a: f32, %o: f32) { %n = arith.constant 0.0078125 : f32 %r = arith.mulf %a, %n : f32 linalg.yield %r : f32 }
  return %mean, %y : tensor<f32>, tensor<128x1000xf32>
}
