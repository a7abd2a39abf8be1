// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s compare --input 1,2,3,nan --input 2,2,2,nan | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s bytes --input 200,7 --input 100,7 | FileCheck %s --check-prefix=BYTES

// With NaN everything is false but "ne".
// CHECK: nn.compare %arg0, %arg1 {predicate = "eq"} : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xi1>
// LINALG-LABEL: func.func @compare(
// LINALG: arith.cmpf oeq
// LINALG: arith.cmpf une
// LINALG: arith.cmpf olt
// LINALG: arith.cmpf ole
// LINALG: arith.cmpf ogt
// LINALG: arith.cmpf oge
// VALUE: 4 bool: 0 1 0 0{{$}}
// VALUE: 4 bool: 1 0 1 1{{$}}
// VALUE: 4 bool: 1 0 0 0{{$}}
// VALUE: 4 bool: 1 1 0 0{{$}}
// VALUE: 4 bool: 0 0 1 0{{$}}
// VALUE: 4 bool: 0 1 1 0{{$}}
func.func @compare(%l: tensor<4xf64>, %r: tensor<4xf64>) -> (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) {
  %a = nn.compare %l, %r {predicate = "eq"} : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xi1>
  %b = nn.compare %l, %r {predicate = "ne"} : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xi1>
  %c = nn.compare %l, %r {predicate = "lt"} : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xi1>
  %d = nn.compare %l, %r {predicate = "le"} : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xi1>
  %e = nn.compare %l, %r {predicate = "gt"} : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xi1>
  %f = nn.compare %l, %r {predicate = "ge"} : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xi1>
  return %a, %b, %c, %d, %e, %f : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>
}

// Bytes have no sign.
// BYTES: 2 bool: 1 0{{$}}
func.func @bytes(%l: tensor<2xui8>, %r: tensor<2xui8>) -> tensor<2xi1> {
  %y = nn.compare %l, %r {predicate = "gt"} : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xi1>
  return %y : tensor<2xi1>
}
