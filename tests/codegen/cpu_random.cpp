// Random linalg ops through codegen/cpu: any ranks, orders of dimensions, windows, strides of a slice, element types
// and bodies. Each is also compiled for other register files and vector widths: the bits must be the same.
#include "cpu_kernel.h"
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <random>

using namespace nnc::test;

namespace {

struct Generator {
  std::mt19937_64 random;
  explicit Generator(unsigned seed) : random(seed) {}
  int64_t below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(random); }
  bool chance(int percent) { return below(100) < percent; }
  template <typename T> T pick(std::initializer_list<T> values) { return *(values.begin() + below(values.size())); }

  std::string tensor(const std::vector<int64_t> &shape, const std::string &element) {
    return fmt::format("tensor<{}{}{}>", fmt::join(shape, "x"), shape.empty() ? "" : "x", element);
  }

  std::string kernel() {
    int loops = 1 + below(4);
    std::string element = pick<std::string>({"f32", "f32", "f32", "f64", "i32", "i64", "i8"});
    bool floating = element[0] == 'f';
    std::vector<int64_t> sizes(loops);
    std::vector<bool> reduction(loops);
    int64_t volume = 1;
    for (int d = 0; d < loops; ++d) {
      sizes[d] = pick<int64_t>({1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 33, 64, 70, 130});
      if (volume * sizes[d] > 60000)
        sizes[d] = 2;
      volume *= sizes[d];
      reduction[d] = chance(40);
    }
    std::string dims, kinds;
    for (int d = 0; d < loops; ++d) {
      dims += fmt::format("{}d{}", d ? ", " : "", d);
      kinds += fmt::format("{}\"{}\"", d ? ", " : "", reduction[d] ? "reduction" : "parallel");
    }
    bool reduces = std::count(reduction.begin(), reduction.end(), true) > 0;
    auto shuffled = [&](std::vector<int> values) {
      if (chance(60))
        std::shuffle(values.begin(), values.end(), random);
      return values;
    };

    // inputs: some dims each, sometimes two of them joined as a window, sometimes a strided slice of a larger tensor
    int inputs = 1 + below(3);
    std::string arguments, ins, inTypes, maps, blocks, slices;
    // every dim must be some operand's own, or its extent is unknown
    for (int i = 0; i <= inputs; ++i) {
      std::vector<int> used;
      for (int d = 0; d < loops; ++d)
        if (i == inputs || chance(70))
          used.push_back(d);
      used = shuffled(used);
      std::vector<int64_t> shape;
      std::vector<std::string> exprs;
      for (size_t k = 0; k < used.size(); ++k) {
        int d = used[k];
        int64_t stride = i < inputs && chance(15) ? 2 : 1;
        if (i < inputs && k + 1 < used.size() && chance(20)) {
          int e = used[++k];
          int64_t dilation = chance(30) ? 2 : 1;
          exprs.push_back(fmt::format("d{} * {} + d{} * {}", d, stride, e, dilation));
          shape.push_back((sizes[d] - 1) * stride + (sizes[e] - 1) * dilation + 1);
        } else {
          exprs.push_back(fmt::format("d{} * {}", d, stride));
          shape.push_back((sizes[d] - 1) * stride + 1);
        }
        if (stride == 1 && exprs.back().find('+') == std::string::npos)
          exprs.back() = fmt::format("d{}", d);
      }
      std::vector<int64_t> whole = shape, steps(shape.size(), 1), offsets(shape.size(), 0);
      if (chance(25))
        for (size_t k = 0; k < shape.size(); ++k) {
          steps[k] = chance(30) ? 2 : 1;
          offsets[k] = below(3);
          whole[k] = offsets[k] + (shape[k] - 1) * steps[k] + 1 + below(3);
        }
      std::string type = tensor(shape, element), wholeType = tensor(whole, element);
      arguments += fmt::format("%a{}: {}, ", i, wholeType);
      std::string name = fmt::format("%a{}", i);
      if (whole != shape) {
        slices +=
            fmt::format("  %s{0} = tensor.extract_slice %a{0}[{1}] [{2}] [{3}] : {4} to {5}\n", i,
                        fmt::join(offsets, ", "), fmt::join(shape, ", "), fmt::join(steps, ", "), wholeType, type);
        name = fmt::format("%s{}", i);
      }
      ins += fmt::format("{}{}", i ? ", " : "", name);
      inTypes += fmt::format("{}{}", i ? ", " : "", type);
      maps += fmt::format("affine_map<({}) -> ({})>, ", dims, fmt::join(exprs, ", "));
      blocks += fmt::format("%x{}: {}, ", i, element);
    }
    std::vector<int> kept;
    for (int d = 0; d < loops; ++d)
      if (!reduction[d])
        kept.push_back(d);
    kept = shuffled(kept);
    std::vector<int64_t> shape;
    std::vector<std::string> exprs;
    for (int d : kept) {
      shape.push_back(sizes[d]);
      exprs.push_back(fmt::format("d{}", d));
    }
    std::string out = tensor(shape, element);
    maps += fmt::format("affine_map<({}) -> ({})>", dims, fmt::join(exprs, ", "));

    // the body: an expression of the inputs, joined to the value so far
    std::string body, value = "%x0";
    int temporaries = 0;
    auto emit = [&](const std::string &op, const std::string &a, const std::string &b) {
      std::string name = fmt::format("%t{}", temporaries++);
      body += fmt::format("    {} = {} {}{}{} : {}\n", name, op, a, b.empty() ? "" : ", ", b, element);
      return name;
    };
    for (int i = 1; i < inputs; ++i)
      value = emit(floating ? pick<std::string>({"arith.mulf", "arith.addf", "arith.subf", "arith.maximumf"})
                            : pick<std::string>({"arith.muli", "arith.addi", "arith.maxsi", "arith.xori"}),
                   value, fmt::format("%x{}", i));
    if (chance(25))
      value = floating ? emit(pick<std::string>({"math.exp", "math.tanh", "math.absf"}), value, "")
                       : emit("arith.addi", value, value);
    if (chance(15)) {
      int d = below(loops);
      body += fmt::format("    %i = linalg.index {} : index\n    %j = arith.index_cast %i : index to i32\n", d);
      if (floating)
        body += fmt::format("    %k = arith.sitofp %j : i32 to {}\n", element);
      else if (element == "i32")
        body += "    %k = arith.addi %j, %j : i32\n";
      else
        body += fmt::format("    %k = arith.{} %j : i32 to {}\n", element == "i64" ? "extsi" : "trunci", element);
      value = emit(floating ? "arith.addf" : "arith.addi", value, "%k");
    }
    if (reduces) {
      if (chance(80))
        value = emit(floating ? pick<std::string>({"arith.addf", "arith.addf", "arith.maximumf", "arith.minimumf"})
                              : pick<std::string>({"arith.addi", "arith.minsi", "arith.maxui"}),
                     chance(50) ? "%o" : value, "");
      else { // no op with a neutral element
        std::string half = emit(floating ? "arith.addf" : "arith.addi", "%o", value);
        value = emit(floating ? "arith.minimumf" : "arith.minsi", half, value);
      }
      // the binary join above needs its other side
      size_t at = body.rfind("= ");
      if (body.find(',', at) == std::string::npos) {
        size_t colon = body.rfind(" : ");
        bool first = body.substr(at, colon - at).ends_with("%o");
        body.insert(colon, first ? ", " + (temporaries > 1 ? fmt::format("%t{}", temporaries - 2) : std::string("%x0"))
                                 : ", %o");
      }
    }
    bool filled = reduces && chance(60);
    std::string text = fmt::format("func.func private @k({}%y: {}) -> {} {{\n{}", arguments, out, out, slices);
    if (filled)
      text += fmt::format("  %z = arith.constant {0} : {1}\n  %f = linalg.fill ins(%z : {1}) outs(%y : {2}) -> {2}\n",
                          floating ? "0.0" : "0", element, out);
    text += fmt::format(
        "  %r = linalg.generic {{indexing_maps = [{}], iterator_types = [{}]}}\n      ins({} : {}) outs({} : {}) {{\n  "
        "^bb0({}%o: {}):\n{}    linalg.yield {} : {}\n  }} -> {}\n  return %r : {}\n}}\n",
        maps, kinds, ins, inTypes, filled ? "%f" : "%y", out, blocks, element, body, value, element, out, out);
    return text;
  }
};

} // namespace

