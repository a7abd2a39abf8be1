// The shape family: vocabulary, then each op's shape rule, gradient and lowering.
#include "nnc/ir/ops/Shape.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Check.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/Linalg.h"
#include "nnc/ir/ops/Elementwise.h"
#include <cstring>
#include <fmt/format.h>

using namespace mlir;
namespace nnc {

//===--- vocabulary: other shape, same elements ---===//

static Tensor typed(std::string_view op, Tensor x, const Shape &shape, Where where) {
  Type type = ir::tensorType(x.dtype(), shape, ir::Builder::current().context());
  return ir::tensor(ir::createTyped<ir::ReshapeOp>(where, type, {x}).getResult());
}

Tensor reshape(Tensor x, Shape shape, Where where) {
  int64_t known = 1, free = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1 && free < 0)
      free = int64_t(i);
    else if (shape[i] < 0)
      fail("reshape", fmt::format("shape: expected sizes of at least 0 and at most one -1, got {}", toString(shape)),
           where);
    else
      known *= shape[i];
  }
  Shape wanted = shape;
  if (free >= 0)
    shape[free] = known ? x.numel() / known : 0;
  if (elementCount(shape) != x.numel() || (free >= 0 && known == 0))
    fail("reshape",
         fmt::format("shape: {} does not hold the {} elements of {}", toString(wanted), x.numel(), toString(x.shape())),
         where);
  return shape == x.shape() ? x : typed("reshape", x, shape, where);
}

Tensor flatten(Tensor x, int64_t start, int64_t end, Where where) {
  Shape shape = x.shape();
  if (shape.empty())
    return reshape(x, {1}, where);
  start = ir::wrapDim("flatten", start, x.rank(), where), end = ir::wrapDim("flatten", end, x.rank(), where);
  if (start > end)
    fail("flatten", fmt::format("start_dim: expected at most end_dim {}, got {}", end, start), where);
  int64_t joined = 1;
  for (int64_t dim = start; dim <= end; ++dim)
    joined *= shape[dim];
  shape.erase(shape.begin() + start, shape.begin() + end + 1);
  shape.insert(shape.begin() + start, joined);
  return reshape(x, shape, where);
}
Tensor unsqueeze(Tensor x, int64_t dim, Where where) {
  Shape shape = x.shape();
  shape.insert(shape.begin() + ir::wrapDim("unsqueeze", dim, x.rank() + 1, where), 1);
  return reshape(x, shape, where);
}
Tensor squeeze(Tensor x, Dims dims, Where where) {
  auto dropped = ir::wrapDims("squeeze", dims.values, x.rank(), where);
  Shape shape;
  for (int64_t dim = 0; dim < x.rank(); ++dim) {
    bool drop = dims.values.empty() ? x.size(dim) == 1 : llvm::is_contained(dropped, dim);
    if (drop && x.size(dim) != 1)
      fail("squeeze", fmt::format("dim: expected size 1 in dimension {}, got {}", dim, toString(x.shape())), where);
    if (!drop)
      shape.push_back(x.size(dim));
  }
  return reshape(x, shape, where);
}

//===--- vocabulary: other order, repetition ---===//

