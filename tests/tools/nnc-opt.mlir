// The manners of mlir-opt: passes by name, standard input and output, split input, verified diagnostics.
// RUN: nnc-opt %s --canonicalize | FileCheck %s
// RUN: nnc-opt < %s | FileCheck %s --check-prefix=PLAIN
// RUN: nnc-opt %s --pass-pipeline='builtin.module(func.func(canonicalize,cse))' -o %t && FileCheck %s < %t
// RUN: nnc-opt --show-dialects | FileCheck %s --check-prefix=DIALECTS
// RUN: not nnc-opt %s --to=nowhere 2>&1 | FileCheck %s --check-prefix=LEVEL
// RUN: not nnc-opt %t.missing 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: nnc-opt %s --print-constants | FileCheck %s --check-prefix=FULL

// DIALECTS: sched
// LEVEL: nnc-opt: error: unknown level 'nowhere': expected graph, linalg, kernels, buffers, llvm or object
// MISSING: nnc-opt: error: cannot open input file '{{.*}}': No such file or directory

// CHECK-LABEL: @fold
// CHECK-NEXT: return %arg0
// PLAIN-LABEL: @fold
// PLAIN: arith.addi
func.func @fold(%a: i32) -> i32 {
  %zero = arith.constant 0 : i32
  %b = arith.addi %a, %zero : i32
  return %b : i32
}

// CHECK-LABEL: @constant
// CHECK: dense_resource<__elided__> : tensor<65xi32>
// FULL-LABEL: @constant
// FULL: dense<[0, 1, 2, 3, 4
func.func @constant() -> tensor<65xi32> {
  %c = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64]> : tensor<65xi32>
  return %c : tensor<65xi32>
}
