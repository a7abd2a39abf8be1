// RUN: nnc-opt --to=kernels %s | FileCheck %s
// RUN: nnc-opt --to=buffers %s | FileCheck %s --check-prefix=PLAN

// One step of gradient descent on a perceptron with one hidden layer: two kernels forward (the second with softmax and the
// gradient of the loss), one backward through the hidden layer, and four updates. The gradients of the weights are the
// contractions that the updates are epilogues of: no weight gradient is ever stored.

// CHECK-LABEL: func.func @train
// CHECK-DAG: sched.launch @dot_bias_relu_{{.*}} outs({{.*}} : tensor<64x128xf32>)
// CHECK-DAG: sched.launch @dot_max_{{.*}} outs({{.*}} : tensor<64x16xf32>)
// CHECK-DAG: sched.launch @dot_select_{{.*}} outs({{.*}} : tensor<64x128xf32>)
// CHECK-DAG: sched.launch @dot_mul_{{.*}} outs({{.*}} : tensor<784x128xf32>)
// CHECK-DAG: sched.launch @dot_mul_{{.*}} outs({{.*}} : tensor<128x16xf32>)
// CHECK-DAG: sched.launch @sum_mul_{{.*}} outs({{.*}} : tensor<128xf32>)
// CHECK-DAG: sched.launch @sum_mul_{{.*}} outs({{.*}} : tensor<16xf32>)
// CHECK-NOT: sched.launch
// CHECK: return

