// Control flow: the vocabulary's scan, which builds a body and closes it over what it uses, and the op's verifier,
// gradient and simplification. Its lowering is in codegen/lower/Control.cpp.
#include "nnc/ir/ops/Control.h"
#include "mlir/Transforms/RegionUtils.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Check.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/Differentiate.h"
#include "nnc/ir/ops/Contract.h"
#include "nnc/ir/ops/Elementwise.h"
#include "nnc/ir/ops/Reduce.h"
#include <fmt/format.h>

using namespace mlir;
namespace nnc {

//===--- vocabulary ---===//

namespace {
// The op a body is being built in: its region is within the graph, so that the body may use what is around it.
struct UnderConstruction {
  ir::ScanOp op;
  explicit UnderConstruction(Location location) {
    OperationState state(location, ir::ScanOp::getOperationName());
    state.addRegion();
    op = cast<ir::ScanOp>(ir::Builder::current().op().create(state));
    op.getBody().emplaceBlock();
  }
  ~UnderConstruction() { op.erase(); }
  Block *block() { return &op.getBody().front(); }
};
} // namespace

// Values from outside become captures; constants move in.
static SmallVector<Value> closeOver(Region &body) {
  SetVector<Value> used;
  getUsedValuesDefinedAbove(body, used);
  SmallVector<Value> captures;
  OpBuilder builder = OpBuilder::atBlockBegin(&body.front());
  for (Value value : used) {
    Operation *op = value.getDefiningOp();
    if (op && op->hasTrait<OpTrait::ConstantLike>()) {
      replaceAllUsesInRegionWith(value, builder.clone(*op)->getResult(0), body);
      continue;
    }
    captures.push_back(value);
    replaceAllUsesInRegionWith(value, body.addArgument(value.getType(), value.getLoc()), body);
  }
  return captures;
}

static Type stacked(Type element, int64_t length) {
  auto type = cast<RankedTensorType>(element);
  SmallVector<int64_t> shape{length};
  llvm::append_range(shape, type.getShape());
  return type.clone(shape);
}
static Type elementOf(Type sequence) {
  auto type = cast<RankedTensorType>(sequence);
  return type.clone(type.getShape().drop_front());
}

static ScanResult buildScan(int64_t length, const std::vector<Tensor> &carries, const std::vector<Tensor> &sequences,
                            const ScanBody &body, bool reverse, Where where) {
  ir::Builder &outer = ir::Builder::current();
  ir::detail::checkOperands("scan", carries, where);
  ir::detail::checkOperands("scan", sequences, where);
  if (length < 1)
    fail("scan", fmt::format("length: expected at least 1, got {}", length), where);
  Location location = outer.location(where);
  UnderConstruction scan(location);
  std::vector<Tensor> states, elements;
  for (Tensor carry : carries)
    states.push_back(ir::tensor(scan.block()->addArgument(ir::typeOf(carry), location)));
  for (auto [i, sequence] : llvm::enumerate(sequences)) {
    if (sequence.rank() == 0 || sequence.size(0) != length)
      fail("scan", fmt::format("sequence {}: expected {} steps, got {}", i, length, toString(sequence.shape())), where);
    elements.push_back(ir::tensor(scan.block()->addArgument(elementOf(ir::typeOf(sequence)), location)));
  }

  SmallVector<Value> yielded;
  SmallVector<Type> types;
  size_t outputs = 0;
  {
    ir::Builder inner(OpBuilder::atBlockEnd(scan.block()), outer.fixedLocation());
    StepResult step = body(states, elements);
    if (step.carries.size() != carries.size())
      fail("scan", fmt::format("carries: expected {} from the body, got {}", carries.size(), step.carries.size()),
           where);
    ir::detail::checkOperands("scan", step.carries, where);
    ir::detail::checkOperands("scan", step.outputs, where);
    for (auto [i, next, carry] : llvm::enumerate(step.carries, carries)) {
      if (ir::typeOf(next) != ir::typeOf(carry))
        fail("scan",
             fmt::format("carry {}: expected {} of {} from the body, as at the start, got {} of {}", i,
                         toString(carry.shape()), toString(carry.dtype()), toString(next.shape()),
                         toString(next.dtype())),
             where);
      yielded.push_back(ir::value(next));
      types.push_back(ir::typeOf(next));
    }
    outputs = step.outputs.size();
    for (Tensor output : step.outputs)
      yielded.push_back(ir::value(output));
    // What the gradient starts each step from.
    for (Tensor state : states)
      if (!llvm::is_contained(ArrayRef(yielded).drop_front(carries.size()), ir::value(state)))
        yielded.push_back(ir::value(state));
    for (Value output : ArrayRef(yielded).drop_front(carries.size()))
      types.push_back(stacked(output.getType(), length));
    ir::YieldOp::create(inner.op(), location, yielded);
  }
  auto values = [](const std::vector<Tensor> &tensors) { return llvm::map_to_vector(tensors, ir::value); };
  SmallVector<Value> captures = closeOver(scan.op.getBody());
  auto op =
      ir::ScanOp::create(outer.op(), location, types, values(carries), values(sequences), captures, length, reverse);
  op.getBody().takeBody(scan.op.getBody());
  scan.op.getBody().emplaceBlock();
  ScanResult result;
  for (auto [i, value] : llvm::enumerate(op.getResults()))
    if (i < carries.size())
      result.carries.push_back(ir::tensor(value));
    else if (i < carries.size() + outputs)
      result.outputs.push_back(ir::tensor(value));
  return result;
}

ScanResult scan(std::vector<Tensor> carries, std::vector<Tensor> sequences, ScanBody body, bool reverse, Where where) {
  if (sequences.empty())
    fail("scan", "sequences: expected at least one, got none", where);
  if (!sequences[0] || sequences[0].rank() == 0)
    fail("scan", "sequence 0: expected at least 1 dimension, got a scalar", where);
  return buildScan(sequences[0].size(0), carries, sequences, body, reverse, where);
}
ScanResult scan(int64_t length, std::vector<Tensor> carries, ScanBody body, bool reverse, Where where) {
  return buildScan(length, carries, {}, body, reverse, where);
}

namespace ir {

//===--- scan: verifier ---===//

LogicalResult ScanOp::verify() {
  Check check(getLoc(), "scan");
  int64_t length = getLength();
  if (length < 1)
    return check.fail("length: expected at least 1, got " + Twine(length));
  Block &body = getBody().front();
  if (body.getNumArguments() != getNumOperands())
    return check.fail("body: expected " + Twine(getNumOperands()) + " arguments, got " + Twine(body.getNumArguments()));
  unsigned argument = 0;
  auto next = [&](StringRef name, size_t i, Type expected) -> LogicalResult {
    unsigned number = argument++;
    return check.same("body's argument " + std::to_string(number), body.getArgument(number).getType(),
                      (name + " " + Twine(i)).str(), expected);
  };
  for (auto [i, carry] : llvm::enumerate(getCarries()))
    if (failed(next("carry", i, carry.getType())))
      return failure();
  for (auto [i, sequence] : llvm::enumerate(getSequences())) {
    auto type = cast<RankedTensorType>(sequence.getType());
    if (type.getRank() == 0 || type.getDimSize(0) != length)
      return check.fail("sequence " + Twine(i) + ": expected " + Twine(length) + " steps, got " + shapeText(type));
    if (failed(next("a step of sequence", i, elementOf(type))))
      return failure();
  }
  for (auto [i, capture] : llvm::enumerate(getCaptures()))
    if (failed(next("capture", i, capture.getType())))
      return failure();
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield)
    return check.fail("body: expected nn.yield at the end");
  if (yield.getNumOperands() != getNumResults() || getNumResults() < getCarries().size())
    return check.fail("body: expected to yield " + Twine(getNumResults()) + " values, at least one for each of " +
                      Twine(getCarries().size()) + " carries, got " + Twine(yield.getNumOperands()));
  for (auto [i, value, result] : llvm::enumerate(yield.getValues(), getResults())) {
    bool carry = i < getCarries().size();
    if (carry && failed(check.same("result " + std::to_string(i), result.getType(), "carry " + std::to_string(i),
                                   getCarries()[i].getType())))
      return failure();
    if (failed(check.same("result " + std::to_string(i), result.getType(), "the value yielded for it",
                          carry ? value.getType() : stacked(value.getType(), length))))
      return failure();
  }
  return success();
}

//===--- scan: gradient ---===//

// The results that hold these values of the body for every step. A scan without them is built again with them, and
// replaced.
static SmallVector<Value> ofAllSteps(ScanOp op, ArrayRef<Value> wanted) {
  Block &body = op.getBody().front();
  SmallVector<Value> yielded(body.getTerminator()->getOperands());
  SmallVector<unsigned> places;
  for (Value value : wanted) {
    auto found = llvm::find(llvm::drop_begin(yielded, op.getCarries().size()), value);
    places.push_back(found - yielded.begin());
    if (found == yielded.end())
      yielded.push_back(value);
  }
  if (yielded.size() > op.getNumResults()) {
    OpBuilder builder(op);
    SmallVector<Type> types(op.getResultTypes());
    for (Value value : ArrayRef(yielded).drop_front(op.getNumResults()))
      types.push_back(stacked(value.getType(), op.getLength()));
    auto whole = ScanOp::create(builder, op.getLoc(), types, op.getCarries(), op.getSequences(), op.getCaptures(),
                                op.getLength(), op.getReverse());
    IRMapping mapping;
    op.getBody().cloneInto(&whole.getBody(), mapping);
    for (Value &value : yielded)
      value = mapping.lookup(value);
    whole.getBody().front().getTerminator()->setOperands(yielded);
    op->replaceAllUsesWith(whole.getResults().take_front(op.getNumResults()));
    op = whole;
  }
  return llvm::map_to_vector(places, [&](unsigned place) -> Value { return op.getResult(place); });
}

static bool isFloatTensor(Value value) {
  return isa<FloatType>(cast<RankedTensorType>(value.getType()).getElementType());
}

static int64_t bytesOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getNumElements() * byteSize(dtypeOf(type.getElementType()));
}

