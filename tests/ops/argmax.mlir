// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s argmax --input 1,5,5,0,0,3 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s argmax --input 7,-inf,nan,inf,-inf,-inf | FileCheck %s --check-prefix=SPECIAL

// The first of equals; NaN before all. One reduction with two results, of which the value is dropped.
// CHECK: nn.argmax %arg0 {dim = 1 : i64} : (tensor<2x3xf32>) -> tensor<2xi64>
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LINALG: linalg.yield %{{.*}}, %{{.*}} : f32, i64
// VALUE: 2 i64: 1 2{{$}}
// SPECIAL: 2 i64: 2 0{{$}}
func.func @argmax(%x: tensor<2x3xf32>) -> tensor<2xi64> {
  %y = nn.argmax %x {dim = 1 : i64} : (tensor<2x3xf32>) -> tensor<2xi64>
  return %y : tensor<2xi64>
}
