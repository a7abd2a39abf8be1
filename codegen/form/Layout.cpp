// Channels last. A convolution is given as (batch, channels, positions); a processor computes it best with its lanes
// along the channels of the result: then each element of the image is one number that all lanes share, read where it
// lies, and the windows of the image are never copied. So networks of convolutions are computed in a layout with the
// channels last, and weights as (taps, input channels, output channels).
//
// The pass chooses an order of dimensions in memory for each tensor, starting from the convolutions and carrying it
// through every operation that can work in it, and rewrites the operations. A loop nest can work in any order of its
// operands: their maps are permuted, and its loops follow. Only what the function is given or returns, weights, and
// operations that cannot carry an order meet a transposition. Regions whose transpositions cost more than the windows
// they save stay as they are.
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "nnc/codegen/form/Form.h"
#include "nnc/codegen/form/Group.h"
#include "nnc/codegen/form/Traits.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

// Cycles an element of a window costs that is copied, of a transposed tensor, of a transposed weight (which may be
// done once for many calls), and what is gained for each vector of products; lanes of a usual vector.
static constexpr double copying = 0.3, transposing = 1, transposingWeights = 0.5, tiling = 0.12;
static constexpr int64_t lanes = 16;

namespace {
// Dimension i in memory is dimension order[i] of the tensor; empty: as it is.
using Order = SmallVector<unsigned>;

// A convolution or one of its gradients: which dimensions of its operands are what.
struct Convolution {
  linalg::GenericOp op;
  OpOperand *windowed, *other;
  bool sumsPositions = false;                      // the gradient of the weights: both operands have positions
  SmallVector<unsigned> loops = {};                // the order in which they run
  Order image = {}, otherOrder = {}, results = {}; // of the windowed operand, the other one and the result
  double saved = 0;                                // cycles, in this order
  double savedAlone = 0;                           // where no other one is computed in it
};

bool isIdentity(ArrayRef<unsigned> order) {
  for (auto [i, dim] : llvm::enumerate(order))
    if (i != dim)
      return false;
  return true;
}

Order known(Order order) { return isIdentity(order) ? Order() : order; }

template <typename T> SmallVector<T> permuted(ArrayRef<T> values, const Order &order) {
  if (order.empty())
    return SmallVector<T>(values);
  SmallVector<T> result;
  for (unsigned dim : order)
    result.push_back(values[dim]);
  return result;
}

RankedTensorType permuted(RankedTensorType type, const Order &order) {
  return type.clone(permuted(type.getShape(), order));
}

AffineMap permuted(AffineMap map, const Order &order) {
  return AffineMap::get(map.getNumDims(), map.getNumSymbols(), permuted(map.getResults(), order), map.getContext());
}

// (batch, channels..., positions...) with the channels last
Order imageOrder(int64_t rank, int64_t positions) {
  Order order{0};
  for (int64_t dim = rank - positions; dim < rank; ++dim)
    order.push_back(dim);
  for (int64_t dim = 1; dim < rank - positions; ++dim)
    order.push_back(dim);
  return order;
}

// (group, output channels, input channels, taps...) as (taps..., group, input channels, output channels)
Order weightOrder(int64_t rank, int64_t taps) {
  Order order;
  for (int64_t dim = rank - taps; dim < rank; ++dim)
    order.push_back(dim);
  for (int64_t dim = 0; dim < rank - taps; ++dim)
    order.push_back(dim);
  if (rank - taps >= 2)
    std::swap(order[rank - 2], order[rank - 1]);
  return order;
}

std::optional<unsigned> loopOf(AffineExpr expr) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dim.getPosition();
  return std::nullopt;
}

// The loops of position * stride + tap * dilation.
SmallVector<unsigned> loopsOf(AffineExpr expr) {
  SmallVector<unsigned> loops;
  expr.walk([&](AffineExpr part) {
    if (auto dim = loopOf(part); dim && !llvm::is_contained(loops, *dim))
      loops.push_back(*dim);
  });
  return loops;
}

