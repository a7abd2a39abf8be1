// RUN: nnc-opt --to=kernels %s -o %t.kernels && FileCheck %s < %t.kernels
// RUN: nnc-opt --to=buffers %t.kernels -o %t.buffers && FileCheck %s --check-prefix=PLAN < %t.buffers
// RUN: nnc-opt --to=buffers %s | diff - %t.buffers
// RUN: nnc-opt --to=kernels --freeze %s | FileCheck %s --check-prefix=ALL

// What depends on frozen weights alone is done in another function, whose results this one takes.
// What a broadcast makes larger stays where it costs nothing.

// CHECK-LABEL: func.func @scaled(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<4x8xf32> {nn.kind = "input", nn.name = "x"}
// CHECK-SAME: %[[B:[a-z0-9]+]]: tensor<6xf32> {nn.frozen, nn.kind = "parameter", nn.name = "bias"}
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<8x6xf32> {nn.frozen, nn.kind = "constant", nn.name = "weight.prepared"})
// CHECK: sched.launch @dot_bias_{{.*}} ins(%[[X]], %[[W]], %[[B]] :
// CHECK-NOT: sched.launch
// CHECK: return
// CHECK-LABEL: func.func @scaled.prepare(
// CHECK-SAME: %[[S:[a-z0-9]+]]: tensor<6xf32> {nn.kind = "parameter", nn.name = "scale"}
// CHECK-SAME: %[[V:[a-z0-9]+]]: tensor<8x6xf32> {nn.kind = "parameter", nn.name = "weight"})
// CHECK-SAME: -> (tensor<8x6xf32> {nn.name = "weight.prepared"})
// CHECK-SAME: sched.prepare
// CHECK: %[[E:.*]] = sched.launch @exp{{.*}} ins(%[[S]] :
// CHECK: %[[R:.*]] = sched.launch @mul{{.*}} ins(%[[V]], %[[E]] :
// CHECK-NOT: sched.launch
// CHECK: return %[[R]]

// PLAN-LABEL: func.func @scaled(
// PLAN-SAME: nn.name = "weight.prepared"
// PLAN-LABEL: func.func @scaled.prepare(
// PLAN-SAME: sched.prepare
func.func @scaled(%x: tensor<4x8xf32> {nn.kind = "input", nn.name = "x"},
                  %weight: tensor<8x6xf32> {nn.frozen, nn.kind = "parameter", nn.name = "weight"},
                  %scale: tensor<6xf32> {nn.frozen, nn.kind = "parameter", nn.name = "scale"},
                  %bias: tensor<6xf32> {nn.frozen, nn.kind = "parameter", nn.name = "bias"}) -> tensor<4x6xf32> {
  %s = nn.exp %scale : (tensor<6xf32>) -> tensor<6xf32>
  %sb = nn.broadcast %s {dims = array<i64: 1>} : (tensor<6xf32>) -> tensor<8x6xf32>
  %w = nn.mul %weight, %sb : (tensor<8x6xf32>, tensor<8x6xf32>) -> tensor<8x6xf32>
  %d = nn.dot %x, %w {lhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_batch = array<i64>, rhs_contract = array<i64: 0>} : (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %bb = nn.broadcast %bias {dims = array<i64: 1>} : (tensor<6xf32>) -> tensor<4x6xf32>
  %y = nn.add %d, %bb : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  return %y : tensor<4x6xf32>
}

// Without frozen arguments nothing moves, unless asked for; what is updated never does.
// CHECK-LABEL: func.func @step(
// CHECK-SAME: nn.name = "w"
// CHECK-SAME: nn.name = "v"
// CHECK-NOT: @step.prepare
// ALL-LABEL: func.func @step(
// ALL-SAME: %{{[a-z0-9]+}}: tensor<8xf32> {nn.kind = "parameter", nn.name = "w"}
// ALL-SAME: %{{[a-z0-9]+}}: tensor<8xf32> {nn.frozen, nn.kind = "constant", nn.name = "v.prepared"}
// ALL-SAME: nn.updates = 1
// ALL-LABEL: func.func @step.prepare(
// ALL-SAME: %{{[a-z0-9]+}}: tensor<8xf32> {nn.kind = "buffer", nn.name = "v"})
// ALL: sched.launch @exp
func.func @step(%x: tensor<8xf32> {nn.kind = "input", nn.name = "x"},
                %unread: tensor<8xf32> {nn.kind = "parameter", nn.name = "unread"},
                %w: tensor<8xf32> {nn.kind = "parameter", nn.name = "w"},
                %v: tensor<8xf32> {nn.kind = "buffer", nn.name = "v"})
    -> (tensor<8xf32> {nn.name = "w", nn.updates = 2 : i64}) {
  %e = nn.exp %v : (tensor<8xf32>) -> tensor<8xf32>
  %f = nn.exp %w : (tensor<8xf32>) -> tensor<8xf32>
  %s = nn.mul %e, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %n = nn.sub %f, %s : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %n : tensor<8xf32>
}

// Inside of a loop: once for all steps, and before the call.
// ALL-LABEL: func.func @loop(
// ALL-SAME: nn.name = "w.prepared"
// ALL: scf.for
// ALL-NOT: exp
// ALL: return
// ALL-LABEL: func.func @loop.prepare(
// ALL: sched.launch @exp
func.func @loop(%h0: tensor<8xf32> {nn.kind = "input", nn.name = "h0"},
                %xs: tensor<5x8xf32> {nn.kind = "input", nn.name = "xs"},
                %w: tensor<8xf32> {nn.kind = "parameter", nn.name = "w"}) -> tensor<8xf32> {
  %h = nn.scan 5 carries(%h0) sequences(%xs) captures(%w) : (tensor<8xf32>, tensor<5x8xf32>, tensor<8xf32>) -> tensor<8xf32> {
    ^bb0(%a: tensor<8xf32>, %x: tensor<8xf32>, %v: tensor<8xf32>):
      %e = nn.exp %v : (tensor<8xf32>) -> tensor<8xf32>
      %d = nn.mul %a, %e : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
      %s = nn.add %d, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
      nn.yield %s : tensor<8xf32>
  }
  return %h : tensor<8xf32>
}

// What is computed from nothing, but not for nothing, is prepared too: a table of sines. Rows of it that a call asks for
// are looked up in the call, and so is the check of the numbers.
// ALL-LABEL: func.func @table(
// ALL-SAME: nn.kind = "constant", nn.name = "constant.prepared"
// ALL: sched.check
// ALL-NOT: @sin
// ALL: return
// ALL-LABEL: func.func @table.prepare(
// ALL-SAME: -> (tensor<64x8xf32>
// ALL: sched.launch @sin
func.func @table(%i: tensor<4xi64> {nn.kind = "input", nn.name = "i"},
                 %b: tensor<8xf32> {nn.kind = "parameter", nn.name = "b"}) -> tensor<4x8xf32> {
  %n = nn.iota {dim = 0 : i64} : () -> tensor<64x8xf32>
  %t = nn.sin %n : (tensor<64x8xf32>) -> tensor<64x8xf32>
  %c = nn.check_index %i {size = 64 : i64, what = "row"} : (tensor<4xi64>) -> tensor<4xi64>
  %r = nn.take %t, %c {dim = 0 : i64} : (tensor<64x8xf32>, tensor<4xi64>) -> tensor<4x8xf32>
  %bb = nn.broadcast %b {dims = array<i64: 1>} : (tensor<8xf32>) -> tensor<4x8xf32>
  %y = nn.add %r, %bb : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
