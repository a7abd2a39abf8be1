// RUN: nnc-opt %s | nnc-opt --nnc-differentiate=function=conv_input_grad | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc run %s conv_input_grad --input 1,2,3 --input 1,10 | FileCheck %s --check-prefix=VALUE

// Of conv.mlir's convolution: x[2t - 1] gets g[t] and x[2t + 1] gets 10 g[t]; what falls outside is dropped. Only odd positions
// are reached by a tap: they are one convolution of the cotangent by the kernel from behind, put at every second place of
// zeros. The gradients are the two other ops of the family.
// CHECK-LABEL: func.func @conv_input_grad(
// CHECK: nn.conv_input_grad %arg0, %arg1 {dilation = array<i64: 2>, groups = 1 : i64, input_spatial = array<i64: 5>, padding_high = array<i64: 2>, padding_low = array<i64: 1>, stride = array<i64: 2>} : (tensor<1x1x3xf64>, tensor<1x1x2xf64>) -> tensor<1x1x5xf64>
// CHECK-LABEL: func.func @conv_input_grad_grad(
// CHECK: nn.conv %arg2, %arg1
// CHECK: nn.conv_weight_grad %arg2, %arg0 {{.*}}kernel = array<i64: 2>
// LINALG: affine_map<(d0, d1, d2) -> (d1, d0, -d2 + 1)>
// LINALG: affine_map<(d0, d1, d2, d3, d4) -> (d0, d3, d2 + d4)>
// LINALG-LABEL: func.func @conv_input_grad(
// LINALG: linalg.fill
// LINALG: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]
// LINALG: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0, 1] [1, 1, 2] [1, 1, 2]
// LINALG-NOT: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]
// VALUE: 1x1x5 f64: 0 12 0 23 0{{$}}
func.func @conv_input_grad(%g: tensor<1x1x3xf64>, %w: tensor<1x1x2xf64>) -> tensor<1x1x5xf64> {
  %y = nn.conv_input_grad %g, %w {input_spatial = array<i64: 5>, stride = array<i64: 2>, padding_low = array<i64: 1>, padding_high = array<i64: 2>, dilation = array<i64: 2>, groups = 1 : i64} : (tensor<1x1x3xf64>, tensor<1x1x2xf64>) -> tensor<1x1x5xf64>
  return %y : tensor<1x1x5xf64>
}
