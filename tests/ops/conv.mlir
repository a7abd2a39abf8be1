// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=conv | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s conv --input 1,2,3,4,5 --input 1,10 | FileCheck %s --check-prefix=VALUE
// RUN: nnc run %s groups --input 1,2,3,4 --input 2,3 | FileCheck %s --check-prefix=GROUPS

// y[t] = x[2t - 1] + 10 x[2t + 1], zero outside. The gradients are the two other ops of the family.
// CHECK-LABEL: func.func @conv(
// CHECK: nn.conv %arg0, %arg1 {dilation = array<i64: 2>, groups = 1 : i64, padding_high = array<i64: 2>, padding_low = array<i64: 1>, stride = array<i64: 2>} : (tensor<1x1x5xf64>, tensor<1x1x2xf64>) -> tensor<1x1x3xf64>
// CHECK-LABEL: func.func @conv_grad(
// CHECK: nn.conv_input_grad %arg2, %arg1 {{.*}}input_spatial = array<i64: 5>
// CHECK: nn.conv_weight_grad %arg0, %arg2 {{.*}}kernel = array<i64: 2>
// LINALG: affine_map<(d0, d1, d2, d3, d4) -> (d0, d3, d2 * 2 + d4 * 2)>
// LINALG-LABEL: func.func @conv(
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]
// VALUE: 1x1x3 f64: 20 42 4{{$}}
func.func @conv(%x: tensor<1x1x5xf64>, %w: tensor<1x1x2xf64>) -> tensor<1x1x3xf64> {
  %y = nn.conv %x, %w {stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64: 2>, dilation = array<i64: 2>, groups = 1 : i64} : (tensor<1x1x5xf64>, tensor<1x1x2xf64>) -> tensor<1x1x3xf64>
  return %y : tensor<1x1x3xf64>
}

// Groups are a loop of their own.
// LINALG-LABEL: func.func @groups(
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]
// GROUPS: 1x2x2 f32: 2 4 9 12{{$}}
func.func @groups(%x: tensor<1x2x2xf32>, %w: tensor<2x1x1xf32>) -> tensor<1x2x2xf32> {
  %y = nn.conv %x, %w {stride = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>, dilation = array<i64: 1>, groups = 2 : i64} : (tensor<1x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}
