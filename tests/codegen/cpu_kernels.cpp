// Whole kernels through codegen/cpu against the independent path: the shapes of work the compiler's front half makes.
#include "cpu_kernel.h"
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace nnc::test;
using fmt::format;

// "tensor<2x3xf32>" from {2, 3}
static std::string tensor(const std::vector<int64_t> &shape, const std::string &element = "f32") {
  return "tensor<" + fmt::format("{}", fmt::join(shape, "x")) + (shape.empty() ? "" : "x") + element + ">";
}

// A kernel of one task: `arguments` is "%x: tensor<..>, ...", the last of them the destination of type `result`.
static std::string straight(const std::string &arguments, const std::string &result, const std::string &body,
                            const std::string &value = "%r") {
  return format("func.func private @k({}) -> {} {{\n{}\n  return {} : {}\n}}\n", arguments, result, body, value,
                result);
}

static std::string dot(int64_t m, int64_t n, int64_t k, const std::string &a, const std::string &b,
                       const std::string &element = "f32") {
  auto shape = [&](const std::string &dims) {
    std::vector<int64_t> sizes;
    for (char d : dims)
      sizes.push_back(d == 'm' ? m : d == 'n' ? n : k);
    return tensor(sizes, element);
  };
  auto map = [](const std::string &dims) { return format("affine_map<(m, n, k) -> ({}, {})>", dims[0], dims[1]); };
  return straight(format("%a: {}, %b: {}, %y: {}", shape(a), shape(b), shape("mn")), shape("mn"),
                  format(R"(  %z = arith.constant 0.0 : {0}
  %f = linalg.fill ins(%z : {0}) outs(%y : {1}) -> {1}
  %r = linalg.generic {{indexing_maps = [{2}, {3}, {4}], iterator_types = ["parallel", "parallel", "reduction"]}}
      ins(%a, %b : {5}, {6}) outs(%f : {1}) {{
  ^bb0(%p: {0}, %q: {0}, %c: {0}):
    %t = arith.mulf %p, %q : {0}
    %s = arith.addf %c, %t : {0}
    linalg.yield %s : {0}
  }} -> {1})",
                         element, shape("mn"), map(a), map(b), map("mn"), shape(a), shape(b)));
}

TEST_CASE("dot of any size and layout") {
  for (auto [m, n, k] : std::vector<std::array<int64_t, 3>>{{127, 129, 131},
                                                            {64, 10, 128},
                                                            {1, 33, 65},
                                                            {17, 1, 40},
                                                            {5, 7, 3},
                                                            {16, 64, 1},
                                                            {2, 3, 2},
                                                            {1, 1, 50},
                                                            {40, 48, 700},
                                                            {3, 100, 9},
                                                            {77, 104, 300}, // rows in copies by tiles, the last of five
                                                            {200, 64, 700}}) // and in several parts of the sum
    for (std::string a : {"mk", "km"})
      for (std::string b : {"kn", "nk"}) {
        INFO(m << " " << n << " " << k << " " << a << " " << b);
        CHECK(checkKernel(dot(m, n, k, a, b), {.tolerance = 2e-5}) == "");
        if (m * n * k < 100000)
          CHECK(checkKernel(dot(m, n, k, a, b, "f64"), {.tolerance = 1e-13}) == "");
      }
}