// What is added to a product and to nothing else: its gradient has no need of the terms, only of the sum.
static Value sumOf(Value product) {
  while (product.hasOneUse()) {
    auto add = dyn_cast<AddOp>(*product.user_begin());
    if (!add || add.getType() != product.getType() || add->getBlock() != product.getParentBlock())
      break;
    product = add.getResult();
  }
  return product;
}

// The products of a step, with what is added to them, that its gradient has from the forward scan and does not compute
// again: all, if together they are at most four times what the step carries, which holds for LSTM and GRU. A loop that
// carries little, over pieces of something large, is written to save memory.
static SmallVector<Value> keptProducts(ScanOp op) {
  int64_t carried = 0, kept = 0;
  for (Value carry : op.getCarries())
    carried += bytesOf(carry);
  SmallVector<Value> products;
  for (Operation &inner : op.getBody().front())
    if (isa<DotOp>(inner)) {
      kept += bytesOf(inner.getResult(0));
      if (Value sum = sumOf(inner.getResult(0)); !llvm::is_contained(products, sum))
        products.push_back(sum);
    }
  return kept <= 4 * carried ? products : SmallVector<Value>();
}

SmallVector<Tensor> ScanOp::vjp(ArrayRef<Tensor> cotangents) {
  unsigned carryCount = getCarries().size(), sequenceCount = getSequences().size();
  SmallVector<Value> kept(getBody().getArguments().take_front(carryCount)), products = keptProducts(*this);
  kept.append(products);
  SmallVector<Value> keptSteps = ofAllSteps(*this, kept);
  // Carried: cotangents of the carries, then sums of the captures' gradients. Sequences: carries at the start of the
  // step, the step's elements, cotangents of its outputs, its products.
  std::vector<Tensor> carried, sequences;
  SmallVector<unsigned> carryAt, captureAt, sequenceAt, outputAt;
  for (auto [i, carry] : llvm::enumerate(getCarries()))
    if (isFloatTensor(carry)) {
      carryAt.push_back(i);
      carried.push_back(cotangents[i] ? cotangents[i] : zerosLike(tensor(carry)));
    }
  for (auto [i, capture] : llvm::enumerate(getCaptures()))
    if (isFloatTensor(capture) && !llvm::is_contained(getCaptures().take_front(i), capture)) {
      captureAt.push_back(i);
      carried.push_back(zerosLike(tensor(capture)));
    }
  for (auto [i, sequence] : llvm::enumerate(getSequences()))
    if (isFloatTensor(sequence))
      sequenceAt.push_back(i);
  for (Value start : ArrayRef(keptSteps).take_front(carryCount))
    sequences.push_back(tensor(start));
  for (Value sequence : getSequences())
    sequences.push_back(tensor(sequence));
  for (unsigned i = carryCount; i < getNumResults(); ++i)
    if (cotangents[i] && isFloatTensor(getResult(i))) {
      outputAt.push_back(i);
      sequences.push_back(cotangents[i]);
    }
  for (Value product : ArrayRef(keptSteps).drop_front(carryCount))
    sequences.push_back(tensor(product));

  auto body = [&](std::vector<Tensor> state, std::vector<Tensor> elements) {
    OpBuilder &builder = Builder::current().op();
    // The step again.
    IRMapping mapping;
    Block &forward = getBody().front();
    for (unsigned i = 0; i < carryCount + sequenceCount; ++i)
      mapping.map(forward.getArgument(i), value(elements[i]));
    for (auto [i, capture] : llvm::enumerate(getCaptures()))
      mapping.map(forward.getArgument(carryCount + sequenceCount + i), capture);
    for (Operation &op : forward.without_terminator())
      if (auto check = dyn_cast<CheckIndexOp>(op)) // passed the first time
        mapping.map(check.getResult(), mapping.lookup(check.getIndices()));
      else
        builder.clone(op, mapping);
    // Its gradient.
    std::vector<Tensor> outputs, given, inputs;
    for (auto [i, at] : llvm::enumerate(carryAt)) {
      outputs.push_back(tensor(mapping.lookup(forward.getTerminator()->getOperand(at))));
      given.push_back(state[i]);
      inputs.push_back(elements[at]);
    }
    for (auto [i, at] : llvm::enumerate(outputAt)) {
      outputs.push_back(tensor(mapping.lookup(forward.getTerminator()->getOperand(at))));
      given.push_back(elements[carryCount + sequenceCount + i]);
    }
    for (unsigned at : sequenceAt)
      inputs.push_back(elements[carryCount + at]);
    for (unsigned at : captureAt)
      inputs.push_back(tensor(getCaptures()[at]));
    auto gradients = differentiate(builder, outputs, given, inputs);
    for (auto [i, product] : llvm::enumerate(products)) // not before: the gradient goes through the product
      mapping.lookup(product).replaceAllUsesWith(value(ArrayRef(elements).take_back(products.size())[i]));
    ArrayRef<Tensor> ofCarries = ArrayRef(gradients).take_front(carryAt.size()),
                     ofSequences = ArrayRef(gradients).slice(carryAt.size(), sequenceAt.size()),
                     ofCaptures = ArrayRef(gradients).take_back(captureAt.size());
    StepResult step{ofCarries, ofSequences};
    for (auto [i, gradient] : llvm::enumerate(ofCaptures))
      step.carries.push_back(state[carryAt.size() + i] + gradient);
    return step;
  };
  ScanResult result = buildScan(getLength(), carried, sequences, body, !getReverse(), Where::current());

  SmallVector<Tensor> gradients(getNumOperands());
  for (auto [i, at] : llvm::enumerate(carryAt))
    gradients[at] = result.carries[i];
  for (auto [i, at] : llvm::enumerate(sequenceAt))
    gradients[carryCount + at] = result.outputs[i];
  for (auto [i, at] : llvm::enumerate(captureAt))
    gradients[carryCount + sequenceCount + at] = result.carries[carryAt.size() + i];
  return gradients;
}

