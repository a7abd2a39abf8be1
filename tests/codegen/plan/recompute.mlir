// RUN: nnc-opt --to=buffers %s | FileCheck %s

// A value that lives across the peak is made again behind it where what it is made from lives that long anyway: of the kernel
// that made it, the last operation alone. (Rows are too few for packed operands, which would be what lives at the peak.)

#map = affine_map<(d0, d1) -> (d0, d1)>

// CHECK-LABEL: func.func @again
// 96x2048 twice and 96x256 once, of two
// CHECK-SAME: sched.peak_bytes = 1671168 : i64
// CHECK: sched.launch @[[FIRST:dot_relu_[a-z0-9]+]] {{.*}} outs(%[[H:[a-z0-9_]+]], %{{[a-z0-9_]+}} :
// CHECK-NEXT: sched.launch @dot
// CHECK-NEXT: sched.launch @dot
// CHECK-NEXT: sched.launch @relu_{{[a-z0-9]+}} {{.*}} ins(%[[H]] : {{.*}} outs(%[[R:[a-z0-9_]+]] :
// CHECK-NEXT: sched.launch @dot_{{.*}} %[[R]]
func.func @again(%x: tensor<96x4096xf32>, %w: tensor<4096x256xf32>, %v: tensor<256x2048xf32>, %u: tensor<2048x2048xf32>,
                 %t: tensor<2048x256xf32>) -> tensor<96x256xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<96x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<96x256xf32>) -> tensor<96x256xf32>
  %e2 = tensor.empty() : tensor<96x2048xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<96x2048xf32>) -> tensor<96x2048xf32>
  %h = linalg.matmul ins(%x, %w : tensor<96x4096xf32>, tensor<4096x256xf32>) outs(%f : tensor<96x256xf32>) -> tensor<96x256xf32>
  %r = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
    ins(%h : tensor<96x256xf32>) outs(%e : tensor<96x256xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  } -> tensor<96x256xf32>
  %p = linalg.matmul ins(%r, %v : tensor<96x256xf32>, tensor<256x2048xf32>) outs(%f2 : tensor<96x2048xf32>) -> tensor<96x2048xf32>
  %p2 = linalg.matmul ins(%p, %u : tensor<96x2048xf32>, tensor<2048x2048xf32>) outs(%f2 : tensor<96x2048xf32>) -> tensor<96x2048xf32>
  %q = linalg.matmul ins(%p2, %t : tensor<96x2048xf32>, tensor<2048x256xf32>) outs(%f : tensor<96x256xf32>) -> tensor<96x256xf32>
  %s = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel", "parallel"]}
    ins(%q, %r, %h : tensor<96x256xf32>, tensor<96x256xf32>, tensor<96x256xf32>) outs(%e : tensor<96x256xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %n = arith.addf %m, %c : f32
    linalg.yield %n : f32
  } -> tensor<96x256xf32>
  return %s : tensor<96x256xf32>
}

// Not where it would be the only one to read them.
// CHECK-LABEL: func.func @kept
// CHECK-SAME: sched.peak_bytes = 1671168 : i64
// CHECK-COUNT-4: sched.launch @dot
// CHECK-NOT: sched.launch
func.func @kept(%x: tensor<96x4096xf32>, %w: tensor<4096x256xf32>, %v: tensor<256x2048xf32>, %u: tensor<2048x2048xf32>,
                %t: tensor<2048x256xf32>) -> tensor<96x256xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<96x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<96x256xf32>) -> tensor<96x256xf32>
  %e2 = tensor.empty() : tensor<96x2048xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<96x2048xf32>) -> tensor<96x2048xf32>
  %h = linalg.matmul ins(%x, %w : tensor<96x4096xf32>, tensor<4096x256xf32>) outs(%f : tensor<96x256xf32>) -> tensor<96x256xf32>
  %r = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
    ins(%h : tensor<96x256xf32>) outs(%e : tensor<96x256xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  } -> tensor<96x256xf32>
  %p = linalg.matmul ins(%r, %v : tensor<96x256xf32>, tensor<256x2048xf32>) outs(%f2 : tensor<96x2048xf32>) -> tensor<96x2048xf32>
  %p2 = linalg.matmul ins(%p, %u : tensor<96x2048xf32>, tensor<2048x2048xf32>) outs(%f2 : tensor<96x2048xf32>) -> tensor<96x2048xf32>
  %q = linalg.matmul ins(%p2, %t : tensor<96x2048xf32>, tensor<2048x256xf32>) outs(%f : tensor<96x256xf32>) -> tensor<96x256xf32>
  %s = linalg.mul ins(%q, %r : tensor<96x256xf32>, tensor<96x256xf32>) outs(%e : tensor<96x256xf32>) -> tensor<96x256xf32>
  return %s : tensor<96x256xf32>
}

