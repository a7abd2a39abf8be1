// RUN: nnc-opt --to=buffers %s | FileCheck %s

// A kernel may write over an operand that dies only where it has read what it needs of it: elementwise, or by rows that are
// reduced whole before. The operand of a contraction is read again and is never written over, however tiles cover it.

// CHECK-LABEL: func.func @chain
// CHECK: %[[A:.*]] = memref.view
// CHECK: %[[B:.*]] = memref.view
// CHECK: sched.launch @dot_{{.*}} outs(%[[A]] : memref<40x100xf32>)
// CHECK: sched.launch @dot_{{.*}} ins(%[[A]], {{.*}} outs(%[[B]] : memref<40x100xf32>)
// CHECK: sched.launch @max_exp_sum_div{{.*}} ins(%[[C:.*]] : memref<40x20x5xf32>) outs(%[[C]] :
// CHECK: sched.launch @dot_
func.func @chain(%x: tensor<40x100xf32>, %w: tensor<100x100xf32>) -> tensor<40x100xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<40x100xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<40x100xf32>) -> tensor<40x100xf32>
  %a = linalg.matmul ins(%x, %w : tensor<40x100xf32>, tensor<100x100xf32>) outs(%f : tensor<40x100xf32>) -> tensor<40x100xf32>
  %b = linalg.matmul ins(%a, %w : tensor<40x100xf32>, tensor<100x100xf32>) outs(%f : tensor<40x100xf32>) -> tensor<40x100xf32>
  %v = tensor.expand_shape %b [[0], [1, 2]] output_shape [40, 20, 5] : tensor<40x100xf32> into tensor<40x20x5xf32>
  %e3 = tensor.empty() : tensor<40x20x5xf32>
  %s = linalg.softmax dimension(2) ins(%v : tensor<40x20x5xf32>) outs(%e3 : tensor<40x20x5xf32>) -> tensor<40x20x5xf32>
  %c = tensor.collapse_shape %s [[0], [1, 2]] : tensor<40x20x5xf32> into tensor<40x100xf32>
  %d = linalg.matmul ins(%c, %w : tensor<40x100xf32>, tensor<100x100xf32>) outs(%f : tensor<40x100xf32>) -> tensor<40x100xf32>
  return %d : tensor<40x100xf32>
}

// A cube transposed over itself would read what it has written.
// CHECK-LABEL: func.func @transposed
// CHECK: sched.launch @dot_{{.*}} outs(%[[A:.*]] : memref<16x4xf32>)
// CHECK: %[[V:.*]] = memref.expand_shape %[[A]]
// CHECK: sched.launch @exp_{{.*}} ins(%[[V]] : {{.*}} outs(%[[B:.*]] : memref<4x4x4xf32>)
// CHECK: return
func.func @transposed(%x: tensor<16x4xf32>, %w: tensor<4x4xf32>) -> tensor<16x4xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x4xf32>
  %e3 = tensor.empty() : tensor<4x4x4xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<16x4xf32>) -> tensor<16x4xf32>
  %a = linalg.matmul ins(%x, %w : tensor<16x4xf32>, tensor<4x4xf32>) outs(%f : tensor<16x4xf32>) -> tensor<16x4xf32>
  %v = tensor.expand_shape %a [[0, 1], [2]] output_shape [4, 4, 4] : tensor<16x4xf32> into tensor<4x4x4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, j, i)>, affine_map<(i, j, k) -> (i, j, k)>],
                       iterator_types = ["parallel", "parallel", "parallel"]} ins(%v : tensor<4x4x4xf32>) outs(%e3 : tensor<4x4x4xf32>) {
  ^bb0(%p: f32, %o: f32):
    %q = math.exp %p : f32
    linalg.yield %q : f32
  } -> tensor<4x4x4xf32>
  %c = tensor.collapse_shape %r [[0, 1], [2]] : tensor<4x4x4xf32> into tensor<16x4xf32>
  %b = linalg.matmul ins(%c, %w : tensor<16x4xf32>, tensor<4x4xf32>) outs(%f : tensor<16x4xf32>) -> tensor<16x4xf32>
  return %b : tensor<16x4xf32>
}
// CHECK: func.func private @max_exp_sum_div{{.*}} attributes {sched.kernel, sched.may_alias}
