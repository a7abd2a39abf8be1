// RUN: nnc-opt --to=kernels %s | FileCheck %s

// What is padded or concatenated is computed at its place; a strided slice is read in place; reshapes are views.

// CHECK-LABEL: func.func @pad
// CHECK: %[[FILL:.*]] = sched.launch @fill
// CHECK: sched.launch @[[EXP:exp_[0-9a-f]+]] {{.*}} outs(%[[FILL]]
// CHECK-NOT: sched.launch
// CHECK: return
func.func @pad(%x: tensor<2x3x10x10xf32>) -> tensor<2x3x14x14xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x3x10x10xf32>
  %r = linalg.exp ins(%x : tensor<2x3x10x10xf32>) outs(%e : tensor<2x3x10x10xf32>) -> tensor<2x3x10x10xf32>
  %p = tensor.pad %r low[0, 0, 2, 2] high[0, 0, 2, 2] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %z : f32
  } : tensor<2x3x10x10xf32> to tensor<2x3x14x14xf32>
  return %p : tensor<2x3x14x14xf32>
}

// CHECK-LABEL: func.func @concat
// CHECK: %[[A:.*]] = sched.launch @exp
// CHECK: sched.launch @tanh{{.*}} outs(%[[A]]
// CHECK-NOT: sched.launch
// CHECK: return
func.func @concat(%x: tensor<8x16xf32>, %y: tensor<8x4xf32>) -> tensor<8x20xf32> {
  %e = tensor.empty() : tensor<8x16xf32>
  %f = tensor.empty() : tensor<8x4xf32>
  %a = linalg.exp ins(%x : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) -> tensor<8x16xf32>
  %b = linalg.tanh ins(%y : tensor<8x4xf32>) outs(%f : tensor<8x4xf32>) -> tensor<8x4xf32>
  %c = tensor.concat dim(1) %a, %b : (tensor<8x16xf32>, tensor<8x4xf32>) -> tensor<8x20xf32>
  return %c : tensor<8x20xf32>
}

// CHECK-LABEL: func.func @views
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<6x8x10xf32>
// CHECK: %[[V:.*]] = tensor.collapse_shape %[[X]]
// CHECK: sched.launch @[[STRIDED:exp_[0-9a-f]+]] {{.*}} ins(%[[V]] : tensor<48x10xf32>)
// CHECK-NOT: sched.launch
// CHECK: return
func.func @views(%x: tensor<6x8x10xf32>) -> tensor<24x5xf32> {
  %v = tensor.collapse_shape %x [[0, 1], [2]] : tensor<6x8x10xf32> into tensor<48x10xf32>
  %s = tensor.extract_slice %v[0, 1] [24, 5] [2, 2] : tensor<48x10xf32> to tensor<24x5xf32>
  %e = tensor.empty() : tensor<24x5xf32>
  %r = linalg.exp ins(%s : tensor<24x5xf32>) outs(%e : tensor<24x5xf32>) -> tensor<24x5xf32>
  return %r : tensor<24x5xf32>
}

// CHECK: func.func private @[[EXP]](%{{.*}}, %[[OUT:.*]]: tensor<2x3x14x14xf32>)
// CHECK: %[[PLACE:.*]] = tensor.extract_slice %[[OUT]][0, 0, 2, 2]
// CHECK: linalg.generic {{.*}} outs(%[[PLACE]]
// CHECK: func.func private @[[STRIDED]]
// CHECK: tensor.extract_slice %{{.*}}[0, 1] [24, 5] [2, 2]
