// RUN: nnc-opt --to=buffers %s | FileCheck %s

// State is updated in place by the launch that is the last to read it, after all checks; otherwise it is computed in the arena
// and copied when everything has been read.

// CHECK-LABEL: func.func @in_place
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<64xf32>{{[^%]*}} %[[G:[a-z0-9]+]]: memref<64xf32>{{[^%]*}} %{{.*}}: memref<0xi8>)
// CHECK-SAME: sched.results = array<i64: 0>
// CHECK-NEXT: sched.launch {{.*}} ins(%[[W]], %[[G]] {{.*}} outs(%[[W]] :
// CHECK-NEXT: return
func.func @in_place(%w: tensor<64xf32> {nn.kind = "parameter", nn.name = "w"}, %g: tensor<64xf32>)
    -> (tensor<64xf32> {nn.updates = 0 : i64}) {
  %e = tensor.empty() : tensor<64xf32>
  %r = linalg.sub ins(%w, %g : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  return %r : tensor<64xf32>
}

// CHECK-LABEL: func.func @still_read
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<64xf32>{{[^%]*}} %[[G:[a-z0-9]+]]: memref<64xf32>{{[^%]*}} %[[OLD:[a-z0-9]+]]: memref<64xf32>{{[^%]*}} %{{.*}}: memref<256xi8>)
// CHECK-SAME: sched.results = array<i64: 0, 2>
// CHECK: %[[NEW:.*]] = memref.view
// CHECK: sched.launch {{.*}} outs(%[[NEW]] :
// CHECK: sched.copy %[[W]] to %[[OLD]]
// CHECK: sched.copy %[[NEW]] to %[[W]]
func.func @still_read(%w: tensor<64xf32>, %g: tensor<64xf32>) -> (tensor<64xf32> {nn.updates = 0 : i64}, tensor<64xf32>) {
  %e = tensor.empty() : tensor<64xf32>
  %r = linalg.sub ins(%w, %g : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  return %r, %w : tensor<64xf32>, tensor<64xf32>
}

// Two arguments that swap their values go by way of the arena.
// CHECK-LABEL: func.func @swap
// CHECK-SAME: %[[A:[a-z0-9]+]]: memref<4xf32>{{[^%]*}} %[[B:[a-z0-9]+]]: memref<4xf32>{{[^%]*}} %{{.*}}: memref<64xi8>)
// CHECK: %[[T:.*]] = memref.view
// CHECK: sched.copy %[[X:.*]] to %[[T]]
// CHECK: sched.copy %[[Y:.*]] to %[[X]]
// CHECK: sched.copy %[[T]] to %[[Y]]
func.func @swap(%a: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<4xf32> {nn.updates = 0 : i64}, tensor<4xf32> {nn.updates = 1 : i64}) {
  return %b, %a : tensor<4xf32>, tensor<4xf32>
}

// The check comes first, with what it needs, although the update stands before it.
// CHECK-LABEL: func.func @checked
// CHECK: sched.launch @min
// CHECK: sched.check {{.*}} bounds(0, 10) "embedding 'words': input"
// CHECK: sched.launch @sub
// CHECK: return
func.func @checked(%w: tensor<64xf32>, %g: tensor<64xf32>, %i: tensor<8xi64>) -> (tensor<64xf32> {nn.updates = 0 : i64}) {
  %n = arith.constant 8 : i64
  %e = tensor.empty() : tensor<64xf32>
  %r = linalg.sub ins(%w, %g : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %e0 = tensor.empty() : tensor<i64>
  %f = linalg.fill ins(%n : i64) outs(%e0 : tensor<i64>) -> tensor<i64>
  %p = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = ["reduction"]}
    ins(%i : tensor<8xi64>) outs(%f : tensor<i64>) {
  ^bb0(%v: i64, %o: i64):
    %ten = arith.constant 10 : i64
    %at = linalg.index 0 : index
    %pos = arith.index_cast %at : index to i64
    %bad = arith.cmpi uge, %v, %ten : i64
    %c = arith.select %bad, %pos, %n : i64
    %m = arith.minsi %c, %o : i64
    linalg.yield %m : i64
  } -> tensor<i64>
  sched.check %p, %i bounds(0, 10) "embedding 'words': input" : tensor<i64>, tensor<8xi64>
  return %r : tensor<64xf32>
}