// What follows a product element by element: by columns, by rows, by elements; into the result as it is or turned.
static std::string dotThen(int64_t m, int64_t n, int64_t k, bool turned) {
  std::string product = tensor({m, n}), result = turned ? tensor({n, m}) : product, a = tensor({m, k}),
              b = tensor({k, n}), bias = tensor({n}), scale = tensor({m});
  return straight(
      format("%a: {}, %b: {}, %bias: {}, %scale: {}, %more: {}, %y: {}", a, b, bias, scale, result, result), result,
      format(R"(  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : {0}
  %f = linalg.fill ins(%z : f32) outs(%e : {0}) -> {0}
  %d = linalg.generic {{indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}}
      ins(%a, %b : {2}, {3}) outs(%f : {0}) {{
  ^bb0(%p: f32, %q: f32, %c: f32):
    %t = arith.mulf %p, %q : f32
    %s = arith.addf %c, %t : f32
    linalg.yield %s : f32
  }} -> {0}
  %r = linalg.generic {{indexing_maps = [affine_map<(i, j) -> ({6})>, affine_map<(i, j) -> ({7})>, affine_map<(i, j) -> ({8})>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}}
      ins(%d, %bias, %scale, %more : {0}, {4}, {5}, {1}) outs(%y : {1}) {{
  ^bb0(%v: f32, %w: f32, %u: f32, %o: f32, %old: f32):
    %0 = arith.addf %v, %w : f32
    %1 = arith.maximumf %0, %z : f32
    %2 = arith.mulf %1, %u : f32
    %3 = arith.addf %2, %o : f32
    linalg.yield %3 : f32
  }} -> {1})",
             product, result, a, b, bias, scale, turned ? "j, i" : "i, j", turned ? "i" : "j", turned ? "j" : "i"));
}

TEST_CASE("dot and what follows it") {
  for (auto [m, n, k] : std::vector<std::array<int64_t, 3>>{{16, 64, 1},
                                                            {127, 129, 31},
                                                            {33, 48, 16},
                                                            {5, 7, 3},
                                                            {1, 33, 65},
                                                            {100, 24, 144},
                                                            {40, 48, 700},   // in several parts of the sum
                                                            {600, 500, 16}}) // more than the second cache holds
    for (bool turned : {false, true}) {
      INFO(m << " " << n << " " << k << " " << turned);
      CHECK(checkKernel(dotThen(m, n, k, turned), {.tolerance = 2e-5}) == "");
    }
}

// A result larger than the third cache is stored past the caches, which needs whole lines: also one that begins
// anywhere is right, and nothing around it is touched.
TEST_CASE("large results that lie on lines, and others") {
  const int64_t rows = 2064, columns = 4096;
  std::string shape = tensor({rows, columns}), turned = tensor({columns, rows});
  auto kernel = [&](bool turns) {
    return straight(
        format("%x: {}, %y: {}", turns ? turned : shape, shape), shape,
        format(R"(  %r = linalg.generic {{indexing_maps = [affine_map<(i, j) -> ({2})>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}} ins(%x : {0}) outs(%y : {1}) {{
  ^bb0(%a: f32, %b: f32):
    {3}
  }} -> {1})",
               turns ? turned : shape, shape, turns ? "j, i" : "i, j",
               turns ? "linalg.yield %a : f32" : "%s = arith.addf %a, %a : f32\n    linalg.yield %s : f32"));
  };
  std::vector<float> x(size_t(rows * columns)), y(x.size() + 64);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = float(i % 8191);
  float *line = y.data();
  while (reinterpret_cast<uintptr_t>(line) % 64)
    ++line;
  for (std::string target : {"native", "x86-64-v3"})
    for (bool turns : {false, true}) {
      CompiledKernel compiled(kernel(turns), nnc::test::target(target));
      REQUIRE(compiled.error == "");
      for (int64_t apart : {16, 17, 3}) { // elements from a line
        INFO(target << (turns ? ", turned, " : ", ") << apart);
        std::fill(y.begin(), y.end(), -1.0f);
        float *result = line + apart;
        compiled.run({x.data(), result});
        int64_t wrong = result[-1] != -1 || result[rows * columns] != -1;
        for (int64_t i = 0; i < rows; ++i)
          for (int64_t j = 0; j < columns; ++j)
            wrong += result[i * columns + j] != (turns ? x[size_t(j * rows + i)] : 2 * x[size_t(i * columns + j)]);
        CHECK(wrong == 0);
      }
    }
}

