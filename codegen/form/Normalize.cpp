// One spelling for everything that formation looks at: named linalg operations become generic, operations of the tensor
// dialect become fills, generics and insert_slices, and every initial value is an empty tensor, a fill or a copy that
// nobody else uses (a shared one would tie unrelated operations together).
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "nnc/codegen/form/Form.h"
#include "nnc/codegen/form/Group.h"
#include "nnc/codegen/form/Traits.h"
#include "nnc/codegen/schedule/Schedule.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

static Value emptyLike(OpBuilder &builder, Location loc, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
}

static Value copyOf(OpBuilder &builder, Location loc, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
  auto copy = linalg::GenericOp::create(
      builder, loc, type, value, emptyLike(builder, loc, value), maps, loops,
      [](OpBuilder &b, Location at, ValueRange args) { linalg::YieldOp::create(b, at, args.front()); });
  return copy.getResult(0);
}

//===--- operations of the tensor dialect ---===//

// The border of a padded tensor, filled slab by slab in tasks over its outer dimensions without padding; what is inside
// is left for the source.
static Value filledBorder(RewriterBase &rewriter, Location loc, RankedTensorType type, Value value,
                          ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  ArrayRef<int64_t> shape = type.getShape();
  int64_t outer = 0, inner = 1; // dimensions before the first padded one, and the elements of one of their indices
  while (outer < type.getRank() && !low[outer] && !high[outer])
    ++outer;
  for (int64_t size : shape.drop_front(outer))
    inner *= size;
  SmallVector<OpFoldResult> lower, upper, step;
  int64_t wanted = std::max<int64_t>(1, 4 * taskElements / std::max<int64_t>(1, inner));
  SmallVector<int64_t> tile(shape);
  for (int64_t dim = outer - 1; dim >= 0; --dim) {
    tile[dim] = std::min(shape[dim], wanted);
    while (shape[dim] % tile[dim])
      --tile[dim];
    wanted = std::max<int64_t>(1, wanted / tile[dim]);
  }
  for (int64_t dim = 0; dim < outer; ++dim) {
    lower.push_back(rewriter.getIndexAttr(0));
    upper.push_back(rewriter.getIndexAttr(shape[dim]));
    step.push_back(rewriter.getIndexAttr(tile[dim]));
  }
  Value empty = tensor::EmptyOp::create(rewriter, loc, shape, type.getElementType());
  auto loop = scf::ForallOp::create(rewriter, loc, lower, upper, step, empty, std::nullopt);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(loop.getBody());
  SmallVector<OpFoldResult> at, sizes, ones(type.getRank(), rewriter.getIndexAttr(1));
  for (Value index : loop.getInductionVars())
    at.push_back(index);
  at.resize(type.getRank(), rewriter.getIndexAttr(0));
  for (int64_t extent : tile)
    sizes.push_back(rewriter.getIndexAttr(extent));
  Value destination = loop.getRegionIterArgs().front();
  Value part = tensor::ExtractSliceOp::create(rewriter, loc, destination, at, sizes, ones);
  SmallVector<int64_t> first(type.getRank(), 0), extent(tile); // what no slab has filled yet
  auto fillSlab = [&](int64_t dim, int64_t from, int64_t size) {
    if (!size)
      return;
    SmallVector<OpFoldResult> slabAt, slabSize;
    for (int64_t d = 0; d < type.getRank(); ++d) {
      slabAt.push_back(rewriter.getIndexAttr(d == dim ? from : first[d]));
      slabSize.push_back(rewriter.getIndexAttr(d == dim ? size : extent[d]));
    }
    Value slab = tensor::ExtractSliceOp::create(rewriter, loc, part, slabAt, slabSize, ones);
    slab = linalg::FillOp::create(rewriter, loc, value, slab).getResult(0);
    part = tensor::InsertSliceOp::create(rewriter, loc, slab, part, slabAt, slabSize, ones);
  };
  for (int64_t dim = outer; dim < type.getRank(); ++dim) {
    fillSlab(dim, 0, low[dim]);
    fillSlab(dim, shape[dim] - high[dim], high[dim]);
    first[dim] = low[dim];
    extent[dim] -= low[dim] + high[dim];
  }
  rewriter.setInsertionPointToEnd(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(rewriter, loc, part, destination, at, sizes, ones);
  return loop.getResult(0);
}

// What is inserted into a filled tensor need not be filled before.
static void fillOnlyBorder(RewriterBase &rewriter, tensor::InsertSliceOp insert) {
  auto fill = insert.getDest().getDefiningOp<linalg::FillOp>();
  RankedTensorType source = insert.getSourceType(), type = insert.getDestType();
  if (!fill || source.getRank() != type.getRank() || !insert.hasUnitStride() ||
      llvm::is_contained(insert.getStaticOffsets(), ShapedType::kDynamic) || !source.hasStaticShape() ||
      type.getNumElements() <= taskElements || 2 * source.getNumElements() <= type.getNumElements() ||
      source.getDimSize(0) != type.getDimSize(0) || source == type)
    return;
  SmallVector<int64_t> low(insert.getStaticOffsets()), high;
  for (auto [size, extent, offset] : llvm::zip(source.getShape(), type.getShape(), low))
    high.push_back(extent - size - offset);
  rewriter.setInsertionPoint(insert);
  insert.getDestMutable().set(filledBorder(rewriter, fill.getLoc(), type, fill.getInputs()[0], low, high));
  if (fill->use_empty())
    rewriter.eraseOp(fill);
}

// What tasks pad for themselves has one reader, and a fill of its own.
static void padForEach(RewriterBase &rewriter, tensor::InsertSliceOp insert) {
  rewriter.setInsertionPointAfter(insert);
  auto ownFill = [&](tensor::InsertSliceOp pad) {
    auto fill = pad.getDest().getDefiningOp<linalg::FillOp>();
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(pad);
    Value fresh = linalg::FillOp::create(rewriter, fill.getLoc(), fill.getInputs()[0],
                                         emptyLike(rewriter, fill.getLoc(), pad.getDest()))
                      .getResult(0);
    rewriter.modifyOpInPlace(pad, [&] { pad.getDestMutable().set(fresh); });
  };
  ownFill(insert);
  for (OpOperand &use : llvm::make_early_inc_range(llvm::drop_begin(insert->getUses()))) {
    auto again = cast<tensor::InsertSliceOp>(rewriter.clone(*insert));
    ownFill(again);
    rewriter.modifyOpInPlace(use.getOwner(), [&] { use.set(again.getResult()); });
  }
}

// A padded tensor is a filled one with the source inside: the source's producer then writes into the padded tensor
// itself.
static LogicalResult lowerPad(RewriterBase &rewriter, tensor::PadOp pad) {
  Value value = pad.getConstantPaddingValue();
  if (!value || !pad.getResultType().hasStaticShape() || llvm::is_contained(pad.getStaticLow(), ShapedType::kDynamic))
    return failure();
  if (llvm::any_of(pad.getStaticLow(), [](int64_t low) { return low < 0; }) ||
      llvm::any_of(pad.getStaticHigh(), [](int64_t high) { return high < 0; }))
    return failure();
  Value into =
      linalg::FillOp::create(rewriter, pad.getLoc(), value, emptyLike(rewriter, pad.getLoc(), pad)).getResult(0);
  SmallVector<OpFoldResult> offsets = pad.getMixedLowPad(), sizes, strides;
  for (int64_t size : pad.getSourceType().getShape()) {
    sizes.push_back(rewriter.getIndexAttr(size));
    strides.push_back(rewriter.getIndexAttr(1));
  }
  rewriter.replaceOpWithNewOp<tensor::InsertSliceOp>(pad, pad.getSource(), into, offsets, sizes, strides);
  return success();
}

static LogicalResult lowerGenerate(RewriterBase &rewriter, tensor::GenerateOp generate) {
  if (!generate.getType().hasStaticShape() || !generate.getBody().hasOneBlock())
    return failure();
  int64_t rank = generate.getType().getRank();
  SmallVector<AffineMap> maps(1, rewriter.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      rewriter, generate.getLoc(), generate.getType(), ValueRange{}, emptyLike(rewriter, generate.getLoc(), generate),
      maps, loops, [&](OpBuilder &b, Location at, ValueRange) {
        IRMapping map;
        for (auto [dim, argument] : llvm::enumerate(generate.getBody().getArguments()))
          map.map(argument, linalg::IndexOp::create(b, at, dim));
        Block &body = generate.getBody().front();
        for (Operation &op : body.without_terminator())
          b.clone(op, map);
        linalg::YieldOp::create(b, at, map.lookupOrDefault(body.getTerminator()->getOperand(0)));
      });
  rewriter.replaceOp(generate, generic);
  return success();
}

// reshape, of which source and result are static: through one dimension, as views
static LogicalResult lowerReshape(RewriterBase &rewriter, tensor::ReshapeOp reshape) {
  auto from = dyn_cast<RankedTensorType>(reshape.getSource().getType()),
       to = dyn_cast<RankedTensorType>(reshape.getType());
  if (!from || !to || !from.hasStaticShape() || !to.hasStaticShape() || !from.getNumElements())
    return failure();
  auto all = [](int64_t rank) {
    SmallVector<ReassociationIndices> dims(rank ? 1 : 0);
    for (int64_t dim = 0; dim < rank; ++dim)
      dims[0].push_back(dim);
    return dims;
  };
  Value flat = reshape.getSource();
  auto flatType = RankedTensorType::get({from.getNumElements()}, from.getElementType());
  if (from.getRank() == 0)
    flat = tensor::ExpandShapeOp::create(rewriter, reshape.getLoc(), flatType, flat, all(0));
  else if (from.getRank() > 1)
    flat = tensor::CollapseShapeOp::create(rewriter, reshape.getLoc(), flatType, flat, all(from.getRank()));
  if (to.getRank() == 0)
    flat = tensor::CollapseShapeOp::create(rewriter, reshape.getLoc(), to, flat, all(0));
  else if (to.getRank() > 1)
    flat = tensor::ExpandShapeOp::create(rewriter, reshape.getLoc(), to, flat, all(to.getRank()));
  rewriter.replaceOp(reshape, flat);
  return success();
}

static LogicalResult lowerTensorOp(RewriterBase &rewriter, Operation *op) {
  rewriter.setInsertionPoint(op);
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return lowerPad(rewriter, pad);
  if (auto generate = dyn_cast<tensor::GenerateOp>(op))
    return lowerGenerate(rewriter, generate);
  if (auto reshape = dyn_cast<tensor::ReshapeOp>(op))
    return lowerReshape(rewriter, reshape);
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    FailureOr<SmallVector<Value>> parts = concat.decomposeOperation(rewriter);
    if (failed(parts))
      return failure();
    rewriter.replaceOp(concat, *parts);
    return success();
  }
  if (auto splat = dyn_cast<tensor::SplatOp>(op); splat && splat.getType().hasStaticShape()) {
    rewriter.replaceOpWithNewOp<linalg::FillOp>(splat, splat.getInput(),
                                                emptyLike(rewriter, op->getLoc(), splat.getResult()));
    return success();
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) { // a kernel holds the one value, not the tensor
    auto splat = dyn_cast<SplatElementsAttr>(constant.getValue());
    if (!splat || !isa<RankedTensorType>(splat.getType()))
      return failure();
    Value value = arith::ConstantOp::create(rewriter, op->getLoc(), splat.getSplatValue<TypedAttr>());
    rewriter.replaceOpWithNewOp<linalg::FillOp>(constant, value, emptyLike(rewriter, op->getLoc(), constant));
    return success();
  }
  return failure();
}

