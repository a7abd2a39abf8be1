// The contract family: vocabulary, then each op's shape rule, gradient and lowering.
#include "nnc/ir/ops/Contract.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Check.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/Linalg.h"
#include "nnc/ir/ops/Elementwise.h"
#include <fmt/format.h>
#include <numeric>

using namespace mlir;
namespace nnc {

//===--- vocabulary ---===//

Tensor dot(Tensor l, Tensor r, DotDims dims, Where where) {
  ir::DotOp::Properties properties;
  properties.lhs_batch = ir::dims(ir::wrapDims("dot", dims.lhsBatch, l.rank(), where));
  properties.rhs_batch = ir::dims(ir::wrapDims("dot", dims.rhsBatch, r.rank(), where));
  properties.lhs_contract = ir::dims(ir::wrapDims("dot", dims.lhsContract, l.rank(), where));
  properties.rhs_contract = ir::dims(ir::wrapDims("dot", dims.rhsContract, r.rank(), where));
  return ir::tensor(ir::create<ir::DotOp>(where, {l, r}, properties).getResult());
}

Tensor matmul(Tensor l, Tensor r, Where where) {
  if (l.rank() < 1 || r.rank() < 1)
    fail("matmul",
         fmt::format("expected operands of at least 1 dimension, got {} and {}", toString(l.shape()),
                     toString(r.shape())),
         where);
  int64_t lk = l.size(-1), rk = r.size(r.rank() == 1 ? 0 : -2);
  if (lk != rk)
    fail("matmul",
         fmt::format("expected equal inner sizes, got {} in {} and {} in {}", lk, toString(l.shape()), rk,
                     toString(r.shape())),
         where);
  if (r.rank() <= 2) // every leading dimension of the left operand is a row
    return dot(l, r, {{}, {}, {-1}, {r.rank() == 1 ? 0 : -2}}, where);
  bool vector = l.rank() == 1;
  if (vector)
    l = unsqueeze(l, 0, where);
  Shape lb = l.shape(), rb = r.shape();
  lb.resize(lb.size() - 2), rb.resize(rb.size() - 2);
  Shape batch(std::max(lb.size(), rb.size()), 1);
  for (size_t i = 0; i < batch.size(); ++i) {
    int64_t a = i < lb.size() ? lb[lb.size() - 1 - i] : 1, b = i < rb.size() ? rb[rb.size() - 1 - i] : 1;
    if (a != b && a != 1 && b != 1)
      fail("matmul",
           fmt::format("batch dimensions of {} and {} do not broadcast", toString(l.shape()), toString(r.shape())),
           where);
    batch[batch.size() - 1 - i] = a == 1 ? b : a;
  }
  auto stretched = [&](Tensor x) {
    Shape shape = batch;
    shape.push_back(x.size(-2)), shape.push_back(x.size(-1));
    return broadcast_to(x, shape, where);
  };
  l = stretched(l), r = stretched(r);
  DotDims dims{{}, {}, {-1}, {-2}};
  for (size_t i = 0; i < batch.size(); ++i)
    dims.lhsBatch.push_back(int64_t(i)), dims.rhsBatch.push_back(int64_t(i));
  Tensor y = dot(l, r, dims, where);
  return vector ? squeeze(y, -2, where) : y;
}

namespace {
// ConvDims with every vector of full length.
ConvDims complete(ConvDims dims, int64_t spatial) {
  auto fill = [&](std::vector<int64_t> &values, int64_t value) {
    if (values.empty())
      values.assign(size_t(spatial), value);
  };
  fill(dims.stride, 1), fill(dims.dilation, 1), fill(dims.paddingLow, 0), fill(dims.paddingHigh, 0);
  return dims;
}
template <class Op> void setSizes(typename Op::Properties &properties, const ConvDims &dims) {
  properties.stride = ir::dims(dims.stride), properties.dilation = ir::dims(dims.dilation);
  properties.padding_low = ir::dims(dims.paddingLow), properties.padding_high = ir::dims(dims.paddingHigh);
  properties.groups = ir::i64(dims.groups);
}
} // namespace

Tensor conv(Tensor input, Tensor weight, ConvDims dims, Where where) {
  if (input.rank() < 3)
    fail("conv",
         fmt::format("input: expected at least 3 dimensions (batch, channels, spatial), got {} in {}", input.rank(),
                     toString(input.shape())),
         where);
  expectFloat("conv", "input", input, where);
  ir::ConvOp::Properties properties;
  setSizes<ir::ConvOp>(properties, complete(std::move(dims), input.rank() - 2));
  return ir::tensor(ir::create<ir::ConvOp>(where, {input, weight}, properties).getResult());
}
Tensor conv_input_grad(Tensor cotangent, Tensor weight, std::vector<int64_t> inputSpatial, ConvDims dims, Where where) {
  ir::ConvInputGradOp::Properties properties;
  setSizes<ir::ConvInputGradOp>(properties, complete(std::move(dims), cotangent.rank() - 2));
  properties.input_spatial = ir::dims(inputSpatial);
  return ir::tensor(ir::create<ir::ConvInputGradOp>(where, {cotangent, weight}, properties).getResult());
}
Tensor conv_weight_grad(Tensor input, Tensor cotangent, std::vector<int64_t> kernel, ConvDims dims, Where where) {
  ir::ConvWeightGradOp::Properties properties;
  setSizes<ir::ConvWeightGradOp>(properties, complete(std::move(dims), input.rank() - 2));
  properties.kernel = ir::dims(kernel);
  return ir::tensor(ir::create<ir::ConvWeightGradOp>(where, {input, cotangent}, properties).getResult());
}

namespace ir {

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
static SmallVector<OpFoldResult> indices(ImplicitLocOpBuilder &builder, ArrayRef<int64_t> values) {
  return llvm::map_to_vector(values, [&](int64_t value) { return OpFoldResult(builder.getIndexAttr(value)); });
}

// The sum of products of two inputs over the reduction dimensions, which come last.
static Value contract(ImplicitLocOpBuilder &builder, RankedTensorType type, Value l, Value r, AffineMap lMap,
                      AffineMap rMap, AffineMap outMap) {
  SmallVector<utils::IteratorType> iterators(outMap.getNumDims(), utils::IteratorType::reduction);
  for (AffineExpr expr : outMap.getResults())
    iterators[cast<AffineDimExpr>(expr).getPosition()] = utils::IteratorType::parallel;
  Value start = lin::filled(builder, type, 0);
  SmallVector<AffineMap> maps{lMap, rMap, outMap};
  return linalg::GenericOp::create(builder, TypeRange{type}, ValueRange{l, r}, ValueRange{start}, maps, iterators,
                                   [](OpBuilder &inner, Location location, ValueRange arguments) {
                                     ImplicitLocOpBuilder at(location, inner);
                                     Scalar product = Scalar(at, arguments[0]) * Scalar(at, arguments[1]);
                                     linalg::YieldOp::create(at, (Scalar(at, arguments[2]) + product).value());
                                   })
      .getResult(0);
}

//===--- dot ---===//

static SmallVector<int64_t> freeDims(int64_t rank, ArrayRef<int64_t> batch, ArrayRef<int64_t> contracting) {
  SmallVector<int64_t> free;
  for (int64_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(batch, dim) && !llvm::is_contained(contracting, dim))
      free.push_back(dim);
  return free;
}
LogicalResult DotOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  Check check(location, "dot");
  auto l = cast<RankedTensorType>(adaptor.getLhs().getType()), r = cast<RankedTensorType>(adaptor.getRhs().getType());
  ArrayRef<int64_t> lb = adaptor.getLhsBatch(), rb = adaptor.getRhsBatch(), lc = adaptor.getLhsContract(),
                    rc = adaptor.getRhsContract();
  SmallVector<int64_t> lAll(lb), rAll(rb);
  lAll.append(lc.begin(), lc.end()), rAll.append(rc.begin(), rc.end());
  if (failed(check.element("rhs", r, "lhs", l)) || failed(check.dims("lhs dimensions", lAll, l.getRank())) ||
      failed(check.dims("rhs dimensions", rAll, r.getRank())))
    return failure();
  if (lb.size() != rb.size() || lc.size() != rc.size())
    return check.fail("dimensions: expected as many of lhs as of rhs, got " + Twine(lb.size()) + " and " +
                      Twine(rb.size()) + " batch, " + Twine(lc.size()) + " and " + Twine(rc.size()) + " contracting");
  SmallVector<int64_t> shape;
  for (auto [a, b] : llvm::zip(lAll, rAll))
    if (l.getDimSize(a) != r.getDimSize(b))
      return check.fail("rhs: expected size " + Twine(l.getDimSize(a)) + " in dimension " + Twine(b) + " as lhs " +
                        shapeText(l) + " has in dimension " + Twine(a) + ", got " + shapeText(r));
  for (int64_t dim : lb)
    shape.push_back(l.getDimSize(dim));
  for (int64_t dim : freeDims(l.getRank(), lb, lc))
    shape.push_back(l.getDimSize(dim));
  for (int64_t dim : freeDims(r.getRank(), rb, rc))
    shape.push_back(r.getDimSize(dim));
  types.push_back(RankedTensorType::get(shape, l.getElementType()));
  return success();
}
// The cotangent of one operand: the result's cotangent times the other operand, summed over the other's free
// dimensions, with the dimensions put back where they were.
static Tensor dotCotangent(Tensor g, int64_t gFreeStart, int64_t gOtherStart, int64_t batches, Tensor other,
                           ArrayRef<int64_t> otherBatch, ArrayRef<int64_t> otherContract, ArrayRef<int64_t> otherFree,
                           ArrayRef<int64_t> batch, ArrayRef<int64_t> contracting, ArrayRef<int64_t> free) {
  DotDims dims;
  for (int64_t i = 0; i < batches; ++i)
    dims.lhsBatch.push_back(i);
  dims.rhsBatch.assign(otherBatch.begin(), otherBatch.end());
  for (size_t i = 0; i < otherFree.size(); ++i)
    dims.lhsContract.push_back(gOtherStart + int64_t(i));
  dims.rhsContract.assign(otherFree.begin(), otherFree.end());
  Tensor product = dot(g, other, dims);
  // Its dimensions: batch, this operand's free ones, then the contracting ones in the order they have in `other`.
  SmallVector<int64_t> order(otherContract.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int64_t a, int64_t b) { return otherContract[a] < otherContract[b]; });
  std::vector<int64_t> permutation(batch.size() + free.size() + contracting.size());
  for (auto [i, dim] : llvm::enumerate(batch))
    permutation[dim] = int64_t(i);
  for (auto [i, dim] : llvm::enumerate(free))
    permutation[dim] = batches + int64_t(i);
  for (auto [i, which] : llvm::enumerate(order))
    permutation[contracting[which]] = batches + int64_t(free.size() + i);
  return permute(product, permutation);
}
std::optional<int64_t> DotOp::scaledDim(unsigned operand, int64_t result) {
  auto batches = int64_t(getLhsBatch().size());
  if (result < batches)
    return operand == 0 ? getLhsBatch()[result] : getRhsBatch()[result];
  SmallVector<int64_t> left = freeDims(getLhs().getType().getRank(), getLhsBatch(), getLhsContract()),
                       right = freeDims(getRhs().getType().getRank(), getRhsBatch(), getRhsContract());
  int64_t free = result - batches, count = int64_t(left.size());
  if (operand == 0)
    return free < count ? std::optional(left[free]) : std::nullopt;
  return free < count ? std::nullopt : std::optional(right[free - count]);
}
SmallVector<Tensor> DotOp::vjp(ArrayRef<Tensor> cotangents) {
  Tensor l = tensor(getLhs()), r = tensor(getRhs()), g = cotangents[0];
  auto lf = freeDims(l.rank(), getLhsBatch(), getLhsContract()),
       rf = freeDims(r.rank(), getRhsBatch(), getRhsContract());
  int64_t batches = int64_t(getLhsBatch().size()), lStart = batches, rStart = batches + int64_t(lf.size());
  return {dotCotangent(g, lStart, rStart, batches, r, getRhsBatch(), getRhsContract(), rf, getLhsBatch(),
                       getLhsContract(), lf),
          dotCotangent(g, rStart, lStart, batches, l, getLhsBatch(), getLhsContract(), lf, getRhsBatch(),
                       getRhsContract(), rf)};
}
SmallVector<Value> DotOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto l = cast<RankedTensorType>(operands[0].getType()), r = cast<RankedTensorType>(operands[1].getType());
  auto lf = freeDims(l.getRank(), getLhsBatch(), getLhsContract()),
       rf = freeDims(r.getRank(), getRhsBatch(), getRhsContract());
  int64_t batches = getLhsBatch().size(), outer = batches + lf.size() + rf.size(),
          loops = outer + getLhsContract().size();
  SmallVector<int64_t> lDims(l.getRank()), rDims(r.getRank()), out(outer);
  std::iota(out.begin(), out.end(), 0);
  for (int64_t i = 0; i < batches; ++i)
    lDims[getLhsBatch()[i]] = rDims[getRhsBatch()[i]] = i;
  for (auto [i, dim] : llvm::enumerate(lf))
    lDims[dim] = batches + int64_t(i);
  for (auto [i, dim] : llvm::enumerate(rf))
    rDims[dim] = batches + int64_t(lf.size() + i);
  for (auto [i, dims] : llvm::enumerate(llvm::zip(getLhsContract(), getRhsContract())))
    lDims[std::get<0>(dims)] = rDims[std::get<1>(dims)] = outer + int64_t(i);
  return {contract(builder, getOutput().getType(), operands[0], operands[1], lin::pick(builder, loops, lDims),
                   lin::pick(builder, loops, rDims), lin::pick(builder, loops, out))};
}

