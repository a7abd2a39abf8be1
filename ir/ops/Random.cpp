// The random family: vocabulary, shape rules, and the one body from which both lowerings come.
#include "nnc/ir/ops/Random.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Check.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/Linalg.h"
#include "nnc/ir/Philox.h"
#include <fmt/format.h>
#include <numbers>

using namespace mlir;
namespace nnc {

//===--- vocabulary ---===//

template <class Op>
static Tensor random(std::string_view op, Shape shape, DType type, RandomState state, int64_t stream, Where where) {
  if (type != DType::f32 && type != DType::f64)
    fail(op, fmt::format("type: expected f32 or f64, got {}", toString(type)), where);
  for (auto [name, tensor] : {std::pair("seed", state.seed), std::pair("step", state.step)})
    if (tensor && (tensor.rank() != 0 || tensor.dtype() != DType::i64))
      fail(op,
           fmt::format("{}: expected a scalar of i64, got {} of {}", name, toString(tensor.shape()),
                       toString(tensor.dtype())),
           where);
  if (stream < 0 || stream > int64_t(UINT32_MAX))
    fail(op, fmt::format("stream: expected a number in [0, 2^32), got {}", stream), where);
  typename Op::Properties properties;
  properties.stream = ir::i64(stream);
  Type result = ir::tensorType(type, shape, ir::Builder::current().context());
  return ir::tensor(ir::createTyped<Op>(where, result, {state.seed, state.step}, properties).getResult());
}
Tensor random_uniform(Shape shape, DType type, RandomState state, int64_t stream, Where where) {
  return random<ir::RandomUniformOp>("random_uniform", std::move(shape), type, state, stream, where);
}
Tensor random_normal(Shape shape, DType type, RandomState state, int64_t stream, Where where) {
  return random<ir::RandomNormalOp>("random_normal", std::move(shape), type, state, stream, where);
}

namespace ir {

template <class Op> static LogicalResult verifyRandom(StringRef name, Op op) {
  Check check(op.getLoc(), name);
  if (failed(check.shape("seed", op.getSeed().getType(), {})) ||
      failed(check.shape("step", op.getStep().getType(), {})))
    return failure();
  if (int64_t stream = op.getStream(); stream < 0 || stream > int64_t(UINT32_MAX))
    return check.fail("stream: expected a number in [0, 2^32), got " + Twine(stream));
  return success();
}

//===--- from position to number ---===//

namespace {
// What the body of a random op computes with: the four words of a block, and which part of it an element takes.
struct Draw {
  ImplicitLocOpBuilder &at;
  FloatType type;
  std::array<Value, 4> words;
  Scalar lane; // i32: position within the elements of one block

  bool wide() const { return type.isF64(); }
  Scalar word(int i) const { return Scalar(at, words[i]); }
  Scalar isLane(Scalar lane, int64_t number) const { return compare("eq", lane, lane.of(double(number))); }
  // Bits as a number in [0, 1): the upper 24 of one word, or 53 of two.
  Scalar unit(Scalar high, Scalar low) const {
    if (!wide()) {
      Scalar bits(at, arith::ShRUIOp::create(at, high.value(), high.of(8).value()));
      return convert(bits, type) * 0x1p-24;
    }
    Type i64 = at.getI64Type();
    Scalar upper = convert(high, i64, /*fromUnsigned=*/true), lower = convert(low, i64, /*fromUnsigned=*/true);
    Scalar joined = Scalar(at, arith::ShLIOp::create(at, upper.value(), upper.of(32).value())) | lower;
    Scalar bits(at, arith::ShRUIOp::create(at, joined.value(), joined.of(11).value()));
    return convert(bits, type) * 0x1p-53;
  }
};
} // namespace

template <class Op>
static Value lowerRandom(ImplicitLocOpBuilder &builder, Op op, ValueRange operands,
                         function_ref<Scalar(const Draw &)> number) {
  auto type = cast<RankedTensorType>(op.getOutput().getType());
  AffineMap scalar = AffineMap::get(type.getRank(), 0, builder.getContext());
  return lin::map(builder, type, operands, {scalar, scalar}, [&](ImplicitLocOpBuilder &at, ValueRange elements) {
    Type i32 = at.getI32Type(), i64 = at.getI64Type();
    int64_t perBlock = type.getElementType().isF64() ? 2 : 4;
    // Row-major position; blocks and lanes by shift and mask, which lanes of vectors have too.
    Scalar position(at, lin::index(at, 0));
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      position = position * double(type.getDimSize(dim)) + Scalar(at, linalg::IndexOp::create(at, dim));
    Scalar linear(at, arith::IndexCastOp::create(at, i64, position.value()));
    Scalar block(at, arith::ShRUIOp::create(at, linear.value(), linear.of(perBlock == 4 ? 2 : 1).value()));
    Scalar lane = convert(linear & linear.of(double(perBlock - 1)), i32);
    auto low = [&](Scalar x) { return convert(x, i32).value(); };
    auto high = [&](Scalar x) { return low(Scalar(at, arith::ShRUIOp::create(at, x.value(), x.of(32).value()))); };
    Scalar seed(at, elements[0]), step(at, elements[1]);
    Value stream = arith::ConstantOp::create(at, at.getIntegerAttr(i32, int32_t(uint32_t(op.getStream()))));
    auto words = philox4x32(at, {low(block), stream, low(step), high(step)}, {low(seed), high(seed)});
    return number({at, cast<FloatType>(type.getElementType()), words, lane}).value();
  });
}

//===--- random_uniform ---===//

LogicalResult RandomUniformOp::verify() { return verifyRandom("random_uniform", *this); }
SmallVector<Value> RandomUniformOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {lowerRandom(builder, *this, operands, [](const Draw &draw) {
    if (draw.wide()) {
      Scalar first = draw.isLane(draw.lane, 0);
      return draw.unit(select(first, draw.word(0), draw.word(2)), select(first, draw.word(1), draw.word(3)));
    }
    Scalar odd = draw.isLane(draw.lane & draw.lane.of(1), 1), upper = draw.isLane(draw.lane & draw.lane.of(2), 2);
    Scalar word = select(upper, select(odd, draw.word(3), draw.word(2)), select(odd, draw.word(1), draw.word(0)));
    return draw.unit(word, word);
  })};
}

//===--- random_normal ---===//

LogicalResult RandomNormalOp::verify() { return verifyRandom("random_normal", *this); }
SmallVector<Value> RandomNormalOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return {lowerRandom(builder, *this, operands, [](const Draw &draw) {
    Scalar upper = draw.isLane(draw.lane & draw.lane.of(2), 2); // never in f64
    auto word = [&](int i) { return draw.wide() ? draw.word(i) : select(upper, draw.word(i + 2), draw.word(i)); };
    Scalar u = draw.wide() ? draw.unit(word(0), word(1)) : draw.unit(word(0), word(0));
    Scalar v = draw.wide() ? draw.unit(word(2), word(3)) : draw.unit(word(1), word(1));
    Scalar radius = sqrt(log(1.0 - u) * -2.0); // 1 - u is exact and never 0
    // sin(a) = cos(a - pi/2): one function for both.
    Scalar odd = draw.isLane(draw.lane & draw.lane.of(1), 1);
    Scalar turn = select(odd, v - 0.25, v);
    return radius * cos(turn * (2 * std::numbers::pi));
  })};
}

} // namespace ir
} // namespace nnc
