// Random graphs of linalg, tensor and scf: formed into kernels and planned in memory, they compute what they computed
// before. Sizes are small, but primes and sizes above the task limits are among them. A failing graph is printed with
// its seed.
#include "cpu_kernel.h"
#include "interpreter.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Parser/Parser.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/schedule/Schedule.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <sstream>

using namespace mlir;
using namespace nnc;
using namespace nnc::test;

namespace {
struct Tensor {
  std::string name;
  std::vector<int64_t> shape;
  std::string element = "f32";
};

std::string typeOf(const std::vector<int64_t> &shape, const std::string &element) {
  std::string text = "tensor<";
  for (int64_t extent : shape)
    text += std::to_string(extent) + "x";
  return text + element + ">";
}

// Writes one function of random operations.
class Graph {
public:
  explicit Graph(unsigned seed) : random(seed) {}
  std::string write(int operations);

private:
  int pick(int count) { return int(random() % unsigned(count)); }
  int64_t extent() {
    static const int64_t extents[] = {1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 64, 100, 257, 300};
    return extents[pick(14)];
  }
  int64_t volume(const std::vector<int64_t> &shape) {
    int64_t size = 1;
    for (int64_t n : shape)
      size *= n;
    return size;
  }
  std::vector<int64_t> someShape() {
    while (true) {
      std::vector<int64_t> shape(pick(12) == 0 ? 0 : 1 + pick(4));
      for (int64_t &n : shape)
        n = pick(60) == 0 ? 0 : extent();
      if (volume(shape) <= 40000)
        return shape;
    }
  }
  std::string type(const Tensor &tensor) { return typeOf(tensor.shape, tensor.element); }
  std::string fresh() { return "%v" + std::to_string(next++); }
  const Tensor &some() { return pool[pool.size() - 1 - pick(std::min<int>(pool.size(), pick(2) ? 4 : 1000))]; }
  Tensor someFloat() {
    for (int i = 0; i < 20; ++i)
      if (const Tensor &tensor = some(); tensor.element == "f32")
        return tensor;
    return pool.front();
  }
  Tensor someRanked(unsigned least) {
    for (int i = 0; i < 50; ++i)
      if (Tensor tensor = someFloat(); tensor.shape.size() >= least)
        return tensor;
    Tensor tensor{fresh(), {5, 13}};
    line(tensor.name + " = linalg.fill ins(%half : f32) outs(" + empty(tensor.shape, "f32") + " : " + type(tensor) +
         ") -> " + type(tensor));
    return tensor;
  }
  void line(const std::string &text) { body << indent << text << "\n"; }
  std::string empty(const std::vector<int64_t> &shape, const std::string &element) {
    std::string name = fresh();
    line(name + " = tensor.empty() : " + typeOf(shape, element));
    return name;
  }
  void add(const std::string &name, const std::vector<int64_t> &shape, const std::string &element = "f32") {
    pool.push_back({name, shape, element});
  }
  std::string map(int rank, const std::vector<int> &dims) {
    std::string text = "affine_map<(";
    for (int i = 0; i < rank; ++i)
      text += (i ? ", d" : "d") + std::to_string(i);
    text += ") -> (";
    for (size_t i = 0; i < dims.size(); ++i)
      text += (i ? ", d" : "d") + std::to_string(dims[i]);
    return text + ")>";
  }
  void generic(const std::vector<Tensor> &ins, const std::vector<std::vector<int>> &maps,
               const std::vector<int64_t> &ranges, const std::vector<bool> &reduces, const std::string &init,
               const std::string &code, bool two = false);
  void elementwise();
  void reduce();
  void matmul();
  void reshape();
  void slice();
  void insert();
  void padOrConcat();
  void transpose();
  void gather();
  void integers();
  void fillOrConstant();
  void accumulate();
  void window();
  Tensor varied(const std::vector<int64_t> &shape);
  Tensor multiplyAdd(const Tensor &a, const std::string &aMap, const Tensor &b, const std::string &bMap,
                     const std::vector<int64_t> &shape, const std::string &map, int parallel, int reductions);
  Tensor convolve(const Tensor &x, int64_t channels, int64_t kernel, int64_t stride);
  Tensor convolveEach(const Tensor &x, int64_t kernel, int64_t stride);
  Tensor weightGradient(const Tensor &x, const Tensor &g, int64_t kernel);
  void convolutions();
  void scan();
  void scalar();
  void readyMade();
  void sequential();
  void operation();

  std::mt19937 random;
  std::vector<Tensor> pool;
  std::ostringstream body;
  std::string indent = "  ";
  int next = 0;
  bool inLoop = false;
};
} // namespace

