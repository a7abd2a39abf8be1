// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: nnc-opt %s --nnc-differentiate --nnc-simplify | FileCheck %s --check-prefix=GRAD
// RUN: nnc-opt %s --nnc-differentiate=function=recurrent --nnc-simplify | FileCheck %s --check-prefix=SUMS
// RUN: nnc-opt %s --nnc-simplify | FileCheck %s --check-prefix=SIMPLE

// CHECK-LABEL: func.func @scan
// CHECK: nn.scan 8 carries(%{{.*}}) sequences(%{{.*}}) captures(%{{.*}}) : (tensor<4xf32>, tensor<8x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<8x4xf32>) {
// CHECK: nn.yield %{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xf32>

// A loop of the schedule: rows are read and written at its counter.
// LINALG-LABEL: func.func @scan
// LINALG: scf.for %[[T:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args
// LINALG: tensor.extract_slice %arg1[%[[T]], 0] [1, 4] [1, 1] : tensor<8x4xf32> to tensor<4xf32>
// LINALG: tensor.insert_slice
// LINALG: scf.yield
// BUFFERS-LABEL: func.func @scan
// BUFFERS: scf.for
// BUFFERS: sched.launch

// The gradient: the scan again with the carries each step began with, and a scan in the other direction that carries the
// cotangent and the sum of the capture's gradients.
// GRAD-LABEL: func.func @scan_grad
// GRAD: nn.scan 8 carries
// GRAD: nn.scan 8 reverse carries(%{{.*}}, %{{.*}}) sequences(
// GRAD: nn.yield
// GRAD-NOT: nn.scan
// GRAD: return
func.func @scan(%h0: tensor<4xf32>, %xs: tensor<8x4xf32>, %w: tensor<4xf32>) -> (tensor<4xf32>, tensor<8x4xf32>) {
  %last, %all = nn.scan 8 carries(%h0) sequences(%xs) captures(%w) : (tensor<4xf32>, tensor<8x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<8x4xf32>) {
    ^bb0(%h: tensor<4xf32>, %x: tensor<4xf32>, %v: tensor<4xf32>):
      %a = nn.mul %h, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %n = nn.add %a, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      nn.yield %n, %n : tensor<4xf32>, tensor<4xf32>
  }
  return %last, %all : tensor<4xf32>, tensor<8x4xf32>
}

// What nothing depends on is dropped: the second carry with its start, the sequence it reads, the output.
// SIMPLE-LABEL: func.func @unused
// SIMPLE: nn.scan 8 reverse carries(%arg0) sequences() captures(%arg2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func @unused(%h0: tensor<4xf32>, %xs: tensor<8x4xf32>, %w: tensor<4xf32>) -> tensor<4xf32> {
  %a, %b, %all = nn.scan 8 reverse carries(%h0, %h0) sequences(%xs) captures(%w) : (tensor<4xf32>, tensor<4xf32>, tensor<8x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<8x4xf32>) {
    ^bb0(%h: tensor<4xf32>, %k: tensor<4xf32>, %x: tensor<4xf32>, %v: tensor<4xf32>):
      %n = nn.mul %h, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %m = nn.add %k, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      nn.yield %n, %m, %n : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %a : tensor<4xf32>
}

