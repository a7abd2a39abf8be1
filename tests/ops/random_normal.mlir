// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS

// Integer arithmetic within one generic op, so that what uses the numbers fuses with it.
// CHECK: nn.random_normal %{{.*}}, %{{.*}} {stream = 3 : i64} : (tensor<i64>, tensor<i64>) -> tensor<5x7xf32>
// LINALG-LABEL: func.func @random
// LINALG-NOT: = nn.
// LINALG: linalg.generic
// LINALG-COUNT-20: arith.muli %{{.*}} : i64
// LINALG-NOT: = nn.
// BUFFERS: func.func @random
// BUFFERS-COUNT-1: sched.launch
// BUFFERS-NOT: sched.launch
func.func @random(%seed: tensor<i64>, %step: tensor<i64>, %x: tensor<5x7xf32>) -> tensor<5x7xf32> {
  %y = nn.random_normal %seed, %step {stream = 3 : i64} : (tensor<i64>, tensor<i64>) -> tensor<5x7xf32>
  %z = nn.mul %x, %y : (tensor<5x7xf32>, tensor<5x7xf32>) -> tensor<5x7xf32>
  return %z : tensor<5x7xf32>
}
