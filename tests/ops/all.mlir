// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s all --input 0,1,1,0,0,0,1,1,1 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s nothing --input "" | FileCheck %s --check-prefix=NOTHING

// Booleans are reduced as the bytes they are stored in.
// CHECK: nn.all %arg0 {dims = array<i64: 1>} : (tensor<3x3xi1>) -> tensor<3xi1>
// LINALG-LABEL: func.func @all(
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LINALG: arith.andi %{{.*}} : i8
// VALUE: 3 bool: 0 0 1{{$}}
func.func @all(%x: tensor<3x3xi1>) -> tensor<3xi1> {
  %y = nn.all %x {dims = array<i64: 1>} : (tensor<3x3xi1>) -> tensor<3xi1>
  return %y : tensor<3xi1>
}

// NOTHING: result: bool: 1{{$}}
func.func @nothing(%x: tensor<0xi1>) -> tensor<i1> {
  %y = nn.all %x {dims = array<i64: 0>} : (tensor<0xi1>) -> tensor<i1>
  return %y : tensor<i1>
}