//===--- what the convolutions share ---===//

namespace {
// A convolution's sizes as its op holds them.
struct Sizes {
  ArrayRef<int64_t> stride, low, high, dilation;
  int64_t groups;

  template <class Op>
  explicit Sizes(Op op)
      : stride(op.getStride()), low(op.getPaddingLow()), high(op.getPaddingHigh()), dilation(op.getDilation()),
        groups(op.getGroups()) {}
  int64_t spatial() const { return int64_t(stride.size()); }
  ConvDims dims() const {
    return {std::vector<int64_t>(stride), std::vector<int64_t>(low), std::vector<int64_t>(high),
            std::vector<int64_t>(dilation), groups};
  }
};
} // namespace

static LogicalResult checkSizes(const Check &check, const Sizes &sizes, int64_t spatial) {
  if (spatial < 1)
    return check.fail("input: expected at least 3 dimensions (batch, channels, spatial), got " + Twine(spatial + 2));
  if (failed(check.integers("stride", sizes.stride, spatial, 1)) ||
      failed(check.integers("padding", sizes.low, spatial, 0)) ||
      failed(check.integers("padding", sizes.high, spatial, 0)) ||
      failed(check.integers("dilation", sizes.dilation, spatial, 1)))
    return failure();
  return check.integers("groups", sizes.groups, 1, 1);
}
// The spatial sizes of conv's result.
static LogicalResult outputSizes(const Check &check, const Sizes &sizes, ArrayRef<int64_t> input,
                                 ArrayRef<int64_t> kernel, SmallVectorImpl<int64_t> &out) {
  for (int64_t i = 0; i < sizes.spatial(); ++i) {
    if (kernel[i] < 1)
      return check.fail("kernel: expected sizes of at least 1, got " + shapeText(kernel));
    int64_t covered = windowSize(kernel[i], sizes.dilation[i]), padded = input[i] + sizes.low[i] + sizes.high[i];
    if (covered > padded)
      return check.fail("kernel: size " + Twine(kernel[i]) +
                        (sizes.dilation[i] > 1 ? " (" + std::to_string(covered) + " with dilation)" : std::string()) +
                        " is larger than the padded input of " + Twine(padded) + " in spatial dimension " + Twine(i));
    out.push_back((padded - covered) / sizes.stride[i] + 1);
  }
  return success();
}
static LogicalResult checkGroups(const Check &check, StringRef what, int64_t channels, int64_t groups) {
  if (channels % groups == 0)
    return success();
  return check.fail("groups: expected a divisor of the " + Twine(channels) + " " + what + ", got " + Twine(groups));
}

