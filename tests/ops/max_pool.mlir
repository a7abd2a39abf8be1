// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=max_pool | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s max_pool --input 5,5,1,-inf,2,3 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s max_pool --input nan,1,nan,nan,nan,-inf | FileCheck %s --check-prefix=SPECIAL
// RUN: nnc run %s dilated --input 1,2,3,4,5,6 | FileCheck %s --check-prefix=DILATED
// RUN: nnc run %s values --input 5,5,1,-inf,2,3 | FileCheck %s --check-prefix=ALONE
// RUN: nnc run %s values --input nan,1,nan,1,2,-inf | FileCheck %s --check-prefix=NAN
// RUN: nnc-opt %s --nnc-differentiate=function=max_pool > %t && nnc run %t max_pool_grad --input 5,5,1,-inf,2,3 --input 1,2,3 | FileCheck %s --check-prefix=GRADIENT

// The first of equals, the last NaN, never the padding. The gradient is added where the largest element was.
// CHECK-LABEL: func.func @max_pool(
// CHECK: nn.max_pool %arg0 {dilation = array<i64: 1>, kernel = array<i64: 3>, padding_high = array<i64: 1>, padding_low = array<i64: 1>, stride = array<i64: 2>} : (tensor<1x1x6xf64>) -> (tensor<1x1x3xf64>, tensor<1x1x3xi64>)
// CHECK-LABEL: func.func @max_pool_grad(
// CHECK: nn.scatter_add_along
// LINALG-LABEL: func.func @max_pool(
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// LINALG: linalg.yield %{{.*}}, %{{.*}} : f64, i64
// VALUE: 1x1x3 f64: 5 5 3{{$}}
// VALUE: 1x1x3 i64: 0 1 5{{$}}
// SPECIAL: 1x1x3 f64: {{-?nan -?nan -?nan$}}
// SPECIAL: 1x1x3 i64: 0 3 4{{$}}
// GRADIENT: 1x1x6 f64: 1 2 0 0 0 3{{$}}
func.func @max_pool(%x: tensor<1x1x6xf64>) -> (tensor<1x1x3xf64>, tensor<1x1x3xi64>) {
  %y, %p = nn.max_pool %x {kernel = array<i64: 3>, stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x1x6xf64>) -> (tensor<1x1x3xf64>, tensor<1x1x3xi64>)
  return %y, %p : tensor<1x1x3xf64>, tensor<1x1x3xi64>
}

// Without positions there is one result, and no arithmetic of indices.
// LINALG-LABEL: func.func @values(
// LINALG-NOT: linalg.index
// LINALG: linalg.yield %{{.*}} : f64
// ALONE: 1x1x3 f64: 5 5 3{{$}}
// NAN: 1x1x3 f64: {{-?nan -?nan 2$}}
func.func @values(%x: tensor<1x1x6xf64>) -> tensor<1x1x3xf64> {
  %y, %p = nn.max_pool %x {kernel = array<i64: 3>, stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x1x6xf64>) -> (tensor<1x1x3xf64>, tensor<1x1x3xi64>)
  return %y : tensor<1x1x3xf64>
}

// Positions are counted in the plane.
// DILATED: 1x1x1x1 f32: 6{{$}}
// DILATED: 1x1x1x1 i64: 5{{$}}
func.func @dilated(%x: tensor<1x1x2x3xf32>) -> (tensor<1x1x1x1xf32>, tensor<1x1x1x1xi64>) {
  %y, %p = nn.max_pool %x {kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, dilation = array<i64: 1, 2>} : (tensor<1x1x2x3xf32>) -> (tensor<1x1x1x1xf32>, tensor<1x1x1x1xi64>)
  return %y, %p : tensor<1x1x1x1xf32>, tensor<1x1x1x1xi64>
}
