// From a group to a kernel function: the members are tiled in one scf.forall, each exactly once, and what others need
// is written to the kernel's destinations tile by tile.
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "nnc/codegen/form/Kernel.h"
#include "nnc/codegen/form/Traits.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

// Scratch of a task lives on the stack.
static constexpr int64_t mostScratch = 256 << 10;

// Bytes of a member's result that one task makes.
static int64_t tileBytes(const Group &group, OpResult result) {
  const Labels &labels = group.members.find(result.getOwner())->second;
  int64_t bytes = bytesOf(result.getType());
  auto loops = dyn_cast<linalg::LinalgOp>(result.getOwner());
  if (!loops) { // a pad, cut only where it is not padded
    for (auto [label, size] : llvm::zip(labels, cast<RankedTensorType>(result.getType()).getShape()))
      if (label >= 0 && size)
        bytes = bytes / size * group.tiles[label];
    return bytes;
  }
  SmallVector<int64_t> ranges = loops.getStaticLoopRanges();
  for (AffineExpr expr : loops.getIndexingMapMatchingResult(result).getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      if (int label = labels[dim.getPosition()]; label >= 0 && ranges[dim.getPosition()])
        bytes = bytes / ranges[dim.getPosition()] * group.tiles[label];
  return bytes;
}

namespace {
// A result that is used outside of the group.
struct Yield {
  OpResult result; // in the schedule
  Value argument;  // destination of the kernel, or the part of the forall that stands for it
};

class GroupBuilder {
public:
  GroupBuilder(RewriterBase &rewriter, const Group &group, SymbolTable &symbols)
      : rewriter(rewriter), group(group), symbols(symbols), kernel(rewriter, lastMember(group)->getLoc()) {
    for (auto &[op, labels] : group.members)
      order.push_back(op);
    llvm::sort(order, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  }
  FailureOr<LaunchOp> run();

private:
  static Operation *lastMember(const Group &group) { return group.members.begin()->first; }
  void cloneMembers();
  Value destinationOf(OpResult result);
  void writeInto(OpResult result, Value destination);
  LogicalResult tileMembers();
  LogicalResult tile(Operation *member);
  void writeThrough(Value source, Value destination, ArrayRef<OpFoldResult> at, ArrayRef<OpFoldResult> extent,
                    ArrayRef<OpFoldResult> strides);
  struct Place { // of an insertion's tile, in the destination and in the source
    SmallVector<OpFoldResult> at, extent, sourceAt, sourceExtent;
  };
  Place placeOf(tensor::InsertSliceOp member);
  void tileInsert(tensor::InsertSliceOp member, const Place &place);
  void tilePad(tensor::InsertSliceOp member);
  Value sameSlice(tensor::ExtractSliceOp slice);
  void replaceSlice(Operation *slice);
  Value scratch(tensor::ExtractSliceOp slice);
  void addYields();
  OpFoldResult offsetOf(int label, OpFoldResult whole) { return label < 0 ? whole : offsets[label]; }

  RewriterBase &rewriter;
  const Group &group;
  SymbolTable &symbols;
  Kernel kernel;
  SmallVector<Operation *> order;            // members in the schedule
  DenseMap<Operation *, Operation *> inside; // member -> its whole clone in the kernel
  SmallVector<Yield> yields;
  scf::ForallOp loop;
  SmallVector<OpFoldResult> offsets, sizes;   // of the task dimensions
  DenseMap<Value, Value> tiles;               // result of a whole clone -> its tile
  SmallVector<tensor::ExtractSliceOp> slices; // made so far
};
} // namespace

void GroupBuilder::cloneMembers() {
  DenseSet<Value> made;
  for (Operation *op : order)
    made.insert(op->result_begin(), op->result_end());
  for (Operation *op : order) {
    auto insert = dyn_cast<tensor::InsertSliceOp>(op); // what it writes into is a destination, no input
    kernel.importOperands(op, [&](Value value) {
      return made.contains(value) || (insert && value == insert.getDest() && value != insert.getSource());
    });
  }
  rewriter.setInsertionPointToEnd(kernel.body());
  for (Operation *op : order) {
    inside[op] = rewriter.clone(*op, kernel.map());
    inside[op]->removeAttr(partialAttr);
    inside[op]->removeAttr(reorderedAttr);
  }
}

// What the launch gives as destination of a result: for a partial write the tensor it is a part of, else anything.
Value GroupBuilder::destinationOf(OpResult result) {
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(result.getOwner()))
    return insert.getDest();
  auto type = cast<RankedTensorType>(result.getType());
  return tensor::EmptyOp::create(rewriter, result.getLoc(), type.getShape(), type.getElementType());
}

// Let the member, or the fill or copy that it starts from, start in the destination.
void GroupBuilder::writeInto(OpResult result, Value destination) {
  Operation *op = inside[result.getOwner()];
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    insert.getDestMutable().set(destination);
    return;
  }
  OpOperand *init = cast<linalg::LinalgOp>(op).getDpsInitOperand(result.getResultNumber());
  while (auto start = init->get().getDefiningOp<linalg::LinalgOp>()) {
    if (!init->get().hasOneUse())
      return;
    init = start.getDpsInitOperand(cast<OpResult>(init->get()).getResultNumber());
  }
  if (init->get().getDefiningOp<tensor::EmptyOp>())
    init->set(destination);
}

