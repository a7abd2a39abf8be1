// bf16 is storage here: its values are 16 bits that f32 is shifted out of and rounded into. LLVM would promote vectors
// of bf16 in its own ways and call library functions for it; integers leave it nothing to promote.
#include "nnc/codegen/cpu/Cpu.h"
#include "nnc/codegen/cpu/VectorMath.h"

using namespace mlir;

namespace nnc::codegen::cpu {

static Type asInteger(Type type) {
  auto integer = IntegerType::get(type.getContext(), 16);
  if (type.isBF16())
    return integer;
  if (auto shaped = dyn_cast<ShapedType>(type); shaped && shaped.getElementType().isBF16())
    return shaped.clone(integer);
  return type;
}

static bool hasBfloat(func::FuncOp kernel) {
  auto found = [](TypeRange types) { return llvm::any_of(types, [](Type type) { return asInteger(type) != type; }); };
  return kernel
      .walk([&](Operation *op) -> WalkResult {
        bool here = found(op->getResultTypes());
        for (Region &region : op->getRegions())
          for (Block &block : region)
            here |= found(block.getArgumentTypes());
        return here ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

void storeBfloatAsInteger(func::FuncOp kernel) {
  if (!hasBfloat(kernel))
    return;
  IRRewriter rewriter(kernel.getContext());
  Type i16 = rewriter.getI16Type(), i32 = rewriter.getI32Type(), f32 = rewriter.getF32Type();
  // the conversions, while their types still say which they are
  SmallVector<Operation *> conversions;
  kernel.walk([&](Operation *op) {
    if (isa<arith::ExtFOp, arith::TruncFOp>(op) &&
        (op->getOperand(0).getType().isBF16() || op->getResult(0).getType().isBF16()))
      conversions.push_back(op);
  });
  for (Operation *op : conversions) {
    Location loc = op->getLoc();
    rewriter.setInsertionPoint(op);
    Value value = op->getOperand(0);
    auto number = [&](int64_t bits) -> Value {
      return arith::ConstantOp::create(rewriter, loc, rewriter.getI32IntegerAttr(bits));
    };
    if (isa<arith::ExtFOp>(op)) {
      Value bits = arith::BitcastOp::create(rewriter, loc, i16, value);
      Value wide = arith::ExtUIOp::create(rewriter, loc, i32, bits);
      Value result =
          arith::BitcastOp::create(rewriter, loc, f32, arith::ShLIOp::create(rewriter, loc, wide, number(16)));
      if (op->getResult(0).getType().isF64())
        result = arith::ExtFOp::create(rewriter, loc, op->getResult(0).getType(), result);
      rewriter.replaceOp(op, result);
      continue;
    }
    if (value.getType().isF64())
      value = vectormath::truncateToOdd(rewriter, loc, value);
    // round half to even; NaN stays one
    Value bits = arith::BitcastOp::create(rewriter, loc, i32, value);
    Value odd =
        arith::AndIOp::create(rewriter, loc, arith::ShRUIOp::create(rewriter, loc, bits, number(16)), number(1));
    Value bias = arith::AddIOp::create(rewriter, loc, odd, number(0x7fff));
    Value rounded = arith::AddIOp::create(rewriter, loc, bits, bias);
    Value high = arith::ShRUIOp::create(rewriter, loc, rounded, number(16));
    Value nan = arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::UNO, value, value);
    Value chosen = arith::SelectOp::create(rewriter, loc, nan, number(0x7fc0), high);
    Value narrow = arith::TruncIOp::create(rewriter, loc, i16, chosen);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op->getResult(0).getType(), narrow);
  }
  // then every type
  SmallVector<Operation *> casts;
  kernel.walk([&](Operation *op) {
    for (Value result : op->getResults())
      result.setType(asInteger(result.getType()));
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          argument.setType(asInteger(argument.getType()));
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      Attribute value = constant.getValue();
      if (auto number = dyn_cast<FloatAttr>(value); number && number.getType().isBF16())
        constant.setValueAttr(rewriter.getIntegerAttr(i16, number.getValue().bitcastToAPInt()));
      else if (auto dense = dyn_cast<DenseFPElementsAttr>(value); dense && dense.getElementType().isBF16())
        constant.setValueAttr(cast<TypedAttr>(dense.bitcast(i16)));
    }
    if (auto bitcast = dyn_cast<arith::BitcastOp>(op); bitcast && bitcast.getIn().getType() == bitcast.getType())
      casts.push_back(op);
  });
  for (Operation *op : casts)
    rewriter.replaceOp(op, op->getOperand(0));
  kernel.setType(FunctionType::get(kernel.getContext(), kernel.getBody().getArgumentTypes(),
                                   cast<func::ReturnOp>(kernel.getBody().front().getTerminator()).getOperandTypes()));
}

} // namespace nnc::codegen::cpu