Tensor permute(Tensor x, std::vector<int64_t> order, Where where) {
  if (int64_t(order.size()) != x.rank())
    fail("permute", fmt::format("order: expected {} dimensions, got {}", x.rank(), order.size()), where);
  ir::TransposeOp::Properties properties;
  auto wrapped = ir::wrapDims("permute", order, x.rank(), where);
  if (llvm::is_sorted(wrapped))
    return x;
  properties.permutation = ir::dims(wrapped);
  return ir::tensor(ir::create<ir::TransposeOp>(where, {x}, properties).getResult());
}
Tensor transpose(Tensor x, int64_t dim0, int64_t dim1, Where where) {
  std::vector<int64_t> order(x.rank());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = int64_t(i);
  std::swap(order[ir::wrapDim("transpose", dim0, x.rank(), where)],
            order[ir::wrapDim("transpose", dim1, x.rank(), where)]);
  return permute(x, order, where);
}
Tensor broadcast(Tensor x, Shape shape, std::vector<int64_t> dims, Where where) {
  if (shape == x.shape())
    return x;
  ir::BroadcastOp::Properties properties;
  properties.dims = ir::dims(dims);
  Type type = ir::tensorType(x.dtype(), shape, ir::Builder::current().context());
  return ir::tensor(ir::createTyped<ir::BroadcastOp>(where, type, {x}, properties).getResult());
}
Tensor broadcast_to(Tensor x, Shape shape, Where where) {
  Shape from = x.shape();
  if (from == shape)
    return x;
  Shape kept;
  std::vector<int64_t> dims;
  int64_t shift = int64_t(shape.size()) - int64_t(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    if (shift < 0 || (from[i] != 1 && from[i] != shape[i + shift]))
      fail("broadcast", fmt::format("shape: {} does not broadcast to {}", toString(from), toString(shape)), where);
    if (from[i] == 1 && shape[i + shift] != 1)
      continue;
    kept.push_back(from[i]);
    dims.push_back(int64_t(i) + shift);
  }
  return broadcast(reshape(x, kept, where), shape, dims, where);
}
Tensor broadcast_like(Tensor x, Tensor like, Where where) { return broadcast_to(x, like.shape(), where); }
Tensor flip(Tensor x, Dims dims, Where where) {
  ir::ReverseOp::Properties properties;
  auto wrapped = ir::wrapDims("flip", dims.values, x.rank(), where);
  llvm::sort(wrapped);
  properties.dims = ir::dims(wrapped);
  return ir::tensor(ir::create<ir::ReverseOp>(where, {x}, properties).getResult());
}

//===--- vocabulary: parts and joins ---===//

