// The window family: vocabulary, and max_pool's shape rule, gradient and lowering.
#include "nnc/ir/ops/Window.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Check.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/Linalg.h"
#include "nnc/ir/ops/Contract.h"
#include "nnc/ir/ops/Elementwise.h"
#include "nnc/ir/ops/Index.h"
#include <fmt/format.h>

using namespace mlir;
namespace nnc {

//===--- vocabulary ---===//

// Every vector of full length; what is wrong with a window is said here once, for all functions.
static WindowDims complete(std::string_view op, WindowDims dims, const Shape &input, Where where) {
  size_t spatial = dims.kernel.size();
  if (spatial < 1 || input.size() != spatial + 2)
    fail(op,
         fmt::format("input: expected {} dimensions (batch, channels, spatial), got {} in {}", spatial + 2,
                     input.size(), toString(input)),
         where);
  auto check = [&](std::vector<int64_t> &values, const char *name, int64_t least,
                   const std::vector<int64_t> &byDefault) {
    if (values.empty())
      values = byDefault;
    if (values.size() != spatial)
      fail(op, fmt::format("{}: expected {} values, got {}", name, spatial, values.size()), where);
    for (int64_t value : values)
      if (value < least)
        fail(op, fmt::format("{}: expected at least {}, got {}", name, least, value), where);
  };
  std::vector<int64_t> zero(spatial, 0), one(spatial, 1);
  check(dims.kernel, "kernel_size", 1, one);
  check(dims.stride, "stride", 1, dims.kernel);
  check(dims.paddingLow, "padding", 0, zero);
  check(dims.paddingHigh, "padding", 0, zero);
  check(dims.dilation, "dilation", 1, one);
  for (size_t i = 0; i < spatial; ++i) {
    int64_t covered = dims.dilation[i] * (dims.kernel[i] - 1) + 1,
            padded = input[i + 2] + dims.paddingLow[i] + dims.paddingHigh[i];
    if (covered > padded)
      fail(op,
           fmt::format("kernel_size: {} is larger than the padded input of {} in spatial dimension {}", covered, padded,
                       i),
           where);
  }
  return dims;
}
static int64_t positions(const WindowDims &dims, int64_t size, size_t i) {
  return (size + dims.paddingLow[i] + dims.paddingHigh[i] - dims.dilation[i] * (dims.kernel[i] - 1) - 1) /
             dims.stride[i] +
         1;
}
// The spatial part of a shape behind a batch and a channel dimension.
static std::vector<int64_t> spatialOf(const Shape &shape) { return {shape.begin() + 2, shape.end()}; }

std::pair<Tensor, Tensor> max_pool(Tensor x, WindowDims dims, Where where) {
  expectFloat("max_pool", "input", x, where);
  dims = complete("max_pool", std::move(dims), x.shape(), where);
  ir::MaxPoolOp::Properties properties;
  properties.kernel = ir::dims(dims.kernel), properties.stride = ir::dims(dims.stride);
  properties.padding_low = ir::dims(dims.paddingLow), properties.padding_high = ir::dims(dims.paddingHigh);
  properties.dilation = ir::dims(dims.dilation);
  auto op = ir::create<ir::MaxPoolOp>(where, {x}, properties);
  return {ir::tensor(op.getOutput()), ir::tensor(op.getPositions())};
}

Tensor sum_pool(Tensor x, WindowDims dims, Where where) {
  expectFloat("sum_pool", "input", x, where);
  Shape shape = x.shape();
  dims = complete("sum_pool", std::move(dims), shape, where);
  Shape planes{shape[0] * shape[1], 1}, ones{1, 1};
  planes.insert(planes.end(), shape.begin() + 2, shape.end());
  ones.insert(ones.end(), dims.kernel.begin(), dims.kernel.end());
  Tensor y = conv(reshape(x, planes, where), full(ones, 1, x.dtype(), where),
                  {dims.stride, dims.paddingLow, dims.paddingHigh, dims.dilation, 1}, where);
  Shape result = y.shape();
  result[0] = shape[0], result[1] = shape[1];
  return reshape(y, result, where);
}

// Calls f(offset of a kernel element in each spatial dimension, its number in row-major order).
template <class F> static void eachKernelElement(const std::vector<int64_t> &kernel, F f) {
  int64_t count = elementCount(kernel);
  for (int64_t number = 0; number < count; ++number) {
    std::vector<int64_t> offset(kernel.size());
    int64_t rest = number;
    for (size_t i = kernel.size(); i-- > 0; rest /= kernel[i])
      offset[i] = rest % kernel[i];
    f(offset, number);
  }
}

Tensor unfold(Tensor x, WindowDims dims, Where where) {
  Shape shape = x.shape();
  dims = complete("unfold", std::move(dims), shape, where);
  size_t spatial = dims.kernel.size();
  std::vector<int64_t> low(2, 0), high(2, 0);
  low.insert(low.end(), dims.paddingLow.begin(), dims.paddingLow.end());
  high.insert(high.end(), dims.paddingHigh.begin(), dims.paddingHigh.end());
  Tensor padded = pad(x, low, high, 0, {}, where);
  std::vector<Tensor> parts;
  eachKernelElement(dims.kernel, [&](const std::vector<int64_t> &offset, int64_t) {
    Tensor part = padded;
    for (size_t i = 0; i < spatial; ++i) {
      int64_t start = offset[i] * dims.dilation[i];
      int64_t stop = start + (positions(dims, shape[i + 2], i) - 1) * dims.stride[i] + 1;
      part = slice(part, int64_t(i) + 2, start, stop, dims.stride[i], where);
    }
    parts.push_back(part);
  });
  Tensor all = stack(parts, 2, where); // N C K out...
  int64_t windows = 1;                 // by name: of a batch of nothing no -1 could be told
  for (size_t i = 0; i < spatial; ++i)
    windows *= positions(dims, shape[i + 2], i);
  return reshape(all, {shape[0], shape[1] * int64_t(parts.size()), windows}, where);
}

Tensor fold(Tensor x, std::vector<int64_t> spatialSizes, WindowDims dims, Where where) {
  Shape shape = x.shape();
  int64_t elements = elementCount(dims.kernel);
  if (shape.size() != 3 || elements < 1 || shape[1] % elements != 0)
    fail("fold", fmt::format("input: expected N x (C * {}) x windows, got {}", elements, toString(shape)), where);
  Shape result{shape[0], shape[1] / elements};
  result.insert(result.end(), spatialSizes.begin(), spatialSizes.end());
  dims = complete("fold", std::move(dims), result, where);
  size_t spatial = dims.kernel.size();
  Shape split{shape[0], result[1], elements};
  int64_t windows = 1;
  for (size_t i = 0; i < spatial; ++i) {
    split.push_back(positions(dims, spatialSizes[i], i));
    windows *= split.back();
  }
  if (windows != shape[2])
    fail("fold",
         fmt::format("input: expected {} windows for {}, got {} in {}", windows, toString(result), shape[2],
                     toString(shape)),
         where);
  Tensor all = reshape(x, split, where), sum;
  eachKernelElement(dims.kernel, [&](const std::vector<int64_t> &offset, int64_t number) {
    Tensor part = pick(all, 2, number, where);
    std::vector<int64_t> low(2, 0), high(2, 0), interior(2, 0);
    for (size_t i = 0; i < spatial; ++i) { // a negative side crops what falls into the padding
      int64_t covered = (split[i + 3] - 1) * dims.stride[i] + 1;
      low.push_back(offset[i] * dims.dilation[i] - dims.paddingLow[i]);
      high.push_back(spatialSizes[i] - covered - low.back());
      interior.push_back(dims.stride[i] - 1);
    }
    part = pad(part, low, high, 0, interior, where);
    sum = sum ? Operand(sum, where) + Operand(part, where) : part;
  });
  return sum;
}

namespace ir {

//===--- max_pool ---===//

LogicalResult MaxPoolOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  Check check(location, "max_pool");
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  int64_t spatial = type.getRank() - 2;
  if (spatial < 1)
    return check.fail("input: expected at least 3 dimensions (batch, channels, spatial), got " + Twine(type.getRank()) +
                      " in " + shapeText(type));
  if (failed(check.integers("kernel", adaptor.getKernel(), spatial, 1)) ||
      failed(check.integers("stride", adaptor.getStride(), spatial, 1)) ||
      failed(check.integers("padding", adaptor.getPaddingLow(), spatial, 0)) ||
      failed(check.integers("padding", adaptor.getPaddingHigh(), spatial, 0)) ||
      failed(check.integers("dilation", adaptor.getDilation(), spatial, 1)))
    return failure();
  SmallVector<int64_t> shape(type.getShape().take_front(2));
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t covered = windowSize(adaptor.getKernel()[i], adaptor.getDilation()[i]);
    int64_t padded = type.getDimSize(i + 2) + adaptor.getPaddingLow()[i] + adaptor.getPaddingHigh()[i];
    if (covered > padded)
      return check.fail("kernel: " + Twine(covered) + " is larger than the padded input of " + Twine(padded) +
                        " in spatial dimension " + Twine(i));
    shape.push_back((padded - covered) / adaptor.getStride()[i] + 1);
  }
  types.push_back(type.clone(shape));
  types.push_back(RankedTensorType::get(shape, IntegerType::get(context, 64)));
  return success();
}

