// RUN: nnc-opt %s --nnc-differentiate --nnc-simplify | FileCheck %s

// The gradient of a recurrent step has the sum behind its product from the forward scan (the third result) and computes neither
// again; the sum of the weight's gradients is one product outside.
// CHECK-LABEL: func.func @recurrent_grad
// CHECK: %[[F:.*]]:3 = nn.scan 8 carries(%arg0) sequences(%arg1) captures(%arg2)
// CHECK: %[[P:.*]] = nn.dot {{.*}}lhs_contract = array<i64: 1>, {{.*}}rhs_contract = array<i64: 1>
// CHECK: %[[S:.*]] = nn.add %[[P]], %arg5
// CHECK: nn.yield %{{.*}}, %{{.*}}, %[[S]]
// CHECK: %[[B:.*]]:2 = nn.scan 8 reverse carries(%arg3) sequences(%[[F]]#2) captures(%arg2)
// CHECK-NOT: nn.dot
// CHECK: nn.tanh
// CHECK: nn.dot {{.*}}lhs_contract = array<i64: 1>, {{.*}}rhs_contract = array<i64: 0>
// CHECK-NOT: nn.dot
// CHECK: nn.yield
// CHECK: nn.dot %[[B]]#1, %[[F]]#1 {{.*}}lhs_contract = array<i64: 0, 1>
func.func @recurrent(%h0: tensor<5x4xf32>, %xs: tensor<8x5x4xf32>, %w: tensor<4x4xf32>) -> tensor<5x4xf32> {
  %h = nn.scan 8 carries(%h0) sequences(%xs) captures(%w) : (tensor<5x4xf32>, tensor<8x5x4xf32>, tensor<4x4xf32>) -> tensor<5x4xf32> {
    ^bb0(%a: tensor<5x4xf32>, %x: tensor<5x4xf32>, %v: tensor<4x4xf32>):
      %d = nn.dot %a, %v {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 1>} : (tensor<5x4xf32>, tensor<4x4xf32>) -> tensor<5x4xf32>
      %s = nn.add %d, %x : (tensor<5x4xf32>, tensor<5x4xf32>) -> tensor<5x4xf32>
      %n = nn.tanh %s : (tensor<5x4xf32>) -> tensor<5x4xf32>
      nn.yield %n : tensor<5x4xf32>
  }
  return %h : tensor<5x4xf32>
}
