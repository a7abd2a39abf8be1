// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=pad | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s pad --input 1,2,3 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s nothing --input "" | FileCheck %s --check-prefix=NOTHING
// RUN: nnc-opt %s --nnc-differentiate=function=pad > %t && nnc run %t pad_grad --input 0 --input 1,2,3,4,5,6,7,8 | FileCheck %s --check-prefix=GRADIENT

// The gradient is the part where the input stands.
// CHECK-LABEL: func.func @pad(
// CHECK: nn.pad %arg0 {high = array<i64: 2>, interior = array<i64: 1>, low = array<i64: 1>, value = -1.000000e+00 : f64} : (tensor<3xf32>) -> tensor<8xf32>
// CHECK-LABEL: func.func @pad_grad(
// CHECK: nn.slice %arg1 {start = array<i64: 1>, stop = array<i64: 6>, stride = array<i64: 2>}
// LINALG-LABEL: func.func @pad(
// LINALG: linalg.fill
// LINALG: tensor.insert_slice %arg0 into %{{.*}}[1] [3] [2]
// VALUE: 8 f32: -1 1 -1 2 -1 3 -1 -1{{$}}
// GRADIENT: 3 f32: 2 4 6{{$}}
func.func @pad(%x: tensor<3xf32>) -> tensor<8xf32> {
  %y = nn.pad %x {low = array<i64: 1>, high = array<i64: 2>, interior = array<i64: 1>, value = -1.0 : f64} : (tensor<3xf32>) -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// Nothing has no neighbours; of booleans the padding is one too.
// NOTHING: 3 bool: 1 1 1{{$}}
func.func @nothing(%x: tensor<0xi1>) -> tensor<3xi1> {
  %y = nn.pad %x {low = array<i64: 1>, high = array<i64: 2>, interior = array<i64: 5>, value = 1.0 : f64} : (tensor<0xi1>) -> tensor<3xi1>
  return %y : tensor<3xi1>
}