// Nor where it takes more than a fiftieth of the time: the products are smaller.
// CHECK-LABEL: func.func @dear
// CHECK-SAME: sched.peak_bytes = 2097152 : i64
// CHECK: sched.launch @dot_relu
// CHECK-NOT: sched.launch @relu
// CHECK: return
func.func @dear(%x: tensor<512x16xf32>, %w: tensor<16x256xf32>, %v: tensor<256x256xf32>, %u: tensor<256x256xf32>,
                %t: tensor<256x256xf32>) -> tensor<512x256xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<512x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<512x256xf32>) -> tensor<512x256xf32>
  %h = linalg.matmul ins(%x, %w : tensor<512x16xf32>, tensor<16x256xf32>) outs(%f : tensor<512x256xf32>) -> tensor<512x256xf32>
  %r = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
    ins(%h : tensor<512x256xf32>) outs(%e : tensor<512x256xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  } -> tensor<512x256xf32>
  %p = linalg.matmul ins(%r, %v : tensor<512x256xf32>, tensor<256x256xf32>) outs(%f : tensor<512x256xf32>) -> tensor<512x256xf32>
  %p2 = linalg.matmul ins(%p, %u : tensor<512x256xf32>, tensor<256x256xf32>) outs(%f : tensor<512x256xf32>) -> tensor<512x256xf32>
  %q = linalg.matmul ins(%p2, %t : tensor<512x256xf32>, tensor<256x256xf32>) outs(%f : tensor<512x256xf32>) -> tensor<512x256xf32>
  %s = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel", "parallel"]}
    ins(%q, %r, %h : tensor<512x256xf32>, tensor<512x256xf32>, tensor<512x256xf32>) outs(%e : tensor<512x256xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %n = arith.addf %m, %c : f32
    linalg.yield %n : f32
  } -> tensor<512x256xf32>
  return %s : tensor<512x256xf32>
}

// What the kernel has stored on the way is read, not summed again.
// CHECK-LABEL: func.func @norm
// CHECK: sched.launch @dot_sum_sub_{{.*}} outs(%[[H:[a-z0-9_]+]], %[[SUM:[a-z0-9_]+]], %{{[a-z0-9_]+}} : memref<96x256xf32>, memref<96xf32>,
// CHECK-NEXT: sched.launch @dot
// CHECK-NEXT: sched.launch @dot
// CHECK-NEXT: sched.launch @dot
// CHECK-NEXT: sched.launch @sub_{{[a-z0-9]+}} {{.*}} ins(%[[H]], %[[SUM]] : {{.*}} outs(%[[R:[a-z0-9_]+]] :
// CHECK-NEXT: sched.launch @mul_{{.*}} %[[R]]
func.func @norm(%x: tensor<96x1024xf32>, %w: tensor<1024x256xf32>, %v: tensor<256x2048xf32>, %u: tensor<2048x2048xf32>,
                %t: tensor<2048x256xf32>) -> tensor<96x256xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<96x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<96x256xf32>) -> tensor<96x256xf32>
  %e1 = tensor.empty() : tensor<96xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<96xf32>) -> tensor<96xf32>
  %e2 = tensor.empty() : tensor<96x2048xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<96x2048xf32>) -> tensor<96x2048xf32>
  %h = linalg.matmul ins(%x, %w : tensor<96x1024xf32>, tensor<1024x256xf32>) outs(%f : tensor<96x256xf32>) -> tensor<96x256xf32>
  %sum = linalg.reduce {arith.addf} ins(%h : tensor<96x256xf32>) outs(%f1 : tensor<96xf32>) dimensions = [1]
  %r = linalg.generic {indexing_maps = [#map, affine_map<(d0, d1) -> (d0)>, #map], iterator_types = ["parallel", "parallel"]}
    ins(%h, %sum : tensor<96x256xf32>, tensor<96xf32>) outs(%e : tensor<96x256xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.subf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<96x256xf32>
  %p = linalg.matmul ins(%r, %v : tensor<96x256xf32>, tensor<256x2048xf32>) outs(%f2 : tensor<96x2048xf32>) -> tensor<96x2048xf32>
  %p2 = linalg.matmul ins(%p, %u : tensor<96x2048xf32>, tensor<2048x2048xf32>) outs(%f2 : tensor<96x2048xf32>) -> tensor<96x2048xf32>
  %q = linalg.matmul ins(%p2, %t : tensor<96x2048xf32>, tensor<2048x256xf32>) outs(%f : tensor<96x256xf32>) -> tensor<96x256xf32>
  %s = linalg.generic {indexing_maps = [#map, #map, #map, affine_map<(d0, d1) -> (d0)>, #map], iterator_types = ["parallel", "parallel"]}
    ins(%q, %r, %h, %sum : tensor<96x256xf32>, tensor<96x256xf32>, tensor<96x256xf32>, tensor<96xf32>) outs(%e : tensor<96x256xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %n = arith.addf %m, %c : f32
    %k = arith.addf %n, %d : f32
    linalg.yield %k : f32
  } -> tensor<96x256xf32>
  return %s : tensor<96x256xf32>
}
