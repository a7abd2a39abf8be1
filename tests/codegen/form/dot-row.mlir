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
