// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s sign --input 0,1.5,-2,inf,nan | FileCheck %s --check-prefix=VALUE

// NaN has none.
// CHECK-LABEL: func.func @sign(
// CHECK: nn.sign %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// LINALG: linalg.generic
// LINALG: arith.cmpf
// LINALG: arith.select
// VALUE: 5 f64: 0 1 -1 1 0{{$}}
func.func @sign(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.sign %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
