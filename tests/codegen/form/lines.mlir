// RUN: nnc-opt --to=kernels %s | FileCheck %s

// Tasks take whole lines of memory of what they read, wherever their results are neighbours: of 32 channels that lie
// together 16 each, though the result has the taps last.

// CHECK-LABEL: func.func @transposed(
// CHECK: sched.launch @{{.*}} tasks(2) ins(%arg0, %arg1
// CHECK-NOT: sched.launch
// CHECK: return
// CHECK: scf.forall ({{.*}}) = (0, 0) to (32, 9) step (16, 9)
func.func @transposed(%x: tensor<4096x9x32xf32>, %g: tensor<4096x32xf32>) -> tensor<32x9xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<9x32xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<9x32xf32>) -> tensor<9x32xf32>
  %d = linalg.generic {indexing_maps = [affine_map<(t, c, n) -> (n, t, c)>, affine_map<(t, c, n) -> (n, c)>, affine_map<(t, c, n) -> (t, c)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %g : tensor<4096x9x32xf32>, tensor<4096x32xf32>) outs(%f : tensor<9x32xf32>) {
  ^bb0(%i: f32, %k: f32, %o: f32):
    %m = arith.mulf %i, %k : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<9x32xf32>
  %t = tensor.empty() : tensor<32x9xf32>
  %r = linalg.transpose ins(%d : tensor<9x32xf32>) outs(%t : tensor<32x9xf32>) permutation = [1, 0]
  return %r : tensor<32x9xf32>
}
