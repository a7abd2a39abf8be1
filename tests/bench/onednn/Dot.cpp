// Products: the BLAS call, matmul on the given layouts and on the primitive's own, inner_product.
#include "Way.h"

namespace bench {

Ways dotWays(const Spec &spec) {
  int64_t m = spec.number("m"), n = spec.number("n"), k = spec.number("k"), batch = spec.number("batch", 0);
  bool ta = spec.number("ta", 0), tb = spec.number("tb", 0);
  auto shaped = [&](int64_t rows, int64_t columns) {
    return batch ? memory::dims{batch, rows, columns} : memory::dims{rows, columns};
  };
  // the operand as it is stored, and the same bytes as the product sees them
  auto seen = [&](int64_t rows, int64_t columns, bool transposed) {
    memory::dims strides = transposed ? memory::dims{1, rows} : memory::dims{columns, 1};
    if (batch)
      strides.insert(strides.begin(), rows * columns);
    return memory::desc(shaped(rows, columns), memory::data_type::f32, strides);
  };
  memory a = operand("a", ta ? shaped(k, m) : shaped(m, k)), b = operand("b", tb ? shaped(n, k) : shaped(k, n));
  memory x(seen(m, k, ta), engine(), a.get_data_handle()), y(seen(k, n, tb), engine(), b.get_data_handle());
  Ways ways(result(shaped(m, n)));
  memory c = ways.result;

  ways.add("sgemm", [&](Way &way) {
    auto at = [](const memory &of) { return static_cast<float *>(of.get_data_handle()); };
    way.implementation = "sgemm";
    way.step([=] {
      for (int64_t i = 0; i < std::max<int64_t>(batch, 1); ++i)
        dnnl::sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1, at(a) + i * m * k, ta ? m : k, at(b) + i * k * n,
                    tb ? k : n, 0, at(c) + i * m * n, n);
    });
  });
  auto matmul = [&](const std::string &name, memory::desc src, memory::desc weights, memory::desc dst) {
    ways.add(name, [&](Way &way) {
      dnnl::matmul::primitive_desc made({src, weights, dst}, engine());
      way.implementation = made.impl_info_str();
      memory left = way.in(x, made.src_desc()), right = way.in(y, made.weights_desc());
      way.step(dnnl::matmul(made), {{DNNL_ARG_SRC, left}, {DNNL_ARG_WEIGHTS, right}}, DNNL_ARG_DST, c, made.dst_desc());
    });
  };
  matmul("plain", x.get_desc(), y.get_desc(), c.get_desc());
  matmul("any-weights", x.get_desc(), any(shaped(k, n)), c.get_desc());
  matmul("any", any(shaped(m, k)), any(shaped(k, n)), any(shaped(m, n)));
  if (!batch)
    ways.add("inner-product", [&](Way &way) {
      memory transposed(seen(n, k, !tb), engine(), b.get_data_handle()); // its weights are (outputs, inputs)
      dnnl::inner_product_forward::primitive_desc made(
          {dnnl::prop_kind::forward_inference, any({m, k}), any({n, k}), any({m, n})}, engine());
      way.implementation = made.impl_info_str();
      memory left = way.in(x, made.src_desc()), right = way.in(transposed, made.weights_desc());
      way.step(dnnl::inner_product_forward(made), {{DNNL_ARG_SRC, left}, {DNNL_ARG_WEIGHTS, right}}, DNNL_ARG_DST, c,
               made.dst_desc());
    });
  return ways;
}

} // namespace bench
