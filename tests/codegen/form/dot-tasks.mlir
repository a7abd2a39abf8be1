// RUN: nnc-opt --to=kernels %s | FileCheck %s

// A long sum is no reason for thin tasks: each copies its part of the operands, so 16 tasks of 64 x 256 results read the left
// operand once and the right one 16 times, where 256 tasks would read every operand more often.
// CHECK-LABEL: func.func @long
// CHECK: sched.launch @{{.*}} tasks(16)
// CHECK: scf.forall {{.*}} = (0, 0) to (1024, 256) step (64, 256)
func.func @long(%a: tensor<2048x1024xf32>, %b: tensor<2048x256xf32>) -> tensor<1024x256xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1024x256xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<1024x256xf32>) -> tensor<1024x256xf32>
  %d = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<2048x1024xf32>, tensor<2048x256xf32>) outs(%f : tensor<1024x256xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %m = arith.mulf %x, %y : f32
      %s = arith.addf %o, %m : f32
      linalg.yield %s : f32
  } -> tensor<1024x256xf32>
  return %d : tensor<1024x256xf32>
}
