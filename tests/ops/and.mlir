// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s and --input 0,0,1 --input 0,1,1 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s integers --input 12,-1 --input 10,-8 | FileCheck %s --check-prefix=INTEGERS

// Booleans are bytes of 0 or 1 in memory.
// CHECK: nn.and %arg0, %arg1 : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
// LINALG-LABEL: func.func @and(
// LINALG: arith.andi %{{.*}}, %{{.*}} : i1
// LINALG: arith.extui %{{.*}} : i1 to i8
// VALUE: 3 bool: 0 0 1{{$}}
func.func @and(%l: tensor<3xi1>, %r: tensor<3xi1>) -> tensor<3xi1> {
  %y = nn.and %l, %r : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  return %y : tensor<3xi1>
}

// Bit by bit.
// INTEGERS: 2 i64: 8 -8{{$}}
func.func @integers(%l: tensor<2xi64>, %r: tensor<2xi64>) -> tensor<2xi64> {
  %y = nn.and %l, %r : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}
