// RUN: nnc-opt %s --split-input-file --verify-diagnostics
// RUN: not nnc-opt %S/all_reduce.mlir --to=linalg 2>&1 | FileCheck %s

// CHECK: 'nn.all_reduce' op cannot be compiled for 4 ranks: expected 1
func.func @f(%x: tensor<9x3xf32>) -> tensor<9x3xf32> {
  // expected-error @+2 {{all_reduce: ranks: expected at least 1, got 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.all_reduce %x {ranks = 0 : i64} : (tensor<9x3xf32>) -> tensor<9x3xf32>
  return %y : tensor<9x3xf32>
}