std::optional<Convolution> asConvolution(Operation *candidate) {
  auto op = dyn_cast<linalg::GenericOp>(candidate);
  if (!op || op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 || !isReduction(op) || !hasWindows(op) ||
      !isStatic(op) || !op.hasPureTensorSemantics() || !multiplies(op))
    return std::nullopt;
  Convolution conv{op, nullptr, nullptr};
  for (OpOperand *input : op.getDpsInputOperands())
    (op.getMatchingIndexingMap(input).isProjectedPermutation() ? conv.other : conv.windowed) = input;
  if (!conv.windowed || !conv.other)
    return std::nullopt;
  AffineMap image = op.getMatchingIndexingMap(conv.windowed), other = op.getMatchingIndexingMap(conv.other),
            out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto kinds = op.getIteratorTypesArray();
  auto isParallel = [&](unsigned loop) { return kinds[loop] == utils::IteratorType::parallel; };
  int64_t rank = image.getNumResults(), positions = 0;
  while (positions < rank && !loopOf(image.getResult(rank - 1 - positions)))
    ++positions;
  // the image has a batch, perhaps groups, and channels; the one loop it does not have is that of the other's channels
  SmallVector<unsigned> leading, batch, group, channel, partner, place, tap;
  for (AffineExpr expr : image.getResults().drop_back(positions)) {
    auto loop = loopOf(expr);
    if (!loop)
      return std::nullopt;
    leading.push_back(*loop);
  }
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
    if (!image.isFunctionOfDim(loop))
      partner.push_back(loop);
  if (leading.size() < 2 || leading.size() > 3 || partner.size() > 1)
    return std::nullopt;
  batch.push_back(leading[0]);
  if (partner.empty() || leading.size() == 3) // without one, each channel is a group
    group.push_back(leading[1]);
  if (partner.size() == 1)
    channel.push_back(leading.back());
  if (1 + group.size() + channel.size() != leading.size())
    return std::nullopt;
  conv.sumsPositions = !isParallel(batch[0]);
  for (AffineExpr expr : image.getResults().take_back(positions)) {
    SmallVector<unsigned> loops = loopsOf(expr);
    if (loops.size() != 2 || isParallel(loops[0]) == isParallel(loops[1]))
      return std::nullopt;
    bool first = isParallel(loops[0]) != conv.sumsPositions;
    place.push_back(loops[first ? 0 : 1]);
    tap.push_back(loops[first ? 1 : 0]);
  }
  auto mapOf = [&](std::initializer_list<ArrayRef<unsigned>> parts) {
    SmallVector<AffineExpr> exprs;
    for (ArrayRef<unsigned> part : parts)
      for (unsigned loop : part)
        exprs.push_back(getAffineDimExpr(loop, op.getContext()));
    return AffineMap::get(op.getNumLoops(), 0, exprs, op.getContext());
  };
  AffineMap weights = mapOf({group, partner, channel, tap}), images = mapOf({batch, group, partner, place});
  if ((conv.sumsPositions ? out : other) != weights || (conv.sumsPositions ? other : out) != images)
    return std::nullopt;
  auto run = [&](std::initializer_list<ArrayRef<unsigned>> parts) {
    for (ArrayRef<unsigned> part : parts)
      conv.loops.append(part.begin(), part.end());
  };
  if (conv.sumsPositions)
    run({tap, group, channel, partner, batch, place});
  else
    run({batch, place, group, partner, tap, channel});
  Order ofWeights = weightOrder(weights.getNumResults(), positions),
        ofImages = imageOrder(images.getNumResults(), positions);
  conv.image = imageOrder(rank, positions);
  conv.otherOrder = conv.sumsPositions ? ofImages : ofWeights;
  conv.results = conv.sumsPositions ? ofWeights : ofImages;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  bool dense = true; // one tap, no stride: nothing is copied
  int64_t copied = 1, positionsInAll = 1, across = ranges[partner.empty() ? group[0] : partner[0]];
  for (auto [t, k, expr] : llvm::zip(place, tap, image.getResults().take_back(positions))) {
    copied *= ranges[t] * ranges[k];
    positionsInAll *= ranges[t];
    dense &=
        ranges[k] == 1 && isa<AffineBinaryOpExpr>(expr) && loopOf(cast<AffineBinaryOpExpr>(expr).getLHS()).has_value();
  }
  for (unsigned loop : leading)
    copied *= ranges[loop];
  auto wasted = [](int64_t range) { return double(llvm::alignTo(range, lanes)) / double(range) - 1; }; // of the lanes
  if (partner.empty()) // of a channel alone, tasks pad and read their images as they are, as fast in either order
    return conv;
  double windows = dense ? 0 : copying * double(copied), vectors = double(loopVolume(op)) / lanes;
  conv.saved = windows + vectors * (tiling - wasted(across));
  if (!conv.sumsPositions) // else either order is as fast
    conv.savedAlone = windows + vectors * (std::max(dense ? 0 : tiling, wasted(positionsInAll)) - wasted(across));
  return conv;
}

