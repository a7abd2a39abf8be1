// Decides in the IR which multiplications and additions become one fused operation, by a rule that depends on the
// scalar code alone. LLVM then runs with strict FP fusion, so that every target and every tiling computes the same
// bits.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "nnc/codegen/cpu/Cpu.h"

using namespace mlir;

namespace nnc::codegen::cpu {

// The multiplication behind `value`, if nothing else needs its rounded result.
static arith::MulFOp fusible(Value value, Operation *user) {
  auto mul = value.getDefiningOp<arith::MulFOp>();
  return mul && mul->hasOneUse() && mul->getBlock() == user->getBlock() ? mul : arith::MulFOp();
}

void fuseMultiplyAdd(func::FuncOp kernel) {
  IRRewriter rewriter(kernel.getContext());
  auto fma = [&](Operation *op, Value a, Value b, Value c) {
    Type element = getElementTypeOrSelf(a.getType());
    if (!element.isF32() && !element.isF64())
      return;
    rewriter.replaceOpWithNewOp<math::FmaOp>(op, a, b, c);
  };
  kernel.walk([&](Operation *op) {
    rewriter.setInsertionPoint(op);
    if (auto add = dyn_cast<arith::AddFOp>(op)) {
      // left operand first: the rule must not depend on anything but the text of the kernel
      if (auto mul = fusible(add.getLhs(), op))
        fma(op, mul.getLhs(), mul.getRhs(), add.getRhs());
      else if (auto mul = fusible(add.getRhs(), op))
        fma(op, mul.getLhs(), mul.getRhs(), add.getLhs());
    } else if (auto sub = dyn_cast<arith::SubFOp>(op)) {
      if (auto mul = fusible(sub.getLhs(), op))
        fma(op, mul.getLhs(), mul.getRhs(), arith::NegFOp::create(rewriter, op->getLoc(), sub.getRhs()));
      else if (auto mul = fusible(sub.getRhs(), op))
        fma(op, arith::NegFOp::create(rewriter, op->getLoc(), mul.getLhs()), mul.getRhs(), sub.getLhs());
    }
  });
  kernel.walk([&](arith::MulFOp mul) {
    if (mul->use_empty())
      rewriter.eraseOp(mul);
  });
}

} // namespace nnc::codegen::cpu
