// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s erf --input 0,0.5,-1,6,-inf | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t erf_grad --input 0,0.5,-1,6,-inf --input 1,2,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// CHECK-LABEL: func.func @erf(
// CHECK: nn.erf %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// CHECK-LABEL: func.func @erf_grad(
// CHECK: nn.exp
// CHECK: nn.mul %arg1
// LINALG: linalg.generic
// LINALG: math.erf
// VALUE: 5 f64: 0 0.5204998778130{{[0-9]*}} -0.8427007929497{{[0-9]*}} 1 -1{{$}}
// GRADIENT: 5 f64: 1.128379167095{{[0-9]*}} 1.757565157870{{[0-9]*}} 0.4151074974205{{[0-9]*}} 2.617301239249{{[0-9]*}}e-16 0{{$}}
func.func @erf(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.erf %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