//===--- scan: simplification ---===//

namespace {
// What of a scan is needed: a bit each carry, sequence, capture and result.
struct Needed {
  llvm::SmallBitVector operands, results;
};
} // namespace

// A result is needed if it is used, and a carry also if the next step needs it. Effects in the body (checks) need what
// they read.
static Needed neededOf(ScanOp op) {
  Block &body = op.getBody().front();
  Operation *yield = body.getTerminator();
  unsigned carries = op.getCarries().size();
  Needed needed{llvm::SmallBitVector(op.getNumOperands()), llvm::SmallBitVector(op.getNumResults())};
  DenseSet<Value> seen;
  SmallVector<Value> work;
  auto need = [&](Value value) {
    if (seen.insert(value).second)
      work.push_back(value);
  };
  auto needResult = [&](unsigned i) {
    needed.results.set(i);
    need(yield->getOperand(i));
  };
  for (unsigned i = 0; i < op.getNumResults(); ++i)
    if (!op.getResult(i).use_empty())
      needResult(i);
  for (Operation &inner : body.without_terminator())
    if (!isMemoryEffectFree(&inner))
      llvm::for_each(inner.getOperands(), need);
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      needed.operands.set(argument.getArgNumber());
      if (argument.getArgNumber() < carries)
        needResult(argument.getArgNumber());
    } else {
      llvm::for_each(value.getDefiningOp()->getOperands(), need);
    }
  }
  // A carry's start and its result go together.
  for (unsigned i = 0; i < carries; ++i)
    if (needed.results.test(i))
      needed.operands.set(i);
  return needed;
}