// A transposed weight is transposed once; a repeated bias is repeated in the step.
// SIMPLE-LABEL: func.func @invariant
// SIMPLE: %[[T:.*]] = nn.transpose %arg1
// SIMPLE: nn.scan 8 carries(%arg0) sequences() captures(%arg2, %[[T]])
// SIMPLE: nn.broadcast
func.func @invariant(%h0: tensor<4x4xf32>, %w: tensor<4x4xf32>, %b: tensor<4xf32>) -> tensor<4x4xf32> {
  %r = nn.scan 8 carries(%h0) sequences() captures(%w, %b) : (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> tensor<4x4xf32> {
    ^bb0(%h: tensor<4x4xf32>, %v: tensor<4x4xf32>, %c: tensor<4xf32>):
      %t = nn.transpose %v {permutation = array<i64: 1, 0>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
      %m = nn.mul %h, %t : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
      %d = nn.broadcast %c {dims = array<i64: 1>} : (tensor<4xf32>) -> tensor<4x4xf32>
      %n = nn.add %m, %d : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
      nn.yield %n : tensor<4x4xf32>
  }
  return %r : tensor<4x4xf32>
}

// A carry that only adds up products is one product over all steps, outside.
// SIMPLE-LABEL: func.func @sums
// SIMPLE: %[[R:.*]]:2 = nn.scan 8 carries(%arg0) sequences(%arg1) captures()
// SIMPLE: %[[D:.*]] = nn.dot %arg1, %[[R]]#1 {lhs_batch = array<i64>, lhs_contract = array<i64: 0, 1>, rhs_batch = array<i64>, rhs_contract = array<i64: 0, 1>} : (tensor<8x5x4xf32>, tensor<8x5x4xf32>) -> tensor<4x4xf32>
// SIMPLE: %[[T:.*]] = nn.transpose %[[D]]
// SIMPLE: %[[S:.*]] = nn.add %arg2, %[[T]]
// SIMPLE: return %[[R]]#0, %[[S]]
func.func @sums(%h0: tensor<5x4xf32>, %xs: tensor<8x5x4xf32>, %s0: tensor<4x4xf32>) -> (tensor<5x4xf32>, tensor<4x4xf32>) {
  %h, %s = nn.scan 8 carries(%h0, %s0) sequences(%xs) captures() : (tensor<5x4xf32>, tensor<4x4xf32>, tensor<8x5x4xf32>) -> (tensor<5x4xf32>, tensor<4x4xf32>) {
    ^bb0(%a: tensor<5x4xf32>, %b: tensor<4x4xf32>, %x: tensor<5x4xf32>):
      %n = nn.mul %a, %x : (tensor<5x4xf32>, tensor<5x4xf32>) -> tensor<5x4xf32>
      %d = nn.dot %x, %n {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 0>, rhs_contract = array<i64: 0>} : (tensor<5x4xf32>, tensor<5x4xf32>) -> tensor<4x4xf32>
      %t = nn.transpose %d {permutation = array<i64: 1, 0>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
      %m = nn.add %t, %b : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
      nn.yield %n, %m : tensor<5x4xf32>, tensor<4x4xf32>
  }
  return %h, %s : tensor<5x4xf32>, tensor<4x4xf32>
}

// But what goes over pieces and carries nothing else is written to save memory: the pieces are not kept.
// SIMPLE-LABEL: func.func @pieces
// SIMPLE: %[[R:.*]] = nn.scan 8 carries(%arg0) sequences(%arg1) captures(%arg2) : (tensor<f32>, tensor<8x5x4xf32>, tensor<100x4xf32>) -> tensor<f32>
// SIMPLE: nn.sum
// SIMPLE: return %[[R]]
func.func @pieces(%z: tensor<f32>, %xs: tensor<8x5x4xf32>, %w: tensor<100x4xf32>) -> tensor<f32> {
  %h = nn.scan 8 carries(%z) sequences(%xs) captures(%w) : (tensor<f32>, tensor<8x5x4xf32>, tensor<100x4xf32>) -> tensor<f32> {
    ^bb0(%a: tensor<f32>, %x: tensor<5x4xf32>, %v: tensor<100x4xf32>):
      %d = nn.dot %x, %v {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 1>} : (tensor<5x4xf32>, tensor<100x4xf32>) -> tensor<5x100xf32>
      %e = nn.exp %d : (tensor<5x100xf32>) -> tensor<5x100xf32>
      %s = nn.sum %e {dims = array<i64: 0, 1>} : (tensor<5x100xf32>) -> tensor<f32>
      %n = nn.add %a, %s : (tensor<f32>, tensor<f32>) -> tensor<f32>
      nn.yield %n : tensor<f32>
  }
  return %h : tensor<f32>
}

// Of a product with what is added to it the gradient has the sum from the forward scan, and no need of the terms: the
// backward scan reads the sums alone.
// SUMS-LABEL: func.func @recurrent_grad
// SUMS: %[[FORWARD:.*]]:3 = nn.scan 8 carries(%arg0) sequences(%arg1) captures(%arg2)
// SUMS: %[[SUM:.*]] = nn.add
// SUMS: nn.yield %{{.*}}, %{{.*}}, %[[SUM]] :
// SUMS: nn.scan 8 reverse carries(%arg3) sequences(%[[FORWARD]]#2) captures(%arg2)
// SUMS: nn.dot %{{.*}}, %[[FORWARD]]#1
func.func @recurrent(%h0: tensor<5x4xf32>, %xs: tensor<8x5x4xf32>, %w: tensor<4x4xf32>) -> tensor<5x4xf32> {
  %h = nn.scan 8 carries(%h0) sequences(%xs) captures(%w) : (tensor<5x4xf32>, tensor<8x5x4xf32>, tensor<4x4xf32>) -> tensor<5x4xf32> {
  ^bb0(%s: tensor<5x4xf32>, %x: tensor<5x4xf32>, %m: tensor<4x4xf32>):
    %p = nn.dot %s, %m {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (tensor<5x4xf32>, tensor<4x4xf32>) -> tensor<5x4xf32>
    %sum = nn.add %p, %x : (tensor<5x4xf32>, tensor<5x4xf32>) -> tensor<5x4xf32>
    %t = nn.tanh %sum : (tensor<5x4xf32>) -> tensor<5x4xf32>
    nn.yield %t : tensor<5x4xf32>
  }
  return %h : tensor<5x4xf32>
}
