// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s rem --input 7,-7,7,5,-9223372036854775808 --input 3,3,-3,0,-1 | FileCheck %s --check-prefix=VALUE

// The sign is the dividend's; a divisor of 0 is read as 1, and nothing traps.
// CHECK: nn.rem %arg0, %arg1 : (tensor<5xi64>, tensor<5xi64>) -> tensor<5xi64>
// LINALG: arith.remsi
// VALUE: 5 i64: 1 -1 1 0 0{{$}}
func.func @rem(%l: tensor<5xi64>, %r: tensor<5xi64>) -> tensor<5xi64> {
  %y = nn.rem %l, %r : (tensor<5xi64>, tensor<5xi64>) -> tensor<5xi64>
  return %y : tensor<5xi64>
}
