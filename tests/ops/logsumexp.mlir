// RUN: nnc-opt %s | nnc-opt --nnc-differentiate | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG
// RUN: nnc-opt %s --to=buffers | FileCheck %s --check-prefix=BUFFERS
// RUN: nnc run %s logsumexp --input 0,0,1000,-1000,-inf,-inf,inf,1 | FileCheck %s --check-prefix=VALUE
// RUN: nnc-opt %s --nnc-differentiate > %t && nnc run %t logsumexp_grad --input 0,0,1000,-1000,-inf,0,-inf,-inf --input 2 | FileCheck %s --check-prefix=GRADIENT

// Infinite maxima are not subtracted, so that infinity comes out and not NaN. The gradient of a row of minus infinity
// is NaN, as PyTorch's.
// CHECK-LABEL: func.func @logsumexp(
// CHECK: nn.logsumexp %arg0 {dim = 1 : i64} : (tensor<4x2xf64>) -> tensor<4xf64>
// CHECK-LABEL: func.func @logsumexp_grad(
// CHECK: nn.exp
// LINALG: arith.maximumf
// LINALG: math.exp
// LINALG: math.log
// BUFFERS: sched.launch
// BUFFERS-NOT: sched.launch
// VALUE: 4 f64: 0.693147180559{{[0-9]*}} 1000 -inf inf{{$}}
// GRADIENT: 4x2 f64: 1 1 2 0 0 2 {{-?}}nan {{-?}}nan{{$}}
func.func @logsumexp(%x: tensor<4x2xf64>) -> tensor<4xf64> {
  %y = nn.logsumexp %x {dim = 1 : i64} : (tensor<4x2xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}
