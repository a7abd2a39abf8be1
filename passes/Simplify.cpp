// nnc-simplify: ops' own folding and canonicalisation, elementwise ops of constants, common subexpressions, dead
// values.
#include "nnc/passes/Simplify.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "nnc/passes/Passes.h"

using namespace mlir;
namespace nnc::passes {
#define GEN_PASS_DEF_SIMPLIFY
#include "nnc-generated/passes/Passes.h.inc"

namespace {
// An elementwise op of constants. The op itself says what an element is, in arith ops, and these fold themselves;
// whatever they leave to a math library stays for the compiled code, so that all bits come from one place.
struct FoldPointwise : OpInterfaceRewritePattern<ir::Pointwise> {
  int64_t maxElements;
  FoldPointwise(MLIRContext *context, int64_t maxElements)
      : OpInterfaceRewritePattern(context), maxElements(maxElements) {}

  // The body's value for these elements, or null.
  static Attribute evaluate(Block &body, Value result, ArrayRef<Attribute> elements) {
    DenseMap<Value, Attribute> known;
    for (auto [argument, element] : llvm::zip(body.getArguments(), elements))
      known[argument] = element;
    for (Operation &op : body) {
      SmallVector<Attribute> operands;
      for (Value operand : op.getOperands())
        operands.push_back(known.lookup(operand));
      SmallVector<OpFoldResult> folded;
      if (op.getNumResults() != 1 || failed(op.fold(operands, folded)) || folded.size() != 1)
        return {};
      known[op.getResult(0)] =
          isa<Attribute>(folded[0]) ? cast<Attribute>(folded[0]) : known.lookup(cast<Value>(folded[0]));
    }
    return known.lookup(result);
  }

  LogicalResult matchAndRewrite(ir::Pointwise op, PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    SmallVector<DenseElementsAttr> operands;
    bool splat = true;
    for (Value operand : op->getOperands()) {
      auto constant = operand.getDefiningOp<ir::ConstantOp>();
      auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
      if (!elements || elements.getElementType().isUnsignedInteger())
        return failure();
      operands.push_back(elements);
      splat &= elements.isSplat();
    }
    if (operands.empty() || type.getElementType().isUnsignedInteger() ||
        (!splat && type.getNumElements() > maxElements) || type.getNumElements() == 0)
      return failure();

    Block body;
    for (DenseElementsAttr operand : operands)
      body.addArgument(operand.getElementType(), op.getLoc());
    ImplicitLocOpBuilder builder(op.getLoc(), op.getContext());
    builder.setInsertionPointToEnd(&body);
    Value result = op.element(builder, body.getArguments());
    if (llvm::any_of(body, [](Operation &inner) { return !isa<arith::ArithDialect>(inner.getDialect()); }))
      return failure();

    SmallVector<Attribute> values;
    for (int64_t i = 0; i < (splat ? 1 : type.getNumElements()); ++i) {
      SmallVector<Attribute> elements;
      for (DenseElementsAttr operand : operands)
        elements.push_back(operand.isSplat() ? operand.getSplatValue<Attribute>() : operand.getValues<Attribute>()[i]);
      values.push_back(evaluate(body, result, elements));
      if (!values.back())
        return failure();
    }
    rewriter.replaceOpWithNewOp<ir::ConstantOp>(op, type, cast<ElementsAttr>(DenseElementsAttr::get(type, values)));
    return success();
  }
};

struct Simplify : impl::SimplifyBase<Simplify> {
  using SimplifyBase::SimplifyBase;
  void runOnOperation() override { simplify(getOperation(), maxElements); }
};
} // namespace

void simplify(func::FuncOp function, int64_t maxElements) {
  MLIRContext *context = function.getContext();
  RewritePatternSet patterns(context);
  for (RegisteredOperationName name : context->getRegisteredOperations())
    if (isa<ir::NncDialect>(name.getDialect()))
      name.getCanonicalizationPatterns(patterns, context);
  patterns.add<FoldPointwise>(context, maxElements);
  FrozenRewritePatternSet frozen(std::move(patterns));
  IRRewriter rewriter(context);
  // Equal values lead to equal checks and unused results, so twice around is seldom too much; a graph that still
  // changes after a few rounds is right all the same.
  bool changed = true;
  for (int round = 0; changed && round < 4; ++round) {
    changed = false;
    (void)applyPatternsGreedily(function, frozen, GreedyRewriteConfig(), &changed);
    DominanceInfo dominance(function);
    bool shared = false;
    eliminateCommonSubExpressions(rewriter, dominance, function, &shared);
    changed = shared;
  }
}

} // namespace nnc::passes