//===--- linalg operations ---===//

static void lowerLinalgOp(RewriterBase &rewriter, Operation *op) {
  rewriter.setInsertionPoint(op);
  if (auto aggregate = dyn_cast<linalg::AggregatedOpInterface>(op)) {
    if (FailureOr<SmallVector<Value>> parts = aggregate.decomposeOperation(rewriter); succeeded(parts))
      rewriter.replaceOp(op, *parts);
  } else if (auto pack = dyn_cast<linalg::PackOp>(op)) {
    (void)linalg::lowerPack(rewriter, pack);
  } else if (auto unpack = dyn_cast<linalg::UnPackOp>(op)) {
    (void)linalg::lowerUnPack(rewriter, unpack);
  } else if (auto named = dyn_cast<linalg::LinalgOp>(op); named && !isa<linalg::FillOp, linalg::GenericOp>(op)) {
    (void)linalg::generalizeNamedOp(rewriter, named);
  }
}

// Loops that never run leave the initial value; results without elements are any tensor of their type.
static bool foldEmptyLoops(RewriterBase &rewriter, linalg::LinalgOp op) {
  bool runs = !llvm::is_contained(op.getStaticLoopRanges(), 0);
  if (runs)
    return false;
  rewriter.replaceOp(op, op.getDpsInits());
  return true;
}

