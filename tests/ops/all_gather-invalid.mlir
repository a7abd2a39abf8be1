// RUN: nnc-opt %s --split-input-file --verify-diagnostics
// RUN: not nnc-opt %S/all_gather.mlir --to=linalg 2>&1 | FileCheck %s

// CHECK: 'nn.all_gather' op cannot be compiled for 4 ranks: expected 1
func.func @f(%x: tensor<9x3xf32>) -> tensor<9x3xf32> {
  // expected-error @+2 {{all_gather: dim: dimension 2 is out of range for 2 dimensions}}
  // expected-error @+1 {{failed to infer returned types}}
  %y = nn.all_gather %x {dim = 2 : i64, ranks = 2 : i64} : (tensor<9x3xf32>) -> tensor<9x3xf32>
  return %y : tensor<9x3xf32>
}