// `value` with its channel dimension split in (groups, channels / groups); unchanged for one group.
static Value splitGroups(ImplicitLocOpBuilder &builder, Value value, int64_t dim, int64_t groups) {
  if (groups == 1)
    return value;
  SmallVector<int64_t> shape(shapeOf(value));
  shape[dim] /= groups;
  shape.insert(shape.begin() + dim, groups);
  return lin::reshape(builder, value, shape);
}
// Padding on both sides of the spatial dimensions, negative meaning crop, with `interior` zeros between neighbours.
static Value padSpatial(ImplicitLocOpBuilder &builder, Value value, ArrayRef<int64_t> low, ArrayRef<int64_t> high,
                        ArrayRef<int64_t> interior) {
  SmallVector<int64_t> before(2, 0), behind(2, 0), between(2, 0), offset(2, 0), shape(shapeOf(value)),
      ones(shape.size(), 1);
  bool crop = false;
  for (size_t i = 0; i < low.size(); ++i) {
    before.push_back(std::max<int64_t>(low[i], 0)), behind.push_back(std::max<int64_t>(high[i], 0));
    between.push_back(interior[i]), offset.push_back(std::max<int64_t>(-low[i], 0));
    shape[i + 2] = shape[i + 2] + (shape[i + 2] ? (shape[i + 2] - 1) * interior[i] : 0) + low[i] + high[i];
    crop |= low[i] < 0 || high[i] < 0;
  }
  value = lin::pad(builder, value, before, behind, between, 0);
  if (!crop)
    return value;
  auto type = cast<RankedTensorType>(value.getType()).clone(shape);
  if (type.getNumElements() == 0) // a slice may not begin where its source ends
    return lin::empty(builder, type);
  return tensor::ExtractSliceOp::create(builder, type, value, indices(builder, offset), indices(builder, shape),
                                        indices(builder, ones));
}
static Value padInput(ImplicitLocOpBuilder &builder, Value input, const Sizes &sizes) {
  return padSpatial(builder, input, sizes.low, sizes.high, SmallVector<int64_t>(sizes.spatial(), 0));
}
namespace {
// The loops of a convolution: batch, group (if several), channels and positions, each under a number.
struct Loops {
  MLIRContext *context;
  int64_t count = 0;
  AffineExpr operator()() { return getAffineDimExpr(unsigned(count++), context); }
  SmallVector<AffineExpr> several(int64_t n) {
    SmallVector<AffineExpr> dims;
    for (int64_t i = 0; i < n; ++i)
      dims.push_back((*this)());
    return dims;
  }
  AffineMap map(ArrayRef<AffineExpr> exprs) const { return AffineMap::get(unsigned(count), 0, exprs, context); }
};
// Positions t * stride + k * dilation.
SmallVector<AffineExpr> windows(ArrayRef<AffineExpr> t, ArrayRef<int64_t> stride, ArrayRef<AffineExpr> k,
                                ArrayRef<int64_t> dilation) {
  SmallVector<AffineExpr> exprs;
  for (size_t i = 0; i < t.size(); ++i)
    exprs.push_back(t[i] * stride[i] + k[i] * dilation[i]);
  return exprs;
}
SmallVector<AffineExpr> join(std::initializer_list<ArrayRef<AffineExpr>> parts) {
  SmallVector<AffineExpr> all;
  for (ArrayRef<AffineExpr> part : parts)
    all.append(part.begin(), part.end());
  return all;
}
} // namespace

