// Targets by name, what each compiles to, and that no choice a target makes changes a result's bits.
#include "cpu_kernel.h"
#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace nnc::test;
using nnc::codegen::Target;

TEST_CASE("targets are known by LLVM's names") {
  Target t;
  std::string error;
  REQUIRE(Target::parse("x86-64-v3", t, error));
  CHECK(t.cpu == "x86-64-v3");
  CHECK(t.suffix == "_v3");
  CHECK(t.vectorBits == 256);
  CHECK(t.registers == 16);
  REQUIRE(Target::parse("x86-64-v4", t, error));
  CHECK(t.suffix == "_v4");
  CHECK(t.vectorBits == 512);
  CHECK(t.registers == 32);
  REQUIRE(Target::parse("aarch64", t, error));
  CHECK(t.triple == "aarch64-unknown-linux-gnu");
  CHECK(t.cpu == "generic");
  CHECK(t.vectorBits == 128);
  REQUIRE(Target::parse("skylake-avx512", t, error));
  CHECK(t.suffix == "_skylake_avx512");
  CHECK(t.vectorBits == 512);
  REQUIRE(Target::parse("native", t, error));
  CHECK(t.cpu != "native");
  CHECK_FALSE(t.features.empty());
}

TEST_CASE("other names are refused with what was expected") {
  Target t;
  std::string error;
  CHECK_FALSE(Target::parse("pentium-9000", t, error));
  CHECK(error == "unknown target 'pentium-9000': expected x86-64-v3, x86-64-v4, aarch64, native or a CPU name LLVM "
                 "knows for x86_64");
  CHECK_FALSE(Target::parse("x86-64-v2", t, error));
  CHECK(error == "target 'x86-64-v2': expected a CPU with AVX2 and FMA (x86-64-v3 or later)");
  CHECK_FALSE(Target::parse("", t, error));
}