// The groups of a view of reordered tensors, where there is one: in `wide` memory, each group of `narrow` lies together
// and in its order; dimensions of one element may stand anywhere.
std::optional<SmallVector<ReassociationIndices>> regrouped(ArrayRef<ReassociationIndices> groups,
                                                           ArrayRef<int64_t> wide, const Order &wideOrder,
                                                           const Order &narrowOrder) {
  SmallVector<unsigned> placeOf(wide.size()); // of a dimension's group, in memory
  for (unsigned place = 0; place < groups.size(); ++place)
    for (int64_t dim : groups[narrowOrder.empty() ? place : narrowOrder[place]])
      placeOf[dim] = place;
  SmallVector<ReassociationIndices> result(groups.size());
  unsigned place = 0;
  int64_t last = -1;
  for (unsigned i = 0; i < wide.size(); ++i) {
    unsigned dim = wideOrder.empty() ? i : wideOrder[i];
    bool opens = placeOf[dim] == place + 1;
    if (wide[dim] != 1) {
      if (placeOf[dim] != place && !opens)
        return std::nullopt;
      if (!opens && int64_t(dim) < last)
        return std::nullopt;
      last = dim;
    }
    if (opens)
      ++place;
    result[place].push_back(i);
  }
  for (auto [at, group] : llvm::enumerate(result)) { // no group without dimensions, none with another's elements
    int64_t before = 1, after = 1;
    for (int64_t dim : groups[narrowOrder.empty() ? at : narrowOrder[at]])
      before *= wide[dim];
    for (int64_t i : group)
      after *= wide[wideOrder.empty() ? i : wideOrder[i]];
    if (group.empty() || before != after)
      return std::nullopt;
  }
  return result;
}

// Tensors that keep or change their order together, each set by one of them. (llvm::EquivalenceClasses would bring an
// allocator into this library that poisons memory under AddressSanitizer, and LLD, which is linked into it and is not
// instrumented, would run into that.)
class Regions {
public:
  Value leader(Value value) const {
    while (true) {
      Value next = leaders.lookup(value);
      if (!next)
        return value;
      value = next;
    }
  }
  void join(Value one, Value other) {
    one = leader(one);
    other = leader(other);
    if (one == other)
      return;
    if (sizes.lookup(one) > sizes.lookup(other)) // paths stay short
      std::swap(one, other);
    leaders[one] = other;
    sizes[other] += sizes.lookup(one) + 1;
  }

private:
  DenseMap<Value, Value> leaders;
  DenseMap<Value, int64_t> sizes;
};

class Layouts {
public:
  explicit Layouts(Block &block) : block(block), rewriter(block.getParentOp()->getContext()) {}
  void run();

private:
  // choice
  void assign(Value value, const Order &order, Value from);
  void carry(Operation *op, Value value);
  void carryThroughLoops(linalg::GenericOp op, Value value);
  void carryThroughView(Value narrow, Value wide, ArrayRef<ReassociationIndices> groups, Value value);
  bool carries(Operation *op) const;
  void dropCostly();

  // rewriting
  Order orderOf(Value value) const { return orders.lookup(value); }
  Value as(Value value, const Order &order);
  bool isTouched(Operation *op) const;
  void rewrite(Operation *op);
  void rewriteLoops(linalg::GenericOp op);
  SmallVector<unsigned> loopOrder(linalg::GenericOp op) const;
  void rewriteInsert(tensor::InsertSliceOp op);
  void rewriteExtract(tensor::ExtractSliceOp op);
  template <typename View> void rewriteView(View op, Value narrow, Value wide);
  void define(Value old, const Order &order, Value made) { versions[old].push_back({order, made}); }

  Block &block;
  IRRewriter rewriter;
  llvm::MapVector<Operation *, Convolution> convolutions;
  llvm::MapVector<Value, Order> orders; // chosen
  Regions regions;
  SmallVector<Value> work;
  DenseMap<Value, SmallVector<std::pair<Order, Value>>> versions; // of a tensor, in memory
};
} // namespace

//===--- choice ---===//