// A window of a single tap is none: where lanes run along what it is read through, the sum is a plain product. (Of
// channels last, the windows' operand is read row by row, whatever the taps.)
static void dropSingleTaps(RewriterBase &rewriter, linalg::GenericOp op) {
  if (!isContraction(op) || !isStatic(op) || !hasWindows(op))
    return;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  int lanes = -1;
  for (AffineExpr expr : maps.back().getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && ranges[dim.getPosition()] > 1)
      lanes = int(dim.getPosition());
  bool changed = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    unsigned i = input->getOperandNumber();
    if (lanes < 0 || !maps[i].isFunctionOfDim(lanes))
      continue;
    SmallVector<AffineExpr> exprs(maps[i].getResults());
    for (AffineExpr &expr : exprs) {
      auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
      if (!sum || sum.getKind() != AffineExprKind::Add)
        continue;
      for (auto [tap, other] : {std::pair(sum.getLHS(), sum.getRHS()), std::pair(sum.getRHS(), sum.getLHS())})
        if (auto dim = dyn_cast<AffineDimExpr>(tap);
            dim && ranges[dim.getPosition()] == 1 &&
            (maps[1 - i].isFunctionOfDim(dim.getPosition()) || maps.back().isFunctionOfDim(dim.getPosition()))) {
          expr = other;
          changed = true;
          break;
        }
    }
    maps[i] = AffineMap::get(maps[i].getNumDims(), 0, exprs, op.getContext());
  }
  if (changed)
    rewriter.modifyOpInPlace(op, [&] { op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps)); });
}