// Carries, sequences, captures and outputs that nothing depends on are dropped.
static LogicalResult dropUnused(ScanOp op, PatternRewriter &rewriter) {
  Needed needed = neededOf(op);
  if (needed.operands.all() && needed.results.all())
    return failure();
  bool effects = !isMemoryEffectFree(op);
  if (needed.results.none() && !effects) {
    rewriter.eraseOp(op);
    return success();
  }
  unsigned carries = op.getCarries().size(), sequences = op.getSequences().size();
  SmallVector<Value> kept[3];
  for (unsigned i = 0; i < op.getNumOperands(); ++i)
    if (needed.operands.test(i))
      kept[(i >= carries) + (i >= carries + sequences)].push_back(op.getOperand(i));
  SmallVector<Type> types;
  for (unsigned i : needed.results.set_bits())
    types.push_back(op.getResult(i).getType());
  auto smaller =
      ScanOp::create(rewriter, op.getLoc(), types, kept[0], kept[1], kept[2], op.getLength(), op.getReverse());
  rewriter.inlineRegionBefore(op.getBody(), smaller.getBody(), smaller.getBody().end());
  Block &body = smaller.getBody().front();
  rewriter.modifyOpInPlace(smaller, [&] {
    Operation *yield = body.getTerminator();
    llvm::BitVector drop(yield->getNumOperands());
    for (unsigned i = 0; i < yield->getNumOperands(); ++i)
      drop[i] = !needed.results.test(i);
    yield->eraseOperands(drop);
    // What led only to dropped values, from the end.
    SmallVector<Operation *> steps; // a reverse iterator does not survive the erasure of what it has just left
    for (Operation &inner : body.without_terminator())
      steps.push_back(&inner);
    for (Operation *inner : llvm::reverse(steps))
      if (isOpTriviallyDead(inner))
        rewriter.eraseOp(inner);
    llvm::BitVector unused(body.getNumArguments());
    for (unsigned i = 0; i < body.getNumArguments(); ++i)
      unused[i] = !needed.operands.test(i);
    body.eraseArguments(unused);
  });
  SmallVector<Value> replacements(op.getNumResults());
  for (auto [result, i] : llvm::zip(smaller.getResults(), needed.results.set_bits()))
    replacements[i] = result;
  for (auto [result, replacement] : llvm::zip(op.getResults(), replacements))
    if (replacement)
      rewriter.replaceAllUsesWith(result, replacement);
  rewriter.eraseOp(op);
  return success();
}