//===--- conv ---===//

LogicalResult ConvOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  Check check(location, "conv");
  auto input = cast<RankedTensorType>(adaptor.getInput().getType()),
       weight = cast<RankedTensorType>(adaptor.getWeight().getType());
  Sizes sizes(adaptor);
  if (failed(check.element("weight", weight, "input", input)) ||
      failed(checkSizes(check, sizes, input.getRank() - 2)) || failed(check.rank("weight", weight, input.getRank())) ||
      failed(checkGroups(check, "output channels", weight.getDimSize(0), sizes.groups)))
    return failure();
  int64_t channels; // a weight of no output channels lets groups be any number
  if (llvm::MulOverflow(weight.getDimSize(1), sizes.groups, channels))
    channels = INT64_MAX;
  if (input.getDimSize(1) != channels)
    return check.fail("input: expected " + Twine(channels) + " channels (weight is " + shapeText(weight) +
                      (sizes.groups > 1 ? ", " + std::to_string(sizes.groups) + " groups" : std::string()) + "), got " +
                      Twine(input.getDimSize(1)) + " in " + shapeText(input));
  SmallVector<int64_t> shape{input.getDimSize(0), weight.getDimSize(0)};
  if (failed(outputSizes(check, sizes, input.getShape().drop_front(2), weight.getShape().drop_front(2), shape)))
    return failure();
  types.push_back(input.clone(shape));
  return success();
}
std::optional<int64_t> ConvOp::scaledDim(unsigned operand, int64_t result) {
  // Output channels are those of the weight, in order, however many groups there are.
  return result == int64_t(operand) ? std::optional<int64_t>(0) : std::nullopt;
}
SmallVector<Tensor> ConvOp::vjp(ArrayRef<Tensor> cotangents) {
  Tensor x = tensor(getInput()), w = tensor(getWeight()), g = cotangents[0];
  ConvDims dims = Sizes(*this).dims();
  auto spatial = [](Tensor t) {
    Shape shape = t.shape();
    return std::vector<int64_t>(shape.begin() + 2, shape.end());
  };
  return {conv_input_grad(g, w, spatial(x), dims), conv_weight_grad(x, g, spatial(w), dims)};
}
SmallVector<Value> ConvOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  Sizes sizes(*this);
  int64_t spatial = sizes.spatial(), grouped = sizes.groups > 1;
  Value x = splitGroups(builder, padInput(builder, operands[0], sizes), 1, sizes.groups);
  Value w = splitGroups(builder, operands[1], 0, sizes.groups);
  Loops loop{builder.getContext()};
  auto n = loop.several(1), g = loop.several(grouped), o = loop.several(1), t = loop.several(spatial),
       c = loop.several(1), k = loop.several(spatial);
  auto type = getOutput().getType();
  SmallVector<int64_t> shape(type.getShape());
  if (grouped)
    shape[1] /= sizes.groups, shape.insert(shape.begin() + 1, sizes.groups);
  Value y =
      contract(builder, type.clone(shape), x, w, loop.map(join({n, g, c, windows(t, sizes.stride, k, sizes.dilation)})),
               loop.map(join({g, o, c, k})), loop.map(join({n, g, o, t})));
  return {lin::reshape(builder, y, type.getShape())};
}