void Graph::generic(const std::vector<Tensor> &ins, const std::vector<std::vector<int>> &maps,
                    const std::vector<int64_t> &ranges, const std::vector<bool> &reduces, const std::string &init,
                    const std::string &code, bool two) {
  std::vector<int> outDims;
  std::vector<int64_t> shape;
  for (size_t dim = 0; dim < ranges.size(); ++dim)
    if (!reduces[dim]) {
      outDims.push_back(dim);
      shape.push_back(ranges[dim]);
    }
  std::string destination = empty(shape, "f32"), second = two ? empty(shape, "f32") : "", name = fresh();
  std::string result = typeOf(shape, "f32");
  if (!init.empty()) {
    std::string filled = fresh();
    line(filled + " = linalg.fill ins(" + init + " : f32) outs(" + destination + " : " + result + ") -> " + result);
    destination = filled;
  }
  std::string text = name + (two ? ":2" : "") + " = linalg.generic {indexing_maps = [";
  for (const auto &dims : maps)
    text += map(ranges.size(), dims) + ", ";
  text += map(ranges.size(), outDims) + (two ? ", " + map(ranges.size(), outDims) : "") + "], iterator_types = [";
  for (size_t dim = 0; dim < ranges.size(); ++dim)
    text += std::string(dim ? ", " : "") + (reduces[dim] ? "\"reduction\"" : "\"parallel\"");
  text += "]}";
  if (!ins.empty()) {
    text += " ins(";
    for (size_t i = 0; i < ins.size(); ++i)
      text += (i ? ", " : "") + ins[i].name;
    text += " : ";
    for (size_t i = 0; i < ins.size(); ++i)
      text += (i ? ", " : "") + type(ins[i]);
    text += ")";
  }
  text +=
      " outs(" + destination + (two ? ", " + second : "") + " : " + result + (two ? ", " + result : "") + ") {\n^bb0(";
  for (size_t i = 0; i < ins.size(); ++i)
    text += "%i" + std::to_string(i) + ": " + ins[i].element + ", ";
  text += "%o: f32" + std::string(two ? ", %o2: f32" : "") + "):\n" + code + "} -> ";
  line(text + (two ? "(" + result + ", " + result + ")" : result));
  add(name + (two ? "#0" : ""), shape);
  if (two)
    add(name + "#1", shape);
}

void Graph::elementwise() {
  Tensor a = someFloat();
  std::vector<Tensor> ins{a};
  std::vector<int> identity;
  for (size_t i = 0; i < a.shape.size(); ++i)
    identity.push_back(i);
  std::vector<std::vector<int>> maps{identity};
  // a second operand of the same shape, or of some of its dimensions
  for (int i = 0; i < 8 && ins.size() < 2; ++i) {
    Tensor b = someFloat();
    std::vector<int> dims;
    for (size_t dim = 0; dim < a.shape.size() && dims.size() < b.shape.size(); ++dim)
      if (b.shape[dims.size()] == a.shape[dim])
        dims.push_back(dim);
    if (dims.size() == b.shape.size()) {
      ins.push_back(b);
      maps.push_back(dims);
    }
  }
  static const char *unary[] = {
      "%r = math.tanh %i0 : f32\n", "%r = arith.negf %i0 : f32\n", "%r = arith.maximumf %i0, %half : f32\n",
      "%q = math.tanh %i0 : f32\n%r = math.exp %q : f32\n", "%r = arith.mulf %i0, %half : f32\n"};
  static const char *binary[] = {
      "%r = arith.addf %i0, %i1 : f32\n", "%r = arith.subf %i0, %i1 : f32\n",
      "%q = arith.mulf %i0, %i1 : f32\n%r = arith.mulf %q, %half : f32\n",
      "%c = arith.cmpf ogt, %i0, %i1 : f32\n%r = arith.select %c, %i0, %half : f32\n",
      "%q = math.absf %i1 : f32\n%s = arith.addf %q, %one : f32\n%r = arith.divf %i0, %s : f32\n"};
  bool two = pick(6) == 0;
  std::string code = ins.size() == 2 ? binary[pick(5)] : unary[pick(5)];
  code += two ? "%r2 = arith.subf %r, %i0 : f32\nlinalg.yield %r, %r2 : f32, f32\n" : "linalg.yield %r : f32\n";
  generic(ins, maps, a.shape, std::vector<bool>(a.shape.size(), false), "", code, two);
}

void Graph::reduce() {
  Tensor a = someRanked(1);
  std::vector<int> identity;
  std::vector<bool> reduces;
  for (size_t i = 0; i < a.shape.size(); ++i) {
    identity.push_back(i);
    reduces.push_back(pick(2));
  }
  reduces[pick(reduces.size())] = true;
  bool max = pick(3) == 0;
  generic({a}, {identity}, a.shape, reduces, max ? "%low" : "%zero",
          max ? "%r = arith.maximumf %i0, %o : f32\nlinalg.yield %r : f32\n"
              : "%q = arith.mulf %i0, %small : f32\n%r = arith.addf %q, %o : f32\nlinalg.yield %r : f32\n");
}

void Graph::matmul() {
  Tensor a = someRanked(2);
  if (a.shape.size() != 2)
    return;
  int64_t m = a.shape[0], k = a.shape[1], n = extent();
  Tensor b{"", {k, n}};
  for (const Tensor &other : pool)
    if (other.shape.size() == 2 && other.shape[0] == k && other.element == "f32" && m * k * other.shape[1] < 400000)
      b = other;
  n = b.shape[1];
  if (m * k * n >= 400000)
    return;
  if (b.name.empty()) {
    b.name = fresh();
    line(b.name + " = linalg.fill ins(%half : f32) outs(" + empty(b.shape, "f32") + " : " + type(b) + ") -> " +
         type(b));
  }
  generic({a, b}, {{0, 2}, {2, 1}}, {m, n, k}, {false, false, true}, "%zero",
          "%q = arith.mulf %i0, %i1 : f32\n%s = arith.mulf %q, %small : f32\n%r = arith.addf %o, %s : f32\n"
          "linalg.yield %r : f32\n");
}