static const std::string softmax = R"(
#both = affine_map<(a, b) -> (a, b)>
#row = affine_map<(a, b) -> (a)>
func.func private @k(%x: tensor<24x333xf32>, %y: tensor<24x333xf32>) -> tensor<24x333xf32> {
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %r = scf.forall (%t) = (0) to (24) step (6) shared_outs(%o = %y) -> tensor<24x333xf32> {
    %a = tensor.extract_slice %x[%t, 0] [6, 333] [1, 1] : tensor<24x333xf32> to tensor<6x333xf32>
    %b = tensor.extract_slice %o[%t, 0] [6, 333] [1, 1] : tensor<24x333xf32> to tensor<6x333xf32>
    %e = tensor.empty() : tensor<6xf32>
    %f = linalg.fill ins(%low : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
    %m = linalg.generic {indexing_maps = [#both, #row], iterator_types = ["parallel", "reduction"]} ins(%a : tensor<6x333xf32>) outs(%f : tensor<6xf32>) {
    ^bb0(%p: f32, %q: f32):
      %u = arith.maximumf %p, %q : f32
      linalg.yield %u : f32
    } -> tensor<6xf32>
    %g = tensor.empty() : tensor<6x333xf32>
    %h = linalg.generic {indexing_maps = [#both, #row, #both], iterator_types = ["parallel", "parallel"]} ins(%a, %m : tensor<6x333xf32>, tensor<6xf32>) outs(%g : tensor<6x333xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32):
      %u = arith.subf %p, %q : f32
      %v = math.exp %u : f32
      linalg.yield %v : f32
    } -> tensor<6x333xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
    %sum = linalg.generic {indexing_maps = [#both, #row], iterator_types = ["parallel", "reduction"]} ins(%h : tensor<6x333xf32>) outs(%z : tensor<6xf32>) {
    ^bb0(%p: f32, %q: f32):
      %u = arith.addf %p, %q : f32
      linalg.yield %u : f32
    } -> tensor<6xf32>
    %n = linalg.generic {indexing_maps = [#both, #row, #both], iterator_types = ["parallel", "parallel"]} ins(%h, %sum : tensor<6x333xf32>, tensor<6xf32>) outs(%b : tensor<6x333xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32):
      %u = arith.divf %p, %q : f32
      linalg.yield %u : f32
    } -> tensor<6x333xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %n into %o[%t, 0] [6, 333] [1, 1] : tensor<6x333xf32> into tensor<24x333xf32>
    }
  }
  return %r : tensor<24x333xf32>
})";

// 2 tasks of dot + bias + gelu, the second operand as PyTorch stores weights.
static const std::string gelu = R"(
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func private @k(%x: tensor<46x301xf32>, %w: tensor<75x301xf32>, %bias: tensor<75xf32>, %y: tensor<46x75xf32>) -> tensor<46x75xf32> {
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %root = arith.constant 0.70710678118654752 : f32
  %r = scf.forall (%t) = (0) to (46) step (23) shared_outs(%o = %y) -> tensor<46x75xf32> {
    %xs = tensor.extract_slice %x[%t, 0] [23, 301] [1, 1] : tensor<46x301xf32> to tensor<23x301xf32>
    %os = tensor.extract_slice %o[%t, 0] [23, 75] [1, 1] : tensor<46x75xf32> to tensor<23x75xf32>
    %e = tensor.empty() : tensor<23x75xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<23x75xf32>) -> tensor<23x75xf32>
    %d = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%xs, %w : tensor<23x301xf32>, tensor<75x301xf32>) outs(%f : tensor<23x75xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32):
      %u = arith.mulf %p, %q : f32
      %v = arith.addf %s, %u : f32
      linalg.yield %v : f32
    } -> tensor<23x75xf32>
    %g = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (b)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]}
        ins(%d, %bias : tensor<23x75xf32>, tensor<75xf32>) outs(%os : tensor<23x75xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32):
      %0 = arith.addf %p, %q : f32
      %1 = arith.mulf %0, %root : f32
      %2 = math.erf %1 : f32
      %3 = arith.addf %2, %one : f32
      %4 = arith.mulf %0, %half : f32
      %5 = arith.mulf %4, %3 : f32
      linalg.yield %5 : f32
    } -> tensor<23x75xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %g into %o[%t, 0] [23, 75] [1, 1] : tensor<23x75xf32> into tensor<46x75xf32>
    }
  }
  return %r : tensor<46x75xf32>
})";

TEST_CASE("softmax") { CHECK(checkKernel(softmax) == ""); }

TEST_CASE("dot with bias and gelu") { CHECK(checkKernel(gelu, {.tolerance = 2e-5}) == ""); }

TEST_CASE("neither tile nor vector width nor order of tasks changes a bit") {
  for (const std::string &text : {softmax, gelu}) {
    std::vector<Buffer> buffers = randomArguments(text, {});
    auto expected = runKernel(CompiledKernel(text, target("x86-64-v3")), buffers, false);
    CHECK(runKernel(CompiledKernel(text, target("native")), buffers, true) == expected);
    for (auto [bits, registers, cache] :
         {std::tuple<unsigned, unsigned, int64_t>{512, 32, 48 << 10}, {128, 32, 32 << 10}, {256, 8, 4 << 10}}) {
      Target other = target("x86-64-v3");
      other.vectorBits = bits;
      other.registers = registers;
      other.l1Bytes = cache;
      CHECK(runKernel(CompiledKernel(text, other), buffers, true) == expected);
    }
  }
}

TEST_CASE("kernels compile for every target without a symbol of their own") {
  for (const std::string &text : {softmax, gelu})
    for (std::string name : {"x86-64-v3", "x86-64-v4", "aarch64"}) {
      CompiledKernel kernel(text, target(name));
      CHECK(kernel.error == "");
      for (const std::string &symbol : kernel.undefinedSymbols)
        CHECK((symbol == "memcpy" || symbol == "memset" || symbol == "memmove"));
    }
}
