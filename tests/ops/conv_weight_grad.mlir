// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=conv_weight_grad | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s conv_weight_grad --input 1,2,3,4,5 --input 1,2,3 | FileCheck %s --check-prefix=VALUE

// Of conv.mlir's convolution: w[0] gets the sum of g[t] x[2t - 1], w[1] that of g[t] x[2t + 1]. The gradients are the two other
// ops of the family.
// CHECK-LABEL: func.func @conv_weight_grad(
// CHECK: nn.conv_weight_grad %arg0, %arg1 {dilation = array<i64: 2>, groups = 1 : i64, kernel = array<i64: 2>, padding_high = array<i64: 2>, padding_low = array<i64: 1>, stride = array<i64: 2>} : (tensor<1x1x5xf64>, tensor<1x1x3xf64>) -> tensor<1x1x2xf64>
// CHECK-LABEL: func.func @conv_weight_grad_grad(
// CHECK: nn.conv_input_grad %arg1, %arg2 {{.*}}input_spatial = array<i64: 5>
// CHECK: nn.conv %arg0, %arg2
// LINALG: affine_map<(d0, d1, d2, d3, d4) -> (d3, d1, d4 * 2 + d2 * 2)>
// LINALG-LABEL: func.func @conv_weight_grad(
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]
// VALUE: 1x1x2 f64: 16 10{{$}}
func.func @conv_weight_grad(%x: tensor<1x1x5xf64>, %g: tensor<1x1x3xf64>) -> tensor<1x1x2xf64> {
  %y = nn.conv_weight_grad %x, %g {kernel = array<i64: 2>, stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64: 2>, dilation = array<i64: 2>, groups = 1 : i64} : (tensor<1x1x5xf64>, tensor<1x1x3xf64>) -> tensor<1x1x2xf64>
  return %y : tensor<1x1x2xf64>
}