void Graph::reshape() {
  Tensor a = someRanked(1);
  if (volume(a.shape) == 0)
    return;
  std::string name = fresh();
  if (a.shape.size() >= 2 && pick(2)) {
    int at = pick(a.shape.size() - 1);
    std::vector<int64_t> shape;
    std::string groups;
    for (size_t i = 0; i < a.shape.size(); ++i) {
      bool joined = int(i) == at + 1;
      if (joined)
        shape.back() *= a.shape[i];
      else
        shape.push_back(a.shape[i]);
      groups += joined ? ", " + std::to_string(i) : (i ? "], [" : "[") + std::to_string(i);
    }
    line(name + " = tensor.collapse_shape " + a.name + " [" + groups + "]] : " + type(a) + " into " +
         typeOf(shape, "f32"));
    return add(name, shape);
  }
  int at = pick(a.shape.size());
  int64_t outer = 1;
  for (int64_t divisor : {2, 3, 4, 5})
    if (a.shape[at] % divisor == 0 && pick(2))
      outer = divisor;
  std::vector<int64_t> shape;
  std::string groups, extents;
  int position = 0;
  for (size_t i = 0; i < a.shape.size(); ++i) {
    groups += (i ? ", [" : "[") + std::to_string(position++);
    if (int(i) == at) {
      shape.push_back(outer);
      groups += ", " + std::to_string(position++);
    }
    shape.push_back(int(i) == at ? a.shape[i] / outer : a.shape[i]);
    groups += "]";
  }
  for (size_t i = 0; i < shape.size(); ++i)
    extents += (i ? ", " : "") + std::to_string(shape[i]);
  line(name + " = tensor.expand_shape " + a.name + " [" + groups + "] output_shape [" + extents + "] : " + type(a) +
       " into " + typeOf(shape, "f32"));
  add(name, shape);
}

static std::string listOf(const std::vector<int64_t> &values) {
  std::string text = "[";
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? ", " : "") + std::to_string(values[i]);
  return text + "]";
}

void Graph::slice() {
  Tensor a = someRanked(1);
  if (volume(a.shape) == 0)
    return;
  std::vector<int64_t> at, sizes, strides;
  for (int64_t n : a.shape) {
    int64_t stride = pick(4) == 0 ? 2 : 1, size = 1 + pick((n + stride - 1) / stride);
    if (pick(2))
      size = n, stride = 1;
    at.push_back(pick(n - (size - 1) * stride));
    sizes.push_back(size);
    strides.push_back(stride);
  }
  std::string name = fresh();
  line(name + " = tensor.extract_slice " + a.name + listOf(at) + " " + listOf(sizes) + " " + listOf(strides) + " : " +
       type(a) + " to " + typeOf(sizes, "f32"));
  add(name, sizes);
}

void Graph::insert() {
  Tensor into = someRanked(1), from = someFloat();
  if (from.shape.size() != into.shape.size() || volume(from.shape) == 0)
    return;
  std::vector<int64_t> at, strides;
  for (size_t i = 0; i < into.shape.size(); ++i) {
    if (from.shape[i] > into.shape[i])
      return;
    int64_t stride = from.shape[i] * 2 <= into.shape[i] && pick(2) ? 2 : 1;
    at.push_back(pick(into.shape[i] - (from.shape[i] - 1) * stride));
    strides.push_back(stride);
  }
  std::string name = fresh();
  line(name + " = tensor.insert_slice " + from.name + " into " + into.name + listOf(at) + " " + listOf(from.shape) +
       " " + listOf(strides) + " : " + type(from) + " into " + type(into));
  add(name, into.shape);
}

void Graph::padOrConcat() {
  Tensor a = someRanked(1);
  std::string name = fresh();
  std::vector<int64_t> shape = a.shape;
  if (pick(2)) {
    std::vector<int64_t> low, high;
    std::string arguments;
    for (size_t i = 0; i < shape.size(); ++i) {
      low.push_back(pick(3));
      high.push_back(pick(3));
      shape[i] += low[i] + high[i];
      arguments += (i ? ", %p" : "%p") + std::to_string(i) + ": index";
    }
    if (volume(shape) > 60000)
      return;
    line(name + " = tensor.pad " + a.name + " low" + listOf(low) + " high" + listOf(high) + " {\n^bb0(" + arguments +
         "):\ntensor.yield %half : f32\n} : " + type(a) + " to " + typeOf(shape, "f32"));
    return add(name, shape);
  }
  int dim = pick(shape.size());
  std::vector<Tensor> parts{a};
  for (const Tensor &other : pool) {
    bool fits = other.shape.size() == shape.size() && other.element == "f32" && parts.size() < 3;
    for (size_t i = 0; i < shape.size() && fits; ++i)
      fits = int(i) == dim || other.shape[i] == shape[i];
    if (fits && pick(2))
      parts.push_back(other);
  }
  std::string names, types;
  shape[dim] = 0;
  for (const Tensor &part : parts) {
    names += (names.empty() ? "" : ", ") + part.name;
    types += (types.empty() ? "" : ", ") + type(part);
    shape[dim] += part.shape[dim];
  }
  if (volume(shape) > 60000)
    return;
  line(name + " = tensor.concat dim(" + std::to_string(dim) + ") " + names + " : (" + types + ") -> " +
       typeOf(shape, "f32"));
  add(name, shape);
}

