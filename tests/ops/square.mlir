// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s square --input 0,1.5,-2,99999999999999996973312221251036165947450327545502362648241750950346848435554075534196338404706251868027512415973882408182135734368278484639385041047239877871023591066789981811181813306167128854888448 | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t square_grad --input 0,1.5,-2,99999999999999996973312221251036165947450327545502362648241750950346848435554075534196338404706251868027512415973882408182135734368278484639385041047239877871023591066789981811181813306167128854888448 --input 1,2,1,1 | FileCheck %s --check-prefix=GRADIENT

// CHECK-LABEL: func.func @square(
// CHECK: nn.square %arg0 : (tensor<4xf64>) -> tensor<4xf64>
// CHECK-LABEL: func.func @square_grad(
// CHECK: %[[T:.*]] = nn.add %arg0, %arg0
// CHECK: nn.mul %arg1, %[[T]]
// LINALG: linalg.generic
// LINALG: arith.mulf
// VALUE: 4 f64: 0 2.25 4 inf{{$}}
// GRADIENT: 4 f64: 0 6 -4 1.999999999999{{[0-9]*}}e+200{{$}}
func.func @square(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = nn.square %x : (tensor<4xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
