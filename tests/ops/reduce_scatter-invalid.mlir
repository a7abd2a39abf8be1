// RUN: nnc-opt %s --split-input-file --verify-diagnostics
// RUN: not nnc-opt %S/reduce_scatter.mlir --to=linalg 2>&1 | FileCheck %s

// CHECK: 'nn.reduce_scatter' op cannot be compiled for 4 ranks: expected 1
func.func @f(%x: tensor<9x3xf32>) -> tensor<9x3xf32> {
  // expected-error @+2 {{reduce_scatter: input: expected a multiple of 2 ranks in dimension 0, got 9x3}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.reduce_scatter %x {dim = 0 : i64, ranks = 2 : i64} : (tensor<9x3xf32>) -> tensor<9x3xf32>
  return %y : tensor<9x3xf32>
}