void Graph::transpose() {
  Tensor a = someRanked(2);
  std::vector<int64_t> order, shape;
  for (size_t i = 0; i < a.shape.size(); ++i)
    order.push_back(i);
  std::shuffle(order.begin(), order.end(), random);
  for (int64_t dim : order)
    shape.push_back(a.shape[dim]);
  std::string destination = empty(shape, "f32"), name = fresh();
  line(name + " = linalg.transpose ins(" + a.name + " : " + type(a) + ") outs(" + destination + " : " +
       typeOf(shape, "f32") + ") permutation = " + listOf(order));
  add(name, shape);
}

// rows of a matrix by computed index
void Graph::gather() {
  Tensor a = someRanked(2);
  if (a.shape.size() != 2 || volume(a.shape) == 0)
    return;
  int64_t rows = extent();
  if (rows * a.shape[1] > 40000)
    return;
  std::string count = fresh();
  line(count + " = arith.constant " + std::to_string(a.shape[0]) + " : index");
  generic(
      {}, {}, {rows, a.shape[1]}, {false, false}, "",
      "%d = linalg.index 0 : index\n%e = linalg.index 1 : index\n%d3 = arith.muli %d, %c3 : index\n%row = arith.remsi "
      "%d3, " +
          count + " : index\n%r = tensor.extract " + a.name + "[%row, %e] : " + type(a) + "\nlinalg.yield %r : f32\n");
}

// i64 and i8 data: comparisons to bytes, counts of them, conversion back
void Graph::integers() {
  Tensor a = someRanked(1);
  std::string bytes = typeOf(a.shape, "i8"), flags = fresh(), longs = typeOf({a.shape[0]}, "i64"), zero = fresh();
  std::string destination = empty(a.shape, "i8"), counts = fresh(), back = fresh();
  std::vector<int> identity;
  std::string reductions = "\"parallel\"", parallels;
  for (size_t i = 0; i < a.shape.size(); ++i) {
    identity.push_back(i);
    reductions += i ? ", \"reduction\"" : "";
    parallels += i ? ", \"parallel\"" : "\"parallel\"";
  }
  std::string same = map(a.shape.size(), identity);
  line(flags + " = linalg.generic {indexing_maps = [" + same + ", " + same + "], iterator_types = [" + parallels +
       "]} ins(" + a.name + " : " + type(a) + ") outs(" + destination + " : " + bytes +
       ") {\n^bb0(%i: f32, %o: i8):\n%c = arith.cmpf ogt, %i, %half : f32\n%r = arith.extui %c : i1 to "
       "i8\nlinalg.yield %r : "
       "i8\n} -> " +
       bytes);
  std::string start = empty({a.shape[0]}, "i64");
  line(zero + " = linalg.fill ins(%l0 : i64) outs(" + start + " : " + longs + ") -> " + longs);
  line(counts + " = linalg.generic {indexing_maps = [" + same + ", " + map(a.shape.size(), {0}) +
       "], iterator_types = [" + reductions + "]} ins(" + flags + " : " + bytes + ") outs(" + zero + " : " + longs +
       ") {\n^bb0(%i: i8, %o: i64):\n%e = arith.extsi %i : i8 to i64\n%r = arith.addi %e, %o : i64\nlinalg.yield %r : "
       "i64\n} "
       "-> " +
       longs);
  if (a.shape.size() == 1) // nothing is reduced, and the initial value is read
    counts += "";
  std::string real = typeOf({a.shape[0]}, "f32"), into = empty({a.shape[0]}, "f32");
  line(back + " = linalg.generic {indexing_maps = [" + map(1, {0}) + ", " + map(1, {0}) +
       "], iterator_types = [\"parallel\"]} ins(" + counts + " : " + longs + ") outs(" + into + " : " + real +
       ") {\n^bb0(%i: i64, %o: f32):\n%r0 = arith.sitofp %i : i64 to f32\n%r = arith.mulf %r0, %small : "
       "f32\nlinalg.yield %r : "
       "f32\n} -> " +
       real);
  add(flags, a.shape, "i8");
  add(counts, {a.shape[0]}, "i64");
  add(back, {a.shape[0]});
}

void Graph::fillOrConstant() {
  std::string name = fresh();
  std::vector<int64_t> shape = someShape();
  if (pick(2) || shape.empty()) {
    line(name + " = arith.constant dense<0.25> : " + typeOf(shape, "f32"));
    return add(name, shape);
  }
  int64_t n = 2 + pick(6);
  std::string values;
  for (int64_t i = 0; i < n; ++i)
    values += (i ? ", " : "") + std::to_string(i) + ".5";
  line(name + " = arith.constant dense<[" + values + "]> : " + typeOf({n}, "f32"));
  add(name, {n});
}

// onto what is there already
void Graph::accumulate() {
  Tensor a = someRanked(2);
  std::vector<int64_t> shape(a.shape.begin(), a.shape.end() - 1);
  for (const Tensor &base : pool)
    if (base.shape == shape && base.element == "f32" && pick(2)) {
      std::string name = fresh(), result = type(base);
      std::vector<int> identity, kept;
      std::string kinds;
      for (size_t i = 0; i < a.shape.size(); ++i) {
        identity.push_back(i);
        if (i + 1 < a.shape.size())
          kept.push_back(i);
        kinds += (i ? ", " : "") + std::string(i + 1 < a.shape.size() ? "\"parallel\"" : "\"reduction\"");
      }
      line(name + " = linalg.generic {indexing_maps = [" + map(a.shape.size(), identity) + ", " +
           map(a.shape.size(), kept) + "], iterator_types = [" + kinds + "]} ins(" + a.name + " : " + type(a) +
           ") outs(" + base.name + " : " + result +
           ") {\n^bb0(%i: f32, %o: f32):\n%q = arith.mulf %i, %small : f32\n%r = arith.addf %o, %q : f32\nlinalg.yield "
           "%r : "
           "f32\n} -> " +
           result);
      return add(name, shape);
    }
}