//===--- conv_input_grad ---===//

LogicalResult ConvInputGradOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  Check check(location, "conv_input_grad");
  auto g = cast<RankedTensorType>(adaptor.getCotangent().getType()),
       w = cast<RankedTensorType>(adaptor.getWeight().getType());
  Sizes sizes(adaptor);
  if (failed(check.element("weight", w, "cotangent", g)) || failed(checkSizes(check, sizes, g.getRank() - 2)) ||
      failed(check.rank("weight", w, g.getRank())) ||
      failed(check.integers("input_spatial", adaptor.getInputSpatial(), sizes.spatial(), 0)) ||
      failed(checkGroups(check, "channels of the cotangent", w.getDimSize(0), sizes.groups)))
    return failure();
  if (g.getDimSize(1) != w.getDimSize(0))
    return check.fail("cotangent: expected " + Twine(w.getDimSize(0)) + " channels (weight is " + shapeText(w) +
                      "), got " + Twine(g.getDimSize(1)) + " in " + shapeText(g));
  SmallVector<int64_t> expected{g.getDimSize(0), w.getDimSize(0)};
  if (failed(outputSizes(check, sizes, adaptor.getInputSpatial(), w.getShape().drop_front(2), expected)) ||
      failed(check.shape("cotangent", g, expected)))
    return failure();
  int64_t channels;
  if (llvm::MulOverflow(w.getDimSize(1), sizes.groups, channels))
    return check.fail("groups: " + Twine(sizes.groups) + " make too many channels of weight " + shapeText(w));
  SmallVector<int64_t> shape{g.getDimSize(0), channels};
  shape.append(adaptor.getInputSpatial().begin(), adaptor.getInputSpatial().end());
  types.push_back(g.clone(shape));
  return success();
}
std::optional<int64_t> ConvInputGradOp::scaledDim(unsigned operand, int64_t result) {
  if (result != int64_t(operand) || (operand == 1 && getGroups() != 1)) // groups share the weight's channels
    return std::nullopt;
  return int64_t(operand);
}
SmallVector<Tensor> ConvInputGradOp::vjp(ArrayRef<Tensor> cotangents) {
  Tensor g = tensor(getCotangent()), w = tensor(getWeight());
  ConvDims dims = Sizes(*this).dims();
  return {conv(cotangents[0], w, dims),
          conv_weight_grad(cotangents[0], g, std::vector<int64_t>(shapeOf(getWeight()).drop_front(2)), dims)};
}
namespace {
// The positions a, a + stride, a + 2 stride ... of the input along one spatial dimension: all are reached by the same
// taps first, first + step ... of the kernel, and position j of them by tap first + m * step from cotangent
// j + base - m * delta.
struct Phase {
  int64_t offset, positions, taps = 0, first = 0, step = 1, base = 0, delta = 1;