Value GroupBuilder::sameSlice(tensor::ExtractSliceOp slice) {
  for (tensor::ExtractSliceOp other : slices)
    if (other.getSource() == slice.getSource() && other.getType() == slice.getType() &&
        isEqualConstantIntOrValueArray(other.getMixedOffsets(), slice.getMixedOffsets()) &&
        isEqualConstantIntOrValueArray(other.getMixedSizes(), slice.getMixedSizes()) &&
        isEqualConstantIntOrValueArray(other.getMixedStrides(), slice.getMixedStrides()))
      return other.getResult();
  slices.push_back(slice);
  return {};
}

// Scratch for a tile: of the size of a full tile, of which a smaller last tile takes a part.
Value GroupBuilder::scratch(tensor::ExtractSliceOp slice) {
  Location loc = slice.getLoc();
  SmallVector<int64_t> shape;
  for (OpFoldResult size : slice.getMixedSizes()) {
    if (std::optional<int64_t> fixed = getConstantIntValue(size)) {
      shape.push_back(*fixed);
      continue;
    }
    auto label = llvm::find(sizes, size);
    shape.push_back(label == sizes.end() ? ShapedType::kDynamic : group.tiles[label - sizes.begin()]);
  }
  if (llvm::is_contained(shape, ShapedType::kDynamic))
    return tensor::EmptyOp::create(rewriter, loc, slice.getMixedSizes(), slice.getType().getElementType());
  Value full = tensor::EmptyOp::create(rewriter, loc, shape, slice.getType().getElementType());
  if (full.getType() == slice.getType())
    return full;
  SmallVector<OpFoldResult> zeros(shape.size(), rewriter.getIndexAttr(0)), ones(shape.size(), rewriter.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(rewriter, loc, full, zeros, slice.getMixedSizes(), ones);
}

// A slice of a member is the member's tile; a slice of scratch is smaller scratch; equal slices are one.
void GroupBuilder::replaceSlice(Operation *op) {
  auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
  if (!slice)
    return;
  Value source = slice.getSource();
  if (Value tile = tiles.lookup(source); tile && tile.getType() == slice.getType()) {
    rewriter.replaceOp(slice, tile);
  } else if (tile) { // of a pad, all that its reader reaches
    SmallVector<OpFoldResult> zeros(slice.getType().getRank(), rewriter.getIndexAttr(0));
    rewriter.setInsertionPoint(slice);
    rewriter.replaceOpWithNewOp<tensor::ExtractSliceOp>(slice, slice.getType(), tile, zeros, slice.getMixedSizes(),
                                                        slice.getMixedStrides());
  } else if (source.getDefiningOp<tensor::EmptyOp>()) {
    rewriter.setInsertionPoint(slice);
    rewriter.replaceOp(slice, scratch(slice));
  } else if (slice.getType() == source.getType() && slice.getSourceType().hasStaticShape()) {
    rewriter.replaceOp(slice, source); // all of it
  } else if (Value same = sameSlice(slice)) {
    rewriter.replaceOp(slice, same);
  }
}

// The tile of an operation that runs backwards through an operand, which linalg's own slices know nothing of: what is
// read backwards is read whole, everything else along the tile's dimensions.
static FailureOr<TilingResult> tileReversed(RewriterBase &rewriter, linalg::LinalgOp op, ArrayRef<OpFoldResult> at,
                                            ArrayRef<OpFoldResult> extent) {
  TilingResult result;
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type) {
      operands.push_back(operand.get());
      continue;
    }
    SmallVector<OpFoldResult> offsets, sizes, ones(type.getRank(), rewriter.getIndexAttr(1));
    for (auto [expr, size] : llvm::zip(op.getMatchingIndexingMap(&operand).getResults(), type.getShape())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      offsets.push_back(dim ? at[dim.getPosition()] : rewriter.getIndexAttr(0));
      sizes.push_back(dim ? extent[dim.getPosition()] : rewriter.getIndexAttr(size));
    }
    auto slice = tensor::ExtractSliceOp::create(rewriter, op.getLoc(), operand.get(), offsets, sizes, ones);
    result.generatedSlices.push_back(slice);
    operands.push_back(slice);
  }
  SmallVector<Type> types;
  for (OpOperand &init : op.getDpsInitsMutable())
    types.push_back(operands[init.getOperandNumber()].getType());
  Operation *tile = clone(rewriter, op, types, operands);
  result.tiledOps.push_back(tile);
  result.tiledValues.assign(tile->result_begin(), tile->result_end());
  return result;
}