static Tensor sliceAll(Tensor x, ArrayRef<int64_t> start, ArrayRef<int64_t> stop, ArrayRef<int64_t> stride,
                       Where where) {
  ir::SliceOp::Properties properties;
  properties.start = ir::dims(start), properties.stop = ir::dims(stop), properties.stride = ir::dims(stride);
  return ir::tensor(ir::create<ir::SliceOp>(where, {x}, properties).getResult());
}
Tensor slice(Tensor x, int64_t dim, int64_t start, int64_t stop, int64_t step, Where where) {
  dim = ir::wrapDim("slice", dim, x.rank(), where);
  if (step < 1)
    fail("slice", fmt::format("step: expected at least 1, got {}", step), where);
  int64_t size = x.size(dim);
  step = std::min(step, std::max<int64_t>(size, 1));
  auto bound = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size); };
  start = bound(start), stop = std::max(bound(stop), start);
  if (start == 0 && stop == size && step == 1)
    return x;
  Shape shape = x.shape();
  SmallVector<int64_t> from(shape.size(), 0), to(shape.begin(), shape.end()), stride(shape.size(), 1);
  from[dim] = start, to[dim] = stop, stride[dim] = step;
  return sliceAll(x, from, to, stride, where);
}
Tensor pick(Tensor x, int64_t dim, int64_t index, Where where) {
  dim = ir::wrapDim("pick", dim, x.rank(), where);
  int64_t size = x.size(dim), at = index < 0 ? index + size : index;
  if (at < 0 || at >= size)
    fail("pick", fmt::format("index: expected an index in [{}, {}], got {}", -size, size - 1, index), where);
  Shape shape = x.shape();
  shape.erase(shape.begin() + dim);
  return reshape(slice(x, dim, at, at + 1, 1, where), shape, where);
}
Tensor pad(Tensor x, std::vector<int64_t> low, std::vector<int64_t> high, double value, std::vector<int64_t> interior,
           Where where) {
  Shape shape = x.shape();
  if (interior.empty())
    interior.assign(shape.size(), 0);
  if (low.size() != shape.size() || high.size() != shape.size() || interior.size() != shape.size())
    fail("pad", fmt::format("expected {} sizes a side, got {} and {}", shape.size(), low.size(), high.size()), where);
  // Negative sides crop first (with the elements put between neighbours counted).
  SmallVector<int64_t> from(shape.size(), 0), to(shape.begin(), shape.end()), ones(shape.size(), 1);
  bool crop = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t padded = shape[i] + (shape[i] ? (shape[i] - 1) * interior[i] : 0);
    if (padded + low[i] + high[i] < 0)
      fail("pad",
           fmt::format("padding {}, {} crops more than the size {} of dimension {}", low[i], high[i], shape[i], i),
           where);
    crop |= low[i] < 0 || high[i] < 0;
  }
  Tensor y = x;
  ir::PadOp::Properties properties;
  SmallVector<int64_t> up, down;
  bool any = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    up.push_back(std::max<int64_t>(low[i], 0)), down.push_back(std::max<int64_t>(high[i], 0));
    any |= up.back() || down.back() || interior[i];
  }
  if (any) {
    properties.low = ir::dims(up), properties.high = ir::dims(down), properties.interior = ir::dims(interior);
    properties.value = ir::Builder::current().op().getF64FloatAttr(value);
    y = ir::tensor(ir::create<ir::PadOp>(where, {x}, properties).getResult());
  }
  if (crop) {
    Shape whole = y.shape();
    for (size_t i = 0; i < whole.size(); ++i)
      from[i] = std::max<int64_t>(-low[i], 0), to[i] = whole[i] - std::max<int64_t>(-high[i], 0);
    y = sliceAll(y, from, to, ones, where);
  }
  return y;
}
Tensor cat(std::vector<Tensor> tensors, int64_t dim, Where where) {
  if (tensors.empty())
    fail("cat", "tensors: expected at least one, got none", where);
  ir::ConcatOp::Properties properties;
  properties.dim = ir::i64(ir::wrapDim("cat", dim, tensors[0].rank(), where));
  return tensors.size() == 1 ? tensors[0]
                             : ir::tensor(ir::create<ir::ConcatOp>(where, tensors, properties).getResult());
}
Tensor stack(std::vector<Tensor> tensors, int64_t dim, Where where) {
  for (Tensor &tensor : tensors)
    tensor = unsqueeze(tensor, dim, where);
  return cat(tensors, dim, where);
}
std::vector<Tensor> split(Tensor x, std::vector<int64_t> sizes, int64_t dim, Where where) {
  dim = ir::wrapDim("split", dim, x.rank(), where);
  int64_t total = 0;
  std::vector<Tensor> parts;
  for (int64_t size : sizes) {
    parts.push_back(slice(x, dim, total, total + size, 1, where));
    total += size;
  }
  if (total != x.size(dim))
    fail("split", fmt::format("sizes: expected a sum of {}, got {}", x.size(dim), total), where);
  return parts;
}
std::vector<Tensor> split(Tensor x, int64_t size, int64_t dim, Where where) {
  dim = ir::wrapDim("split", dim, x.rank(), where);
  if (size < 1)
    fail("split", fmt::format("size: expected at least 1, got {}", size), where);
  std::vector<int64_t> sizes;
  for (int64_t at = 0; at < x.size(dim); at += size)
    sizes.push_back(std::min(size, x.size(dim) - at));
  return split(x, sizes, dim, where);
}
std::vector<Tensor> chunk(Tensor x, int64_t count, int64_t dim, Where where) {
  if (count < 1)
    fail("chunk", fmt::format("count: expected at least 1, got {}", count), where);
  return split(x, std::max<int64_t>(1, (x.size(dim) + count - 1) / count), dim, where);
}

//===--- vocabulary: from nothing ---===//