// sums over windows of the last dimension
void Graph::window() {
  Tensor a = someRanked(1);
  int64_t n = a.shape.back(), window = 2 + pick(2), stride = 1 + pick(2);
  if (n < window || volume(a.shape) == 0)
    return;
  std::vector<int64_t> shape = a.shape;
  shape.back() = (n - window) / stride + 1;
  std::string name = fresh(), weights = empty({window}, "f32"), destination = empty(shape, "f32"), zero = fresh();
  std::string result = typeOf(shape, "f32"), kinds, dims, read, written;
  size_t rank = shape.size();
  for (size_t i = 0; i <= rank; ++i) {
    dims += (i ? ", d" : "d") + std::to_string(i);
    kinds += i < rank ? "\"parallel\", " : "\"reduction\"";
    if (i + 1 < rank)
      read += "d" + std::to_string(i) + ", ";
    if (i < rank)
      written += (i ? ", d" : "d") + std::to_string(i);
  }
  read += "d" + std::to_string(rank - 1) + " * " + std::to_string(stride) + " + d" + std::to_string(rank);
  line(zero + " = linalg.fill ins(%zero : f32) outs(" + destination + " : " + result + ") -> " + result);
  line(name + " = linalg.generic {indexing_maps = [affine_map<(" + dims + ") -> (" + read + ")>, affine_map<(" + dims +
       ") -> (d" + std::to_string(rank) + ")>, affine_map<(" + dims + ") -> (" + written + ")>], iterator_types = [" +
       kinds + "]} ins(" + a.name + ", " + weights + " : " + type(a) + ", " + typeOf({window}, "f32") + ") outs(" +
       zero + " : " + result +
       ") {\n^bb0(%i: f32, %w: f32, %o: f32):\n%r = arith.addf %i, %o : f32\nlinalg.yield %r : f32\n} -> " + result);
  add(name, shape);
}

// numbers that differ from place to place
Tensor Graph::varied(const std::vector<int64_t> &shape) {
  std::string code = "%z0 = arith.constant 0 : index\n%m = arith.constant 11 : index\n", last = "%z0";
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    std::string d = std::to_string(dim);
    code += "%x" + d + " = linalg.index " + d + " : index\n%y" + d + " = arith.muli " + last + ", %c3 : index\n%w" + d +
            " = arith.addi %x" + d + ", %y" + d + " : index\n";
    last = "%w" + d;
  }
  code += "%q = arith.remsi " + last +
          ", %m : index\n%l = arith.index_cast %q : index to i64\n%f = arith.sitofp %l : i64 to f32\n"
          "%g = arith.mulf %f, %small : f32\n%r = arith.subf %half, %g : f32\nlinalg.yield %r : f32\n";
  generic({}, {}, shape, std::vector<bool>(shape.size(), false), "", code);
  Tensor made = pool.back();
  pool.pop_back();
  return made;
}

// sums of products over the last loops; maps are written out
Tensor Graph::multiplyAdd(const Tensor &a, const std::string &aMap, const Tensor &b, const std::string &bMap,
                          const std::vector<int64_t> &shape, const std::string &map, int parallel, int reductions) {
  std::string dims, kinds, zero = fresh(), result = typeOf(shape, "f32"), destination = empty(shape, "f32");
  for (int i = 0; i < parallel + reductions; ++i) {
    dims += (i ? ", d" : "d") + std::to_string(i);
    kinds += std::string(i ? ", " : "") + (i < parallel ? "\"parallel\"" : "\"reduction\"");
  }
  line(zero + " = linalg.fill ins(%zero : f32) outs(" + destination + " : " + result + ") -> " + result);
  Tensor made{fresh(), shape};
  auto affine = [&](const std::string &exprs) { return "affine_map<(" + dims + ") -> (" + exprs + ")>"; };
  line(made.name + " = linalg.generic {indexing_maps = [" + affine(aMap) + ", " + affine(bMap) + ", " + affine(map) +
       "], iterator_types = [" + kinds + "]} ins(" + a.name + ", " + b.name + " : " + type(a) + ", " + type(b) +
       ") outs(" + zero + " : " + result +
       ") {\n^bb0(%i: f32, %w: f32, %o: f32):\n%q = arith.mulf %i, %w : f32\n%r = arith.addf %o, %q : "
       "f32\nlinalg.yield %r : f32\n} -> " +
       result);
  return made;
}

Tensor Graph::convolve(const Tensor &x, int64_t channels, int64_t kernel, int64_t stride) {
  Tensor w = varied({channels, x.shape[1], kernel, kernel});
  std::string s = stride > 1 ? " * " + std::to_string(stride) : "";
  return multiplyAdd(x, "d0, d4, d2" + s + " + d5, d3" + s + " + d6", w, "d1, d4, d5, d6",
                     {x.shape[0], channels, (x.shape[2] - kernel) / stride + 1, (x.shape[3] - kernel) / stride + 1},
                     "d0, d1, d2, d3", 4, 3);
}

