// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s invert --input 0,1 | FileCheck %s --check-prefix=VALUE

// CHECK: nn.not %arg0 : (tensor<2xi1>) -> tensor<2xi1>
// LINALG: arith.xori %{{.*}}, %{{.*}} : i1
// VALUE: 2 bool: 1 0{{$}}
func.func @invert(%x: tensor<2xi1>) -> tensor<2xi1> {
  %y = nn.not %x : (tensor<2xi1>) -> tensor<2xi1>
  return %y : tensor<2xi1>
}