// The positions are the op's own, so nothing needs to check them.
SmallVector<Tensor> MaxPoolOp::vjp(ArrayRef<Tensor> cotangents) {
  Tensor x = tensor(getInput()), g = cotangents[0];
  if (!g)
    return {Tensor()};
  Shape shape = x.shape();
  auto planes = [&](Tensor t) { return reshape(t, {shape[0], shape[1], -1}); };
  ScatterAddAlongOp::Properties properties;
  properties.dim = i64(2);
  Tensor zero = full({shape[0], shape[1], elementCount(spatialOf(shape))}, 0, x.dtype());
  auto sum =
      ir::create<ScatterAddAlongOp>(Where::current(), {zero, planes(tensor(getPositions())), planes(g)}, properties);
  return {reshape(tensor(sum.getResult()), shape)};
}

// One reduction over the window with two results. Loops: N, C, out..., kernel...; an empty tensor of the kernel's shape
// gives the reduction its ranges. The rule depends on positions and not on the order of the loops.
SmallVector<Value> MaxPoolOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto type = cast<RankedTensorType>(operands[0].getType());
  int64_t spatial = type.getRank() - 2, loops = 2 + 2 * spatial;
  auto element = cast<FloatType>(type.getElementType());
  double lowest = -std::numeric_limits<double>::infinity();
  SmallVector<int64_t> low{0, 0}, high{0, 0}, none(type.getRank(), 0);
  low.append(getPaddingLow().begin(), getPaddingLow().end()),
      high.append(getPaddingHigh().begin(), getPaddingHigh().end());
  Value padded = lin::pad(builder, operands[0], low, high, none, lowest);
  Value window = lin::empty(builder, RankedTensorType::get(getKernel(), element));
  auto values = getOutput().getType();
  auto indices = RankedTensorType::get(values.getShape(), builder.getI64Type());
  Value start = lin::filled(builder, values, lowest);
  Value nowhere =
      lin::filled(builder, indices, arith::ConstantOp::create(builder, builder.getI64IntegerAttr(INT64_MAX)));
  SmallVector<AffineExpr> in, kernel, out;
  for (int64_t dim = 0; dim < 2; ++dim)
    in.push_back(builder.getAffineDimExpr(dim)), out.push_back(builder.getAffineDimExpr(dim));
  for (int64_t i = 0; i < spatial; ++i) {
    AffineExpr t = builder.getAffineDimExpr(2 + i), k = builder.getAffineDimExpr(2 + spatial + i);
    in.push_back(t * getStride()[i] + k * getDilation()[i]);
    out.push_back(t), kernel.push_back(k);
  }
  auto mapOf = [&](ArrayRef<AffineExpr> exprs) { return AffineMap::get(loops, 0, exprs, builder.getContext()); };
  SmallVector<AffineMap> maps{mapOf(in), mapOf(kernel), mapOf(out), mapOf(out)};
  SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::parallel);
  for (int64_t i = 0; i < spatial; ++i)
    iterators[2 + spatial + i] = utils::IteratorType::reduction;
  if (getPositions().use_empty()) { // in inference: nothing but what the values need
    maps.pop_back();
    auto largest =
        linalg::GenericOp::create(builder, TypeRange{values}, ValueRange{padded, window}, ValueRange{start}, maps,
                                  iterators, [&](OpBuilder &inner, Location location, ValueRange arguments) {
                                    ImplicitLocOpBuilder at(location, inner);
                                    Scalar x(at, arguments[0]), best(at, arguments[2]);
                                    Scalar take = compare("gt", x, best) | compare("ne", x, x);
                                    linalg::YieldOp::create(at, select(take, x, best).value());
                                  });
    return {largest.getResult(0), Value()};
  }
  auto pooled = linalg::GenericOp::create(
      builder, TypeRange{values, indices}, ValueRange{padded, window}, ValueRange{start, nowhere}, maps, iterators,
      [&](OpBuilder &inner, Location location, ValueRange arguments) {
        ImplicitLocOpBuilder at(location, inner);
        Type i64 = at.getI64Type();
        auto loop = [&](int64_t dim) {
          return Scalar(at, arith::IndexCastOp::create(at, i64, linalg::IndexOp::create(at, dim)));
        };
        Scalar x(at, arguments[0]), best(at, arguments[2]), bestAt(at, arguments[3]);
        Scalar here = bestAt.of(0), inside(at, arith::ConstantOp::create(at, at.getBoolAttr(true)));
        for (int64_t i = 0; i < spatial; ++i) {
          Scalar place = loop(2 + i) * double(getStride()[i]) + loop(2 + spatial + i) * double(getDilation()[i]) -
                         double(getPaddingLow()[i]);
          if (getPaddingLow()[i])
            inside = inside & compare("ge", place, place.of(0));
          if (getPaddingHigh()[i])
            inside = inside & compare("lt", place, place.of(double(type.getDimSize(2 + i))));
          here = here * double(type.getDimSize(2 + i)) + place;
        }
        Scalar xNan = compare("ne", x, x), bestNan = compare("ne", best, best), first = compare("lt", here, bestAt);
        Scalar bothNan = xNan & bestNan;
        Scalar take =
            compare("gt", x, best) | (xNan & !bestNan) | (compare("eq", x, best) & first) | (bothNan & !first);
        take = take & inside;
        linalg::YieldOp::create(at, ValueRange{select(take, x, best).value(), select(take, here, bestAt).value()});
      });
  return {pooled.getResult(0), pooled.getResult(1)};
}

} // namespace ir
} // namespace nnc
