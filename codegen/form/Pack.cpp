// Operands of contractions as panels, made once for all tasks. A panel holds `panelWidth` neighbours along the loop in
// which results are neighbours in memory, step by step of the sum: what a tile reads lies in one run of memory. The
// contraction reads a tensor [.., panel, steps.., lane] at (n floordiv panelWidth, steps.., n mod panelWidth); making
// it is a transposition, a kernel of its own.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "nnc/codegen/form/Form.h"
#include "nnc/codegen/form/Traits.h"
#include "nnc/codegen/schedule/Schedule.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

namespace {
// One contraction and the operand that runs along the lanes of its result.
struct Packing {
  mutable linalg::LinalgOp op;
  OpOperand *operand;
  unsigned lane;                  // loop
  SmallVector<unsigned> outer;    // its other parallel loops
  SmallVector<unsigned> steps;    // all reductions, in their order
  int64_t rows = 1, elements = 1; // results for each lane, and the operand's size
};
} // namespace

// A loop and its stride, of an expression that is just that.
static std::pair<int, int64_t> loopOf(AffineExpr expr) {
  int64_t stride = 1;
  if (auto product = dyn_cast<AffineBinaryOpExpr>(expr); product && product.getKind() == AffineExprKind::Mul)
    if (auto factor = dyn_cast<AffineConstantExpr>(product.getRHS())) {
      stride = factor.getValue();
      expr = product.getLHS();
    }
  auto dim = dyn_cast<AffineDimExpr>(expr);
  return {dim && stride > 0 ? int(dim.getPosition()) : -1, stride};
}

static std::optional<Packing> packingOf(linalg::LinalgOp op) {
  if (!isContraction(op) || !isStatic(op) || !op.hasPureTensorSemantics() ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isProjectedPermutation())
    return std::nullopt;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  Packing packing{op, nullptr, 0, {}, {}, 1, 1};
  bool found = false;
  for (AffineExpr expr : op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResults())
    if (unsigned loop = cast<AffineDimExpr>(expr).getPosition(); ranges[loop] > 1) {
      packing.lane = loop;
      found = true;
    }
  for (OpOperand *input : op.getDpsInputOperands())
    if (op.getMatchingIndexingMap(input).isFunctionOfDim(packing.lane)) {
      if (packing.operand)
        return std::nullopt;
      packing.operand = input;
    }
  if (!found || !packing.operand || !isa<FloatType>(getElementTypeOrSelf(packing.operand->get().getType())))
    return std::nullopt;
  AffineMap map = op.getMatchingIndexingMap(packing.operand);
  llvm::SmallBitVector walked(op.getNumLoops()); // each dimension by a loop of its own
  for (AffineExpr expr : map.getResults()) {
    auto [loop, stride] = loopOf(expr);
    if (loop < 0 || walked.test(loop) || (loop == int(packing.lane) && stride != 1))
      return std::nullopt;
    walked.set(loop);
  }
  for (auto [loop, range, kind] : llvm::enumerate(ranges, op.getIteratorTypesArray())) {
    bool mine = map.isFunctionOfDim(loop);
    if (kind == utils::IteratorType::reduction) {
      if (!mine)
        return std::nullopt;
      packing.steps.push_back(loop);
    } else if (!mine) {
      packing.rows *= range;
    } else if (loop != packing.lane) {
      packing.outer.push_back(loop);
    }
    packing.elements *= mine ? range : 1;
  }
  return packing;
}

// The outermost schedule loop around `op` through which the value stays the same; `op` itself if there is none.
static Operation *outsideOf(Operation *op, Value value) {
  Operation *outermost = op;
  for (Operation *loop = op->getParentOp(); loop && isScheduleLoop(loop); loop = loop->getParentOp()) {
    if (loop->isAncestor(value.getParentBlock()->getParentOp()))
      break;
    outermost = loop;
  }
  return outermost;
}

// Where each task copies its part, an element is copied for every few rows, by the first tile that reads it if it lies
// along the lanes; panels are written and read once more. So they are made for many rows, or where it happens once for
// many contractions.
static bool isWorthPanels(const Packing &packing, bool once) {
  constexpr int64_t leastElements = 1 << 10;
  // A single row reads each element once, wherever it lies, and sums it in lanes where rows of the operand are long:
  // panels would win nothing and be another order.
  if (packing.rows == 1)
    return false;
  int64_t lanes = packing.op.getStaticLoopRanges()[packing.lane];
  if (once)
    return packing.elements >= leastElements && lanes >= panelWidth / 2;
  bool turned =
      loopOf(packing.op.getMatchingIndexingMap(packing.operand).getResults().back()).first != int(packing.lane);
  int64_t manyRows = turned ? 128 : 512, muchWork = (turned ? 96 : 192) << 20;
  return packing.rows >= manyRows && packing.rows * packing.elements >= muchWork && lanes >= 8 * panelWidth &&
         lanes % panelWidth == 0;
}

static Value emptyOf(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape, Type element) {
  return tensor::EmptyOp::create(builder, loc, shape, element);
}

// The operand with its lane dimension `at` a multiple of the panels' width, zeros behind its end.
static Value padded(OpBuilder &builder, Location loc, Value operand, unsigned at) {
  auto type = cast<RankedTensorType>(operand.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[at] = llvm::alignTo(shape[at], panelWidth);
  if (shape == type.getShape())
    return operand;
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type.getElementType()));
  Value zeros =
      linalg::FillOp::create(builder, loc, zero, emptyOf(builder, loc, shape, type.getElementType())).getResult(0);
  SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)),
      strides(type.getRank(), builder.getIndexAttr(1)), sizes;
  for (int64_t size : type.getShape())
    sizes.push_back(builder.getIndexAttr(size));
  return tensor::InsertSliceOp::create(builder, loc, operand, zeros, offsets, sizes, strides);
}