static void ownInits(RewriterBase &rewriter, linalg::LinalgOp op) {
  rewriter.setInsertionPoint(op);
  for (OpOperand &init : op.getDpsInitsMutable()) {
    if (!isa<RankedTensorType>(init.get().getType()))
      continue;
    Value value = init.get(), fresh;
    Operation *from = value.getDefiningOp();
    if (!readsInit(op, init))
      fresh = emptyLike(rewriter, op.getLoc(), value);
    else if (auto fill = dyn_cast_or_null<linalg::FillOp>(from))
      fresh = linalg::FillOp::create(rewriter, fill.getLoc(), fill.getInputs().front(),
                                     emptyLike(rewriter, fill.getLoc(), value))
                  .getResult(0);
    else if (isa_and_nonnull<tensor::EmptyOp>(from))
      fresh = emptyLike(rewriter, op.getLoc(), value);
    else
      fresh = copyOf(rewriter, op.getLoc(), value);
    rewriter.modifyOpInPlace(op, [&] { init.set(fresh); });
  }
}

// A slice that is no plain run of memory is read in place by kernels; whoever else uses it gets a copy.
static void copyForSchedule(RewriterBase &rewriter, Operation *view) {
  // what a loop or an insertion starts from becomes the destination of a launch
  auto isStart = [](OpOperand &use) {
    Operation *user = use.getOwner();
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(user))
      return &use == &insert.getDestMutable();
    return isa<scf::ForOp, scf::ForallOp>(user);
  };
  Value copy;
  for (OpOperand &use : llvm::make_early_inc_range(view->getUses())) {
    Operation *user = use.getOwner();
    Operation *ancestor = view->getBlock()->findAncestorOpInBlock(*user);
    bool inKernel = (!staysInSchedule(user) || !staysInSchedule(ancestor)) && !isStart(use);
    if (inKernel || (copy && user == copy.getDefiningOp()))
      continue;
    if (!copy) {
      rewriter.setInsertionPointAfter(view);
      copy = copyOf(rewriter, view->getLoc(), view->getResult(0));
    }
    rewriter.modifyOpInPlace(user, [&] { use.set(copy); });
  }
}