// Convolution, channels first: groups, stride, dilation; the input comes padded.
static std::string conv(int64_t batch, int64_t group, int64_t in, int64_t out, int64_t height, int64_t width,
                        int64_t kernel, int64_t stride, int64_t dilation, int64_t padding) {
  int64_t h = height + 2 * padding, w = width + 2 * padding;
  int64_t oh = (h - dilation * (kernel - 1) - 1) / stride + 1, ow = (w - dilation * (kernel - 1) - 1) / stride + 1;
  std::string x = tensor({batch, group, in, height, width}), p = tensor({batch, group, in, h, w}),
              f = tensor({group, out, in, kernel, kernel}), y = tensor({batch, group, out, oh, ow});
  return straight(format("%x: {}, %w: {}, %y: {}", x, f, y), y,
                  format(R"(  %z = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 0, {5}, {5}] high[0, 0, 0, {5}, {5}] {{
  ^bb0(%a: index, %b: index, %c: index, %d: index, %e: index):
    tensor.yield %z : f32
  }} : {0} to {1}
  %f = linalg.fill ins(%z : f32) outs(%y : {3}) -> {3}
  %r = linalg.generic {{indexing_maps = [affine_map<(n, g, o, h, w, c, i, j) -> (n, g, c, h * {4} + i * {6}, w * {4} + j * {6})>,
      affine_map<(n, g, o, h, w, c, i, j) -> (g, o, c, i, j)>, affine_map<(n, g, o, h, w, c, i, j) -> (n, g, o, h, w)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}}
      ins(%p, %w : {1}, {2}) outs(%f : {3}) {{
  ^bb0(%a: f32, %b: f32, %c: f32):
    %t = arith.mulf %a, %b : f32
    %s = arith.addf %c, %t : f32
    linalg.yield %s : f32
  }} -> {3})",
                         x, p, f, y, stride, padding, dilation));
}

TEST_CASE("convolution") {
  CHECK(checkKernel(conv(2, 1, 3, 8, 12, 12, 3, 1, 1, 1), {.tolerance = 1e-5}) == "");
  CHECK(checkKernel(conv(1, 1, 4, 6, 28, 28, 3, 1, 1, 0), {.tolerance = 1e-5}) == "");
  CHECK(checkKernel(conv(1, 1, 4, 16, 15, 13, 3, 2, 1, 1), {.tolerance = 1e-5}) == "");
  CHECK(checkKernel(conv(1, 2, 2, 4, 14, 14, 3, 1, 2, 2), {.tolerance = 1e-5}) == "");
  CHECK(checkKernel(conv(1, 6, 1, 1, 14, 14, 3, 1, 1, 1), {.tolerance = 1e-5}) == "");
  CHECK(checkKernel(conv(2, 1, 2, 3, 9, 9, 5, 3, 1, 2), {.tolerance = 1e-5}) == "");
  CHECK(checkKernel(conv(1, 1, 16, 32, 7, 7, 1, 1, 1, 0), {.tolerance = 1e-5}) == "");
}

