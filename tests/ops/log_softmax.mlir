// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: nnc run %s log_softmax --input 0,0,-inf,1000,-1000,0 | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t log_softmax_grad --input 0,0,-inf,0,0,0 --input 1,2,3,1,1,4 | FileCheck %s --check-prefix=GRADIENT

// The probability of a large difference is no number, its logarithm is. One kernel does all; the gradient is g - exp(y) * sum(g).
// CHECK-LABEL: func.func @log_softmax(
// CHECK: nn.log_softmax %arg0 {dim = 1 : i64} : (tensor<2x3xf64>) -> tensor<2x3xf64>
// CHECK-LABEL: func.func @log_softmax_grad(
// CHECK: nn.exp
// CHECK: nn.sum %arg1
// LINALG: arith.maximumf
// LINALG: math.exp
// LINALG: math.log
// BUFFERS: sched.launch
// BUFFERS-NOT: sched.launch
// VALUE: 2x3 f64: -0.693147180559{{[0-9]*}} -0.693147180559{{[0-9]*}} -inf 0 -2000 -1000{{$}}
// GRADIENT: 2x3 f64: -2 -1 3 -1{{(.0+2)?}} -1{{(.0+2)?}} {{(2|1.9+8)$}}
func.func @log_softmax(%x: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %y = nn.log_softmax %x {dim = 1 : i64} : (tensor<2x3xf64>) -> tensor<2x3xf64>
  return %y : tensor<2x3xf64>
}