// The loops of a packing as they are in its tensor of panels: outer ones, the lane, then the steps.
static SmallVector<unsigned> panelOrder(const Packing &packing) {
  SmallVector<unsigned> order(packing.outer);
  order.push_back(packing.lane);
  llvm::append_range(order, packing.steps);
  return order;
}

// The operand's dimension that a loop runs along, and its stride there.
static std::pair<unsigned, int64_t> placeOf(const Packing &packing, unsigned loop) {
  ArrayRef<AffineExpr> exprs = packing.op.getMatchingIndexingMap(packing.operand).getResults();
  const auto *at = llvm::find_if(exprs, [&](AffineExpr expr) { return loopOf(expr).first == int(loop); });
  return {unsigned(at - exprs.begin()), loopOf(*at).second};
}
static unsigned dimOf(const Packing &packing, unsigned loop) { return placeOf(packing, loop).first; }

static Value panelsOf(OpBuilder &builder, const Packing &packing) {
  Location loc = packing.op.getLoc();
  unsigned at = dimOf(packing, packing.lane);
  Value operand = padded(builder, loc, packing.operand->get(), at);
  auto type = cast<RankedTensorType>(operand.getType());

  // the lane's dimension as two: panels, and lanes of one
  SmallVector<int64_t> split(type.getShape());
  split[at] /= panelWidth;
  split.insert(split.begin() + at + 1, panelWidth);
  SmallVector<ReassociationIndices> parts;
  for (unsigned dim = 0, next = 0; dim < type.getRank(); ++dim) {
    parts.push_back({next++});
    if (dim == at)
      parts.back().push_back(next++);
  }
  Value view = tensor::ExpandShapeOp::create(builder, loc, type.clone(split), operand, parts);
  auto viewDim = [&](unsigned dim) { return dim + (dim > at); };

  SmallVector<AffineExpr> from(split.size());
  SmallVector<int64_t> shape, ranges = packing.op.getStaticLoopRanges();
  for (auto [position, loop] : llvm::enumerate(panelOrder(packing))) {
    auto [dim, stride] = placeOf(packing, loop);
    from[viewDim(dim)] = builder.getAffineDimExpr(position) * stride;
    shape.push_back(loop == packing.lane ? split[viewDim(dim)] : ranges[loop]);
  }
  from[at + 1] = builder.getAffineDimExpr(shape.size());
  shape.push_back(panelWidth);
  unsigned rank = shape.size();
  SmallVector<AffineMap> maps{AffineMap::get(rank, 0, from, builder.getContext()),
                              builder.getMultiDimIdentityMap(rank)};
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, type.clone(shape), view, emptyOf(builder, loc, shape, type.getElementType()), maps, loops,
             [](OpBuilder &b, Location where, ValueRange args) { linalg::YieldOp::create(b, where, args.front()); })
      .getResult(0);
}

// Where the contraction finds the panels' elements.
static AffineMap panelMap(OpBuilder &builder, const Packing &packing) {
  SmallVector<AffineExpr> exprs;
  for (unsigned loop : panelOrder(packing)) {
    AffineExpr dim = builder.getAffineDimExpr(loop);
    exprs.push_back(loop == packing.lane ? dim.floorDiv(panelWidth) : dim);
  }
  exprs.push_back(builder.getAffineDimExpr(packing.lane) % panelWidth);
  return AffineMap::get(packing.op.getNumLoops(), 0, exprs, builder.getContext());
}

void codegen::packOperands(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  // contractions that read one operand in one order share its panels
  struct Known {
    Block *block;
    Value operand, panels;
    SmallVector<unsigned> order;
    SmallVector<int64_t> strides;
  };
  SmallVector<Known> all;
  SmallVector<Block *> blocks = scheduleBlocks(function);
  for (Block *block : blocks)
    for (Operation &inner : llvm::make_early_inc_range(*block)) {
      auto op = dyn_cast<linalg::GenericOp>(&inner);
      std::optional<Packing> packing = op ? packingOf(op) : std::nullopt;
      if (!packing)
        continue;
      Value operand = packing->operand->get();
      Operation *before = outsideOf(op, operand);
      if (!isWorthPanels(*packing, isFrozen(operand) || before != op))
        continue;
      rewriter.setInsertionPoint(before);
      SmallVector<unsigned> order = panelOrder(*packing);
      SmallVector<int64_t> strides;
      for (unsigned &loop : order) { // by the operand's dimensions, whatever the loops are called
        auto [dim, stride] = placeOf(*packing, loop);
        strides.push_back(stride);
        loop = dim;
      }
      auto known = llvm::find_if(all, [&](const Known &each) {
        return each.operand == operand && each.order == order && each.strides == strides &&
               each.block == before->getBlock();
      });
      Value panels = known != all.end() ? known->panels : panelsOf(rewriter, *packing);
      if (known == all.end())
        all.push_back({before->getBlock(), operand, panels, order, strides});
      rewriter.modifyOpInPlace(op, [&] {
        SmallVector<AffineMap> maps = op.getIndexingMapsArray();
        maps[packing->operand->getOperandNumber()] = panelMap(rewriter, *packing);
        packing->operand->set(panels);
        op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
      });
    }
}