TEST_CASE("convolution, gradient of the weights") {
  for (auto [stride, size] : std::vector<std::pair<int, int>>{{1, 10}, {2, 11}}) {
    int64_t oh = (size - 3) / stride + 1;
    std::string x = tensor({3, 5, size, size}), g = tensor({3, 9, oh, oh}), w = tensor({9, 5, 3, 3});
    std::string text = straight(format("%x: {}, %g: {}, %y: {}", x, g, w), w,
                                format(R"(  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%y : {2}) -> {2}
  %r = linalg.generic {{indexing_maps = [affine_map<(o, c, i, j, n, h, w) -> (n, c, h * {3} + i, w * {3} + j)>,
      affine_map<(o, c, i, j, n, h, w) -> (n, o, h, w)>, affine_map<(o, c, i, j, n, h, w) -> (o, c, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}}
      ins(%x, %g : {0}, {1}) outs(%f : {2}) {{
  ^bb0(%a: f32, %b: f32, %c: f32):
    %t = arith.mulf %a, %b : f32
    %s = arith.addf %c, %t : f32
    linalg.yield %s : f32
  }} -> {2})",
                                       x, g, w, stride));
    CHECK(checkKernel(text, {.tolerance = 1e-5}) == "");
  }
}

TEST_CASE("max pooling with indices") {
  for (auto [c, size, window, stride] :
       std::vector<std::array<int64_t, 4>>{{3, 12, 2, 2}, {2, 26, 3, 2}, {2, 10, 3, 1}}) {
    int64_t out = (size - window) / stride + 1;
    std::string x = tensor({c, size, size}), k = tensor({window, window}), y = tensor({c, out, out}),
                n = tensor({c, out, out}, "i64");
    std::string text = format(R"(
func.func private @k(%x: {0}, %y: {2}, %n: {3}) -> ({2}, {3}) {{
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0 : i64
  %k = tensor.empty() : {1}
  %f = linalg.fill ins(%low : f32) outs(%y : {2}) -> {2}
  %g = linalg.fill ins(%zero : i64) outs(%n : {3}) -> {3}
  %r:2 = linalg.generic {{indexing_maps = [affine_map<(c, h, w, i, j) -> (c, h * {4} + i, w * {4} + j)>,
      affine_map<(c, h, w, i, j) -> (i, j)>, affine_map<(c, h, w, i, j) -> (c, h, w)>, affine_map<(c, h, w, i, j) -> (c, h, w)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}}
      ins(%x, %k : {0}, {1}) outs(%f, %g : {2}, {3}) {{
  ^bb0(%a: f32, %u: f32, %m: f32, %at: i64):
    %h = linalg.index 1 : index
    %w = linalg.index 2 : index
    %i = linalg.index 3 : index
    %j = linalg.index 4 : index
    %s = arith.constant {4} : index
    %size = arith.constant {5} : index
    %h0 = arith.muli %h, %s : index
    %h1 = arith.addi %h0, %i : index
    %w0 = arith.muli %w, %s : index
    %w1 = arith.addi %w0, %j : index
    %p0 = arith.muli %h1, %size : index
    %p1 = arith.addi %p0, %w1 : index
    %p = arith.index_cast %p1 : index to i64
    %better = arith.cmpf ogt, %a, %m : f32
    %value = arith.select %better, %a, %m : f32
    %place = arith.select %better, %p, %at : i64
    linalg.yield %value, %place : f32, i64
  }} -> ({2}, {3})
  return %r#0, %r#1 : {2}, {3}
}})",
                              x, k, y, n, stride, size);
    CHECK(checkKernel(text) == "");
  }
}

static std::string reduction(const std::vector<int64_t> &shape, int axis, const std::string &op,
                             const std::string &neutral, const std::string &element) {
  std::vector<int64_t> kept;
  std::string dims, out, kinds;
  for (size_t d = 0; d < shape.size(); ++d) {
    dims += (d ? ", d" : "d") + std::to_string(d);
    kinds += format("{}\"{}\"", d ? ", " : "", (int)d == axis ? "reduction" : "parallel");
    if ((int)d == axis)
      continue;
    kept.push_back(shape[d]);
    out += (out.empty() ? "d" : ", d") + std::to_string(d);
  }
  return straight(format("%x: {}, %y: {}", tensor(shape, element), tensor(kept, element)), tensor(kept, element),
                  format(R"(  %z = arith.constant {5} : {6}
  %f = linalg.fill ins(%z : {6}) outs(%y : {1}) -> {1}
  %r = linalg.generic {{indexing_maps = [affine_map<({2}) -> ({2})>, affine_map<({2}) -> ({3})>], iterator_types = [{4}]}}
      ins(%x : {0}) outs(%f : {1}) {{
  ^bb0(%a: {6}, %c: {6}):
    %s = {7} %a, %c : {6}
    linalg.yield %s : {6}
  }} -> {1})",
                         tensor(shape, element), tensor(kept, element), dims, out, kinds, neutral, element, op));
}

TEST_CASE("reductions along each axis") {
  for (std::vector<int64_t> shape :
       {std::vector<int64_t>{7, 33, 70}, {5, 3, 2}, {64, 1, 100}, {130}, {3}, {16, 200}, {9, 8, 7, 6}})
    for (int axis = 0; axis < (int)shape.size(); ++axis) {
      INFO(fmt::format("{}", fmt::join(shape, "x")) << " axis " << axis);
      CHECK(checkKernel(reduction(shape, axis, "arith.addf", "0.0", "f32"), {.tolerance = 1e-5}) == "");
      CHECK(checkKernel(reduction(shape, axis, "arith.maximumf", "0xFF800000", "f32")) == "");
      CHECK(checkKernel(reduction(shape, axis, "arith.addf", "0.0", "f64"), {.tolerance = 1e-13}) == "");
      CHECK(checkKernel(reduction(shape, axis, "arith.mulf", "1.0", "f64"), {.tolerance = 1e-13}) == "");
      CHECK(checkKernel(reduction(shape, axis, "arith.addi", "0", "i64")) == "");
      CHECK(checkKernel(reduction(shape, axis, "arith.maxsi", "-128", "i8")) == "");
      CHECK(checkKernel(reduction(shape, axis, "arith.andi", "-1", "i32")) == "");
      CHECK(checkKernel(reduction(shape, axis, "arith.minui", "-1", "i32")) == "");
    }
}

