// What the table says that launches do, against counts by hand: floating-point operations, bytes, and the lines of the
// user's that they come from.
#include "mlir/Parser/Parser.h"
#include "nnc/codegen/ErrorCollector.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/object/Signature.h"
#include "object_model.h"
#include "llvm/Support/FormatVariadic.h"
#include <catch2/catch.hpp>

using namespace nnc;
using namespace nnc::test;

namespace {

struct Launches {
  std::vector<codegen::SignatureLaunch> all;
  std::vector<std::string> kernels; // of all, by number

  explicit Launches(const std::string &text, bool fuse = true) {
    codegen::ErrorCollector errors(&modelContext());
    auto module = parseModel(text);
    codegen::LowerOptions options;
    options.fuse = fuse;
    if (!module || failed(lowerTo(*module, codegen::Level::Buffers, options)))
      errors.raise();
    auto signature = codegen::readSignature(*module, "model");
    if (failed(signature))
      errors.raise();
    all = signature->functions.at(0).launches;
    kernels = signature->kernels;
  }
  int64_t flops() const {
    int64_t sum = 0;
    for (const auto &launch : all)
      sum += launch.flops * launch.times;
    return sum;
  }
  int64_t bytes() const {
    int64_t sum = 0;
    for (const auto &launch : all)
      sum += launch.bytes * launch.times;
    return sum;
  }
  /// The only launch.
  const codegen::SignatureLaunch &one() const {
    REQUIRE(all.size() == 1);
    return all[0];
  }
};

// One op of the nn dialect, a tensor of this shape to another.
std::string unary(const std::string &op, const std::string &shape, const std::string &type = "f32") {
  return llvm::formatv("func.func @f(%x: tensor<{1}x{2}>) -> tensor<{1}x{2}> {{\n"
                       "  %y = nn.{0} %x : (tensor<{1}x{2}>) -> tensor<{1}x{2}>\n"
                       "  return %y : tensor<{1}x{2}>\n}\n",
                       op, shape, type);
}

std::string dot(int64_t m, int64_t k, int64_t n) {
  return llvm::formatv("func.func @f(%x: tensor<{0}x{1}xf32>, %w: tensor<{1}x{2}xf32>) -> tensor<{0}x{2}xf32> {{\n"
                       "  %z = arith.constant 0.0 : f32\n  %e = tensor.empty() : tensor<{0}x{2}xf32>\n"
                       "  %f = linalg.fill ins(%z : f32) outs(%e : tensor<{0}x{2}xf32>) -> tensor<{0}x{2}xf32>\n"
                       "  %y = linalg.matmul ins(%x, %w : tensor<{0}x{1}xf32>, tensor<{1}x{2}xf32>)"
                       " outs(%f : tensor<{0}x{2}xf32>) -> tensor<{0}x{2}xf32>\n"
                       "  return %y : tensor<{0}x{2}xf32>\n}\n",
                       m, k, n);
}

} // namespace

TEST_CASE("flops and bytes of a product, whole tiles or not") {
  for (auto [m, k, n] :
       {std::tuple<int64_t, int64_t, int64_t>{256, 256, 256}, {127, 131, 129}, {1000, 7, 1000}, {64, 784, 128}}) {
    INFO(m << " " << k << " " << n);
    Launches launches(dot(m, k, n));
    CHECK(launches.flops() == 2 * m * k * n);
    CHECK(launches.one().bytes == 4 * (m * k + k * n + m * n));
    CHECK(Launches(dot(m, k, n), /*fuse=*/false).flops() == 2 * m * k * n);
  }
  // an operand that is packed is read and written once more
  Launches packed(dot(1024, 512, 512));
  CHECK(packed.flops() == 2 * 1024 * 512 * 512);
  REQUIRE(packed.all.size() == 2);
  CHECK(packed.all[0].bytes == 4 * 2 * 512 * 512);
  CHECK(packed.all[1].bytes == 4 * 5 * 512 * 512);
  Launches uneven(dot(1031, 512, 528));
  REQUIRE(uneven.all.size() == 2);
  CHECK(uneven.all[1].bytes == 4 * (1031 * 512 + 512 * 528 + 1031 * 528));
  CHECK(Launches(dot(1021, 64, 1021)).one().tasks > 1); // so that there was a smaller last tile
}

TEST_CASE("flops and bytes of a convolution and of a grouped one") {
  auto conv = [](int64_t channels, int64_t groups) {
    return llvm::formatv(
               "func.func @f(%x: tensor<2x{0}x13x15xf32>, %w: tensor<24x{1}x3x3xf32>) -> tensor<2x24x6x7xf32> {{\n"
               "  %y = nn.conv %x, %w {{stride = array<i64: 2, 2>, padding_low = array<i64: 0, 0>, padding_high = "
               "array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = {2} : i64} : (tensor<2x{0}x13x15xf32>, "
               "tensor<24x{1}x3x3xf32>) -> tensor<2x24x6x7xf32>\n  return %y : tensor<2x24x6x7xf32>\n}\n",
               channels, channels / groups, groups)
        .str();
  };
  const int64_t outputs = 2 * 24 * 6 * 7;
  CHECK(Launches(conv(16, 1)).flops() == 2 * outputs * 16 * 9);
  CHECK(Launches(conv(16, 1)).one().bytes == 4 * (2 * 16 * 13 * 15 + 24 * 16 * 9 + outputs));
  CHECK(Launches(conv(24, 24)).flops() == 2 * outputs * 9);
}