static bool isGiven(Value value) { return isa<BlockArgument>(value); }

void Layouts::assign(Value value, const Order &order, Value from) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (isGiven(value) || order.empty() || !type || type.getRank() < 3 || !type.hasStaticShape() ||
      value.getParentBlock() != &block)
    return;
  if (orders.insert({value, order}).second)
    work.push_back(value);
  if (from)
    regions.join(from, value);
}

bool Layouts::carries(Operation *op) const {
  if (op->getBlock() != &block)
    return false;
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return insert.getSourceType().getRank() == insert.getDestType().getRank();
  if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op))
    return extract.getSourceType().getRank() == extract.getType().getRank();
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return isStatic(generic) && generic.hasPureTensorSemantics();
  return isa<linalg::FillOp, tensor::EmptyOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
}

// The value's order is an order of the loops, and that one of the other operands.
void Layouts::carryThroughLoops(linalg::GenericOp op, Value value) {
  auto mapOf = [&](Value of) {
    if (of.getDefiningOp() == op)
      return op.getIndexingMapMatchingResult(cast<OpResult>(of));
    return op.getMatchingIndexingMap(
        llvm::find_if(op->getOpOperands(), [&](OpOperand &use) { return use.get() == of; }));
  };
  SmallVector<int> place(op.getNumLoops(), -1);
  for (auto [at, expr] : llvm::enumerate(permuted(mapOf(value).getResults(), orderOf(value))))
    for (unsigned loop : loopsOf(expr))
      if (place[loop] < 0)
        place[loop] = int(at);
  auto give = [&](Value to, AffineMap map) {
    SmallVector<std::pair<int, unsigned>> dims;
    for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
      int first = -1;
      for (unsigned loop : loopsOf(expr))
        first = std::max(first, place[loop]);
      if (first < 0 && !isa<AffineConstantExpr>(expr))
        return;
      dims.push_back({first, unsigned(dim)});
    }
    llvm::sort(dims);
    Order order;
    for (auto [at, dim] : dims)
      order.push_back(dim);
    assign(to, known(order), value);
  };
  for (OpOperand &operand : op->getOpOperands())
    if (operand.get() != value)
      give(operand.get(), op.getMatchingIndexingMap(&operand));
  for (OpResult result : op->getResults())
    if (result != value)
      give(result, op.getIndexingMapMatchingResult(result));
}

void Layouts::carryThroughView(Value narrow, Value wide, ArrayRef<ReassociationIndices> groups, Value value) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(wide.getType()).getShape();
  Order order;
  if (value == narrow) {
    for (unsigned group : orderOf(narrow))
      order.append(groups[group].begin(), groups[group].end());
    return assign(wide, known(order), value);
  }
  Order wideOrder = orderOf(wide);
  SmallVector<std::pair<int64_t, unsigned>> places; // of each group's first element of memory
  for (auto [group, dims] : llvm::enumerate(groups)) {
    auto first = [&](bool units) {
      for (auto [place, dim] : llvm::enumerate(wideOrder))
        if (llvm::is_contained(dims, int64_t(dim)) && (units || shape[dim] != 1))
          return int64_t(place);
      return int64_t(-1);
    };
    places.push_back({first(false) < 0 ? first(true) : first(false), unsigned(group)});
  }
  llvm::sort(places);
  for (auto [place, group] : places)
    order.push_back(group);
  if (regrouped(groups, shape, wideOrder, known(order)))
    assign(narrow, known(order), value);
}

void Layouts::carry(Operation *op, Value value) {
  if (!op || !carries(op) || convolutions.contains(op))
    return;
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return carryThroughLoops(generic, value);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return carryThroughView(expand.getSrc(), expand.getResult(), expand.getReassociationIndices(), value);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return carryThroughView(collapse.getResult(), collapse.getSrc(), collapse.getReassociationIndices(), value);
  for (Value other : op->getOperands()) // slices and fills: the same order everywhere
    if (other.getType() != value.getType() || isa<tensor::InsertSliceOp, tensor::ExtractSliceOp>(op))
      if (auto type = dyn_cast<RankedTensorType>(other.getType());
          type && type.getRank() == cast<RankedTensorType>(value.getType()).getRank())
        assign(other, orderOf(value), value);
  for (Value result : op->getResults())
    assign(result, orderOf(value), value);
}

