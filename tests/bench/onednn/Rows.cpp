// Row-wise and memory-bound operations.
#include "Way.h"

namespace bench {

using dnnl::prop_kind;

static Ways transposeWays(const memory::dims &shape, const std::vector<int64_t> &order, memory x) {
  memory::dims turned;
  for (int64_t axis : order)
    turned.push_back(shape[size_t(axis)]);
  Ways ways(result(turned));
  ways.add("reorder", [&](Way &way) { // to the result seen with the operand's dimensions
    memory::dims strides(shape.size());
    int64_t stride = 1;
    for (size_t i = order.size(); i-- > 0; stride *= turned[i])
      strides[size_t(order[i])] = stride;
    memory seen({shape, memory::data_type::f32, strides}, engine(), ways.result.get_data_handle());
    dnnl::reorder::primitive_desc made(x, seen);
    way.implementation = made.impl_info_str();
    way.step(dnnl::reorder(made), {{DNNL_ARG_FROM, x}, {DNNL_ARG_TO, seen}});
  });
  return ways;
}

// Of one operand.
template <class Primitive> static Ways unaryWays(memory x, const typename Primitive::desc &of) {
  Ways ways(result(x.get_desc().dims()));
  ways.add("plain", [&](Way &way) {
    typename Primitive::primitive_desc made(of, engine());
    way.implementation = made.impl_info_str();
    way.step(Primitive(made), {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, ways.result}});
  });
  return ways;
}

// With scale and shift: of rows, or of channels of the batch, whose means and variances are results too.
static Ways normWays(bool ofRows, const memory::dims &shape, memory x) {
  auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  memory::dims width{ofRows ? shape.back() : shape.at(1)};
  memory scale = operand("w", width), shift = operand("b", width);
  Ways ways(result(shape));
  auto add = [&](const std::string &name, const memory::desc &inside) {
    ways.add(name, [&](Way &way) {
      std::unordered_map<int, memory> arguments{{DNNL_ARG_SCALE, scale}, {DNNL_ARG_SHIFT, shift}};
      auto finish = [&](auto primitive, const auto &made) {
        way.implementation = made.impl_info_str();
        arguments[DNNL_ARG_SRC] = way.in(x, inside);
        way.step(primitive, arguments, DNNL_ARG_DST, ways.result, inside);
      };
      if (ofRows) {
        dnnl::layer_normalization_forward::primitive_desc made({prop_kind::forward_inference, inside, 1e-5f, flags},
                                                               engine());
        return finish(dnnl::layer_normalization_forward(made), made);
      }
      dnnl::batch_normalization_forward::primitive_desc made({prop_kind::forward_training, inside, 1e-5f, flags},
                                                             engine());
      arguments[DNNL_ARG_MEAN] = memory(made.mean_desc(), engine());
      arguments[DNNL_ARG_VARIANCE] = memory(made.variance_desc(), engine());
      finish(dnnl::batch_normalization_forward(made), made);
    });
  };
  add("plain", x.get_desc());
  if (!ofRows && shape.size() == 4) {
    add("channels-last", {shape, memory::data_type::f32, memory::format_tag::nhwc});
    add("blocked", {shape, memory::data_type::f32, memory::format_tag::nChw16c});
  }
  return ways;
}

Ways rowWays(const Spec &spec) {
  const std::string &kind = spec.kind();
  if (kind != "transpose" && kind != "softmax" && kind != "gelu" && kind != "layer_norm" && kind != "batch_norm")
    throw Unsupported("no oneDNN version of " + kind);
  memory::dims shape = spec.list("shape");
  memory x = operand("x", shape, 3);
  memory::desc as = x.get_desc();
  if (kind == "transpose")
    return transposeWays(shape, spec.list("order"), x);
  if (kind == "softmax")
    return unaryWays<dnnl::softmax_forward>(x, {prop_kind::forward_inference, as, int(shape.size()) - 1});
  if (kind == "gelu")
    return unaryWays<dnnl::eltwise_forward>(x, {prop_kind::forward_inference, dnnl::algorithm::eltwise_gelu_erf, as});
  return normWays(kind == "layer_norm", shape, x);
}

} // namespace bench