TEST_CASE("an epilogue adds its own work and no traffic of the product's result") {
  Launches launches(modelText()); // @forward: relu(x w + b)
  CHECK(launches.one().flops == 2 * 64 * 96 * 32 + 2 * 64 * 32);
  CHECK(launches.one().bytes == 4 * (64 * 96 + 96 * 32 + 32 + 64 * 32));
}

TEST_CASE("functions count what their polynomials take") {
  const int64_t n = 1000;
  CHECK(Launches(unary("neg", "1000")).flops() == 0); // a sign is a bit
  CHECK(Launches(unary("abs", "1000")).flops() == 0);
  CHECK(Launches(unary("sqrt", "1000")).flops() == n);
  CHECK(Launches(unary("square", "1000")).flops() == n);
  CHECK(Launches(unary("rsqrt", "1000")).flops() == 2 * n); // 1 / sqrt
  for (const char *name : {"exp", "tanh", "erf", "log1p", "sin", "sigmoid", "gelu", "gelu_tanh"}) {
    INFO(name);
    int64_t single = Launches(unary(name, "1000")).flops(), more = Launches(unary(name, "10x500")).flops();
    CHECK(single % n == 0); // the same for each element
    CHECK(single / n >= 8);
    CHECK(single / n <= 100);
    CHECK(more == 5 * single);
    CHECK(Launches(unary(name, "1000", "f64")).flops() >= single);
  }
}

TEST_CASE("a fused multiply-add is two operations") {
  Launches launches(R"(
#id = affine_map<(d0) -> (d0)>
func.func @f(%x: tensor<100xf32>) -> tensor<100xf32> {
  %e = tensor.empty() : tensor<100xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<100xf32>) outs(%e : tensor<100xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = math.fma %a, %a, %a : f32
    %q = arith.divf %p, %a : f32
    %c = arith.cmpf olt, %q, %a : f32
    %s = arith.select %c, %q, %a : f32
    linalg.yield %s : f32
  } -> tensor<100xf32>
  return %y : tensor<100xf32>
})");
  CHECK(launches.one().flops == 300);
  CHECK(launches.one().bytes == 800);
}

TEST_CASE("a row-wise chain reads and writes each element once") {
  Launches launches(R"(
func.func @f(%x: tensor<128x1000xf32>) -> tensor<128x1000xf32> {
  %y = nn.softmax %x {dim = 1 : i64} : (tensor<128x1000xf32>) -> tensor<128x1000xf32>
  return %y : tensor<128x1000xf32>
})");
  CHECK(launches.one().bytes == 2 * 4 * 128 * 1000);
  int64_t exp = Launches(unary("exp", "1000")).flops() / 1000;
  // greatest, difference, exp, sum, quotient
  CHECK(launches.one().flops == 128 * 1000 * (4 + exp));
}

TEST_CASE("a reduction in two levels reads its input once") {
  Launches launches(R"(
func.func @f(%x: tensor<100003x10xf32>) -> tensor<f32> {
  %y = nn.sum %x {dims = array<i64: 0, 1>} : (tensor<100003x10xf32>) -> tensor<f32>
  return %y : tensor<f32>
})");
  REQUIRE(launches.all.size() == 2);
  CHECK(launches.flops() >= 1000030);
  CHECK(launches.flops() < 1010000); // and what the partial sums add
  CHECK(launches.bytes() >= 4 * 1000030);
  CHECK(launches.bytes() < 4 * 1010000);
}

TEST_CASE("what is updated in place is read and written") {
  Launches launches(R"(
func.func @f(%g: tensor<5000xf32>, %w: tensor<5000xf32>) -> (tensor<5000xf32> {nn.updates = 1 : i64}) {
  %y = nn.sub %w, %g : (tensor<5000xf32>, tensor<5000xf32>) -> tensor<5000xf32>
  return %y : tensor<5000xf32>
})");
  CHECK(launches.one().bytes == 3 * 4 * 5000);
  CHECK(launches.one().flops == 5000);
}

