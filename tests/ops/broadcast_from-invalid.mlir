// RUN: nnc-opt %s --split-input-file --verify-diagnostics
// RUN: not nnc-opt %S/broadcast_from.mlir --to=linalg 2>&1 | FileCheck %s

// CHECK: 'nn.broadcast_from' op cannot be compiled for 4 ranks: expected 1
func.func @f(%x: tensor<9x3xf32>) -> tensor<9x3xf32> {
  // expected-error @+2 {{broadcast_from: root: expected a rank in [0, 2), got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.broadcast_from %x {root = 2 : i64, ranks = 2 : i64} : (tensor<9x3xf32>) -> tensor<9x3xf32>
  return %y : tensor<9x3xf32>
}
