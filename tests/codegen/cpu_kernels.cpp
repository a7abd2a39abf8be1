// Whole kernels through codegen/cpu against the independent path: the shapes of work the compiler's front half makes.
#include "cpu_kernel.h"
#include <catch2/catch.hpp>

using namespace nnc::test;

static const char *layerNorm = R"(
func.func private @k(%x: tensor<32x96xf32>, %g: tensor<96xf32>, %y: tensor<32x96xf32>, %m: tensor<32xf32>) -> (tensor<32x96xf32>, tensor<32xf32>) {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 96.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %r:2 = scf.forall (%i) = (0) to (32) step (8) shared_outs(%o = %y, %om = %m) -> (tensor<32x96xf32>, tensor<32xf32>) {
    %xs = tensor.extract_slice %x[%i, 0] [8, 96] [1, 1] : tensor<32x96xf32> to tensor<8x96xf32>
    %os = tensor.extract_slice %o[%i, 0] [8, 96] [1, 1] : tensor<32x96xf32> to tensor<8x96xf32>
    %ms = tensor.extract_slice %om[%i] [8] [1] : tensor<32xf32> to tensor<8xf32>
    %e = tensor.empty() : tensor<8xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    %s = linalg.generic {indexing_maps = [affine_map<(a,b)->(a,b)>, affine_map<(a,b)->(a)>], iterator_types = ["parallel", "reduction"]}
        ins(%xs : tensor<8x96xf32>) outs(%f : tensor<8xf32>) {
    ^bb0(%a: f32, %c: f32):
      %t = arith.addf %c, %a : f32
      linalg.yield %t : f32
    } -> tensor<8xf32>
    %mean = linalg.generic {indexing_maps = [affine_map<(a)->(a)>, affine_map<(a)->(a)>], iterator_types = ["parallel"]}
        ins(%s : tensor<8xf32>) outs(%ms : tensor<8xf32>) {
    ^bb0(%a: f32, %c: f32):
      %t = arith.divf %a, %n : f32
      linalg.yield %t : f32
    } -> tensor<8xf32>
    %v = linalg.generic {indexing_maps = [affine_map<(a,b)->(a,b)>, affine_map<(a,b)->(a)>, affine_map<(a,b)->(a)>], iterator_types = ["parallel", "reduction"]}
        ins(%xs, %mean : tensor<8x96xf32>, tensor<8xf32>) outs(%f : tensor<8xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %d = arith.subf %a, %b : f32
      %q = arith.mulf %d, %d : f32
      %t = arith.addf %c, %q : f32
      linalg.yield %t : f32
    } -> tensor<8xf32>
    %out = linalg.generic {indexing_maps = [affine_map<(a,b)->(a,b)>, affine_map<(a,b)->(a)>, affine_map<(a,b)->(a)>, affine_map<(a,b)->(b)>, affine_map<(a,b)->(a,b)>], iterator_types = ["parallel", "parallel"]}
        ins(%xs, %mean, %v, %g : tensor<8x96xf32>, tensor<8xf32>, tensor<8xf32>, tensor<96xf32>) outs(%os : tensor<8x96xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32, %w: f32, %d: f32):
      %0 = arith.subf %a, %b : f32
      %1 = arith.divf %c, %n : f32
      %2 = arith.addf %1, %eps : f32
      %3 = math.rsqrt %2 : f32
      %4 = arith.mulf %0, %3 : f32
      %5 = arith.mulf %4, %w : f32
      linalg.yield %5 : f32
    } -> tensor<8x96xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %out into %o[%i, 0] [8, 96] [1, 1] : tensor<8x96xf32> into tensor<32x96xf32>
      tensor.parallel_insert_slice %mean into %om[%i] [8] [1] : tensor<8xf32> into tensor<32xf32>
    }
  }
  return %r#0, %r#1 : tensor<32x96xf32>, tensor<32xf32>
})";

TEST_CASE("layer norm") { CHECK(checkKernel(layerNorm) == ""); }