static Tensor constantOf(DenseElementsAttr value, Where where) {
  ir::ConstantOp::Properties properties;
  properties.value = value;
  return ir::tensor(ir::createTyped<ir::ConstantOp>(where, value.getType(), {}, properties).getResult());
}
static Attribute elementAttr(Type element, double value) {
  if (auto type = dyn_cast<FloatType>(element))
    return FloatAttr::get(type, value);
  return IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(), uint64_t(int64_t(value)), false, true));
}
Tensor full(Shape shape, double value, DType type, Where where) {
  for (int64_t size : shape)
    if (size < 0)
      fail("full", fmt::format("shape: expected sizes of at least 0, got {}", toString(shape)), where);
  auto tensorType = ir::tensorType(type, shape, ir::Builder::current().context());
  return constantOf(DenseElementsAttr::get(tensorType, elementAttr(tensorType.getElementType(), value)), where);
}
Tensor zeros(Shape shape, DType type, Where where) { return full(std::move(shape), 0, type, where); }
Tensor ones(Shape shape, DType type, Where where) { return full(std::move(shape), 1, type, where); }
Tensor zerosLike(Tensor x, Where where) { return full(x.shape(), 0, x.dtype(), where); }
Tensor onesLike(Tensor x, Where where) { return full(x.shape(), 1, x.dtype(), where); }
Tensor iota(Shape shape, int64_t dim, DType type, Where where) {
  ir::IotaOp::Properties properties;
  properties.dim = ir::i64(ir::wrapDim("iota", dim, int64_t(shape.size()), where));
  Type result = ir::tensorType(type, shape, ir::Builder::current().context());
  return ir::tensor(ir::createTyped<ir::IotaOp>(where, result, {}, properties).getResult());
}
Tensor arange(int64_t count, DType type, Where where) { return iota({count}, 0, type, where); }
Tensor constant(Shape shape, DType type, const void *bytes, Where where) {
  auto tensorType = ir::tensorType(type, shape, ir::Builder::current().context());
  auto data = static_cast<const char *>(bytes);
  if (type == DType::i1) {
    SmallVector<bool> values(data, data + elementCount(shape));
    return constantOf(DenseElementsAttr::get(tensorType, values), where);
  }
  ArrayRef<char> raw(data, size_t(elementCount(shape) * byteSize(type)));
  return constantOf(DenseElementsAttr::getFromRawBuffer(tensorType, raw), where);
}
Tensor constant(Shape shape, const std::vector<double> &values, DType type, Where where) {
  if (int64_t(values.size()) != elementCount(shape))
    fail("constant",
         fmt::format("values: expected {} for {}, got {}", elementCount(shape), toString(shape), values.size()), where);
  auto tensorType = ir::tensorType(type, shape, ir::Builder::current().context());
  SmallVector<Attribute> attributes;
  for (double value : values)
    attributes.push_back(elementAttr(tensorType.getElementType(), value));
  return constantOf(DenseElementsAttr::get(tensorType, attributes), where);
}

namespace ir {

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
static SmallVector<OpFoldResult> indices(ImplicitLocOpBuilder &builder, ArrayRef<int64_t> values) {
  SmallVector<OpFoldResult> attributes;
  for (int64_t value : values)
    attributes.push_back(builder.getIndexAttr(value));
  return attributes;
}

//===--- reshape ---===//

LogicalResult ReshapeOp::verify() {
  Check check(getLoc(), "reshape");
  if (failed(check.element("output", getOutput().getType(), "input", getInput().getType())))
    return failure();
  if (getInput().getType().getNumElements() != getOutput().getType().getNumElements())
    return check.fail("output: " + shapeText(getOutput().getType()) + " does not hold the elements of " +
                      shapeText(getInput().getType()));
  return success();
}
SmallVector<Tensor> ReshapeOp::vjp(ArrayRef<Tensor> cotangents) {
  return {reshape(cotangents[0], Shape(shapeOf(getInput())))};
}
SmallVector<Value> ReshapeOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {lin::reshape(builder, operands[0], shapeOf(getOutput()))};
}
OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto inner = getInput().getDefiningOp<ReshapeOp>()) {
    getInputMutable().set(inner.getInput());
    return getResult();
  }
  if (auto value = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput()))
    return value.reshape(getType());
  return {};
}

