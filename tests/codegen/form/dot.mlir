// RUN: nnc-opt --to=kernels %s | FileCheck %s

// A contraction takes its epilogue, and nothing that makes its operands: six equal layers are six launches of one kernel.

// CHECK-LABEL: func.func @gelu
// CHECK: sched.launch @[[GELU:dot_bias_gelu_[0-9a-f]+]] tasks({{[0-9]+}}) {{.*}} layers ["mlp.0", "mlp.1"]
// CHECK-NOT: sched.launch
// CHECK: return
func.func @gelu(%x: tensor<128x512xf32>, %w: tensor<512x256xf32>, %b: tensor<256xf32>) -> tensor<128x256xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<128x256xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<128x256xf32>) -> tensor<128x256xf32>
  %d = linalg.matmul ins(%x, %w : tensor<128x512xf32>, tensor<512x256xf32>) outs(%f : tensor<128x256xf32>)
    -> tensor<128x256xf32> loc(#linear)
  %bb = linalg.broadcast ins(%b : tensor<256xf32>) outs(%e : tensor<128x256xf32>) dimensions = [0] loc(#linear)
  %s = linalg.add ins(%d, %bb : tensor<128x256xf32>, tensor<128x256xf32>) outs(%e : tensor<128x256xf32>)
    -> tensor<128x256xf32> loc(#linear)
  %g = linalg.map ins(%s : tensor<128x256xf32>) outs(%e : tensor<128x256xf32>) (%a: f32, %o: f32) {
    %c = arith.constant 0.707106781 : f32
    %one = arith.constant 1.0 : f32
    %half = arith.constant 0.5 : f32
    %t = arith.mulf %a, %c : f32
    %u = math.erf %t : f32
    %v = arith.addf %u, %one : f32
    %h = arith.mulf %a, %half : f32
    %r = arith.mulf %v, %h : f32
    linalg.yield %r : f32
  } loc(#gelu)
  return %g : tensor<128x256xf32>
}
#file = loc("model.cpp":41:20)
#linear = loc("linear 'mlp.0'"(#file))
#gelu = loc("gelu 'mlp.1'"(#file))

// CHECK-LABEL: func.func @deep
// CHECK-COUNT-3: sched.launch @[[LAYER:dot_bias_relu_[0-9a-f]+]]
// CHECK-NOT: sched.launch
// CHECK: return
func.func @deep(%x: tensor<64x128xf32>, %w0: tensor<128x128xf32>, %b0: tensor<128xf32>, %w1: tensor<128x128xf32>,
                %b1: tensor<128xf32>, %w2: tensor<128x128xf32>, %b2: tensor<128xf32>) -> tensor<64x128xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x128xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<64x128xf32>) -> tensor<64x128xf32>
  %d0 = linalg.matmul ins(%x, %w0 : tensor<64x128xf32>, tensor<128x128xf32>) outs(%f : tensor<64x128xf32>) -> tensor<64x128xf32>
  %bb0 = linalg.broadcast ins(%b0 : tensor<128xf32>) outs(%e : tensor<64x128xf32>) dimensions = [0]
  %y0 = linalg.map ins(%d0, %bb0 : tensor<64x128xf32>, tensor<64x128xf32>) outs(%e : tensor<64x128xf32>)
    (%a: f32, %c: f32, %o: f32) { %s = arith.addf %a, %c : f32 %r = arith.maximumf %s, %z : f32 linalg.yield %r : f32 }
  %d1 = linalg.matmul ins(%y0, %w1 : tensor<64x128xf32>, tensor<128x128xf32>) outs(%f : tensor<64x128xf32>) -> tensor<64x128xf32>
  %bb1 = linalg.broadcast ins(%b1 : tensor<128xf32>) outs(%e : tensor<64x128xf32>) dimensions = [0]
  %y1 = linalg.map ins(%d1, %bb1 : tensor<64x128xf32>, tensor<64x128xf32>) outs(%e : tensor<64x128xf32>)
    (%a: f32, %c: f32, %o: f32) { %s = arith.addf %a, %c : f32 %r = arith.maximumf %s, %z : f32 linalg.yield %r : f32 }
  %d2 = linalg.matmul ins(%y1, %w2 : tensor<64x128xf32>, tensor<128x128xf32>) outs(%f : tensor<64x128xf32>) -> tensor<64x128xf32>
  %bb2 = linalg.broadcast ins(%b2 : tensor<128xf32>) outs(%e : tensor<64x128xf32>) dimensions = [0]
  %y2 = linalg.map ins(%d2, %bb2 : tensor<64x128xf32>, tensor<64x128xf32>) outs(%e : tensor<64x128xf32>)
    (%a: f32, %c: f32, %o: f32) { %s = arith.addf %a, %c : f32 %r = arith.maximumf %s, %z : f32 linalg.yield %r : f32 }
  return %y2 : tensor<64x128xf32>
}

// The epilogue is in the tile of the contraction, whose product is scratch.
// CHECK: func.func private @[[GELU]]
// CHECK: scf.forall
// CHECK: tensor.empty() : tensor<16x128xf32>
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK: math.erf
// CHECK-COUNT-1: tensor.parallel_insert_slice
