// The ten rounds of Philox4x32.
#include "nnc/ir/Philox.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
namespace nnc::ir {

std::array<Value, 4> philox4x32(ImplicitLocOpBuilder &builder, std::array<Value, 4> counter, std::array<Value, 2> key) {
  constexpr uint32_t multipliers[2] = {0xD2511F53, 0xCD9E8D57}, weyl[2] = {0x9E3779B9, 0xBB67AE85};
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  auto word = [&](uint32_t bits) -> Value {
    return arith::ConstantOp::create(builder, builder.getIntegerAttr(i32, int32_t(bits)));
  };
  auto wide = [&](Value x) -> Value { return arith::ExtUIOp::create(builder, i64, x); };
  Value shift = arith::ConstantOp::create(builder, builder.getI64IntegerAttr(32));
  // High and low word of the product with a multiplier.
  auto multiply = [&](uint32_t multiplier, Value x) -> std::pair<Value, Value> {
    Value factor = arith::ConstantOp::create(builder, builder.getI64IntegerAttr(multiplier));
    Value product = arith::MulIOp::create(builder, wide(x), factor);
    Value high = arith::TruncIOp::create(builder, i32, arith::ShRUIOp::create(builder, product, shift));
    return {high, arith::TruncIOp::create(builder, i32, product)};
  };
  auto exclusive = [&](Value a, Value b) -> Value { return arith::XOrIOp::create(builder, a, b); };
  for (int round = 0; round < 10; ++round) {
    if (round)
      for (int i = 0; i < 2; ++i)
        key[i] = arith::AddIOp::create(builder, key[i], word(weyl[i]));
    auto [high0, low0] = multiply(multipliers[0], counter[0]);
    auto [high1, low1] = multiply(multipliers[1], counter[2]);
    counter = {exclusive(exclusive(high1, counter[1]), key[0]), low1, exclusive(exclusive(high0, counter[3]), key[1]),
               low0};
  }
  return counter;
}

} // namespace nnc::ir
