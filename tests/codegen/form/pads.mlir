// RUN: nnc-opt --to=kernels %s | FileCheck %s

// What only a depthwise convolution reads is padded by its tasks, each some whole images of channels in scratch: no
// padded tensor, and no kernel for its border.

// CHECK-LABEL: func.func @depthwise(
// CHECK: sched.launch @[[KERNEL:[a-z_0-9]+]] tasks({{[0-9]+}}) ins(%arg0, %arg1 : tensor<2x64x14x14xf32>, tensor<64x3x3xf32>)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @depthwise(%x: tensor<2x64x14x14xf32>, %w: tensor<64x3x3xf32>) -> tensor<2x64x14x14xf32> {
  %z = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %z : f32
  } : tensor<2x64x14x14xf32> to tensor<2x64x16x16xf32>
  %e = tensor.empty() : tensor<2x64x14x14xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<2x64x14x14xf32>) -> tensor<2x64x14x14xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(n, c, y, x, p, q) -> (n, c, y + p, x + q)>, affine_map<(n, c, y, x, p, q) -> (c, p, q)>, affine_map<(n, c, y, x, p, q) -> (n, c, y, x)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %w : tensor<2x64x16x16xf32>, tensor<64x3x3xf32>) outs(%f : tensor<2x64x14x14xf32>) {
  ^bb0(%i: f32, %k: f32, %o: f32):
    %m = arith.mulf %i, %k : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<2x64x14x14xf32>
  return %r : tensor<2x64x14x14xf32>
}

// Two readers pad the same tensor, each for itself; what computes it joins one of them. Convolutions of single channels
// are no reason for another layout.

// CHECK-LABEL: func.func @both(
// CHECK: %[[BOTH:.*]]:2 = sched.launch @exp_conv_{{[0-9a-f]+}} {{.*}} ins(%arg0, %arg2
// CHECK: sched.launch @conv_{{[0-9a-f]+}} {{.*}} ins(%[[BOTH]]#0, %arg1
// CHECK-NOT: sched.launch
// CHECK: return
func.func @both(%x: tensor<2x64x14x14xf32>, %w: tensor<64x3x3xf32>, %g: tensor<2x64x14x14xf32>) -> (tensor<2x64x14x14xf32>, tensor<64x3x3xf32>) {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x64x14x14xf32>
  %h = linalg.generic {indexing_maps = [affine_map<(n, c, y, x) -> (n, c, y, x)>, affine_map<(n, c, y, x) -> (n, c, y, x)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x64x14x14xf32>) outs(%e : tensor<2x64x14x14xf32>) {
  ^bb0(%i: f32, %o: f32):
    %v = math.exp %i : f32
    linalg.yield %v : f32
  } -> tensor<2x64x14x14xf32>
  %p = tensor.pad %h low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %z : f32
  } : tensor<2x64x14x14xf32> to tensor<2x64x16x16xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<2x64x14x14xf32>) -> tensor<2x64x14x14xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(n, c, y, x, p, q) -> (n, c, y + p, x + q)>, affine_map<(n, c, y, x, p, q) -> (c, p, q)>, affine_map<(n, c, y, x, p, q) -> (n, c, y, x)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %w : tensor<2x64x16x16xf32>, tensor<64x3x3xf32>) outs(%f : tensor<2x64x14x14xf32>) {
  ^bb0(%i: f32, %k: f32, %o: f32):
    %m = arith.mulf %i, %k : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<2x64x14x14xf32>
  %we = tensor.empty() : tensor<64x3x3xf32>
  %wf = linalg.fill ins(%z : f32) outs(%we : tensor<64x3x3xf32>) -> tensor<64x3x3xf32>
  %d = linalg.generic {indexing_maps = [affine_map<(c, p, q, n, y, x) -> (n, c, y + p, x + q)>, affine_map<(c, p, q, n, y, x) -> (n, c, y, x)>, affine_map<(c, p, q, n, y, x) -> (c, p, q)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%p, %g : tensor<2x64x16x16xf32>, tensor<2x64x14x14xf32>) outs(%wf : tensor<64x3x3xf32>) {
  ^bb0(%i: f32, %k: f32, %o: f32):
    %m = arith.mulf %i, %k : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<64x3x3xf32>
  return %r, %d : tensor<2x64x14x14xf32>, tensor<64x3x3xf32>
}

// A contraction's tasks would each pad what they share, so that is done once, before.

// CHECK-LABEL: func.func @dense(
// CHECK: sched.launch @fill_
// CHECK: sched.launch @{{copy|transpose}}_
// CHECK: sched.launch @conv_
// CHECK: return
func.func @dense(%x: tensor<2x64x14x14xf32>, %w: tensor<32x64x3x3xf32>) -> tensor<2x32x14x14xf32> {
  %z = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %z : f32
  } : tensor<2x64x14x14xf32> to tensor<2x64x16x16xf32>
  %e = tensor.empty() : tensor<2x32x14x14xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<2x32x14x14xf32>) -> tensor<2x32x14x14xf32>
  %r = linalg.conv_2d_nchw_fchw ins(%p, %w : tensor<2x64x16x16xf32>, tensor<32x64x3x3xf32>) outs(%f : tensor<2x32x14x14xf32>) -> tensor<2x32x14x14xf32>
  return %r : tensor<2x32x14x14xf32>
}

