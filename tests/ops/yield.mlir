// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --to=linalg | FileCheck %s --check-prefix=LINALG

// What a step yields is carried on by the loop.
// CHECK: nn.yield %{{.*}} : tensor<i1>
// LINALG: scf.for {{.*}} iter_args(%{{.*}} = %arg0) -> (tensor<i8>)
// LINALG: scf.yield
func.func @yield(%b: tensor<i1>) -> tensor<i1> {
  %r = nn.scan 3 carries(%b) sequences() captures() : (tensor<i1>) -> tensor<i1> {
    ^bb0(%h: tensor<i1>):
      %n = nn.not %h : (tensor<i1>) -> tensor<i1>
      nn.yield %n : tensor<i1>
  }
  return %r : tensor<i1>
}
