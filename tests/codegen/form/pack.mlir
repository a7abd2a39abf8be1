// RUN: nnc-opt --to=kernels %s | FileCheck %s

// The operand along the lanes of a large contraction is copied to panels once for all tasks, and two contractions that
// read it in one way share them. Tasks cut no panel.

// CHECK: affine_map<(d0, d1, d2) -> (d1 floordiv 16, d2, d1 mod 16)>
// CHECK-LABEL: func.func @large
// CHECK: %[[VIEW:.*]] = tensor.expand_shape %arg1 {{.*}} into tensor<1024x32x16xf32>
// CHECK: %[[PANELS:.*]] = sched.launch @transpose_{{[0-9a-f]+}} tasks({{[0-9]+}}) ins(%[[VIEW]] : tensor<1024x32x16xf32>) outs({{.*}} : tensor<32x1024x16xf32>)
// CHECK-COUNT-2: sched.launch @[[DOT:dot_[0-9a-f]+]] tasks({{[0-9]+}}) ins({{.*}}, %[[PANELS]] : tensor<512x1024xf32>, tensor<32x1024x16xf32>)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @large(%x: tensor<512x1024xf32>, %w: tensor<1024x512xf32>, %y: tensor<512x1024xf32>) -> (tensor<512x512xf32>, tensor<512x512xf32>) {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<512x512xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<512x512xf32>) -> tensor<512x512xf32>
  %a = linalg.matmul ins(%x, %w : tensor<512x1024xf32>, tensor<1024x512xf32>) outs(%f : tensor<512x512xf32>) -> tensor<512x512xf32>
  %b = linalg.matmul ins(%y, %w : tensor<512x1024xf32>, tensor<1024x512xf32>) outs(%f : tensor<512x512xf32>) -> tensor<512x512xf32>
  return %a, %b : tensor<512x512xf32>, tensor<512x512xf32>
}

// Few rows are not worth it, unless the weights are frozen: then it happens before the first call. Of 10 lanes one panel
// is made, its end zeros.

// CHECK-LABEL: func.func @few
// CHECK: sched.launch @dot_{{.*}} ins(%arg0, %arg1 : tensor<8x1024xf32>, tensor<10x1024xf32>)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @few(%x: tensor<8x1024xf32>, %w: tensor<10x1024xf32>) -> tensor<8x10xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x10xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<8x10xf32>) -> tensor<8x10xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x1024xf32>, tensor<10x1024xf32>) outs(%f : tensor<8x10xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x10xf32>
  return %a : tensor<8x10xf32>
}

// CHECK-LABEL: func.func @frozen(
// CHECK-NOT: sched.launch @transpose
// CHECK: sched.launch @dot_{{.*}} ins(%arg0, %arg1 : tensor<8x1024xf32>, tensor<1x1024x16xf32>)
// CHECK: return
// CHECK-LABEL: func.func @frozen.prepare
// CHECK: tensor.expand_shape {{.*}} : tensor<16x1024xf32> into tensor<1x16x1024xf32>
// CHECK: sched.launch @transpose_{{.*}} outs({{.*}} : tensor<1x1024x16xf32>)
func.func @frozen(%x: tensor<8x1024xf32>, %w: tensor<10x1024xf32> {nn.frozen, nn.kind = "parameter", nn.name = "w"}) -> tensor<8x10xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x10xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<8x10xf32>) -> tensor<8x10xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x1024xf32>, tensor<10x1024xf32>) outs(%f : tensor<8x10xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x10xf32>
  return %a : tensor<8x10xf32>
}

// A single row reads frozen weights as they are.

// CHECK-LABEL: func.func @row(
// CHECK-SAME: tensor<512x1024xf32> {nn.frozen
// CHECK: return
// CHECK-NOT: @row.prepare
func.func @row(%x: tensor<1x1024xf32>, %w: tensor<512x1024xf32> {nn.frozen, nn.kind = "parameter", nn.name = "w"}) -> tensor<1x512xf32> {
  %d = nn.dot %x, %w {lhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_batch = array<i64>, rhs_contract = array<i64: 1>} : (tensor<1x1024xf32>, tensor<512x1024xf32>) -> tensor<1x512xf32>
  return %d : tensor<1x512xf32>
}

// Weights that a loop does not change are packed before it.

// CHECK-LABEL: func.func @steps
// CHECK: %[[BEFORE:.*]] = sched.launch @transpose_{{.*}} outs({{.*}} : tensor<8x128x16xf32>)
// CHECK: scf.for
// CHECK: sched.launch @dot_{{.*}}, %[[BEFORE]] : tensor<8x128xf32>, tensor<8x128x16xf32>)
func.func @steps(%x: tensor<8x128xf32>, %w: tensor<128x128xf32>) -> tensor<8x128xf32> {
  %z = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %e = tensor.empty() : tensor<8x128xf32>
  %r = scf.for %i = %c0 to %c9 step %c1 iter_args(%h = %x) -> tensor<8x128xf32> {
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<8x128xf32>) -> tensor<8x128xf32>
    %a = linalg.matmul ins(%h, %w : tensor<8x128xf32>, tensor<128x128xf32>) outs(%f : tensor<8x128xf32>) -> tensor<8x128xf32>
    scf.yield %a : tensor<8x128xf32>
  }
  return %r : tensor<8x128xf32>
}

// Channels last, a convolution reads its frozen weights in the same way.

// CHECK-LABEL: func.func @frozen_network(
// CHECK: sched.launch @conv_relu{{.*}} : tensor<2x30x30x32xf32>, tensor<4x3x3x32x16xf32>)
// CHECK: sched.launch @conv{{.*}}, tensor<4x3x3x64x16xf32>)
// CHECK: return
func.func @frozen_network(%x: tensor<2x32x28x28xf32>, %v: tensor<64x32x3x3xf32> {nn.frozen, nn.kind = "parameter", nn.name = "v"},
                          %w: tensor<64x64x3x3xf32> {nn.frozen, nn.kind = "parameter", nn.name = "w"}) -> tensor<2x64x28x28xf32> {
  %0 = nn.conv %x, %v {stride = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x32x28x28xf32>, tensor<64x32x3x3xf32>) -> tensor<2x64x28x28xf32>
  %1 = nn.relu %0 : (tensor<2x64x28x28xf32>) -> tensor<2x64x28x28xf32>
  %2 = nn.conv %1, %w {stride = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<2x64x28x28xf32>
  return %2 : tensor<2x64x28x28xf32>
}

// CHECK: func.func private @[[DOT]]
// CHECK: scf.forall ({{.*}}) to (512, 512) step ({{[0-9]+}}, {{(16|32|48|64|128|192|256|512)}})
