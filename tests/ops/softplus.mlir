// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s softplus --input 0,1,-1,1000,-1000 | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t softplus_grad --input 0,1,-1,1000,-1000 --input 1,2,1,1,1 | FileCheck %s --check-prefix=GRADIENT

// Far out it is x or 0, and its gradient 1 or 0.
// CHECK-LABEL: func.func @softplus(
// CHECK: nn.softplus %arg0 : (tensor<5xf64>) -> tensor<5xf64>
// CHECK-LABEL: func.func @softplus_grad(
// CHECK: nn.sigmoid %arg0
// CHECK: nn.mul %arg1
// LINALG: linalg.generic
// LINALG: math.exp
// LINALG: math.log1p
// VALUE: 5 f64: 0.6931471805599{{[0-9]*}} 1.313261687518{{[0-9]*}} 0.3132616875182{{[0-9]*}} 1000 0{{$}}
// GRADIENT: 5 f64: 0.5 1.462117157260{{[0-9]*}} 0.2689414213699{{[0-9]*}} 1 0{{$}}
func.func @softplus(%x: tensor<5xf64>) -> tensor<5xf64> {
  %y = nn.softplus %x : (tensor<5xf64>) -> tensor<5xf64>
  return %y : tensor<5xf64>
}
