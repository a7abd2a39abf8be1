// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=convert | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: nnc run %s convert --input 1.1,-2 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s from_float --input 2.9,-2.9,0,200 | FileCheck %s --check-prefix=FLOAT
// RUN: nnc run %s from_byte --input 0,200 | FileCheck %s --check-prefix=BYTE
// RUN: nnc run %s from_boolean --input 0,1 | FileCheck %s --check-prefix=BOOLEAN

// The gradient goes back in the input's type.
// CHECK-LABEL: func.func @convert(
// CHECK: nn.convert %arg0 : (tensor<2xf64>) -> tensor<2xf32>
// CHECK-LABEL: func.func @convert_grad(
// CHECK: nn.convert %arg1 : (tensor<2xf32>) -> tensor<2xf64>
// LINALG-LABEL: func.func @convert(
// LINALG: arith.truncf %{{.*}} : f64 to f32
// VALUE: 2 f32: 1.10000002 -2{{$}}
func.func @convert(%x: tensor<2xf64>) -> tensor<2xf32> {
  %y = nn.convert %x : (tensor<2xf64>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// To an integer toward zero; to a boolean by comparison with 0; to a byte as an integer, whose lower 8 bits it has.
// LINALG-LABEL: func.func @from_float(
// LINALG: arith.fptosi
// FLOAT: 4 i32: 2 -2 0 200{{$}}
// FLOAT: 4 bool: 1 1 0 1{{$}}
// FLOAT: 4 u8: 2 254 0 200{{$}}
func.func @from_float(%x: tensor<4xf32>) -> (tensor<4xi32>, tensor<4xi1>, tensor<4xui8>) {
  %a = nn.convert %x : (tensor<4xf32>) -> tensor<4xi32>
  %b = nn.convert %x : (tensor<4xf32>) -> tensor<4xi1>
  %c = nn.convert %x : (tensor<4xf32>) -> tensor<4xui8>
  return %a, %b, %c : tensor<4xi32>, tensor<4xi1>, tensor<4xui8>
}

// Bytes have no sign, but as i8 the same bits have.
// BYTE: 2 f32: 0 200{{$}}
// BYTE: 2 i64: 0 200{{$}}
// BYTE: 2 i8: 0 -56{{$}}
func.func @from_byte(%x: tensor<2xui8>) -> (tensor<2xf32>, tensor<2xi64>, tensor<2xi8>) {
  %a = nn.convert %x : (tensor<2xui8>) -> tensor<2xf32>
  %b = nn.convert %x : (tensor<2xui8>) -> tensor<2xi64>
  %c = nn.convert %x : (tensor<2xui8>) -> tensor<2xi8>
  return %a, %b, %c : tensor<2xf32>, tensor<2xi64>, tensor<2xi8>
}

// BOOLEAN: 2 f64: 0 1{{$}}
// BOOLEAN: 2 i32: 0 1{{$}}
func.func @from_boolean(%x: tensor<2xi1>) -> (tensor<2xf64>, tensor<2xi32>) {
  %a = nn.convert %x : (tensor<2xi1>) -> tensor<2xf64>
  %b = nn.convert %x : (tensor<2xi1>) -> tensor<2xi32>
  return %a, %b : tensor<2xf64>, tensor<2xi32>
}

// FOLD-LABEL: func.func @fold(
// FOLD-NEXT: return %arg0
func.func @fold(%x: tensor<2xf64>) -> tensor<2xf64> {
  %y = nn.convert %x : (tensor<2xf64>) -> tensor<2xf64>
  return %y : tensor<2xf64>
}