TEST_CASE("argmax along each axis") {
  for (std::string order : {"(a, b) -> (a)", "(a, b) -> (b)"}) {
    bool rows = order.ends_with("(a)");
    std::string x = tensor({19, 37}), m = tensor({rows ? 19 : 37}), n = tensor({rows ? 19 : 37}, "i64");
    std::string text =
        format(R"(
func.func private @k(%x: {0}, %y: {1}, %n: {2}) -> ({1}, {2}) {{
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0 : i64
  %f = linalg.fill ins(%low : f32) outs(%y : {1}) -> {1}
  %g = linalg.fill ins(%zero : i64) outs(%n : {2}) -> {2}
  %r:2 = linalg.generic {{indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<{3}>, affine_map<{3}>], iterator_types = [{4}]}}
      ins(%x : {0}) outs(%f, %g : {1}, {2}) {{
  ^bb0(%a: f32, %best: f32, %at: i64):
    %i = linalg.index {5} : index
    %p = arith.index_cast %i : index to i64
    %better = arith.cmpf ogt, %a, %best : f32
    %value = arith.select %better, %a, %best : f32
    %place = arith.select %better, %p, %at : i64
    linalg.yield %value, %place : f32, i64
  }} -> ({1}, {2})
  return %r#0, %r#1 : {1}, {2}
}})",
               x, m, n, order, rows ? "\"parallel\", \"reduction\"" : "\"reduction\", \"parallel\"", rows ? 1 : 0);
    CHECK(checkKernel(text) == "");
  }
}

TEST_CASE("transposes") {
  for (auto [a, b, c] : std::vector<std::array<int64_t, 3>>{{33, 17, 3}, {16, 64, 8}, {1, 50, 2}, {7, 5, 40}})
    for (std::string order : {"a, c, b", "b, a, c", "c, b, a", "b, c, a", "c, a, b"}) {
      std::vector<int64_t> sizes;
      for (char d : order)
        if (d >= 'a' && d <= 'c')
          sizes.push_back(d == 'a' ? a : d == 'b' ? b : c);
      for (std::string element : {"f32", "f64", "i8"}) {
        std::string x = tensor({a, b, c}, element), y = tensor(sizes, element);
        std::string body = format(
            R"(  %r = linalg.generic {{indexing_maps = [affine_map<(a, b, c) -> (a, b, c)>, affine_map<(a, b, c) -> ({2})>],
      iterator_types = ["parallel", "parallel", "parallel"]}} ins(%x : {0}) outs(%y : {1}) {{
  ^bb0(%p: {3}, %q: {3}):
    linalg.yield %p : {3}
  }} -> {1})",
            x, y, order, element);
        INFO(a << " " << b << " " << c << " " << order << " " << element);
        CHECK(checkKernel(straight(format("%x: {}, %y: {}", x, y), y, body)) == "");
      }
    }
}

TEST_CASE("gather by tensor.extract") {
  std::string text =
      straight("%t: tensor<10x24xf32>, %i: tensor<6xi64>, %y: tensor<6x24xf32>", "tensor<6x24xf32>",
               R"(  %r = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a)>, affine_map<(a, b) -> (a, b)>],
      iterator_types = ["parallel", "parallel"]} ins(%i : tensor<6xi64>) outs(%y : tensor<6x24xf32>) {
  ^bb0(%p: i64, %q: f32):
    %row = arith.index_cast %p : i64 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %t[%row, %column] : tensor<10x24xf32>
    linalg.yield %v : f32
  } -> tensor<6x24xf32>)");
  CHECK(checkKernel(text) == "");
  // along the lanes, with a tail that must not be read
  text = straight("%t: tensor<10xf32>, %i: tensor<29xi64>, %y: tensor<29xf32>", "tensor<29xf32>",
                  R"(  %r = linalg.generic {indexing_maps = [affine_map<(a) -> (a)>, affine_map<(a) -> (a)>],
      iterator_types = ["parallel"]} ins(%i : tensor<29xi64>) outs(%y : tensor<29xf32>) {
  ^bb0(%p: i64, %q: f32):
    %row = arith.index_cast %p : i64 to index
    %v = tensor.extract %t[%row] : tensor<10xf32>
    linalg.yield %v : f32
  } -> tensor<29xf32>)");
  CHECK(checkKernel(text) == "");
}

