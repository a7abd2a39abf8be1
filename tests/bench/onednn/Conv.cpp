// Convolutions and their gradients: layouts of the primitive's choice, channels last, and as given.
#include "Way.h"

namespace bench {

namespace {

memory::desc channelsLast(const memory::dims &shape) {
  memory::dims strides(shape.size());
  int64_t stride = shape[1];
  strides[1] = 1;
  for (size_t i = shape.size(); i-- > 2; stride *= shape[i])
    strides[i] = stride;
  strides[0] = stride;
  return {shape, memory::data_type::f32, strides};
}

struct Conv {
  ConvSizes sizes;
  memory::dims w, dilation; // weights with the groups in front
  memory first, second;     // the operands: x and w, g and w, or x and g
  dnnl::algorithm algorithm = dnnl::algorithm::convolution_direct;

  explicit Conv(const Spec &spec) : sizes(spec), w(sizes.w), dilation(sizes.size.size(), 0) {
    if (sizes.groups > 1) {
      w[0] /= sizes.groups;
      w.insert(w.begin(), sizes.groups);
    }
    first = sizes.pass == "input" ? operand("g", sizes.y) : operand("x", sizes.x);
    second = sizes.pass == "weight" ? operand("g", sizes.y) : operand("w", w);
  }
  dnnl::convolution_forward::primitive_desc forward(dnnl::prop_kind kind, const memory::desc &x,
                                                    const memory::desc &y) const {
    return {{kind, algorithm, x, any(w), y, sizes.stride, dilation, sizes.padding, sizes.padding}, engine()};
  }
  void build(Way &way, memory c, const memory::desc &x, const memory::desc &y) const {
    if (sizes.pass == "forward") {
      auto made = forward(dnnl::prop_kind::forward_inference, x, y);
      way.implementation = made.impl_info_str();
      memory source = way.in(first, made.src_desc());
      memory weights = way.in(second, made.weights_desc(), true); // constant in inference
      way.step(dnnl::convolution_forward(made), {{DNNL_ARG_SRC, source}, {DNNL_ARG_WEIGHTS, weights}}, DNNL_ARG_DST, c,
               made.dst_desc());
      return;
    }
    auto hint = forward(dnnl::prop_kind::forward_training, x, y);
    if (sizes.pass == "input") {
      dnnl::convolution_backward_data::primitive_desc made(
          {algorithm, x, any(w), y, sizes.stride, dilation, sizes.padding, sizes.padding}, engine(), hint);
      way.implementation = made.impl_info_str();
      memory gradient = way.in(first, made.diff_dst_desc()), weights = way.in(second, made.weights_desc());
      way.step(dnnl::convolution_backward_data(made), {{DNNL_ARG_DIFF_DST, gradient}, {DNNL_ARG_WEIGHTS, weights}},
               DNNL_ARG_DIFF_SRC, c, made.diff_src_desc());
      return;
    }
    dnnl::convolution_backward_weights::primitive_desc made(
        {algorithm, x, any(w), y, sizes.stride, dilation, sizes.padding, sizes.padding}, engine(), hint);
    way.implementation = made.impl_info_str();
    memory source = way.in(first, made.src_desc()), gradient = way.in(second, made.diff_dst_desc());
    memory grouped(plain(w), engine(), c.get_data_handle());
    way.step(dnnl::convolution_backward_weights(made), {{DNNL_ARG_SRC, source}, {DNNL_ARG_DIFF_DST, gradient}},
             DNNL_ARG_DIFF_WEIGHTS, grouped, made.diff_weights_desc());
  }
};

} // namespace

Ways convWays(const Spec &spec, bool winograd) {
  Conv conv(spec);
  const ConvSizes &sizes = conv.sizes;
  Ways ways(result(sizes.pass == "forward" ? sizes.y : sizes.pass == "input" ? sizes.x : sizes.w));
  auto add = [&](const std::string &name, auto layout) {
    ways.add(name, [&](Way &way) { conv.build(way, ways.result, layout(sizes.x), layout(sizes.y)); });
  };
  if (winograd) {
    conv.algorithm = dnnl::algorithm::convolution_winograd;
    add("winograd", any);
    return ways;
  }
  add("any", any);
  add("channels-last", channelsLast);
  add("plain", plain);
  return ways;
}

} // namespace bench