// What the tensor was before it was padded and viewed.
static Value originOfData(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      value = insert.getSource();
    else if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp>(op))
      value = op->getOperand(0);
    else
      break;
  }
  return value;
}

// Has the tensor been moved to where it stands from one that is in this order already?
static bool comesInOrder(Value value, const Order &order) {
  auto moved = value.getDefiningOp<linalg::GenericOp>();
  if (!moved || !onlyMoves(moved) || moved.getNumDpsInputs() != 1)
    return false;
  AffineMap from = moved.getMatchingIndexingMap(moved.getDpsInputOperand(0)),
            to = moved.getMatchingIndexingMap(moved.getDpsInitOperand(0));
  ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  int last = -1;
  for (unsigned dim : order) {
    if (shape[dim] == 1)
      continue;
    auto place = from.getResultPosition(to.getResult(dim));
    if (!place || int(*place) < last)
      return false;
    last = int(*place);
  }
  return true;
}

static double elementsOf(Value value) { return double(cast<RankedTensorType>(value.getType()).getNumElements()); }

// A region of tensors keeps the order it has unless convolutions gain more in it than is transposed at its edge. Few
// channels fill no vector. One that follows no other meets two transpositions for itself; the positions it leaves of
// the last vector count, and several that make one result, as those of a strided gradient do, stay as they are.
void Layouts::dropCostly() {
  struct Balance {
    double cost = 0, saved = 0, savedAlone = 0;
    unsigned convolutions = 0;
    bool follow = false;
    bool isWorth() const { return follow ? cost < saved : convolutions == 1 && cost < savedAlone; }
  };
  DenseMap<Value, Balance> balances;
  auto regionOf = [&](Value value) { return regions.leader(value); };
  for (auto &[op, conv] : convolutions) {
    Value mine = conv.op.getResult(0);
    for (Value operand : {conv.other->get(), conv.windowed->get()})
      if (orders.contains(operand))
        mine = operand;
    if (!orders.contains(mine))
      continue;
    Balance &balance = balances[regionOf(mine)];
    balance.saved += conv.saved;
    balance.savedAlone += conv.savedAlone;
    ++balance.convolutions;
    auto enters = [&](Value image) {
      if (isGiven(image))
        balance.cost += transposing * elementsOf(image);
      balance.follow |= !isGiven(originOfData(image));
    };
    enters(conv.windowed->get());
    if (conv.sumsPositions)
      enters(conv.other->get());
    if (conv.sumsPositions)
      balance.cost += transposingWeights * elementsOf(conv.op.getResult(0));
    else if (!isFrozen(conv.other->get()) && !comesInOrder(conv.other->get(), conv.otherOrder))
      balance.cost += transposingWeights * elementsOf(conv.other->get());
  }
  for (auto &[value, order] : orders) {
    Balance &balance = balances[regionOf(value)];
    Operation *maker = value.getDefiningOp();
    if (!carries(maker))
      balance.cost += transposing * elementsOf(value);
    for (Operation *user : value.getUsers())
      if (!carries(user) || (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(user) &&
                             cast<RankedTensorType>(user->getResult(0).getType()).getRank() > 2 &&
                             !orders.contains(user->getResult(0)))) {
        balance.cost += transposing * elementsOf(value);
        break;
      }
  }
  auto stays = [&](Value value) { return !balances[regionOf(value)].isWorth(); };
  convolutions.remove_if([&](auto &entry) {
    Convolution &conv = entry.second;
    for (Value value : {conv.windowed->get(), conv.other->get(), Value(conv.op.getResult(0))})
      if (orders.contains(value))
        return stays(value);
    return true;
  });
  orders.remove_if([&](auto &entry) { return stays(entry.first); });
}

//===--- rewriting ---===//

