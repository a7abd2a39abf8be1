// RUN: nnc-opt --to=kernels %s | FileCheck %s

// The sums of a residual stream are stored, not computed again by every reader from all that went into them: what is
// added is read by one kernel, and each later sum reads two tensors, however long the stream is.

// CHECK-LABEL: func.func @stream
// CHECK: %[[X1:[0-9]+]]:2 = sched.launch @add_exp{{.*}} ins(%arg0, %arg1 :
// CHECK: %[[X2:[0-9]+]]:2 = sched.launch @dot_add_exp{{.*}} ins(%[[X1]]#1, %arg2, %[[X1]]#0 :
// CHECK-NOT: ins(%arg
// CHECK: return
func.func @stream(%x: tensor<256x128xf32>, %a: tensor<256x128xf32>, %w: tensor<128x128xf32>)
    -> (tensor<256xf32>, tensor<256xf32>, tensor<256xf32>) {
  %z = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<256xf32>
  %e = tensor.empty() : tensor<256x128xf32>
  %f = linalg.fill ins(%z : f32) outs(%er : tensor<256xf32>) -> tensor<256xf32>
  %f2 = linalg.fill ins(%z : f32) outs(%e : tensor<256x128xf32>) -> tensor<256x128xf32>
  %x1 = linalg.add ins(%x, %a : tensor<256x128xf32>, tensor<256x128xf32>) outs(%e : tensor<256x128xf32>) -> tensor<256x128xf32>
  %s1 = linalg.reduce { arith.addf } ins(%x1 : tensor<256x128xf32>) outs(%f : tensor<256xf32>) dimensions = [1]
  %e1 = linalg.exp ins(%x1 : tensor<256x128xf32>) outs(%e : tensor<256x128xf32>) -> tensor<256x128xf32>
  %d1 = linalg.matmul ins(%e1, %w : tensor<256x128xf32>, tensor<128x128xf32>) outs(%f2 : tensor<256x128xf32>) -> tensor<256x128xf32>
  %x2 = linalg.add ins(%x1, %d1 : tensor<256x128xf32>, tensor<256x128xf32>) outs(%e : tensor<256x128xf32>) -> tensor<256x128xf32>
  %s2 = linalg.reduce { arith.addf } ins(%x2 : tensor<256x128xf32>) outs(%f : tensor<256xf32>) dimensions = [1]
  %e2 = linalg.exp ins(%x2 : tensor<256x128xf32>) outs(%e : tensor<256x128xf32>) -> tensor<256x128xf32>
  %d2 = linalg.matmul ins(%e2, %w : tensor<256x128xf32>, tensor<128x128xf32>) outs(%f2 : tensor<256x128xf32>) -> tensor<256x128xf32>
  %x3 = linalg.add ins(%x2, %d2 : tensor<256x128xf32>, tensor<256x128xf32>) outs(%e : tensor<256x128xf32>) -> tensor<256x128xf32>
  %s3 = linalg.reduce { arith.addf } ins(%x3 : tensor<256x128xf32>) outs(%f : tensor<256xf32>) dimensions = [1]
  return %s1, %s2, %s3 : tensor<256xf32>, tensor<256xf32>, tensor<256xf32>
}