TEST_CASE("random linalg ops") {
  // NNC_TEST_SEEDS=first-last runs others
  unsigned first = 1, last = 150;
  if (const char *seeds = std::getenv("NNC_TEST_SEEDS"))
    std::sscanf(seeds, "%u-%u", &first, &last);
  for (unsigned seed = first; seed <= last; ++seed) {
    std::string text = Generator(seed).kernel();
    double tolerance = text.find("f64") != std::string::npos ? 1e-11 : 3e-4;
    if (std::getenv("NNC_TEST_PRINT"))
      fmt::print("{}\n", text);
    std::string message = checkKernel(text, {.tolerance = tolerance, .lowInteger = -3, .highInteger = 3, .seed = seed});
    INFO("seed " << seed << ": " << message << "\n" << text);
    CHECK(message == "");
    if (seed % 5)
      continue;
    // other tiles, other widths
    std::vector<Buffer> buffers = randomArguments(text, {.lowInteger = -3, .highInteger = 3, .seed = seed});
    auto expected = runKernel(CompiledKernel(text, target("x86-64-v3")), buffers, false);
    for (auto [bits, registers] : {std::pair<unsigned, unsigned>{512, 32}, {128, 16}}) {
      nnc::codegen::Target other = target("x86-64-v3");
      other.vectorBits = bits;
      other.registers = registers;
      other.l1Bytes = registers << 9;
      CHECK(runKernel(CompiledKernel(text, other), buffers, true) == expected);
    }
  }
}