//===--- dimensions kept by a reduction ---===//

// The loops over the channels of a group where each group of a convolution has one: what it reads and writes is an
// image of as many channels as groups.
static SmallVector<unsigned> loneChannels(linalg::GenericOp op) {
  // The phases of a strided gradient go where their elements lie apart: computed beside each other, then moved.
  for (Operation *user : op->getUsers()) {
    if (isa<tensor::CollapseShapeOp>(user) && user->hasOneUse())
      user = *user->user_begin();
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(user); insert && !insert.hasUnitStride())
      return {};
  }
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (AffineMap map : op.getIndexingMapsArray()) {
    ArrayRef<AffineExpr> exprs = map.getResults();
    size_t leading = 0;
    while (leading < exprs.size() && isa<AffineDimExpr>(exprs[leading]))
      ++leading;
    if (leading != 3 || exprs.size() == 3)
      continue;
    SmallVector<unsigned> loops{cast<AffineDimExpr>(exprs[2]).getPosition()};
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
      if (!map.isFunctionOfDim(loop))
        loops.push_back(loop);
    llvm::sort(loops);
    if (loops.size() == 2 && ranges[loops[0]] == 1 && ranges[loops[1]] == 1)
      return loops;
  }
  return {};
}

// Loops of one iteration that an elementwise operation has because a view gave its operand such a dimension: the mean
// of each row is [rows, 1] to a user and [rows] to everybody else. With them, the view would stand between operations
// that belong to one kernel.
static SmallVector<unsigned> keptLoops(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!generic || generic.hasDynamicShape())
    return {};
  if (generic.getNumReductionLoops())
    return hasWindows(generic) ? loneChannels(generic) : SmallVector<unsigned>();
  SmallVector<unsigned> loops;
  for (OpOperand *input : generic.getDpsInputOperands()) {
    auto view = input->get().getDefiningOp<tensor::ExpandShapeOp>();
    if (!view || view.getSrcType().getRank() == 0)
      continue;
    ArrayRef<AffineExpr> exprs = generic.getMatchingIndexingMap(input).getResults();
    for (const ReassociationIndices &group : view.getReassociationIndices())
      for (int64_t dim : group)
        if (auto loop = dyn_cast<AffineDimExpr>(exprs[dim]);
            loop && group.size() > 1 && view.getResultType().getDimSize(dim) == 1)
          loops.push_back(loop.getPosition());
  }
  llvm::sort(loops);
  loops.erase(llvm::unique(loops), loops.end());
  SmallVector<int64_t> ranges = generic.getStaticLoopRanges();
  llvm::erase_if(loops, [&](unsigned loop) { return ranges[loop] != 1; });
  return loops;
}

