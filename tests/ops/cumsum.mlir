// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=cumsum | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s cumsum --input 1,2,3,4,5,6 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s columns --input 1,2,3,4,5,6 | FileCheck %s --check-prefix=COLUMNS
// RUN: nnc-opt %s --nnc-differentiate=function=cumsum > %t && nnc run %t cumsum_grad --input 0 --input 1,2,3,4,5,6 | FileCheck %s --check-prefix=GRADIENT

// A ready-made kernel, one task a row. The gradient is the sum from the other end.
// CHECK-LABEL: func.func @cumsum(
// CHECK: nn.cumsum %arg0 {dim = 1 : i64, reverse = false} : (tensor<2x3xf64>) -> tensor<2x3xf64>
// CHECK-LABEL: func.func @cumsum_grad(
// CHECK: nn.cumsum %arg1 {dim = 1 : i64, reverse = true}
// LINALG-LABEL: func.func @cumsum(
// LINALG: scf.forall (%{{.*}}) in (2)
// VALUE: 2x3 f64: 1 3 6 4 9 15{{$}}
// GRADIENT: 2x3 f64: 6 5 3 15 11 6{{$}}
func.func @cumsum(%x: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %y = nn.cumsum %x {dim = 1 : i64, reverse = false} : (tensor<2x3xf64>) -> tensor<2x3xf64>
  return %y : tensor<2x3xf64>
}

// COLUMNS: 2x3 i64: 5 7 9 4 5 6{{$}}
func.func @columns(%x: tensor<2x3xi64>) -> tensor<2x3xi64> {
  %y = nn.cumsum %x {dim = 0 : i64, reverse = true} : (tensor<2x3xi64>) -> tensor<2x3xi64>
  return %y : tensor<2x3xi64>
}