// Positions 4 kB apart would share a set of the first cache: each has a line more (a stride of two, 512 channels). Those
// of 496 channels, or side by side, do not.

// CHECK-LABEL: func.func @spaced(
// CHECK: %[[WIDE:.*]] = tensor.empty() : tensor<1x16x16x528xf32>
// CHECK: sched.launch @fill_{{.*}} outs(%[[WIDE]]
// CHECK: sched.launch @conv_{{.*}}tensor<1x16x16x528xf32>
// CHECK: return
func.func @spaced(%x: tensor<1x512x14x14xf32>, %w: tensor<512x512x3x3xf32>) -> tensor<1x512x7x7xf32> {
  %z = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %z : f32
  } : tensor<1x512x14x14xf32> to tensor<1x512x16x16xf32>
  %e = tensor.empty() : tensor<1x512x7x7xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<1x512x7x7xf32>) -> tensor<1x512x7x7xf32>
  %r = linalg.conv_2d_nchw_fchw {strides = dense<2> : vector<2xi64>} ins(%p, %w : tensor<1x512x16x16xf32>, tensor<512x512x3x3xf32>) outs(%f : tensor<1x512x7x7xf32>) -> tensor<1x512x7x7xf32>
  return %r : tensor<1x512x7x7xf32>
}

// CHECK-LABEL: func.func @near(
// CHECK: sched.launch @conv_{{.*}}tensor<1x16x16x496xf32>
// CHECK: return
func.func @near(%x: tensor<1x496x14x14xf32>, %w: tensor<512x496x3x3xf32>) -> tensor<1x512x7x7xf32> {
  %z = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %z : f32
  } : tensor<1x496x14x14xf32> to tensor<1x496x16x16xf32>
  %e = tensor.empty() : tensor<1x512x7x7xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<1x512x7x7xf32>) -> tensor<1x512x7x7xf32>
  %r = linalg.conv_2d_nchw_fchw {strides = dense<2> : vector<2xi64>} ins(%p, %w : tensor<1x496x16x16xf32>, tensor<512x496x3x3xf32>) outs(%f : tensor<1x512x7x7xf32>) -> tensor<1x512x7x7xf32>
  return %r : tensor<1x512x7x7xf32>
}

// CHECK: func.func private @[[KERNEL]](
// CHECK: scf.forall ({{.*}}, {{.*}}) = (0, 0) to (2, 64)
// CHECK: %[[FILLED:.*]] = linalg.fill {{.*}} outs({{.*}} : tensor<1x[[C:[0-9]+]]x16x16xf32>)
// CHECK: tensor.insert_slice {{.*}} into %[[FILLED]][0, 0, 1, 1] [1, [[C]], 14, 14] [1, 1, 1, 1]
