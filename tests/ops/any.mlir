// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s any --input 0,1,1,0,0,0,1,1,1 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s nothing --input "" | FileCheck %s --check-prefix=NOTHING

// Booleans are reduced as the bytes they are stored in.
// CHECK: nn.any %arg0 {dims = array<i64: 1>} : (tensor<3x3xi1>) -> tensor<3xi1>
// LINALG-LABEL: func.func @any(
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LINALG: arith.ori %{{.*}} : i8
// VALUE: 3 bool: 1 0 1{{$}}
func.func @any(%x: tensor<3x3xi1>) -> tensor<3xi1> {
  %y = nn.any %x {dims = array<i64: 1>} : (tensor<3x3xi1>) -> tensor<3xi1>
  return %y : tensor<3xi1>
}

// NOTHING: result: bool: 0{{$}}
func.func @nothing(%x: tensor<0xi1>) -> tensor<i1> {
  %y = nn.any %x {dims = array<i64: 0>} : (tensor<0xi1>) -> tensor<i1>
  return %y : tensor<i1>
}