  Phase(int64_t offset, int64_t size, int64_t kernel, int64_t stride, int64_t dilation, int64_t padding)
      : offset(offset), positions(llvm::divideCeil(size - offset, stride)), step(stride / std::gcd(stride, dilation)),
        delta(step * dilation / stride) {
    while (first < kernel && (offset + padding - first * dilation) % stride)
      ++first;
    if (first < kernel) {
      taps = (kernel - 1 - first) / step + 1;
      base = (offset + padding - first * dilation) / stride;
    }
  }
  int64_t reach() const { return (taps - 1) * delta; }
  int64_t before() const { return reach() - base; }       // padding in front of what is reached
  int64_t reached() const { return positions + reach(); } // elements of the padded cotangent
};
} // namespace

// The weights as (groups,) input channels, output channels, taps in opposite order: what an input channel takes from
// all output channels lies together.
static Value reversedWeights(ImplicitLocOpBuilder &builder, Value weight, bool grouped) {
  SmallVector<int64_t> shape(shapeOf(weight));
  SmallVector<AffineExpr> at;
  int64_t rank = shape.size(), channels = grouped;
  std::swap(shape[channels], shape[channels + 1]);
  for (int64_t dim = 0; dim < rank; ++dim) {
    AffineExpr index = builder.getAffineDimExpr(unsigned(dim));
    at.push_back(dim < channels + 2 || shape[dim] == 1 ? index : shape[dim] - 1 - index);
  }
  std::swap(at[channels], at[channels + 1]);
  auto type = cast<RankedTensorType>(weight.getType()).clone(shape);
  return lin::map(builder, type, weight, AffineMap::get(unsigned(rank), 0, at, builder.getContext()),
                  [](ImplicitLocOpBuilder &, ValueRange values) -> Value { return values[0]; });
}

