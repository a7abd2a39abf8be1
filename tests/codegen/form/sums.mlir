// RUN: nnc-opt --to=kernels %s | FileCheck %s

// A convolution's weight gradient sums over all positions of all images: each image is a sum of its own, by tasks that
// compute all results, and the sums are added in their order.

// CHECK-LABEL: func.func @images(
// CHECK: %[[PARTS:.*]] = sched.launch @conv_{{[0-9a-f]+}} {{.*}}ins(%arg0, %arg1 {{.*}}outs({{.*}} : tensor<8x16x3x3x3xf32>)
// CHECK: sched.launch @sum_{{[0-9a-f]+}} {{.*}}ins(%[[PARTS]] : tensor<8x16x3x3x3xf32>)
func.func @images(%x: tensor<8x3x66x66xf32>, %g: tensor<8x16x64x64xf32>) -> tensor<16x3x3x3xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x3x3x3xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<16x3x3x3xf32>) -> tensor<16x3x3x3xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(o, c, p, q, n, y, x) -> (n, c, y + p, x + q)>, affine_map<(o, c, p, q, n, y, x) -> (n, o, y, x)>, affine_map<(o, c, p, q, n, y, x) -> (o, c, p, q)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %g : tensor<8x3x66x66xf32>, tensor<8x16x64x64xf32>) outs(%f : tensor<16x3x3x3xf32>) {
  ^bb0(%i: f32, %k: f32, %o: f32):
    %m = arith.mulf %i, %k : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<16x3x3x3xf32>
  return %r : tensor<16x3x3x3xf32>
}

// Of one image, some rows each; windows two apart.

// CHECK-LABEL: func.func @rows(
// CHECK: tensor.expand_shape %arg1 {{.*}} output_shape [1, 16, 8, 14, 112]
// CHECK: sched.launch @conv_{{[0-9a-f]+}} {{.*}}outs({{.*}} : tensor<8x16x3x3x3xf32>)
// CHECK: sched.launch @sum_
func.func @rows(%x: tensor<1x3x225x225xf32>, %g: tensor<1x16x112x112xf32>) -> tensor<16x3x3x3xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x3x3x3xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<16x3x3x3xf32>) -> tensor<16x3x3x3xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(o, c, p, q, n, y, x) -> (n, c, y * 2 + p, x * 2 + q)>, affine_map<(o, c, p, q, n, y, x) -> (n, o, y, x)>, affine_map<(o, c, p, q, n, y, x) -> (o, c, p, q)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %g : tensor<1x3x225x225xf32>, tensor<1x16x112x112xf32>) outs(%f : tensor<16x3x3x3xf32>) {
  ^bb0(%i: f32, %k: f32, %o: f32):
    %m = arith.mulf %i, %k : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<16x3x3x3xf32>
  return %r : tensor<16x3x3x3xf32>
}

// A short sum stays one.

// CHECK-LABEL: func.func @short(
// CHECK: sched.launch @conv_{{[0-9a-f]+}} {{.*}}outs({{.*}} : tensor<64x64x3x3xf32>)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @short(%x: tensor<8x64x9x9xf32>, %g: tensor<8x64x7x7xf32>) -> tensor<64x64x3x3xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x64x3x3xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<64x64x3x3xf32>) -> tensor<64x64x3x3xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(o, c, p, q, n, y, x) -> (n, c, y + p, x + q)>, affine_map<(o, c, p, q, n, y, x) -> (n, o, y, x)>, affine_map<(o, c, p, q, n, y, x) -> (o, c, p, q)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %g : tensor<8x64x9x9xf32>, tensor<8x64x7x7xf32>) outs(%f : tensor<64x64x3x3xf32>) {
  ^bb0(%i: f32, %k: f32, %o: f32):
    %m = arith.mulf %i, %k : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<64x64x3x3xf32>
  return %r : tensor<64x64x3x3xf32>
}

// A convolution of many channels at few positions sums some channels each. What follows joins the merge.

// CHECK-LABEL: func.func @channels(
// CHECK: %[[SUMS:.*]] = sched.launch @conv_{{[0-9a-f]+}} {{.*}}outs({{.*}} : tensor<8x1x24x12x12xf32>)
// CHECK: sched.launch @sum_relu_{{[0-9a-f]+}} {{.*}}ins(%[[SUMS]] : tensor<8x1x24x12x12xf32>)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @channels(%x: tensor<1x256x14x14xf32>, %w: tensor<24x256x3x3xf32>) -> tensor<1x24x12x12xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x24x12x12xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<1x24x12x12xf32>) -> tensor<1x24x12x12xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(n, o, y, x, c, p, q) -> (n, c, y + p, x + q)>, affine_map<(n, o, y, x, c, p, q) -> (o, c, p, q)>, affine_map<(n, o, y, x, c, p, q) -> (n, o, y, x)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : tensor<1x256x14x14xf32>, tensor<24x256x3x3xf32>) outs(%f : tensor<1x24x12x12xf32>) {
  ^bb0(%i: f32, %k: f32, %o: f32):
    %m = arith.mulf %i, %k : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x24x12x12xf32>
  %h = linalg.generic {indexing_maps = [affine_map<(n, o, y, x) -> (n, o, y, x)>, affine_map<(n, o, y, x) -> (n, o, y, x)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%r : tensor<1x24x12x12xf32>) outs(%e : tensor<1x24x12x12xf32>) {
  ^bb0(%i: f32, %o: f32):
    %m = arith.maximumf %i, %z : f32
    linalg.yield %m : f32
  } -> tensor<1x24x12x12xf32>
  return %h : tensor<1x24x12x12xf32>
}