//===--- broadcast ---===//

LogicalResult BroadcastOp::verify() {
  Check check(getLoc(), "broadcast");
  auto input = getInput().getType(), output = getOutput().getType();
  if (failed(check.element("output", output, "input", input)) ||
      failed(check.integers("dims", getDims(), input.getRank(), 0)) ||
      failed(check.dims("dims", getDims(), output.getRank(), /*sorted=*/true)))
    return failure();
  for (auto [i, dim] : llvm::enumerate(getDims()))
    if (input.getDimSize(i) != output.getDimSize(dim))
      return check.fail("output: expected size " + Twine(input.getDimSize(i)) + " in dimension " + Twine(dim) +
                        ", got " + shapeText(output));
  return success();
}
SmallVector<Tensor> BroadcastOp::vjp(ArrayRef<Tensor> cotangents) {
  std::vector<int64_t> repeated;
  for (int64_t dim = 0; dim < getOutput().getType().getRank(); ++dim)
    if (!llvm::is_contained(getDims(), dim))
      repeated.push_back(dim);
  return {repeated.empty() ? cotangents[0] : sum(cotangents[0], repeated)};
}
SmallVector<Value> BroadcastOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto type = lin::storageOf(getOutput().getType());
  AffineMap map = lin::pick(builder, type.getRank(), getDims());
  return {lin::map(builder, type, operands[0], map,
                   [](ImplicitLocOpBuilder &, ValueRange elements) { return elements[0]; })};
}
OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getInput()))
    return splat.resizeSplat(getType());
  return {};
}

//===--- transpose ---===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  Check check(location, "transpose");
  if (failed(check.integers("permutation", adaptor.getPermutation(), type.getRank(), 0)) ||
      failed(check.dims("permutation", adaptor.getPermutation(), type.getRank())))
    return failure();
  SmallVector<int64_t> shape;
  for (int64_t dim : adaptor.getPermutation())
    shape.push_back(type.getDimSize(dim));
  types.push_back(type.clone(shape));
  return success();
}
static std::vector<int64_t> inverse(ArrayRef<int64_t> permutation) {
  std::vector<int64_t> inverted(permutation.size());
  for (auto [i, dim] : llvm::enumerate(permutation))
    inverted[dim] = int64_t(i);
  return inverted;
}
SmallVector<Tensor> TransposeOp::vjp(ArrayRef<Tensor> cotangents) {
  return {permute(cotangents[0], inverse(getPermutation()))};
}
SmallVector<Value> TransposeOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto type = lin::storageOf(getOutput().getType());
  AffineMap map = lin::pick(builder, type.getRank(), inverse(getPermutation()));
  return {lin::map(builder, type, operands[0], map,
                   [](ImplicitLocOpBuilder &, ValueRange elements) { return elements[0]; })};
}
OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (llvm::is_sorted(getPermutation()))
    return getInput();
  if (auto inner = getInput().getDefiningOp<TransposeOp>())
    if (inverse(inner.getPermutation()) == std::vector<int64_t>(getPermutation()))
      return inner.getInput();
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getInput()))
    return splat.resizeSplat(getType());
  return {};
}