LogicalResult GroupBuilder::tile(Operation *member) {
  Operation *whole = inside[member];
  const Labels &labels = group.members.find(member)->second;
  SmallVector<OpFoldResult> at, extent;
  for (auto [label, range] : llvm::zip(labels, loopRanges(member))) {
    at.push_back(offsetOf(label, rewriter.getIndexAttr(0)));
    extent.push_back(label < 0 ? OpFoldResult(rewriter.getIndexAttr(range)) : sizes[label]);
  }
  auto interface = cast<TilingInterface>(whole);
  rewriter.setInsertionPoint(loop.getBody()->getTerminator());
  auto loops = dyn_cast<linalg::LinalgOp>(whole);
  FailureOr<TilingResult> tiled = loops && reversedLoops(loops).any()
                                      ? tileReversed(rewriter, loops, at, extent)
                                      : interface.getTiledImplementation(rewriter, at, extent);
  if (failed(tiled))
    return failure();
  for (Operation *slice : tiled->generatedSlices)
    replaceSlice(slice);
  // operands that a tile takes whole are not sliced
  for (Operation *op : tiled->tiledOps)
    for (OpOperand &operand : op->getOpOperands())
      if (Value tile = tiles.lookup(operand.get()))
        operand.set(tile);
  for (auto [result, value] : llvm::zip(whole->getResults(), tiled->tiledValues))
    tiles[result] = value;
  for (Yield &yield : yields) {
    if (yield.result.getOwner() != member)
      continue;
    unsigned number = yield.result.getResultNumber();
    SmallVector<OpFoldResult> resultAt, resultExtent;
    rewriter.setInsertionPoint(loop.getBody()->getTerminator());
    if (failed(interface.getResultTilePosition(rewriter, number, at, extent, resultAt, resultExtent)))
      return failure();
    SmallVector<OpFoldResult> ones(resultAt.size(), rewriter.getIndexAttr(1));
    rewriter.setInsertionPointToEnd(loop.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(rewriter, member->getLoc(), tiled->tiledValues[number], yield.argument,
                                          resultAt, resultExtent, ones);
  }
  return success();
}

// What is inserted is made at its place from the start: the scratch that its maker, or the fill or copy before it,
// starts in becomes a slice of the destination.
void GroupBuilder::writeThrough(Value source, Value destination, ArrayRef<OpFoldResult> at,
                                ArrayRef<OpFoldResult> extent, ArrayRef<OpFoldResult> strides) {
  if (!source.hasOneUse())
    return;
  Value start = source;
  while (auto maker = start.getDefiningOp<linalg::LinalgOp>()) {
    if (start != source && !start.hasOneUse())
      return;
    start = maker.getDpsInitOperand(cast<OpResult>(start).getResultNumber())->get();
  }
  auto part = start.getDefiningOp<tensor::ExtractSliceOp>(); // of scratch for a full tile
  Value whole = part ? part.getSource() : start;
  if (start == source || !whole.getDefiningOp<tensor::EmptyOp>() || !start.hasOneUse())
    return;
  rewriter.setInsertionPoint(start.getDefiningOp());
  auto slice = tensor::ExtractSliceOp::create(rewriter, source.getLoc(), cast<RankedTensorType>(start.getType()),
                                              destination, at, extent, strides);
  rewriter.replaceAllUsesWith(start, slice);
}

// The source's tile goes to its place in the destination, with the insertion's offset and stride.
GroupBuilder::Place GroupBuilder::placeOf(tensor::InsertSliceOp member) {
  auto whole = cast<tensor::InsertSliceOp>(inside[member]);
  const Labels &labels = group.members.find(member)->second;
  Place place;
  SmallVector<OpFoldResult> base = whole.getMixedOffsets(), strides = whole.getMixedStrides();
  llvm::SmallBitVector dropped = whole.getDroppedDims();
  AffineExpr first, step, by;
  bindSymbols(rewriter.getContext(), first, step, by);
  unsigned source = 0;
  for (unsigned dim = 0; dim < base.size(); ++dim) {
    if (dropped.test(dim)) {
      place.at.push_back(base[dim]);
      place.extent.push_back(rewriter.getIndexAttr(1));
      continue;
    }
    int label = labels[source];
    OpFoldResult offset = offsetOf(label, rewriter.getIndexAttr(0));
    OpFoldResult size =
        label < 0 ? OpFoldResult(rewriter.getIndexAttr(member.getSourceType().getDimSize(source))) : sizes[label];
    place.at.push_back(affine::makeComposedFoldedAffineApply(rewriter, member.getLoc(), first + step * by,
                                                             {base[dim], offset, strides[dim]}));
    place.extent.push_back(size);
    place.sourceAt.push_back(offset);
    place.sourceExtent.push_back(size);
    ++source;
  }
  return place;
}

void GroupBuilder::tileInsert(tensor::InsertSliceOp member, const Place &place) {
  auto whole = cast<tensor::InsertSliceOp>(inside[member]);
  Value tile = tiles.lookup(whole.getSource());
  if (!tile) {
    SmallVector<OpFoldResult> ones(place.sourceAt.size(), rewriter.getIndexAttr(1));
    rewriter.setInsertionPoint(loop.getBody()->getTerminator());
    tile = tensor::ExtractSliceOp::create(rewriter, member.getLoc(), whole.getSource(), place.sourceAt,
                                          place.sourceExtent, ones);
  }
  Value destination = llvm::find_if(yields, [&](Yield &yield) { return yield.result.getOwner() == member; })->argument;
  rewriter.setInsertionPointToEnd(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(rewriter, member.getLoc(), tile, destination, place.at, place.extent,
                                        whole.getMixedStrides());
  writeThrough(tile, destination, place.at, place.extent, whole.getMixedStrides());
}

// What a task takes of a padded tensor: its part of the source, inside of filled scratch.
void GroupBuilder::tilePad(tensor::InsertSliceOp member) {
  auto whole = cast<tensor::InsertSliceOp>(inside[member]);
  Place place = placeOf(member);
  rewriter.setInsertionPoint(loop.getBody()->getTerminator());
  Value tile = tiles.lookup(whole.getSource());
  if (!tile) {
    SmallVector<OpFoldResult> ones(place.sourceAt.size(), rewriter.getIndexAttr(1));
    tile = tensor::ExtractSliceOp::create(rewriter, member.getLoc(), whole.getSource(), place.sourceAt,
                                          place.sourceExtent, ones);
  }
  tiles[whole.getResult()] =
      tensor::InsertSliceOp::create(rewriter, member.getLoc(), tile, tiles.lookup(whole.getDest()),
                                    whole.getMixedOffsets(), place.sourceExtent, whole.getMixedStrides());
}

LogicalResult GroupBuilder::tileMembers() {
  Location loc = lastMember(group)->getLoc();
  SmallVector<OpFoldResult> lower, upper, step;
  for (auto [range, tile] : llvm::zip(group.ranges, group.tiles)) {
    lower.push_back(rewriter.getIndexAttr(0));
    upper.push_back(rewriter.getIndexAttr(range));
    step.push_back(rewriter.getIndexAttr(tile));
  }
  SmallVector<Value> destinations;
  for (Yield &yield : yields)
    destinations.push_back(yield.argument);
  rewriter.setInsertionPointToEnd(kernel.body());
  loop = scf::ForallOp::create(rewriter, loc, lower, upper, step, destinations, std::nullopt);
  rewriter.setInsertionPointToStart(loop.getBody());
  for (auto [dim, counter] : llvm::enumerate(loop.getInductionVars())) {
    int64_t range = group.ranges[dim], tile = group.tiles[dim];
    bool single = tile == range;
    offsets.push_back(single ? OpFoldResult(rewriter.getIndexAttr(0)) : OpFoldResult(counter));
    if (range % tile == 0) {
      sizes.push_back(rewriter.getIndexAttr(tile));
      continue;
    }
    AffineExpr at = rewriter.getAffineDimExpr(0);
    AffineMap fits = AffineMap::get(1, 0, {rewriter.getAffineConstantExpr(tile), range - at}, rewriter.getContext());
    sizes.push_back(affine::AffineMinOp::create(rewriter, loc, fits, ValueRange{counter}).getResult());
  }
  for (auto [yield, argument] : llvm::zip(yields, loop.getRegionIterArgs())) {
    yield.argument = argument;
    writeInto(yield.result, argument);
  }
  auto root = dyn_cast<tensor::InsertSliceOp>(lastMember(group)); // the only kind of place an insertion can have
  Place place = root ? placeOf(root) : Place();
  for (Operation *member : order) {
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(member); insert && insert != root)
      tilePad(insert);
    else if (insert)
      tileInsert(insert, place);
    else if (failed(tile(member)))
      return member->emitError("cannot be cut into tasks");
  }
  for (Operation *member : llvm::reverse(order))
    rewriter.eraseOp(inside[member]);
  return success();
}

// Results that others need, and results too large for a task to keep: these get a place in the arena.
void GroupBuilder::addYields() {
  Block *block = lastMember(group)->getBlock();
  SmallVector<std::pair<int64_t, OpResult>> kept;
  int64_t scratchBytes = 0;
  for (Operation *op : order)
    for (OpResult result : op->getResults()) {
      if (llvm::any_of(result.getUsers(),
                       [&](Operation *user) { return !group.contains(block->findAncestorOpInBlock(*user)); })) {
        yields.push_back({result, {}});
      } else if (!isa<linalg::FillOp>(op)) { // a fill is the start of somebody else's result
        kept.push_back({tileBytes(group, result), result});
        scratchBytes += kept.back().first;
      }
    }
  llvm::sort(kept, [](auto &a, auto &b) { return a.first > b.first; });
  for (auto [bytes, result] : kept)
    if (scratchBytes > mostScratch && group.isPartitioned(result.getOwner()) &&
        !isa<tensor::InsertSliceOp>(result.getOwner())) {
      yields.push_back({result, {}});
      scratchBytes -= bytes;
    }
}

FailureOr<LaunchOp> GroupBuilder::run() {
  Operation *last = lastMember(group);
  cloneMembers();
  SmallVector<Value> destinations;
  rewriter.setInsertionPoint(last);
  addYields();
  for (Yield &yield : yields)
    destinations.push_back(destinationOf(yield.result));
  for (auto [yield, destination] : llvm::zip(yields, destinations))
    yield.argument = kernel.addOutput(destination);

  SmallVector<Value> results;
  if (group.tasks() == 1) {
    for (Yield &yield : yields) {
      writeInto(yield.result, yield.argument);
      results.push_back(inside[yield.result.getOwner()]->getResult(yield.result.getResultNumber()));
      if (auto insert = results.back().getDefiningOp<tensor::InsertSliceOp>())
        writeThrough(insert.getSource(), yield.argument, insert.getMixedOffsets(), insert.getMixedSizes(),
                     insert.getMixedStrides());
    }
  } else {
    if (failed(tileMembers()))
      return failure();
    llvm::append_range(results, loop.getResults());
  }
  LaunchOp launch = kernel.finish(results, group.tasks(), last, order, symbols);
  for (auto [yield, result] : llvm::zip(yields, launch.getResults()))
    rewriter.replaceAllUsesWith(yield.result, result);
  for (Operation *member : llvm::reverse(order))
    rewriter.eraseOp(member);
  return launch;
}

FailureOr<LaunchOp> codegen::buildKernel(RewriterBase &rewriter, const Group &group, SymbolTable &symbols) {
  return GroupBuilder(rewriter, group, symbols).run();
}