// The taps of one phase of them.
static Value phaseWeights(ImplicitLocOpBuilder &builder, Value reversed, ArrayRef<Phase> phases) {
  SmallVector<int64_t> shape(shapeOf(reversed)), offset(shape.size(), 0), stride(shape.size(), 1);
  int64_t first = shape.size() - phases.size();
  for (auto [i, phase] : llvm::enumerate(phases)) {
    offset[first + i] = shape[first + i] - 1 - phase.first - (phase.taps - 1) * phase.step;
    stride[first + i] = phase.taps > 1 ? phase.step : 1;
    shape[first + i] = phase.taps;
  }
  auto type = cast<RankedTensorType>(reversed.getType()).clone(shape);
  if (type == reversed.getType())
    return reversed;
  return tensor::ExtractSliceOp::create(builder, type, reversed, indices(builder, offset), indices(builder, shape),
                                        indices(builder, stride));
}

// Is a strided gradient better one sum over a cotangent with zeros between its elements? For one channel in and out it
// is: a few times the multiplications, but one pass over an image that a core's cache holds, where each phase is one.
static bool isDilated(const Sizes &sizes, ArrayRef<int64_t> groupedWeight, ArrayRef<int64_t> input) {
  constexpr int64_t mostPhases = 4, mostElements = 32 << 10;
  int64_t phases = 1, elements = 1;
  for (auto [i, stride] : llvm::enumerate(sizes.stride)) {
    phases *= stride;
    elements *= input[i] + (groupedWeight[3 + i] - 1) * sizes.dilation[i];
  }
  return phases > 1 && phases <= mostPhases && elements <= mostElements && groupedWeight[1] == 1 &&
         groupedWeight[2] == 1;
}

// Where neighbouring input positions are reached by different taps (a stride), each of these phases is a sum of its
// own: dx[j * stride + a] = sum over o and m of z[o, j + m * delta] * w[o, the m-th tap from the end], where z is the
// cotangent, padded so that every position that a window reaches is inside.
SmallVector<Value> ConvInputGradOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  Sizes sizes(*this);
  int64_t spatial = sizes.spatial(), grouped = sizes.groups > 1;
  ArrayRef<int64_t> kernel = shapeOf(operands[1]).drop_front(2), from = shapeOf(operands[0]).drop_front(2);
  Value w = splitGroups(builder, operands[1], 0, sizes.groups);
  auto type = getOutput().getType();
  SmallVector<int64_t> shape(type.getShape()), ones(spatial, 1), stride(sizes.stride), interior(spatial, 0);
  if (grouped && isDilated(sizes, shapeOf(w), getInputSpatial())) {
    stride = ones;
    for (int64_t i = 0; i < spatial; ++i)
      interior[i] = sizes.stride[i] - 1;
  }
  if (grouped)
    shape[1] /= sizes.groups, shape.insert(shape.begin() + 1, sizes.groups);
  auto whole = type.clone(shape);
  if (type.getNumElements() == 0)
    return {lin::empty(builder, type)};
  Value reversed = reversedWeights(builder, w, grouped);

  // The phases along each dimension, and the padding with which all of them find what they reach inside.
  SmallVector<SmallVector<Phase>> along(spatial);
  SmallVector<int64_t> low(spatial, INT64_MIN), high(spatial, INT64_MIN);
  bool all = true; // does every phase have a tap: are they all there is?
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t size = from[i] + std::max<int64_t>(from[i] - 1, 0) * interior[i];
    for (int64_t a = 0; a < std::min(stride[i], getInputSpatial()[i]); ++a) {
      Phase p(a, getInputSpatial()[i], kernel[i], stride[i], sizes.dilation[i], sizes.low[i]);
      all &= p.taps > 0;
      if (!p.taps) // no tap reaches: stays zero
        continue;
      low[i] = std::max(low[i], p.before());
      high[i] = std::max(high[i], p.reached() - p.before() - size);
      along[i].push_back(p);
    }
  }
  if (llvm::any_of(along, [](ArrayRef<Phase> phases) { return phases.empty(); }))
    return {lin::filled(builder, type, 0)};
  Value padded = padSpatial(builder, operands[0], low, high, interior);

  auto phase = [&](ArrayRef<Phase> phases) {
    SmallVector<int64_t> delta, part(shape), offset(2, 0), extent(shapeOf(padded));
    for (auto [i, p] : llvm::enumerate(phases)) {
      offset.push_back(low[i] - p.before());
      extent[2 + i] = p.reached();
      delta.push_back(p.delta);
      part[2 + grouped + i] = p.positions;
    }
    Value z = padded;
    if (auto reached = cast<RankedTensorType>(padded.getType()).clone(extent); reached != padded.getType())
      z = tensor::ExtractSliceOp::create(builder, reached, padded, indices(builder, offset), indices(builder, extent),
                                         indices(builder, SmallVector<int64_t>(extent.size(), 1)));
    z = splitGroups(builder, z, 1, sizes.groups);
    Loops loop{builder.getContext()};
    auto n = loop.several(1), g = loop.several(grouped), c = loop.several(1), t = loop.several(spatial),
         o = loop.several(1), k = loop.several(spatial);
    return contract(builder, type.clone(part), z, phaseWeights(builder, reversed, phases),
                    loop.map(join({n, g, o, windows(t, ones, k, delta)})), loop.map(join({g, c, o, k})),
                    loop.map(join({n, g, c, t})));
  };

  SmallVector<Phase> phases;
  if (llvm::all_of(stride, [](int64_t step) { return step == 1; })) {
    for (ArrayRef<Phase> only : along)
      phases.push_back(only.front());
    return {lin::reshape(builder, phase(phases), type.getShape())};
  }
  Value x = all ? lin::empty(builder, whole) : lin::filled(builder, whole, 0);
  std::function<void()> each = [&] {
    if (int64_t i = phases.size(); i < spatial) {
      for (const Phase &next : along[i]) {
        phases.push_back(next);
        each();
        phases.pop_back();
      }
      return;
    }
    SmallVector<int64_t> at(2 + grouped, 0), extent(shape.begin(), shape.begin() + 2 + grouped), step(2 + grouped, 1);
    for (auto [p, by] : llvm::zip(phases, stride))
      at.push_back(p.offset), extent.push_back(p.positions), step.push_back(by);
    x = tensor::InsertSliceOp::create(builder, phase(phases), x, indices(builder, at), indices(builder, extent),
                                      indices(builder, step));
  };
  each();
  return {lin::reshape(builder, x, type.getShape())};
}

