// Single operations, as functions of their operands.
#include "Workload.h"
#include <fmt/format.h>

using namespace nnc;
namespace bench {

static Workload dotOf(const Spec &spec) {
  int64_t m = spec.number("m"), n = spec.number("n"), k = spec.number("k"), batch = spec.number("batch", 0);
  bool ta = spec.number("ta", 0), tb = spec.number("tb", 0);
  auto shape = [&](int64_t rows, int64_t columns, bool transposed) {
    Shape shape = transposed ? Shape{columns, rows} : Shape{rows, columns};
    if (batch)
      shape.insert(shape.begin(), batch);
    return shape;
  };
  Shape a = shape(m, k, ta), b = shape(k, n, tb);
  auto function = [=](Tensor x, Tensor y) {
    return matmul(ta ? transpose(x, -1, -2) : x, tb ? transpose(y, -1, -2) : y);
  };
  return ofFunction(build(function, {f32(a), f32(b)}), {uniform("a", a), uniform("b", b)});
}

static Workload convOf(const Spec &spec) {
  ConvSizes sizes(spec);
  const Shape &x = sizes.x, &w = sizes.w, &y = sizes.y;
  ConvDims dims{sizes.stride, sizes.padding, sizes.padding, std::vector<int64_t>(sizes.size.size(), 1), sizes.groups};
  if (sizes.pass == "forward") { // the weights are a model's, in inference
    auto weights = std::make_shared<Variable>(Variable{uniform("w", w), Kind::parameter, "w"});
    return ofFunction(
        build([=](Tensor a) { return conv(a, Graph::current().use(weights), dims); }, {f32(x)}, {}, {.freeze = true}),
        {uniform("x", x)});
  }
  if (sizes.pass == "input")
    return ofFunction(
        build([=](Tensor g, Tensor b) { return conv_input_grad(g, b, sizes.size, dims); }, {f32(y), f32(w)}),
        {uniform("g", y), uniform("w", w)});
  return ofFunction(
      build([=](Tensor a, Tensor g) { return conv_weight_grad(a, g, sizes.kernel, dims); }, {f32(x), f32(y)}),
      {uniform("x", x), uniform("g", y)});
}

// A function of one tensor.
template <class F> static Workload unary(const Spec &spec, F function) {
  Shape shape = spec.list("shape");
  return ofFunction(build(function, {f32(shape)}), {uniform("x", shape, 3)});
}

Workload openKernel(const Spec &spec) {
  const std::string &kind = spec.kind();
  if (kind == "dot")
    return dotOf(spec);
  if (kind == "conv")
    return convOf(spec);
  if (kind == "softmax")
    return unary(spec, [](Tensor x) { return softmax(x, -1); });
  if (kind == "layer_norm") {
    int64_t width = spec.list("shape").back();
    Shape shape = spec.list("shape");
    return ofFunction(build([=](Tensor x, Tensor w, Tensor b) { return nn::functional::layer_norm(x, {width}, w, b); },
                            {f32(shape), f32({width}), f32({width})}),
                      {uniform("x", shape, 3), uniform("w", {width}), uniform("b", {width})});
  }
  if (kind == "batch_norm") {
    Shape shape = spec.list("shape");
    int64_t channels = shape[1];
    return ofFunction(build([=](Tensor x, Tensor w, Tensor b) { return nn::functional::batch_norm(x, w, b); },
                            {f32(shape), f32({channels}), f32({channels})}),
                      {uniform("x", shape, 3), uniform("w", {channels}), uniform("b", {channels})});
  }
  if (kind == "gelu")
    return unary(spec, [](Tensor x) { return nn::functional::gelu(x); });
  if (kind == "dropout") // random: outputs are not compared
    return unary(spec, [](Tensor x) { return nn::functional::dropout(x, 0.1); });
  if (kind == "cross_entropy") { // loss and gradient
    Shape shape = spec.list("shape");
    return ofFunction(build(
                          [](Tensor x, Tensor t) {
                            Tensor loss = nn::functional::cross_entropy(x, t);
                            return std::vector<Tensor>{loss, grad(loss, {x})[0]};
                          },
                          {f32(shape), i64({shape[0]})}),
                      {uniform("x", shape, 3), integers("t", {shape[0]}, shape[1])});
  }
  if (kind == "embedding") {
    int64_t rows = spec.number("rows"), width = spec.number("width"), count = spec.number("count");
    return ofFunction(build([](Tensor w, Tensor i) { return take(w, i, 0); }, {f32({rows, width}), i64({count})}),
                      {uniform("w", {rows, width}), integers("i", {count}, rows)});
  }
  if (kind == "embedding_grad") {
    int64_t rows = spec.number("rows"), width = spec.number("width"), count = spec.number("count");
    return ofFunction(
        build([=](Tensor g, Tensor i) { return scatter_add(full({rows, width}, 0, DType::f32), i, g, 0); },
              {f32({count, width}), i64({count})}),
        {uniform("g", {count, width}), integers("i", {count}, rows)});
  }
  if (kind == "transpose") {
    std::vector<int64_t> order = spec.list("order");
    return unary(spec, [=](Tensor x) { return permute(x, order); });
  }
  if (kind == "sum") {
    std::vector<int64_t> axes = spec.list("dims");
    return unary(spec, [=](Tensor x) { return sum(x, axes); });
  }
  if (kind == "adam") { // one step of one parameter, in place
    int64_t count = spec.number("count");
    auto parameter = std::make_shared<Variable>(Variable{uniform("p", {count}), Kind::parameter, "p"});
    optim::Adam adam({.lr = 1e-3});
    adam.prepare({{"p", parameter}});
    TraceOptions options;
    options.names = adam.names();
    auto function = build(
        [=](Tensor g) {
          adam.apply({parameter}, {g});
          return std::vector<Tensor>{};
        },
        {f32({count})}, options);
    Workload workload = ofFunction(function, {uniform("g", {count})});
    workload.run = [run = workload.run, parameter] {
      run();
      return std::vector<Array>{parameter->value};
    };
    return workload;
  }
  throw Error("unknown kind of workload: " + kind);
}

} // namespace bench