// What every step computes alike from captures alone is computed once, outside, and captured instead, unless it is
// larger than what it comes from (a repeated bias costs less in the step than in memory).
static LogicalResult hoistInvariant(ScanOp op, PatternRewriter &rewriter) {
  Block &body = op.getBody().front();
  unsigned first = op.getCarries().size() + op.getSequences().size();
  DenseSet<Value> fixed(body.args_begin() + first, body.args_end());
  SetVector<Operation *> hoisted;
  for (Operation &inner : body.without_terminator()) {
    if (inner.hasTrait<OpTrait::ConstantLike>()) {
      fixed.insert(inner.getResult(0));
      continue;
    }
    if (inner.getNumRegions() || inner.getNumResults() != 1 || inner.getNumOperands() == 0 ||
        !isMemoryEffectFree(&inner))
      continue;
    int64_t largest = 0;
    for (Value operand : inner.getOperands())
      largest = std::max(largest, bytesOf(operand));
    if (bytesOf(inner.getResult(0)) > largest ||
        !llvm::all_of(inner.getOperands(), [&](Value operand) { return fixed.contains(operand); }))
      continue;
    hoisted.insert(&inner);
    fixed.insert(inner.getResult(0));
  }
  if (hoisted.empty())
    return failure();

  rewriter.setInsertionPoint(op);
  IRMapping mapping;
  mapping.map(body.getArguments().drop_front(first), op.getCaptures());
  for (Operation *inner : hoisted) {
    for (Value operand : inner->getOperands())
      if (!mapping.contains(operand))
        rewriter.clone(*operand.getDefiningOp(), mapping); // a constant
    rewriter.clone(*inner, mapping);
  }
  rewriter.modifyOpInPlace(op, [&] {
    for (Operation *inner : hoisted) {
      Value result = inner->getResult(0);
      if (llvm::all_of(result.getUsers(), [&](Operation *user) { return hoisted.contains(user); }))
        continue;
      op.getCapturesMutable().append(mapping.lookup(result));
      Value argument = body.addArgument(result.getType(), result.getLoc());
      rewriter.replaceUsesWithIf(result, argument, [&](OpOperand &use) { return !hoisted.contains(use.getOwner()); });
    }
  });
  for (Operation *inner : llvm::reverse(hoisted.getArrayRef()))
    rewriter.eraseOp(inner);
  return success();
}