// A value that is broadcast along other dimensions is read without those of one element that a view gave it: dropped
// from the loops, they would part images of a batch of one from what is computed of them.
static void readWithoutKeptDims(RewriterBase &rewriter, linalg::GenericOp op) {
  if (op.hasDynamicShape() || op.getNumReductionLoops())
    return;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (OpOperand *input : op.getDpsInputOperands()) {
    auto view = input->get().getDefiningOp<tensor::ExpandShapeOp>();
    if (!view || view.getResultType().getRank() >= int64_t(op.getNumLoops()))
      continue;
    AffineMap &map = maps[input->getOperandNumber()];
    SmallVector<AffineExpr> exprs;
    for (const ReassociationIndices &group : view.getReassociationIndices()) {
      SmallVector<int64_t> wide;
      for (int64_t dim : group)
        if (view.getResultType().getDimSize(dim) != 1)
          wide.push_back(dim);
      if (wide.size() > 1)
        break;
      exprs.push_back(map.getResult(wide.empty() ? group.front() : wide.front()));
    }
    if (int64_t(exprs.size()) != view.getSrcType().getRank())
      continue;
    map = AffineMap::get(map.getNumDims(), 0, exprs, op.getContext());
    if (!inversePermutation(concatAffineMaps(maps, op.getContext()))) { // a loop's range is known from no operand
      map = op.getMatchingIndexingMap(input);
      continue;
    }
    rewriter.modifyOpInPlace(op, [&] { input->set(view.getSrc()); });
    op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
  }
}

static void dropKeptDims(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  function.walk([&](linalg::GenericOp op) { readWithoutKeptDims(rewriter, op); });
  MLIRContext *context = function.getContext();
  RewritePatternSet patterns(context);
  linalg::ControlDropUnitDims control;
  control.controlFn = keptLoops;
  linalg::populateFoldUnitExtentDimsPatterns(patterns, control);
  tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
  tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
  linalg::FillOp::getCanonicalizationPatterns(patterns, context);
  tensor::populateFoldTensorEmptyPatterns(patterns);
  GreedyRewriteConfig config;
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  (void)applyPatternsGreedily(function, std::move(patterns), config);
}

LogicalResult codegen::normalize(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  RewritePatternSet patterns(function.getContext());
  linalg::populateElementwiseToLinalgConversionPatterns(patterns);
  if (failed(applyPatternsGreedily(function, std::move(patterns))))
    return failure();
  for (Block *block : scheduleBlocks(function))
    for (Operation &op : llvm::make_early_inc_range(*block))
      (void)lowerTensorOp(rewriter, &op);
  // twice: decomposed operations may be made of named ones
  for (int round = 0; round < 2; ++round)
    for (Block *block : scheduleBlocks(function))
      for (Operation &op : llvm::make_early_inc_range(*block))
        lowerLinalgOp(rewriter, &op);
  dropKeptDims(function);
  {
    DominanceInfo dominance(function);
    eliminateCommonSubExpressions(rewriter, dominance, function);
  }
  return success();
}

void codegen::ownInitialValues(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  for (Block *block : scheduleBlocks(function))
    for (Operation &op : llvm::make_early_inc_range(*block)) {
      if (auto loops = dyn_cast<linalg::LinalgOp>(op); loops && isStatic(loops) && loops.hasPureTensorSemantics()) {
        if (foldEmptyLoops(rewriter, loops))
          continue;
        ownInits(rewriter, loops);
        if (auto generic = dyn_cast<linalg::GenericOp>(op))
          dropSingleTaps(rewriter, generic);
      } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
        if (isPaddedInTasks(insert))
          padForEach(rewriter, insert);
        else
          fillOnlyBorder(rewriter, insert);
      } else if (isViewInKernels(&op)) {
        copyForSchedule(rewriter, &op);
      }
    }
}