//===--- conv_weight_grad ---===//

LogicalResult ConvWeightGradOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                                 SmallVectorImpl<Type> &types) {
  Check check(location, "conv_weight_grad");
  auto x = cast<RankedTensorType>(adaptor.getInput().getType()),
       g = cast<RankedTensorType>(adaptor.getCotangent().getType());
  Sizes sizes(adaptor);
  if (failed(check.element("cotangent", g, "input", x)) || failed(checkSizes(check, sizes, x.getRank() - 2)) ||
      failed(check.rank("cotangent", g, x.getRank())) ||
      failed(check.integers("kernel", adaptor.getKernel(), sizes.spatial(), 1)) ||
      failed(checkGroups(check, "input channels", x.getDimSize(1), sizes.groups)) ||
      failed(checkGroups(check, "output channels", g.getDimSize(1), sizes.groups)))
    return failure();
  SmallVector<int64_t> expected{x.getDimSize(0), g.getDimSize(1)};
  if (failed(outputSizes(check, sizes, x.getShape().drop_front(2), adaptor.getKernel(), expected)) ||
      failed(check.shape("cotangent", g, expected)))
    return failure();
  SmallVector<int64_t> shape{g.getDimSize(1), x.getDimSize(1) / sizes.groups};
  shape.append(adaptor.getKernel().begin(), adaptor.getKernel().end());
  types.push_back(x.clone(shape));
  return success();
}
SmallVector<Tensor> ConvWeightGradOp::vjp(ArrayRef<Tensor> cotangents) {
  Tensor x = tensor(getInput()), g = tensor(getCotangent());
  ConvDims dims = Sizes(*this).dims();
  return {conv_input_grad(g, cotangents[0], std::vector<int64_t>(shapeOf(getInput()).drop_front(2)), dims),
          conv(x, cotangents[0], dims)};
}
SmallVector<Value> ConvWeightGradOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  Sizes sizes(*this);
  int64_t spatial = sizes.spatial(), grouped = sizes.groups > 1;
  Value x = splitGroups(builder, padInput(builder, operands[0], sizes), 1, sizes.groups);
  Value dy = splitGroups(builder, operands[1], 1, sizes.groups);
  Loops loop{builder.getContext()};
  auto g = loop.several(grouped), o = loop.several(1), c = loop.several(1), k = loop.several(spatial),
       n = loop.several(1), t = loop.several(spatial);
  auto type = getOutput().getType();
  SmallVector<int64_t> shape(type.getShape());
  if (grouped)
    shape[0] /= sizes.groups, shape.insert(shape.begin(), sizes.groups);
  Value w = contract(builder, type.clone(shape), x, dy,
                     loop.map(join({n, g, c, windows(t, sizes.stride, k, sizes.dilation)})),
                     loop.map(join({n, g, o, t})), loop.map(join({g, o, c, k})));
  return {lin::reshape(builder, w, type.getShape())};
}

} // namespace ir
} // namespace nnc
