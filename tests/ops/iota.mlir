// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s iota | FileCheck %s --check-prefix=VALUE

// CHECK: nn.iota {dim = 1 : i64} : () -> tensor<2x3xi64>
// CHECK: nn.iota {dim = 0 : i64} : () -> tensor<2x3xf32>
// LINALG: linalg.index 1
// LINALG: linalg.index 0
// LINALG: arith.sitofp
// VALUE: 2x3 i64: 0 1 2 0 1 2{{$}}
// VALUE: 2x3 f32: 0 0 0 1 1 1{{$}}
func.func @iota() -> (tensor<2x3xi64>, tensor<2x3xf32>) {
  %a = nn.iota {dim = 1 : i64} : () -> tensor<2x3xi64>
  %b = nn.iota {dim = 0 : i64} : () -> tensor<2x3xf32>
  return %a, %b : tensor<2x3xi64>, tensor<2x3xf32>
}
