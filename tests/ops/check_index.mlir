// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: nnc-opt %s --canonicalize | FileCheck %s --check-prefix=ONCE

// A reduction to the first bad position, and a check by the schedule, although nobody uses the result.
// CHECK: nn.check_index %{{.*}} {ignore = -100 : i64, size = 10 : i64, what = "target"}
// LINALG-LABEL: func.func @check
// LINALG: linalg.generic
// LINALG: arith.minsi
// LINALG: sched.check %{{.*}}, %arg0 bounds(0, 10) "net.cpp:3:4: error: cross_entropy 'loss': target"
// BUFFERS: func.func @check
// BUFFERS: sched.launch
// BUFFERS: sched.check
func.func @check(%i: tensor<4x6xi64>) {
  %c = nn.check_index %i {size = 10 : i64, ignore = -100 : i64, what = "target"} : (tensor<4x6xi64>) -> tensor<4x6xi64> loc(#layer)
  return
}

// The first check of a value for a range is enough; a narrower one is not covered.
// ONCE-LABEL: func.func @once
// ONCE: nn.check_index
// ONCE: nn.check_index %{{.*}} {size = 5 : i64
// ONCE-NOT: nn.check_index
func.func @once(%i: tensor<4xi64>) -> (tensor<4xi64>, tensor<4xi64>, tensor<4xi64>) {
  %a = nn.check_index %i {size = 10 : i64, what = "a"} : (tensor<4xi64>) -> tensor<4xi64>
  %b = nn.check_index %i {size = 10 : i64, what = "b"} : (tensor<4xi64>) -> tensor<4xi64>
  %c = nn.check_index %i {size = 5 : i64, what = "c"} : (tensor<4xi64>) -> tensor<4xi64>
  return %a, %b, %c : tensor<4xi64>, tensor<4xi64>, tensor<4xi64>
}
#source = loc("net.cpp":3:4)
#layer = loc("cross_entropy 'loss'"(#source))