TEST_CASE("scatter as tasks over columns") {
  CHECK(checkKernel(R"(
func.func private @k(%i: tensor<12xi64>, %x: tensor<12x32xf32>, %y: tensor<10x32xf32>) -> tensor<10x32xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c12 = arith.constant 12 : index
  %r = scf.forall (%t) = (0) to (32) step (8) shared_outs(%o = %y) -> tensor<10x32xf32> {
    %s = tensor.extract_slice %o[0, %t] [10, 8] [1, 1] : tensor<10x32xf32> to tensor<10x8xf32>
    %f = linalg.fill ins(%zero : f32) outs(%s : tensor<10x8xf32>) -> tensor<10x8xf32>
    %sum = scf.for %k = %c0 to %c12 step %c1 iter_args(%acc = %f) -> tensor<10x8xf32> {
      %at = tensor.extract %i[%k] : tensor<12xi64>
      %row = arith.index_cast %at : i64 to index
      %old = tensor.extract_slice %acc[%row, 0] [1, 8] [1, 1] : tensor<10x8xf32> to tensor<8xf32>
      %new = tensor.extract_slice %x[%k, %t] [1, 8] [1, 1] : tensor<12x32xf32> to tensor<8xf32>
      %add = linalg.generic {indexing_maps = [affine_map<(a) -> (a)>, affine_map<(a) -> (a)>], iterator_types = ["parallel"]}
          ins(%new : tensor<8xf32>) outs(%old : tensor<8xf32>) {
      ^bb0(%p: f32, %q: f32):
        %u = arith.addf %q, %p : f32
        linalg.yield %u : f32
      } -> tensor<8xf32>
      %next = tensor.insert_slice %add into %acc[%row, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<10x8xf32>
      scf.yield %next : tensor<10x8xf32>
    }
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %sum into %o[0, %t] [10, 8] [1, 1] : tensor<10x8xf32> into tensor<10x32xf32>
    }
  }
  return %r : tensor<10x32xf32>
})") == "");
}

TEST_CASE("integers and comparisons and conversions") {
  std::string text = straight(
      "%a: tensor<37xi64>, %b: tensor<37xi32>, %c: tensor<37xi8>, %y: tensor<37xf32>", "tensor<37xf32>",
      R"(  %r = linalg.generic {indexing_maps = [affine_map<(a) -> (a)>, affine_map<(a) -> (a)>, affine_map<(a) -> (a)>, affine_map<(a) -> (a)>],
      iterator_types = ["parallel"]} ins(%a, %b, %c : tensor<37xi64>, tensor<37xi32>, tensor<37xi8>) outs(%y : tensor<37xf32>) {
  ^bb0(%p: i64, %q: i32, %s: i8, %o: f32):
    %seven = arith.constant 7 : i64
    %one = arith.constant 1 : i64
    %w = arith.extsi %q : i32 to i64
    %d = arith.addi %w, %one : i64
    %e = arith.divsi %p, %d : i64
    %f = arith.remsi %p, %seven : i64
    %big = arith.cmpi sgt, %e, %f : i64
    %zero = arith.constant 0 : i8
    %flag = arith.cmpi ne, %s, %zero : i8
    %both = arith.xori %big, %flag : i1
    %g = arith.select %both, %e, %f : i64
    %h = arith.sitofp %g : i64 to f32
    linalg.yield %h : f32
  } -> tensor<37xf32>)");
  CHECK(checkKernel(text) == "");
  text = straight(
      "%a: tensor<5x21xf32>, %b: tensor<21xf32>, %y: tensor<5x21xi8>", "tensor<5x21xi8>",
      R"(  %r = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (b)>, affine_map<(a, b) -> (a, b)>],
      iterator_types = ["parallel", "parallel"]} ins(%a, %b : tensor<5x21xf32>, tensor<21xf32>) outs(%y : tensor<5x21xi8>) {
  ^bb0(%p: f32, %q: f32, %o: i8):
    %c = arith.cmpf olt, %p, %q : f32
    %e = arith.extui %c : i1 to i8
    linalg.yield %e : i8
  } -> tensor<5x21xi8>)");
  CHECK(checkKernel(text) == "");
}