// The tensor in the given order: there already, made so, or transposed.
Value Layouts::as(Value value, const Order &order) {
  SmallVector<std::pair<Order, Value>> &have = versions[value];
  if (have.empty()) // not made anew: it stays, as it is, beside its versions
    have.push_back({Order(), value});
  for (auto &[has, version] : have)
    if (has == order)
      return version;
  auto [from, source] = have.front();
  OpBuilder::InsertionGuard guard(rewriter);
  if (!isGiven(source)) // else before the first operation that asks: weights wait in the order they are given
    rewriter.setInsertionPointAfterValue(source);
  auto type = permuted(cast<RankedTensorType>(value.getType()), order);
  Location loc = value.getLoc();
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(), type.getElementType()), made;
  if (source.getDefiningOp<tensor::EmptyOp>()) {
    made = empty;
  } else if (auto fill = source.getDefiningOp<linalg::FillOp>()) {
    made = linalg::FillOp::create(rewriter, loc, fill.getInputs()[0], empty).getResult(0);
  } else {
    int64_t rank = type.getRank();
    SmallVector<AffineExpr> loops(rank), read;
    for (int64_t i = 0; i < rank; ++i)
      loops[order.empty() ? i : order[i]] = rewriter.getAffineDimExpr(i);
    read = permuted(ArrayRef<AffineExpr>(loops), from);
    SmallVector<AffineMap> maps{AffineMap::get(rank, 0, read, rewriter.getContext()),
                                rewriter.getMultiDimIdentityMap(rank)};
    SmallVector<utils::IteratorType> kinds(rank, utils::IteratorType::parallel);
    auto moved = linalg::GenericOp::create(
        rewriter, loc, type, source, empty, maps, kinds,
        [](OpBuilder &b, Location at, ValueRange args) { linalg::YieldOp::create(b, at, args.front()); });
    moved->setAttr(reorderedAttr, rewriter.getUnitAttr());
    made = moved.getResult(0);
  }
  versions[value].push_back({order, made});
  return made;
}

bool Layouts::isTouched(Operation *op) const {
  auto isOrdered = [&](Value value) { return orders.contains(value); };
  if (isa<linalg::FillOp, tensor::EmptyOp>(op)) // made in the order that is asked for, each time
    return false;
  return carries(op) && (convolutions.contains(op) || llvm::any_of(op->getOperands(), isOrdered) ||
                         llvm::any_of(op->getResults(), isOrdered));
}

// Results are written in the order they lie in memory; a plain sum runs through what it reads like that.
SmallVector<unsigned> Layouts::loopOrder(linalg::GenericOp op) const {
  if (auto conv = convolutions.find(op); conv != convolutions.end())
    return conv->second.loops;
  Value leading = op.getResult(0);
  AffineMap map = op.getIndexingMapMatchingResult(op->getResult(0));
  if (op.getNumReductionLoops() && cast<linalg::LinalgOp>(op.getOperation()).hasOnlyProjectedPermutations())
    for (OpOperand *input : op.getDpsInputOperands())
      if (AffineMap mine = op.getMatchingIndexingMap(input); mine.getNumResults() > map.getNumResults()) {
        map = mine;
        leading = input->get();
      }
  SmallVector<unsigned> loops;
  auto add = [&](unsigned loop) {
    if (!llvm::is_contained(loops, loop))
      loops.push_back(loop);
  };
  for (AffineExpr expr : permuted(map.getResults(), orderOf(leading)))
    for (unsigned loop : loopsOf(expr))
      add(loop);
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
    add(loop);
  return loops;
}

void Layouts::rewriteLoops(linalg::GenericOp op) {
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  SmallVector<Type> types;
  SmallVector<Order> results;
  auto conv = convolutions.find(op);
  for (OpOperand &operand : op->getOpOperands()) {
    Order order = orderOf(operand.get());
    if (op.isDpsInit(&operand))
      order = orderOf(op.getTiedOpResult(&operand));
    if (conv != convolutions.end())
      order = &operand == conv->second.windowed ? conv->second.image
              : &operand == conv->second.other  ? conv->second.otherOrder
                                                : conv->second.results;
    if (op.isDpsInit(&operand)) {
      results.push_back(order);
      types.push_back(permuted(cast<RankedTensorType>(operand.get().getType()), order));
    }
    bool isTensor = isa<RankedTensorType>(operand.get().getType());
    operands.push_back(isTensor ? as(operand.get(), order) : operand.get());
    maps.push_back(permuted(op.getMatchingIndexingMap(&operand), order));
  }
  SmallVector<unsigned> loops = loopOrder(op);
  auto made = cast<linalg::GenericOp>(clone(rewriter, op, types, operands));
  made.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
  if (!isIdentity(loops))
    (void)linalg::interchangeGenericOp(rewriter, made, loops);
  for (auto [old, order, result] : llvm::zip(op->getResults(), results, made->getResults()))
    define(old, order, result);
}

