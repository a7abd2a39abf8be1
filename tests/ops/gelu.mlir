// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s gelu --input 0,1,-1,40,-6 | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t gelu_grad --input 0,1,-1,40,-6 --input 1,2,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// Where it nears 0 no digit is lost.
// CHECK-LABEL: func.func @gelu(
// CHECK: nn.gelu %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// CHECK-LABEL: func.func @gelu_grad(
// CHECK: nn.erf
// CHECK: nn.mul %arg1
// LINALG: linalg.generic
// LINALG: scalar.gelu %
// VALUE: 5 f64: 0 0.8413447460685{{[0-9]*}} -0.1586552539314{{[0-9]*}} 40 -5.91952587022618{{[0-9]*}}e-09{{$}}
// GRADIENT: 5 f64: 0.5 2.166630941175{{[0-9]*}} -0.0833154705876{{[0-9]*}} 1 -3.546870{{[0-9]*}}e-08{{$}}
func.func @gelu(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.gelu %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