//===--- slice ---===//

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  Check check(location, "slice");
  int64_t rank = type.getRank();
  if (failed(check.integers("start", adaptor.getStart(), rank, 0)) ||
      failed(check.integers("stop", adaptor.getStop(), rank, 0)) ||
      failed(check.integers("stride", adaptor.getStride(), rank, 1)))
    return failure();
  SmallVector<int64_t> shape;
  for (int64_t dim = 0; dim < rank; ++dim) {
    int64_t start = adaptor.getStart()[dim], stop = adaptor.getStop()[dim], stride = adaptor.getStride()[dim];
    if (start > stop || stop > type.getDimSize(dim))
      return check.fail("stop: expected start <= stop <= " + Twine(type.getDimSize(dim)) + " in dimension " +
                        Twine(dim) + ", got " + Twine(start) + " and " + Twine(stop));
    shape.push_back(llvm::divideCeil(stop - start, stride));
  }
  types.push_back(type.clone(shape));
  return success();
}
SmallVector<Tensor> SliceOp::vjp(ArrayRef<Tensor> cotangents) {
  std::vector<int64_t> low(getStart()), high, interior;
  for (auto [dim, size] : llvm::enumerate(shapeOf(getOutput()))) {
    interior.push_back(getStride()[dim] - 1);
    int64_t covered = size ? (size - 1) * getStride()[dim] + 1 : 0;
    high.push_back(shapeOf(getInput())[dim] - low[dim] - covered);
  }
  return {pad(cotangents[0], low, high, 0, interior)};
}
SmallVector<Value> SliceOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  if (getOutput().getType().getNumElements() == 0) // a slice may not begin where its source ends
    return {lin::empty(builder, lin::storageOf(getOutput().getType()))};
  return {tensor::ExtractSliceOp::create(builder, lin::storageOf(getOutput().getType()), operands[0],
                                         indices(builder, getStart()), indices(builder, shapeOf(getOutput())),
                                         indices(builder, getStride()))};
}
OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getInput()))
    return splat.resizeSplat(getType());
  return {};
}

//===--- pad ---===//

LogicalResult PadOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  Check check(location, "pad");
  int64_t rank = type.getRank();
  if (failed(check.integers("low", adaptor.getLow(), rank, 0)) ||
      failed(check.integers("high", adaptor.getHigh(), rank, 0)) ||
      failed(check.integers("interior", adaptor.getInterior(), rank, 0)))
    return failure();
  SmallVector<int64_t> shape;
  for (int64_t dim = 0; dim < rank; ++dim) {
    int64_t size = type.getDimSize(dim), between = adaptor.getInterior()[dim];
    if (size > 1 && between > mostElements / (size - 1))
      return check.fail("interior: " + Twine(between) + " between neighbours makes dimension " + Twine(dim) + " of " +
                        shapeText(type) + " too large");
    shape.push_back(adaptor.getLow()[dim] + adaptor.getHigh()[dim] + size + (size ? (size - 1) * between : 0));
  }
  types.push_back(type.clone(shape));
  return success();
}
SmallVector<Tensor> PadOp::vjp(ArrayRef<Tensor> cotangents) {
  SmallVector<int64_t> start(getLow()), stop, stride;
  for (auto [dim, size] : llvm::enumerate(shapeOf(getInput()))) {
    stride.push_back(getInterior()[dim] + 1);
    stop.push_back(size ? start[dim] + (size - 1) * stride[dim] + 1 : start[dim]);
  }
  return {sliceAll(cotangents[0], start, stop, stride, Where::current())};
}
SmallVector<Value> PadOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {lin::pad(builder, operands[0], getLow(), getHigh(), getInterior(), getValue().convertToDouble())};
}

