// RUN: nnc-opt %s | nnc-opt | FileCheck %s

// The schedule dialect on tensors and on buffers: printed and read back.

// CHECK: func.func private @k
func.func private @k(%x: tensor<128x768xf32>, %o: tensor<128x768xf32>) -> tensor<128x768xf32> attributes {sched.kernel} {
  return %o : tensor<128x768xf32>
}
// CHECK-LABEL: func.func @tensors
func.func @tensors(%x: tensor<128x768xf32>, %p: tensor<i64>, %t: tensor<64xi64>) -> tensor<128x768xf32> {
  %e = tensor.empty() : tensor<128x768xf32>
  // CHECK: sched.check %{{.*}}, %{{.*}} bounds(0, 10) "cross_entropy 'loss': target" : tensor<i64>, tensor<64xi64>
  sched.check %p, %t bounds(0, 10) "cross_entropy 'loss': target" : tensor<i64>, tensor<64xi64>
  // CHECK: %{{.*}} = sched.launch @k tasks(8) ins(%{{.*}} : tensor<128x768xf32>) outs(%{{.*}} : tensor<128x768xf32>) layers ["a.b", "c"]
  %y = sched.launch @k tasks(8) ins(%x : tensor<128x768xf32>) outs(%e : tensor<128x768xf32>) layers ["a.b", "c"]
  return %y : tensor<128x768xf32>
}
// CHECK-LABEL: func.func @buffers
// CHECK-SAME: sched.peak_bytes = 12 : i64
func.func @buffers(%x: memref<128x768xf32>, %o: memref<128x768xf32>) attributes {sched.peak_bytes = 12 : i64} {
  // CHECK: sched.launch @k tasks(8) ins(%{{.*}} : memref<128x768xf32>) outs(%{{.*}} : memref<128x768xf32>)
  sched.launch @k tasks(8) ins(%x : memref<128x768xf32>) outs(%o : memref<128x768xf32>)
  // CHECK: sched.copy %{{.*}} to %{{.*}} : memref<128x768xf32>, memref<128x768xf32>
  sched.copy %o to %x : memref<128x768xf32>, memref<128x768xf32>
  return
}
