// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=maximum | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s maximum --input 1,2,3,nan --input 2,2,-inf,0 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s bytes --input 200,7 --input 100,8 | FileCheck %s --check-prefix=BYTES
// RUN: nnc run %s booleans --input 0,0,1 --input 0,1,1 | FileCheck %s --check-prefix=BOOLEANS
// RUN: nnc-opt %s --nnc-differentiate=function=maximum > %t && nnc run %t maximum_grad --input 1,2,3,nan --input 2,2,-inf,0 --input 1,3,1,1 | FileCheck %s --check-prefix=GRADIENT

// A tie splits the gradient evenly; NaN wins, and passes it to both.
// CHECK-LABEL: func.func @maximum(
// CHECK: nn.maximum %arg0, %arg1 : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
// CHECK-LABEL: func.func @maximum_grad(
// CHECK: nn.compare %arg0, %arg1 {predicate = "lt"}
// CHECK: nn.compare %arg0, %arg1 {predicate = "eq"}
// CHECK: nn.select
// LINALG-LABEL: func.func @maximum(
// LINALG: arith.maximumf
// VALUE: 4 f64: 2 2 3 {{-?}}nan{{$}}
// GRADIENT: 4 f64: 0 1.5 1 1{{$}}
// GRADIENT: 4 f64: 1 1.5 0 1{{$}}
func.func @maximum(%l: tensor<4xf64>, %r: tensor<4xf64>) -> tensor<4xf64> {
  %y = nn.maximum %l, %r : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}

// Bytes have no sign.
// LINALG-LABEL: func.func @bytes(
// LINALG: arith.maxsi
// BYTES: 2 u8: 200 8{{$}}
func.func @bytes(%l: tensor<2xui8>, %r: tensor<2xui8>) -> tensor<2xui8> {
  %y = nn.maximum %l, %r : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xui8>
  return %y : tensor<2xui8>
}

// Of booleans it is "or".
// BOOLEANS: 3 bool: 0 1 1{{$}}
func.func @booleans(%l: tensor<3xi1>, %r: tensor<3xi1>) -> tensor<3xi1> {
  %y = nn.maximum %l, %r : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  return %y : tensor<3xi1>
}