TEST_CASE("half precision is stored and converted") {
  for (std::string half : {"bf16", "f16"})
    for (std::string full : {"f32", "f64"}) {
      std::string text =
          straight(format("%a: tensor<5x19x{0}>, %y: tensor<5x19x{0}>", full), format("tensor<5x19x{}>", full),
                   format(R"(  %e = tensor.empty() : tensor<5x19x{0}>
  %h = linalg.generic {{indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]}}
      ins(%a : tensor<5x19x{1}>) outs(%e : tensor<5x19x{0}>) {{
  ^bb0(%p: {1}, %q: {0}):
    %t = arith.truncf %p : {1} to {0}
    linalg.yield %t : {0}
  }} -> tensor<5x19x{0}>
  %r = linalg.generic {{indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]}}
      ins(%h : tensor<5x19x{0}>) outs(%y : tensor<5x19x{1}>) {{
  ^bb0(%p: {0}, %q: {1}):
    %t = arith.extf %p : {0} to {1}
    linalg.yield %t : {1}
  }} -> tensor<5x19x{1}>)",
                          half, full));
      CompiledKernel kernel(text, target("native"));
      REQUIRE(kernel.valid());
      CHECK(kernel.undefinedSymbols.empty());
      std::vector<Buffer> buffers = randomArguments(text, {});
      auto got = runKernel(kernel, buffers, false)[1];
      double step = half == "bf16" ? 0x1p-8 : 0x1p-11;
      for (size_t i = 0; i < buffers[0].values.size(); ++i) {
        double value = full == "f32" ? (double)((float *)got.data())[i] : ((double *)got.data())[i];
        CHECK(std::abs(value - buffers[0].values[i]) <= step * std::abs(buffers[0].values[i]));
      }
    }
}