// one channel a group
Tensor Graph::convolveEach(const Tensor &x, int64_t kernel, int64_t stride) {
  Tensor w = varied({x.shape[1], kernel, kernel});
  std::string s = stride > 1 ? " * " + std::to_string(stride) : "";
  return multiplyAdd(x, "d0, d1, d2" + s + " + d4, d3" + s + " + d5", w, "d1, d4, d5",
                     {x.shape[0], x.shape[1], (x.shape[2] - kernel) / stride + 1, (x.shape[3] - kernel) / stride + 1},
                     "d0, d1, d2, d3", 4, 2);
}

Tensor Graph::weightGradient(const Tensor &x, const Tensor &g, int64_t kernel) {
  return multiplyAdd(x, "d4, d1, d5 + d2, d6 + d3", g, "d4, d0, d5, d6", {g.shape[1], x.shape[1], kernel, kernel},
                     "d0, d1, d2, d3", 4, 3);
}

// convolutions one after another, with what stands between them in networks; other operations take it from there
void Graph::convolutions() {
  static const int64_t channels[] = {5, 16, 20, 32};
  Tensor x = varied({1, channels[pick(3)], 8 + pick(2), 8});
  for (int i = 0; i < 2 + pick(2) && x.shape[2] >= 4 && x.shape[3] >= 4; ++i) {
    int64_t kernel = 1 + 2 * pick(2), stride = x.shape[2] > 7 && pick(4) == 0 ? 2 : 1;
    Tensor before = x;
    bool each = pick(4) == 0;
    x = each ? convolveEach(x, kernel, stride) : convolve(x, channels[pick(4)], kernel, stride);
    add(x.name, x.shape);
    if (!each && stride == 1 && pick(3) == 0) {
      Tensor w = weightGradient(before, x, kernel);
      add(w.name, w.shape);
    }
    if (pick(2)) {
      generic({x}, {{0, 1, 2, 3}}, x.shape, std::vector<bool>(4, false), "",
              "%s = arith.mulf %i0, %small : f32\n%r = math.tanh %s : f32\nlinalg.yield %r : f32\n");
      x = pool.back();
    }
    if (pick(3) == 0) {
      std::vector<int64_t> shape{x.shape[0], x.shape[1], x.shape[2] + 2, x.shape[3] + 1};
      Tensor padded{fresh(), shape};
      line(padded.name + " = tensor.pad " + x.name +
           " low[0, 0, 1, 1] high[0, 0, 1, 0] {\n^bb0(%p0: index, %p1: index, "
           "%p2: index, %p3: index):\ntensor.yield %zero : f32\n} : " +
           type(x) + " to " + type(padded));
      add(padded.name, shape);
      x = padded;
    }
  }
}

// a loop over the rows of a sequence that carries a state, and writes a sequence
void Graph::scan() {
  if (inLoop)
    return;
  Tensor xs = someRanked(2), h0;
  if (volume(xs.shape) == 0 || xs.shape[0] > 16)
    return;
  std::vector<int64_t> row(xs.shape.begin() + 1, xs.shape.end()), ones(xs.shape.size(), 1), sizes = xs.shape;
  sizes[0] = 1;
  for (const Tensor &other : pool)
    if (other.shape == row && other.element == "f32")
      h0 = other;
  if (h0.name.empty()) {
    h0 = {fresh(), row};
    line(h0.name + " = linalg.fill ins(%half : f32) outs(" + empty(row, "f32") + " : " + type(h0) + ") -> " + type(h0));
  }
  std::string ys0 = pick(3) ? empty(xs.shape, "f32") : xs.name, loop = fresh(), count = fresh(), t = fresh();
  std::string ys = fresh(), h = fresh(), g = fresh();
  line(count + " = arith.constant " + std::to_string(xs.shape[0]) + " : index");
  line(loop + ":3 = scf.for " + t + " = %c0 to " + count + " step %c1 iter_args(" + ys + " = " + ys0 + ", " + h +
       " = " + h0.name + ", " + g + " = " + h0.name + ") -> (" + type(xs) + ", " + type(h0) + ", " + type(h0) + ") {");
  std::string at = "[" + t, x = fresh();
  for (size_t i = 1; i < xs.shape.size(); ++i)
    at += ", 0";
  at += "]";
  line(x + " = tensor.extract_slice " + xs.name + at + " " + listOf(sizes) + " " + listOf(ones) + " : " + type(xs) +
       " to " + type(h0));
  std::vector<Tensor> outer = pool;
  pool.push_back({h, row});
  pool.push_back({g, row});
  pool.push_back({x, row});
  inLoop = true;
  elementwise();
  for (int i = pick(4); i > 0; --i)
    operation();
  pool.push_back({x, row});
  pool.push_back({h, row});
  elementwise();
  inLoop = false;
  Tensor made{h, row};
  std::vector<Tensor> candidates;
  for (size_t i = outer.size(); i < pool.size(); ++i)
    if (pool[i].shape == row && pool[i].element == "f32")
      candidates.push_back(pool[i]);
  auto candidate = [&] { return candidates[pick(candidates.size())].name; };
  std::string written = fresh();
  line(written + " = tensor.insert_slice " + candidate() + " into " + ys + at + " " + listOf(sizes) + " " +
       listOf(ones) + " : " + type(h0) + " into " + type(xs));
  line("scf.yield " + written + ", " + candidate() + ", " + (pick(2) ? h : candidate()) + " : " + type(xs) + ", " +
       type(h0) + ", " + type(h0));
  line("}");
  pool = outer;
  add(loop + "#0", xs.shape);
  add(loop + "#1", row);
  add(loop + "#2", row);
}