//===--- concat ---===//

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  Check check(location, "concat");
  if (adaptor.getInputs().empty())
    return check.fail("inputs: expected at least one, got none");
  auto first = cast<RankedTensorType>(adaptor.getInputs()[0].getType());
  int64_t dim = adaptor.getDim(), total = 0;
  if (failed(check.dims("dim", dim, first.getRank())))
    return failure();
  for (auto [i, input] : llvm::enumerate(adaptor.getInputs())) {
    auto type = cast<RankedTensorType>(input.getType());
    std::string name = ("input " + Twine(i)).str();
    if (failed(check.element(name, type, "input 0", first)) || failed(check.rank(name, type, first.getRank())))
      return failure();
    for (int64_t d = 0; d < first.getRank(); ++d)
      if (d != dim && type.getDimSize(d) != first.getDimSize(d))
        return check.fail(name + ": expected the sizes of " + shapeText(first) + " except in dimension " + Twine(dim) +
                          ", got " + shapeText(type));
    total += type.getDimSize(dim);
  }
  SmallVector<int64_t> shape(first.getShape());
  shape[dim] = total;
  types.push_back(first.clone(shape));
  return success();
}
SmallVector<Tensor> ConcatOp::vjp(ArrayRef<Tensor> cotangents) {
  std::vector<int64_t> sizes;
  for (Value input : getInputs())
    sizes.push_back(shapeOf(input)[getDim()]);
  auto parts = split(cotangents[0], sizes, getDim());
  return SmallVector<Tensor>(parts.begin(), parts.end());
}
SmallVector<Value> ConcatOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto type = lin::storageOf(getOutput().getType());
  Value joined = lin::empty(builder, type);
  SmallVector<int64_t> offset(type.getRank(), 0), ones(type.getRank(), 1);
  for (Value operand : operands) {
    auto shape = shapeOf(operand);
    if (cast<RankedTensorType>(operand.getType()).getNumElements())
      joined = tensor::InsertSliceOp::create(builder, operand, joined, indices(builder, offset),
                                             indices(builder, shape), indices(builder, ones));
    offset[getDim()] += shape[getDim()];
  }
  return {joined};
}

//===--- reverse ---===//

LogicalResult ReverseOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  types.push_back(type);
  return Check(location, "reverse").dims("dims", adaptor.getDims(), type.getRank(), /*sorted=*/true);
}
SmallVector<Tensor> ReverseOp::vjp(ArrayRef<Tensor> cotangents) {
  return {flip(cotangents[0], std::vector<int64_t>(getDims()))};
}
SmallVector<Value> ReverseOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto type = lin::storageOf(getOutput().getType());
  Value source = operands[0];
  return {lin::map(builder, type, ValueRange(), [&](ImplicitLocOpBuilder &at, ValueRange) -> Value {
    SmallVector<Value> position;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      Value here = linalg::IndexOp::create(at, dim);
      if (llvm::is_contained(getDims(), dim))
        here = arith::SubIOp::create(at, lin::index(at, type.getDimSize(dim) - 1), here);
      position.push_back(here);
    }
    return tensor::ExtractOp::create(at, source, position);
  })};
}

//===--- constant ---===//

LogicalResult ConstantOp::verify() {
  if (getValue().getType() == getOutput().getType())
    return success();
  Check check(getLoc(), "constant");
  auto value = dyn_cast<RankedTensorType>(getValue().getType());
  if (!value)
    return emitOptionalError(getLoc(), "constant: value: expected a tensor, got ", getValue().getType());
  return check.same("value", value, "output", getOutput().getType());
}
OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }
SmallVector<Value> ConstantOp::lower(ImplicitLocOpBuilder &builder, ValueRange) {
  auto type = lin::storageOf(getOutput().getType());
  auto value = cast<ElementsAttr>(getValue());
  if (value.getElementType() != type.getElementType()) {
    auto dense = cast<DenseElementsAttr>(value);
    dense = dense.mapValues(type.getElementType(), [](const APInt &bits) { return bits.zextOrTrunc(8); });
    value = cast<ElementsAttr>(dense);
  }
  return {arith::ConstantOp::create(builder, type, cast<TypedAttr>(value))};
}

//===--- iota ---===//

LogicalResult IotaOp::verify() {
  return Check(getLoc(), "iota").dims("dim", int64_t(getDim()), getOutput().getType().getRank());
}
SmallVector<Value> IotaOp::lower(ImplicitLocOpBuilder &builder, ValueRange) {
  auto type = lin::storageOf(getOutput().getType());
  return {lin::map(builder, type, ValueRange(), [&](ImplicitLocOpBuilder &at, ValueRange) -> Value {
    Value here = arith::IndexCastOp::create(at, at.getI64Type(), linalg::IndexOp::create(at, getDim()));
    return convert(Scalar(at, here), type.getElementType()).value();
  })};
}

} // namespace ir
} // namespace nnc
