// Linear layers.
#include "nnc/nn/Linear.h"
#include "nnc/nn/Check.h"
#include "nnc/nn/Print.h"
#include "nnc/nn/init.h"
#include <cmath>
#include <fmt/format.h>

namespace nnc::nn {

Tensor functional::linear(Tensor x, Tensor weight, Tensor bias, Where where) {
  if (x.rank() < 1 || weight.rank() != 2 || x.size(-1) != weight.size(1))
    fail("linear",
         fmt::format("input: expected {} features (weight is {}), got {} in {}",
                     weight.rank() == 2 ? weight.size(1) : 0, toString(weight.shape()),
                     x.rank() ? std::to_string(x.size(-1)) : "none", toString(x.shape())),
         where);
  if (x.dtype() != weight.dtype())
    fail("linear", fmt::format("input: expected {} as weight, got {}", toString(weight.dtype()), toString(x.dtype())),
         where);
  Tensor y = dot(x, weight, {{}, {}, {-1}, {1}}, where);
  return bias ? Operand(y, where) + Operand(bias, where) : y;
}

Tensor functional::bilinear(Tensor x1, Tensor x2, Tensor weight, Tensor bias, Where where) {
  if (weight.rank() != 3)
    fail("bilinear",
         fmt::format("weight: expected 3 dimensions, got {} in {}", weight.rank(), toString(weight.shape())), where);
  for (auto [name, x, features] :
       {std::tuple("input1", x1, weight.size(1)), std::tuple("input2", x2, weight.size(2))}) {
    if (x.rank() < 1 || x.size(-1) != features)
      fail("bilinear",
           fmt::format("{}: expected {} features (weight is {}), got {} in {}", name, features,
                       toString(weight.shape()), x.rank() ? std::to_string(x.size(-1)) : "none", toString(x.shape())),
           where);
    detail::expectType("bilinear", name, x, "weight", weight, where);
  }
  Shape outer1 = x1.shape(), outer2 = x2.shape();
  outer1.pop_back(), outer2.pop_back();
  if (outer1 != outer2)
    fail("bilinear",
         fmt::format("input2: expected the sizes of input1 {} before the features, got {}", toString(x1.shape()),
                     toString(x2.shape())),
         where);
  Tensor left = dot(x1, weight, {{}, {}, {-1}, {1}}, where); // ..., out, in2
  Tensor y = sum(Operand(left, where) * Operand(unsqueeze(x2, -2, where), where), -1, false, where);
  return bias ? Operand(y, where) + Operand(bias, where) : y;
}

Linear::Linear(int64_t in_features, int64_t out_features, LinearOptions options, Where where) : Layer("linear") {
  detail::expectAtLeast("Linear", "in_features", in_features, 0, where);
  detail::expectAtLeast("Linear", "out_features", out_features, 0, where);
  weight = parameter("weight", Array({out_features, in_features}, options.dtype));
  double bound = in_features > 0 ? 1 / std::sqrt(double(in_features)) : 0;
  init::uniform_(weight, -bound, bound);
  if (options.bias) {
    bias = parameter("bias", Array({out_features}, options.dtype));
    init::uniform_(bias, -bound, bound);
  }
  describe(fmt::format("in_features={}, out_features={}, bias={}", in_features, out_features,
                       detail::boolean(options.bias)));
}
Tensor Linear::forward(Tensor x) const { return functional::linear(x, weight, bias ? bias.tensor() : Tensor()); }

Bilinear::Bilinear(int64_t in1_features, int64_t in2_features, int64_t out_features, LinearOptions options, Where where)
    : Layer("bilinear") {
  detail::expectAtLeast("Bilinear", "in1_features", in1_features, 1, where);
  detail::expectAtLeast("Bilinear", "in2_features", in2_features, 0, where);
  detail::expectAtLeast("Bilinear", "out_features", out_features, 0, where);
  double bound = 1 / std::sqrt(double(in1_features));
  weight = parameter("weight", Array({out_features, in1_features, in2_features}, options.dtype));
  init::uniform_(weight, -bound, bound);
  if (options.bias) {
    bias = parameter("bias", Array({out_features}, options.dtype));
    init::uniform_(bias, -bound, bound);
  }
  describe(fmt::format("in1_features={}, in2_features={}, out_features={}, bias={}", in1_features, in2_features,
                       out_features, detail::boolean(options.bias)));
}
Tensor Bilinear::forward(Tensor x1, Tensor x2) const {
  return functional::bilinear(x1, x2, weight, bias ? bias.tensor() : Tensor());
}

Flatten::Flatten(int64_t start_dim, int64_t end_dim) : Layer("flatten"), start_(start_dim), end_(end_dim) {
  describe(fmt::format("start_dim={}, end_dim={}", start_dim, end_dim));
}

Unflatten::Unflatten(int64_t dim, Shape unflattened_size)
    : Layer("unflatten"), dim_(dim), sizes_(std::move(unflattened_size)) {
  describe(fmt::format("dim={}, unflattened_size={}", dim, detail::tuple(sizes_)));
}
Tensor Unflatten::forward(Tensor x) const {
  Shape shape = x.shape(), sizes = sizes_;
  int64_t dim = dim_ < 0 ? dim_ + x.rank() : dim_;
  if (dim < 0 || dim >= x.rank())
    fail("unflatten", fmt::format("dim: expected a dimension in [{}, {}], got {}", -x.rank(), x.rank() - 1, dim_),
         Where::current());
  int64_t known = 1, unknown = 0;
  bool good = true;
  for (int64_t size : sizes) {
    unknown += size == -1;
    good &= size >= -1 && !__builtin_mul_overflow(known, size == -1 ? 1 : size, &known);
  }
  if (!good || unknown > 1)
    fail("unflatten",
         fmt::format("unflattened_size: expected sizes of at least 0 and at most one -1, got {}", toString(sizes_)),
         Where::current());
  for (int64_t &size : sizes)
    if (size == -1 && known > 0)
      size = shape[size_t(dim)] / known;
  if (elementCount(sizes) != shape[size_t(dim)])
    fail("unflatten",
         fmt::format("unflattened_size: expected a product of {} (dimension {} of {}), got {}", shape[size_t(dim)], dim,
                     toString(shape), toString(sizes_)),
         Where::current());
  shape.erase(shape.begin() + dim);
  shape.insert(shape.begin() + dim, sizes.begin(), sizes.end());
  return reshape(x, shape);
}

} // namespace nnc::nn
