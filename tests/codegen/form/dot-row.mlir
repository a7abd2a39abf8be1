// RUN: nnc-opt --to=kernels %s | FileCheck %s

// A single row: every weight is read and used once, which is the work. One that is used by 64 rows has enough tasks by these.
// CHECK-LABEL: func.func @row
// CHECK: sched.launch @{{.*}} tasks(8)
// CHECK-LABEL: func.func @rows
// CHECK: sched.launch @{{.*}} tasks(16)
func.func @row(%a: tensor<1x784xf32>, %b: tensor<512x784xf32>) -> tensor<1x512xf32> {
  %d = nn.dot %a, %b {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 1>} : (tensor<1x784xf32>, tensor<512x784xf32>) -> tensor<1x512xf32>
  return %d : tensor<1x512xf32>
}
func.func @rows(%a: tensor<64x784xf32>, %b: tensor<512x784xf32>) -> tensor<64x512xf32> {
  %d = nn.dot %a, %b {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 1>} : (tensor<64x784xf32>, tensor<512x784xf32>) -> tensor<64x512xf32>
  return %d : tensor<64x512xf32>
}

// A sum along the results is made with them, row by row; but few rows would each read the whole other operand, and 64 are few
// where that is large.

// CHECK-LABEL: func.func @many_sums
// CHECK: sched.launch @dot_sum
// CHECK-NOT: sched.launch
// CHECK: return
func.func @many_sums(%x: tensor<64x512xf32>, %w: tensor<512x512xf32>) -> (tensor<64x512xf32>, tensor<64xf32>) {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x512xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<64x512xf32>) -> tensor<64x512xf32>
  %y = linalg.matmul ins(%x, %w : tensor<64x512xf32>, tensor<512x512xf32>) outs(%f : tensor<64x512xf32>) -> tensor<64x512xf32>
  %e1 = tensor.empty() : tensor<64xf32>
  %f1 = linalg.fill ins(%z : f32) outs(%e1 : tensor<64xf32>) -> tensor<64xf32>
  %s = linalg.reduce {arith.addf} ins(%y : tensor<64x512xf32>) outs(%f1 : tensor<64xf32>) dimensions = [1]
  return %y, %s : tensor<64x512xf32>, tensor<64xf32>
}

// CHECK-LABEL: func.func @few_sums
// CHECK: sched.launch @dot_{{[0-9a-f]+}}
// CHECK: sched.launch @sum_{{[0-9a-f]+}}
// CHECK-NOT: sched.launch
// CHECK: return
func.func @few_sums(%x: tensor<8x512xf32>, %w: tensor<512x768xf32>) -> (tensor<8x768xf32>, tensor<8xf32>) {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x768xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<8x768xf32>) -> tensor<8x768xf32>
  %y = linalg.matmul ins(%x, %w : tensor<8x512xf32>, tensor<512x768xf32>) outs(%f : tensor<8x768xf32>) -> tensor<8x768xf32>
  %e1 = tensor.empty() : tensor<8xf32>
  %f1 = linalg.fill ins(%z : f32) outs(%e1 : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.reduce {arith.addf} ins(%y : tensor<8x768xf32>) outs(%f1 : tensor<8xf32>) dimensions = [1]
  return %y, %s : tensor<8x768xf32>, tensor<8xf32>
}

// CHECK-LABEL: func.func @sums_of_large
// CHECK: sched.launch @dot_{{[0-9a-f]+}}
// CHECK: sched.launch @sum_{{[0-9a-f]+}}
// CHECK-NOT: sched.launch
// CHECK: return
func.func @sums_of_large(%x: tensor<64x512xf32>, %w: tensor<512x768xf32>) -> (tensor<64x768xf32>, tensor<64xf32>) {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x768xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<64x768xf32>) -> tensor<64x768xf32>
  %y = linalg.matmul ins(%x, %w : tensor<64x512xf32>, tensor<512x768xf32>) outs(%f : tensor<64x768xf32>) -> tensor<64x768xf32>
  %e1 = tensor.empty() : tensor<64xf32>
  %f1 = linalg.fill ins(%z : f32) outs(%e1 : tensor<64xf32>) -> tensor<64xf32>
  %s = linalg.reduce {arith.addf} ins(%y : tensor<64x768xf32>) outs(%f1 : tensor<64xf32>) dimensions = [1]
  return %y, %s : tensor<64x768xf32>, tensor<64xf32>
}