// The sum that a carry collects over the steps, if it does nothing else.
static AddOp collectedSum(ScanOp op, unsigned k) {
  BlockArgument total = op.getBody().getArgument(k);
  auto add = op.getBody().front().getTerminator()->getOperand(k).getDefiningOp<AddOp>();
  return add && add->hasOneUse() && total.hasOneUse() && *total.user_begin() == add ? add : AddOp();
}

// May the value be an output of all steps for the sake of a sum outside? Not where it is large beside what the steps
// carry from one to the next (sums apart): such a loop goes over pieces of something, to save memory.
static bool mayBeKept(ScanOp op, Value value) {
  int64_t carried = 0;
  for (auto [k, carry] : llvm::enumerate(op.getCarries()))
    carried += collectedSum(op, k) ? 0 : bytesOf(carry);
  return bytesOf(value) <= 4 * carried;
}

// A carry that only collects a sum over the steps of a dot or a sum, perhaps reshaped or transposed: the whole sum is
// one dot (one sum) outside, over the operands of all steps. So the gradient of a recurrent weight is one contraction,
// not a small one and an update of the whole sum in each step.
static LogicalResult sumOutside(ScanOp op, unsigned k, PatternRewriter &rewriter) {
  Block &body = op.getBody().front();
  auto yield = cast<YieldOp>(body.getTerminator());
  unsigned carries = op.getCarries().size(), sequences = op.getSequences().size();
  AddOp add = collectedSum(op, k);
  if (!add)
    return failure();
  Operation *term = (add.getLhs() == body.getArgument(k) ? add.getRhs() : add.getLhs()).getDefiningOp();
  SmallVector<Operation *> moves; // the last first
  for (; term && isa<ReshapeOp, TransposeOp>(term); term = term->getOperand(0).getDefiningOp())
    moves.push_back(term);
  if (!term || !isa<DotOp, SumOp>(term))
    return failure();

  // The operands of all steps: a sequence as it is, anything else that varies as an output.
  SmallVector<Value> yielded(yield.getOperands()), starts(op.getCarries());
  SmallVector<Type> types(op.getResultTypes());
  Value start = starts[k];
  yielded.erase(yielded.begin() + k), types.erase(types.begin() + k), starts.erase(starts.begin() + k);
  struct Source {
    Value sequence;
    unsigned output;
  };
  SmallVector<Source> sources;
  for (Value operand : term->getOperands()) {
    auto argument = dyn_cast<BlockArgument>(operand);
    if (argument ? argument.getArgNumber() >= carries + sequences
                 : operand.getDefiningOp()->hasTrait<OpTrait::ConstantLike>())
      return failure(); // the same in every step
    if (argument && argument.getArgNumber() >= carries) {
      sources.push_back({op.getOperand(argument.getArgNumber()), 0});
      continue;
    }
    unsigned at = carries - 1;
    while (at < yielded.size() && yielded[at] != operand)
      ++at;
    if (at == yielded.size()) {
      if (!mayBeKept(op, operand))
        return failure();
      yielded.push_back(operand);
      types.push_back(stacked(operand.getType(), op.getLength()));
    }
    sources.push_back({Value(), at});
  }
  auto smaller = ScanOp::create(rewriter, op.getLoc(), types, starts, op.getSequences(), op.getCaptures(),
                                op.getLength(), op.getReverse());

  Builder current(rewriter, op.getLoc());
  SmallVector<Tensor> all;
  for (const Source &source : sources)
    all.push_back(tensor(source.sequence ? source.sequence : smaller.getResult(source.output)));
  auto shifted = [](ArrayRef<int64_t> dims, bool steps) {
    std::vector<int64_t> result(steps ? 1 : 0, 0);
    for (int64_t dim : dims)
      result.push_back(dim + 1);
    return result;
  };
  Tensor sumOfAll;
  if (auto product = dyn_cast<DotOp>(term))
    sumOfAll = dot(all[0], all[1],
                   {shifted(product.getLhsBatch(), false), shifted(product.getRhsBatch(), false),
                    shifted(product.getLhsContract(), true), shifted(product.getRhsContract(), true)});
  else
    sumOfAll = sum(all[0], shifted(cast<SumOp>(term).getDims(), true));
  Value moved = value(sumOfAll);
  for (Operation *move : llvm::reverse(moves)) {
    IRMapping mapping;
    mapping.map(move->getOperand(0), moved);
    moved = rewriter.clone(*move, mapping)->getResult(0);
  }
  Value result = value(tensor(start) + tensor(moved));

  rewriter.inlineRegionBefore(op.getBody(), smaller.getBody(), smaller.getBody().end());
  rewriter.modifyOpInPlace(smaller, [&] {
    yield->setOperands(yielded);
    rewriter.eraseOp(add);
    body.eraseArgument(k);
  });
  SmallVector<Value> replacements(smaller.getResults().take_front(op.getNumResults() - 1));
  replacements.insert(replacements.begin() + k, result);
  rewriter.replaceOp(op, replacements);
  return success();
}

LogicalResult ScanOp::canonicalize(ScanOp op, PatternRewriter &rewriter) {
  if (succeeded(dropUnused(op, rewriter)) || succeeded(hoistInvariant(op, rewriter)))
    return success();
  for (unsigned k = 0; k < op.getCarries().size(); ++k)
    if (succeeded(sumOutside(op, k, rewriter)))
      return success();
  return failure();
}

} // namespace ir
} // namespace nnc