void Layouts::rewriteInsert(tensor::InsertSliceOp op) {
  Order order = orderOf(op.getResult());
  Value made = tensor::InsertSliceOp::create(rewriter, op.getLoc(), as(op.getSource(), order), as(op.getDest(), order),
                                             permuted(ArrayRef<OpFoldResult>(op.getMixedOffsets()), order),
                                             permuted(ArrayRef<OpFoldResult>(op.getMixedSizes()), order),
                                             permuted(ArrayRef<OpFoldResult>(op.getMixedStrides()), order));
  define(op.getResult(), order, made);
}

void Layouts::rewriteExtract(tensor::ExtractSliceOp op) {
  Order order = orderOf(op.getResult());
  Value made =
      tensor::ExtractSliceOp::create(rewriter, op.getLoc(), permuted(op.getType(), order), as(op.getSource(), order),
                                     permuted(ArrayRef<OpFoldResult>(op.getMixedOffsets()), order),
                                     permuted(ArrayRef<OpFoldResult>(op.getMixedSizes()), order),
                                     permuted(ArrayRef<OpFoldResult>(op.getMixedStrides()), order));
  define(op.getResult(), order, made);
}

template <typename View> void Layouts::rewriteView(View op, Value narrow, Value wide) {
  SmallVector<ReassociationIndices> groups = op.getReassociationIndices();
  Order from = orderOf(op.getSrc()), to = orderOf(op.getResult());
  auto between = regrouped(groups, cast<RankedTensorType>(wide.getType()).getShape(), orderOf(wide), orderOf(narrow));
  if (!between) { // through the order that the view was written for
    from = to = Order();
    between = groups;
  }
  auto type = permuted(op.getResultType(), to);
  define(op.getResult(), to, View::create(rewriter, op.getLoc(), type, as(op.getSrc(), from), *between));
}

void Layouts::rewrite(Operation *op) {
  rewriter.setInsertionPoint(op);
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return rewriteLoops(generic);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return rewriteInsert(insert);
  if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op))
    return rewriteExtract(extract);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return rewriteView(expand, expand.getSrc(), expand.getResult());
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return rewriteView(collapse, collapse.getResult(), collapse.getSrc());
}

void Layouts::run() {
  for (Operation &op : block)
    if (auto conv = asConvolution(&op))
      convolutions.insert({&op, *conv});
  for (auto &[op, conv] : convolutions) {
    Value image = conv.windowed->get(), other = conv.other->get(), result = conv.op.getResult(0);
    assign(image, conv.image, {});
    if (conv.sumsPositions)
      assign(other, conv.otherOrder, {});
    else
      assign(result, conv.results, {});
    Value second = conv.sumsPositions ? other : result;
    if (orders.contains(image) && orders.contains(second))
      regions.join(image, second);
  }
  while (!work.empty()) {
    Value value = work.pop_back_val();
    carry(value.getDefiningOp(), value);
    for (Operation *user : value.getUsers())
      carry(user, value);
  }
  dropCostly();
  // weights that are moved before they are used are moved to where they are wanted
  for (auto &[op, conv] : convolutions)
    if (auto moved = conv.other->get().getDefiningOp<linalg::GenericOp>();
        moved && !conv.sumsPositions && onlyMoves(moved) && moved->hasOneUse() && moved->getBlock() == &block)
      orders.insert({conv.other->get(), conv.otherOrder});
  if (convolutions.empty())
    return;
  SmallVector<Operation *> old;
  for (Operation &op : llvm::make_early_inc_range(block))
    if (isTouched(&op)) {
      old.push_back(&op);
      rewrite(&op);
    }
  DenseSet<Operation *> replaced(old.begin(), old.end());
  SmallVector<OpOperand *> uses; // by what stays as it was
  for (Operation &op : block)
    if (!replaced.contains(&op))
      op.walk([&](Operation *inner) {
        for (OpOperand &operand : inner->getOpOperands())
          if (versions.contains(operand.get()) && operand.get().getDefiningOp() &&
              replaced.contains(operand.get().getDefiningOp()))
            uses.push_back(&operand);
      });
  for (OpOperand *use : uses) {
    Value plain = as(use->get(), Order());
    rewriter.modifyOpInPlace(use->getOwner(), [&] { use->set(plain); });
  }
  for (Operation *op : llvm::reverse(old))
    rewriter.eraseOp(op);
}

void codegen::chooseLayouts(func::FuncOp function) {
  if (!function.isExternal())
    Layouts(function.getBody().front()).run();
}