TEST_CASE("rank 0 and zero sizes and results that are moved") {
  CHECK(
      checkKernel(straight(
          "%a: tensor<f32>, %b: tensor<f32>, %y: tensor<f32>", "tensor<f32>",
          R"(  %r = linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []}
      ins(%a, %b : tensor<f32>, tensor<f32>) outs(%y : tensor<f32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %t = arith.addf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<f32>)")) == "");
  CHECK(checkKernel(straight("%a: tensor<40x3xf32>, %y: tensor<f32>", "tensor<f32>",
                             R"(  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%y : tensor<f32>) -> tensor<f32>
  %r = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> ()>], iterator_types = ["reduction", "reduction"]}
      ins(%a : tensor<40x3xf32>) outs(%f : tensor<f32>) {
  ^bb0(%p: f32, %o: f32):
    %t = arith.addf %p, %o : f32
    linalg.yield %t : f32
  } -> tensor<f32>)"),
                    {.tolerance = 1e-5}) == "");
  CHECK(checkKernel(reduction({4, 0}, 1, "arith.addf", "0.0", "f32")) == "");
  CHECK(checkKernel(reduction({0, 4}, 1, "arith.addf", "0.0", "f32")) == "");
  CHECK(checkKernel(straight("%a: tensor<6x5xf32>, %y: tensor<30xf32>", "tensor<30xf32>",
                             "  %r = tensor.collapse_shape %a [[0, 1]] : tensor<6x5xf32> into tensor<30xf32>")) == "");
  CHECK(checkKernel(straight(
            "%a: tensor<6x5xf32>, %b: tensor<6x3xf32>, %y: tensor<6x8xf32>", "tensor<6x8xf32>",
            "  %r = tensor.concat dim(1) %a, %b : (tensor<6x5xf32>, tensor<6x3xf32>) -> tensor<6x8xf32>")) == "");
  CHECK(checkKernel(
            straight("%a: tensor<6x5xf32>, %y: tensor<3x2xf32>", "tensor<3x2xf32>",
                     "  %r = tensor.extract_slice %a[0, 1] [3, 2] [2, 3] : tensor<6x5xf32> to tensor<3x2xf32>")) == "");
  CHECK(checkKernel(straight(
            "%a: tensor<3x2xf32>, %y: tensor<6x5xf32>", "tensor<6x5xf32>",
            "  %r = tensor.insert_slice %a into %y[0, 1] [3, 2] [2, 3] : tensor<3x2xf32> into tensor<6x5xf32>")) == "");
}

// Rows of a task, some tasks smaller than the others.
TEST_CASE("uneven tasks") {
  CHECK(checkKernel(R"(
#size = affine_map<(d) -> (8, 37 - d)>
func.func private @k(%x: tensor<37x45xf32>, %y: tensor<37x45xf32>, %s: tensor<37xf32>) -> (tensor<37x45xf32>, tensor<37xf32>) {
  %zero = arith.constant 0.0 : f32
  %r:2 = scf.forall (%t) = (0) to (37) step (8) shared_outs(%o = %y, %p = %s) -> (tensor<37x45xf32>, tensor<37xf32>) {
    %n = affine.min #size(%t)
    %a = tensor.extract_slice %x[%t, 0] [%n, 45] [1, 1] : tensor<37x45xf32> to tensor<?x45xf32>
    %b = tensor.extract_slice %o[%t, 0] [%n, 45] [1, 1] : tensor<37x45xf32> to tensor<?x45xf32>
    %c = tensor.extract_slice %p[%t] [%n] [1] : tensor<37xf32> to tensor<?xf32>
    %f = linalg.fill ins(%zero : f32) outs(%c : tensor<?xf32>) -> tensor<?xf32>
    %sum = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a)>], iterator_types = ["parallel", "reduction"]}
        ins(%a : tensor<?x45xf32>) outs(%f : tensor<?xf32>) {
    ^bb0(%u: f32, %v: f32):
      %w = arith.addf %v, %u : f32
      linalg.yield %w : f32
    } -> tensor<?xf32>
    %q = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]}
        ins(%a, %sum : tensor<?x45xf32>, tensor<?xf32>) outs(%b : tensor<?x45xf32>) {
    ^bb0(%u: f32, %v: f32, %w: f32):
      %d = arith.divf %u, %v : f32
      linalg.yield %d : f32
    } -> tensor<?x45xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %q into %o[%t, 0] [%n, 45] [1, 1] : tensor<?x45xf32> into tensor<37x45xf32>
      tensor.parallel_insert_slice %sum into %p[%t] [%n] [1] : tensor<?xf32> into tensor<37xf32>
    }
  }
  return %r#0, %r#1 : tensor<37x45xf32>, tensor<37xf32>
})",
                    {.tolerance = 1e-5, .low = 0.5}) == "");
}

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

// Ten buffers between elementwise ops in turn, 80 KB each: they share memory where they do not live at once.
TEST_CASE("scratch larger than a frame should be") {
  std::string type = "tensor<20x1024xf32>", body, last = "%x";
  for (int i = 0; i < 10; ++i) {
    body += format("  %e{0} = tensor.empty() : {1}\n", i, type);
    // every other one also needs the one before last
    std::string other = i > 1 ? format("%v{}", i - 2) : "%x";
    body += format(
        R"(  %v{0} = linalg.generic {{indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>],
      iterator_types = ["parallel", "parallel"]}} ins({2}, {3} : {1}, {1}) outs(%e{0} : {1}) {{
  ^bb0(%p: f32, %q: f32, %o: f32):
    %c = arith.constant 0.5 : f32
    %m = arith.mulf %p, %c : f32
    %s = arith.addf %m, %q : f32
    linalg.yield %s : f32
  }} -> {1}
)",
        i, type, last, other);
    last = format("%v{}", i);
  }
  CHECK(checkKernel(straight(format("%x: {0}, %y: {0}", type), type, body, last), {.tolerance = 1e-5}) == "");
}