// All four parameters are updated in place, by kernels that may alias. The gradient of the hidden layer goes over the hidden
// layer, once the gradient of the second weight has read it: the arena is no larger than what lives at once.
// PLAN: func.func @train({{.*}}: memref<[[BYTES:[0-9]+]]xi8>)
// PLAN-SAME: sched.lower_bound_bytes = [[BYTES]] : i64, sched.peak_bytes = [[BYTES]] : i64, sched.results = array<i64: 1, 2, 3, 4>
// PLAN-COUNT-7: sched.launch
// PLAN-NOT: sched.copy
// PLAN: return
func.func @train(%x: tensor<64x784xf32>, %w1: tensor<784x128xf32>, %b1: tensor<128xf32>, %w2: tensor<128x16xf32>, %b2: tensor<16xf32>, %t: tensor<64x16xf32>) -> (tensor<784x128xf32> {nn.updates = 1 : i64}, tensor<128xf32> {nn.updates = 2 : i64}, tensor<128x16xf32> {nn.updates = 3 : i64}, tensor<16xf32> {nn.updates = 4 : i64}) {
  %z = arith.constant 0.0 : f32
  %ni = arith.constant 0xFF800000 : f32
  %lr = arith.constant 0.1 : f32
  %inv = arith.constant 0.015625 : f32
  %v1 = tensor.empty() : tensor<64x128xf32>
  %v2 = linalg.fill ins(%z : f32) outs(%v1 : tensor<64x128xf32>) -> tensor<64x128xf32>
  %v3 = linalg.matmul indexing_maps = [affine_map<(m,n,k) -> (m,k)>,affine_map<(m,n,k) -> (k,n)>,affine_map<(m,n,k) -> (m,n)>] ins(%x, %w1 : tensor<64x784xf32>, tensor<784x128xf32>) outs(%v2 : tensor<64x128xf32>) -> tensor<64x128xf32>
  %v4 = tensor.empty() : tensor<64x128xf32>
  %v5 = linalg.broadcast ins(%b1 : tensor<128xf32>) outs(%v4 : tensor<64x128xf32>) dimensions = [0]
  %v6 = tensor.empty() : tensor<64x128xf32>
  %v7 = linalg.map ins(%v3, %v5 : tensor<64x128xf32>, tensor<64x128xf32>) outs(%v6 : tensor<64x128xf32>) (%a0: f32, %a1: f32, %o: f32) { %s = arith.addf %a0, %a1 : f32 %r = arith.maximumf %s, %z : f32 linalg.yield %r : f32 }
  %v8 = tensor.empty() : tensor<64x16xf32>
  %v9 = linalg.fill ins(%z : f32) outs(%v8 : tensor<64x16xf32>) -> tensor<64x16xf32>
  %v10 = linalg.matmul indexing_maps = [affine_map<(m,n,k) -> (m,k)>,affine_map<(m,n,k) -> (k,n)>,affine_map<(m,n,k) -> (m,n)>] ins(%v7, %w2 : tensor<64x128xf32>, tensor<128x16xf32>) outs(%v9 : tensor<64x16xf32>) -> tensor<64x16xf32>
  %v11 = tensor.empty() : tensor<64x16xf32>
  %v12 = linalg.broadcast ins(%b2 : tensor<16xf32>) outs(%v11 : tensor<64x16xf32>) dimensions = [0]
  %v13 = tensor.empty() : tensor<64x16xf32>
  %v14 = linalg.map ins(%v10, %v12 : tensor<64x16xf32>, tensor<64x16xf32>) outs(%v13 : tensor<64x16xf32>) (%a0: f32, %a1: f32, %o: f32) { %r = arith.addf %a0, %a1 : f32 linalg.yield %r : f32 }
  %v15 = tensor.empty() : tensor<64xf32>
  %v16 = linalg.fill ins(%ni : f32) outs(%v15 : tensor<64xf32>) -> tensor<64xf32>
  %v17 = linalg.reduce ins(%v14 : tensor<64x16xf32>) outs(%v16 : tensor<64xf32>) dimensions = [1] (%a0: f32, %o: f32) { %r = arith.maximumf %a0, %o : f32 linalg.yield %r : f32 }
  %v18 = tensor.empty() : tensor<64x16xf32>
  %v19 = linalg.broadcast ins(%v17 : tensor<64xf32>) outs(%v18 : tensor<64x16xf32>) dimensions = [1]
  %v20 = tensor.empty() : tensor<64x16xf32>
  %v21 = linalg.map ins(%v14, %v19 : tensor<64x16xf32>, tensor<64x16xf32>) outs(%v20 : tensor<64x16xf32>) (%a0: f32, %a1: f32, %o: f32) { %s = arith.subf %a0, %a1 : f32 %r = math.exp %s : f32 linalg.yield %r : f32 }
  %v22 = tensor.empty() : tensor<64xf32>
  %v23 = linalg.fill ins(%z : f32) outs(%v22 : tensor<64xf32>) -> tensor<64xf32>
  %v24 = linalg.reduce ins(%v21 : tensor<64x16xf32>) outs(%v23 : tensor<64xf32>) dimensions = [1] (%a0: f32, %o: f32) { %r = arith.addf %a0, %o : f32 linalg.yield %r : f32 }
  %v25 = tensor.empty() : tensor<64x16xf32>
  %v26 = linalg.broadcast ins(%v24 : tensor<64xf32>) outs(%v25 : tensor<64x16xf32>) dimensions = [1]
  %v27 = tensor.empty() : tensor<64x16xf32>
  %v28 = linalg.map ins(%v21, %v26, %t : tensor<64x16xf32>, tensor<64x16xf32>, tensor<64x16xf32>) outs(%v27 : tensor<64x16xf32>) (%a0: f32, %a1: f32, %a2: f32, %o: f32) { %s = arith.divf %a0, %a1 : f32 %u = arith.subf %s, %a2 : f32 %r = arith.mulf %u, %inv : f32 linalg.yield %r : f32 }
  %v29 = tensor.empty() : tensor<128x16xf32>
  %v30 = linalg.fill ins(%z : f32) outs(%v29 : tensor<128x16xf32>) -> tensor<128x16xf32>
  %v31 = linalg.matmul indexing_maps = [affine_map<(m,n,k) -> (k,m)>,affine_map<(m,n,k) -> (k,n)>,affine_map<(m,n,k) -> (m,n)>] ins(%v7, %v28 : tensor<64x128xf32>, tensor<64x16xf32>) outs(%v30 : tensor<128x16xf32>) -> tensor<128x16xf32>
  %v32 = tensor.empty() : tensor<16xf32>
  %v33 = linalg.fill ins(%z : f32) outs(%v32 : tensor<16xf32>) -> tensor<16xf32>
  %v34 = linalg.reduce ins(%v28 : tensor<64x16xf32>) outs(%v33 : tensor<16xf32>) dimensions = [0] (%a0: f32, %o: f32) { %r = arith.addf %a0, %o : f32 linalg.yield %r : f32 }
  %v35 = tensor.empty() : tensor<64x128xf32>
  %v36 = linalg.fill ins(%z : f32) outs(%v35 : tensor<64x128xf32>) -> tensor<64x128xf32>
  %v37 = linalg.matmul indexing_maps = [affine_map<(m,n,k) -> (m,k)>,affine_map<(m,n,k) -> (n,k)>,affine_map<(m,n,k) -> (m,n)>] ins(%v28, %w2 : tensor<64x16xf32>, tensor<128x16xf32>) outs(%v36 : tensor<64x128xf32>) -> tensor<64x128xf32>
  %v38 = tensor.empty() : tensor<64x128xf32>
  %v39 = linalg.map ins(%v37, %v7 : tensor<64x128xf32>, tensor<64x128xf32>) outs(%v38 : tensor<64x128xf32>) (%a0: f32, %a1: f32, %o: f32) { %c = arith.cmpf ogt, %a1, %z : f32 %r = arith.select %c, %a0, %z : f32 linalg.yield %r : f32 }
  %v40 = tensor.empty() : tensor<784x128xf32>
  %v41 = linalg.fill ins(%z : f32) outs(%v40 : tensor<784x128xf32>) -> tensor<784x128xf32>
  %v42 = linalg.matmul indexing_maps = [affine_map<(m,n,k) -> (k,m)>,affine_map<(m,n,k) -> (k,n)>,affine_map<(m,n,k) -> (m,n)>] ins(%x, %v39 : tensor<64x784xf32>, tensor<64x128xf32>) outs(%v41 : tensor<784x128xf32>) -> tensor<784x128xf32>
  %v43 = tensor.empty() : tensor<128xf32>
  %v44 = linalg.fill ins(%z : f32) outs(%v43 : tensor<128xf32>) -> tensor<128xf32>
  %v45 = linalg.reduce ins(%v39 : tensor<64x128xf32>) outs(%v44 : tensor<128xf32>) dimensions = [0] (%a0: f32, %o: f32) { %r = arith.addf %a0, %o : f32 linalg.yield %r : f32 }
  %v46 = tensor.empty() : tensor<784x128xf32>
  %v47 = linalg.map ins(%w1, %v42 : tensor<784x128xf32>, tensor<784x128xf32>) outs(%v46 : tensor<784x128xf32>) (%a0: f32, %a1: f32, %o: f32) { %s = arith.mulf %a1, %lr : f32 %r = arith.subf %a0, %s : f32 linalg.yield %r : f32 }
  %v48 = tensor.empty() : tensor<128xf32>
  %v49 = linalg.map ins(%b1, %v45 : tensor<128xf32>, tensor<128xf32>) outs(%v48 : tensor<128xf32>) (%a0: f32, %a1: f32, %o: f32) { %s = arith.mulf %a1, %lr : f32 %r = arith.subf %a0, %s : f32 linalg.yield %r : f32 }
  %v50 = tensor.empty() : tensor<128x16xf32>
  %v51 = linalg.map ins(%w2, %v31 : tensor<128x16xf32>, tensor<128x16xf32>) outs(%v50 : tensor<128x16xf32>) (%a0: f32, %a1: f32, %o: f32) { %s = arith.mulf %a1, %lr : f32 %r = arith.subf %a0, %s : f32 linalg.yield %r : f32 }
  %v52 = tensor.empty() : tensor<16xf32>
  %v53 = linalg.map ins(%b2, %v34 : tensor<16xf32>, tensor<16xf32>) outs(%v52 : tensor<16xf32>) (%a0: f32, %a1: f32, %o: f32) { %s = arith.mulf %a1, %lr : f32 %r = arith.subf %a0, %s : f32 linalg.yield %r : f32 }
  return %v47, %v49, %v51, %v53 : tensor<784x128xf32>, tensor<128xf32>, tensor<128x16xf32>, tensor<16xf32>
}