// a number read from a tensor, used in arithmetic and in a body
void Graph::scalar() {
  Tensor a = someRanked(1), b = someFloat();
  if (volume(a.shape) == 0)
    return;
  std::string number = fresh(), twice = fresh(), zeros;
  for (size_t i = 0; i < a.shape.size(); ++i)
    zeros += i ? ", %c0" : "%c0";
  line(number + " = tensor.extract " + a.name + "[" + zeros + "] : " + type(a));
  line(twice + " = arith.mulf " + number + ", %half : f32");
  std::vector<int> identity;
  for (size_t i = 0; i < b.shape.size(); ++i)
    identity.push_back(i);
  generic({b}, {identity}, b.shape, std::vector<bool>(b.shape.size(), false), "",
          "%r = arith.addf %i0, " + twice + " : f32\nlinalg.yield %r : f32\n");
}

// a loop over tasks that an operation lowered itself to: running sums of rows
void Graph::readyMade() {
  Tensor a = someRanked(2);
  if (a.shape.size() != 2 || volume(a.shape) == 0)
    return;
  std::string name = fresh(), rows = std::to_string(a.shape[0]), columns = std::to_string(a.shape[1]);
  std::string row = typeOf({1, a.shape[1]}, "f32"), destination = pick(2) ? a.name : empty(a.shape, "f32"),
              count = fresh();
  line(count + " = arith.constant " + columns + " : index");
  line(name + " = scf.forall (%t) in (" + rows + ") shared_outs(%out = " + destination + ") -> (" + type(a) + ") {\n" +
       "%in = tensor.extract_slice " + a.name + "[%t, 0] [1, " + columns + "] [1, 1] : " + type(a) + " to " + row +
       "\n" + "%to = tensor.extract_slice %out[%t, 0] [1, " + columns + "] [1, 1] : " + type(a) + " to " + row + "\n" +
       "%sum:2 = scf.for %j = %c0 to " + count + " step %c1 iter_args(%s = %zero, %w = %to) -> (f32, " + row + ") {\n" +
       "%e = tensor.extract %in[%c0, %j] : " + row +
       "\n%m = arith.mulf %e, %small : f32\n%n = arith.addf %s, %m : f32\n" +
       "%w2 = tensor.insert %n into %w[%c0, %j] : " + row + "\nscf.yield %n, %w2 : f32, " + row + "\n}\n" +
       "scf.forall.in_parallel {\ntensor.parallel_insert_slice %sum#1 into %out[%t, 0] [1, " + columns +
       "] [1, 1] : " + row + " into " + type(a) + "\n}\n}");
  add(name, a.shape);
}

// a loop over numbers, no work for kernels of its own
void Graph::sequential() {
  Tensor a = someRanked(1);
  if (a.shape.size() != 1 || a.shape[0] == 0)
    return;
  std::string count = fresh(), name = fresh(), sum = fresh();
  line(count + " = arith.constant " + std::to_string(a.shape[0]) + " : index");
  line(name + ":2 = scf.for %j = %c0 to " + count + " step %c1 iter_args(%s = %half, %w = " + a.name + ") -> (f32, " +
       type(a) + ") {\n%e = tensor.extract " + a.name + "[%j] : " + type(a) + "\n%m = arith.mulf %e, %small : f32\n" +
       "%n = arith.addf %s, %m : f32\n%w2 = tensor.insert %n into %w[%j] : " + type(a) + "\nscf.yield %n, %w2 : f32, " +
       type(a) + "\n}");
  line(sum + " = tensor.from_elements " + name + "#0 : tensor<f32>");
  add(name + "#1", a.shape);
  add(sum, {});
}

void Graph::operation() {
  switch (pick(25)) {
  case 0:
  case 1:
  case 2:
  case 3:
  case 4:
  case 5:
    return elementwise();
  case 6:
  case 7:
  case 8:
    return reduce();
  case 9:
  case 10:
    return matmul();
  case 11:
  case 12:
    return reshape();
  case 13:
    return slice();
  case 14:
    return insert();
  case 15:
    return padOrConcat();
  case 16:
    return transpose();
  case 17:
    return gather();
  case 18:
    return integers();
  case 19:
    return fillOrConstant();
  case 20:
    return pick(2) ? accumulate() : window();
  case 21:
    return scan();
  case 22:
    return pick(2) ? scalar() : sequential();
  case 23:
    return inLoop || pick(2) ? elementwise() : convolutions();
  default:
    return readyMade();
  }
}