TEST_CASE("a tensor given twice is read once") {
  Launches launches(R"(
func.func @f(%x: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x64xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  %v = tensor.expand_shape %x [[0], [1, 2]] output_shape [64, 8, 8] : tensor<64x64xf32> into tensor<64x8x8xf32>
  %w = tensor.collapse_shape %v [[0], [1, 2]] : tensor<64x8x8xf32> into tensor<64x64xf32>
  %y = linalg.matmul ins(%x, %w : tensor<64x64xf32>, tensor<64x64xf32>) outs(%f : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %y : tensor<64x64xf32>
})");
  CHECK(launches.one().bytes == 2 * 4 * 64 * 64);
}

TEST_CASE("a gather moves the rows it takes, not the table") {
  auto take = [](int64_t rows) {
    return llvm::formatv("func.func @f(%t: tensor<{0}x32xf32>, %i: tensor<100xi64>) -> tensor<100x32xf32> {{\n"
                         "  %y = nn.take %t, %i {{dim = 0 : i64} : (tensor<{0}x32xf32>, tensor<100xi64>) -> "
                         "tensor<100x32xf32>\n  return %y : tensor<100x32xf32>\n}\n",
                         rows)
        .str();
  };
  CHECK(Launches(take(50000)).one().bytes == 100 * 8 + 2 * 4 * 100 * 32);
  CHECK(Launches(take(10)).one().bytes == 100 * 8 + 4 * (10 + 100) * 32); // at most the table
}

TEST_CASE("a scatter moves the rows it adds to") {
  Launches launches(R"(
func.func @f(%i: tensor<100xi64>, %u: tensor<100x32xf32>, %t: tensor<50000x32xf32>) -> (tensor<50000x32xf32> {nn.updates = 2 : i64}) {
  %y = nn.scatter_add %t, %i, %u {dim = 0 : i64} : (tensor<50000x32xf32>, tensor<100xi64>, tensor<100x32xf32>) -> tensor<50000x32xf32>
  return %y : tensor<50000x32xf32>
})");
  CHECK(launches.one().flops == 100 * 32);
  CHECK(launches.one().bytes == 100 * 8 + 3 * 4 * 100 * 32); // indices, updates, and the rows there and back
}

TEST_CASE("what is inserted moves its own bytes") {
  Launches launches(R"(
func.func @f(%x: tensor<100x100xf32>) -> tensor<120x120xf32> {
  %e = nn.exp %x : (tensor<100x100xf32>) -> tensor<100x100xf32>
  %y = nn.pad %e {low = array<i64: 10, 10>, high = array<i64: 10, 10>, interior = array<i64: 0, 0>, value = 0.0 : f64} : (tensor<100x100xf32>) -> tensor<120x120xf32>
  return %y : tensor<120x120xf32>
})");
  REQUIRE(launches.all.size() == 2);
  CHECK(launches.all[0].bytes == 4 * 120 * 120); // the border's zeros
  CHECK(launches.all[1].bytes == 2 * 4 * 100 * 100);
}

TEST_CASE("a launch in a loop counts one turn") {
  std::string text = modelText();
  Launches launches(text.substr(0, text.find("// y = relu")) + text.substr(text.find("// running sums")));
  REQUIRE(launches.all.size() == 2);
  CHECK(launches.all[1].times == 5);
  CHECK(launches.all[1].flops == 2 * 40);
  CHECK(launches.all[1].bytes == 3 * 4 * 40);
}

//===--- sources ---===//

TEST_CASE("a launch names the lines of all that was fused into it") {
  Launches launches(R"(
func.func @f(%x: tensor<64x96xf32>, %w: tensor<96x32xf32>, %b: tensor<32xf32>) -> tensor<64x32xf32> {
  %y = nn.dot %x, %w {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (tensor<64x96xf32>, tensor<96x32xf32>) -> tensor<64x32xf32> loc("linear 'fc'"("net.cpp":41:7))
  %c = nn.broadcast %b {dims = array<i64: 1>} : (tensor<32xf32>) -> tensor<64x32xf32> loc("linear 'fc'"("net.cpp":41:7))
  %s = nn.add %y, %c : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32> loc("linear 'fc'"("net.cpp":41:20))
  %r = nn.tanh %s : (tensor<64x32xf32>) -> tensor<64x32xf32> loc("net.cpp":42:3)
  %n = nn.mul %r, %r : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32> loc("square 'act'"("more/net.cpp":7:1))
  return %n : tensor<64x32xf32>
})");
  CHECK(launches.one().layers == "fc, act");
  CHECK(launches.one().sources == "net.cpp:41, net.cpp:42, more/net.cpp:7"); // without columns, each once
}

TEST_CASE("layers that share a number do not name each other") {
  Launches launches(R"(
func.func @f(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %y = nn.dot %x, %w {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32> loc("linear 'a'"("net.cpp":1:1))
  %r = nn.relu %y : (tensor<64x64xf32>) -> tensor<64x64xf32> loc("relu 'b'"("net.cpp":2:1))
  %z = nn.dot %r, %w {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32> loc("linear 'c'"("net.cpp":3:1))
  %s = nn.relu %z : (tensor<64x64xf32>) -> tensor<64x64xf32> loc("relu 'd'"("net.cpp":4:1))
  return %s : tensor<64x64xf32>
})");
  REQUIRE(launches.all.size() == 2); // each starts from zeros and compares with zero
  CHECK(launches.all[0].sources == "net.cpp:1, net.cpp:2");
  CHECK(launches.all[1].layers == "c, d");
  CHECK(launches.all[1].sources == "net.cpp:3, net.cpp:4");
}

TEST_CASE("a place without a line is none") {
  std::string text = unary("exp", "10");
  text.replace(text.find("\n  return"), 1,
               R"( loc("exp 'e'"("":0:0)))"
               "\n");
  Launches launches(text);
  CHECK(launches.one().layers == "e");
  CHECK(launches.one().sources.empty());
}