std::string Graph::write(int operations) {
  std::string arguments, results, types;
  int count = 1 + pick(4);
  for (int i = 0; i < count; ++i) {
    Tensor tensor{"%a" + std::to_string(i), i && pick(3) == 0 ? pool[pick(i)].shape : someShape()};
    arguments += (i ? ", " : "") + tensor.name + ": " + type(tensor);
    pool.push_back(tensor);
  }
  std::vector<Tensor> given = pool;
  while (operations--)
    operation();
  // results: some of all, arguments and repetitions too; some are new values of arguments
  int wanted = 1 + pick(5);
  std::vector<bool> updated(count, false);
  for (int i = 0; i < wanted; ++i) {
    const Tensor &tensor =
        pick(3) ? pool[pool.size() - 1 - pick(std::min<int>(pool.size(), 6))] : pool[pick(pool.size())];
    std::string attribute;
    for (int j = 0; j < count && attribute.empty(); ++j)
      if (!updated[j] && given[j].shape == tensor.shape && tensor.element == "f32" && pick(2)) {
        attribute = " {nn.updates = " + std::to_string(j) + " : i64}";
        updated[j] = true;
      }
    results += (i ? ", " : "") + tensor.name;
    types += (i ? ", " : "") + type(tensor) + attribute;
  }
  std::string plain = types;
  for (size_t at; (at = plain.find(" {")) != std::string::npos;)
    plain.erase(at, plain.find('}', at) + 1 - at);
  return "func.func @main(" + arguments + ") -> (" + types + ") {\n" +
         "  %zero = arith.constant 0.0 : f32\n  %half = arith.constant 0.5 : f32\n  %one = arith.constant 1.0 : f32\n"
         "  %small = arith.constant 0.015625 : f32\n  %low = arith.constant -1.0e+30 : f32\n  %l0 = arith.constant 0 : "
         "i64\n"
         "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %c3 = arith.constant 3 : index\n" +
         body.str() + "  return " + results + " : " + plain + "\n}\n";
}

//===--- comparison ---===//

// Constants are folded in single precision.
static bool near(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-6 * (1 + std::abs(a));
}

static std::string differenceOf(const View &expected, const View &got) {
  std::string difference;
  forEachIndex(expected.shape, [&](ArrayRef<int64_t> index) {
    if (difference.empty() && !near(expected.at(index), got.at(index)))
      difference = "expected " + std::to_string(expected.at(index)) + ", got " + std::to_string(got.at(index));
  });
  return difference;
}

// The first difference between the function as written and as planned, or empty.
static std::string check(const std::string &text, unsigned seed) {
  OwningOpRef<ModuleOp> before = parseSourceString<ModuleOp>(text, ParserConfig(&context()));
  if (!before)
    return "the graph does not parse";
  OwningOpRef<ModuleOp> after = before->clone();
  SmallVector<linalg::LinalgOp> named;
  before->walk([&](linalg::LinalgOp op) {
    if (!isa<linalg::GenericOp, linalg::FillOp>(op.getOperation()))
      named.push_back(op);
  });
  IRRewriter rewriter(&context());
  for (linalg::LinalgOp op : named) {
    rewriter.setInsertionPoint(op);
    (void)linalg::generalizeNamedOp(rewriter, op);
  }
  if (failed(codegen::formKernels(*after)))
    return "formation failed";
  auto function = before->lookupSymbol<func::FuncOp>("main"), formed = after->lookupSymbol<func::FuncOp>("main");
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> real(-1, 1);
  std::vector<View> arguments, buffers;
  for (Type type : function.getArgumentTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    View view = View::make(tensor.getShape(), tensor.getElementType(), 0);
    forEachIndex(view.shape, [&](ArrayRef<int64_t> index) { view.set(index, real(random)); });
    arguments.push_back(view);
    buffers.push_back(view.copy());
  }
  std::vector<View> expected = interpret(function, arguments), kernels = interpret(formed, arguments);
  for (size_t i = 0; i < expected.size(); ++i)
    if (std::string difference = differenceOf(expected[i], kernels[i]); !difference.empty())
      return "formed, result " + std::to_string(i) + ": " + difference;
  if (failed(codegen::planBuffers(*after)))
    return "planning failed";
  auto schedule = after->lookupSymbol<func::FuncOp>("main");
  for (Type type : schedule.getArgumentTypes().drop_front(arguments.size())) {
    auto memref = cast<MemRefType>(type);
    buffers.push_back(View::make(memref.getShape(), memref.getElementType(), std::nan("")));
  }
  interpretSchedule(schedule, buffers);
  auto places = schedule->getAttrOfType<DenseI64ArrayAttr>(codegen::ScheduleDialect::resultsAttr).asArrayRef();
  std::string difference;
  for (size_t i = 0; i < expected.size() && difference.empty(); ++i)
    if (difference = differenceOf(expected[i], buffers[places[i]]); !difference.empty())
      difference = "planned, result " + std::to_string(i) + ": " + difference;
  // arguments that are not updated keep their values
  for (size_t i = 0; i < arguments.size() && difference.empty(); ++i)
    if (!llvm::is_contained(places, int64_t(i)) && !differenceOf(arguments[i], buffers[i]).empty())
      difference = "argument " + std::to_string(i) + " was overwritten";
  if (!difference.empty() && std::getenv("NNC_TEST_VERBOSE")) {
    std::string planned;
    llvm::raw_string_ostream stream(planned);
    after->print(stream, OpPrintingFlags().useLocalScope());
    difference += "\n" + planned;
  }
  return difference;
}

TEST_CASE("formed and planned graphs compute the same", "[form]") {
  const char *only = std::getenv("NNC_FUZZ_SEED"), *many = std::getenv("NNC_FUZZ_COUNT");
  unsigned first = only ? std::atoi(only) : 1, count = only ? 1 : many ? std::atoi(many) : 60;
  for (unsigned seed = first; seed < first + count; ++seed) {
    std::string text = Graph(seed).write(3 + seed % 25);
    if (std::getenv("NNC_TEST_VERBOSE"))
      llvm::errs() << "seed " << seed << "\n" << (only ? text : "");
    std::string difference = check(text, seed);
    INFO("seed " << seed << "\n" << text);
    CHECK(difference == "");
  }
}
