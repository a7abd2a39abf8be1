// Loops are multiplied out. Where the last task of a dimension is smaller (affine.min), its size counts with its mean
// over the tasks, which makes the sum exact: sizes along different dimensions depend on different counters.
#include "nnc/codegen/cpu/Work.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "nnc/codegen/cpu/Cpu.h"
#include "nnc/codegen/cpu/Nest.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "nnc/ir/ScalarOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>

using namespace mlir;

namespace nnc::codegen {

//===--- how often, how large ---===//

namespace {
struct Range {
  int64_t from, to, by;
  int64_t count() const { return to > from ? llvm::divideCeil(to - from, by) : 0; }
};
} // namespace

// The values that a loop's counter takes, if they are known.
static std::optional<Range> rangeOf(Value counter) {
  auto argument = dyn_cast<BlockArgument>(counter);
  auto loop = argument ? dyn_cast<LoopLikeOpInterface>(argument.getOwner()->getParentOp()) : LoopLikeOpInterface();
  auto counters = loop ? loop.getLoopInductionVars() : std::nullopt;
  auto lower = loop ? loop.getLoopLowerBounds() : std::nullopt, upper = loop ? loop.getLoopUpperBounds() : std::nullopt,
       step = loop ? loop.getLoopSteps() : std::nullopt;
  if (!counters || !lower || !upper || !step)
    return std::nullopt;
  auto at = llvm::find(*counters, counter) - counters->begin();
  if (at == int64_t(counters->size()))
    return std::nullopt;
  auto from = getConstantIntValue((*lower)[at]), to = getConstantIntValue((*upper)[at]),
       by = getConstantIntValue((*step)[at]);
  if (!from || !to || !by || *by <= 0)
    return std::nullopt;
  return Range{*from, *to, *by};
}

// What a number of one variable is computed from.
static Value counterOf(Value value) {
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<affine::AffineMinOp, affine::AffineApplyOp>(op) && op->getNumOperands() == 1
             ? counterOf(op->getOperand(0))
             : value;
}

// Its value where that is `at`.
static std::optional<int64_t> valueAt(Value value, Value counter, int64_t at) {
  if (value == counter)
    return at;
  Operation *op = value.getDefiningOp();
  std::optional<int64_t> inner = valueAt(op->getOperand(0), counter, at);
  if (!inner)
    return std::nullopt;
  auto least = dyn_cast<affine::AffineMinOp>(op);
  AffineMap map = least ? least.getMap() : cast<affine::AffineApplyOp>(op).getMap();
  SmallVector<Attribute> results;
  if (failed(map.constantFold({IntegerAttr::get(IndexType::get(value.getContext()), *inner)}, results)))
    return std::nullopt;
  int64_t smallest = INT64_MAX;
  for (Attribute result : results)
    smallest = std::min(smallest, cast<IntegerAttr>(result).getInt());
  return smallest;
}

// The mean of a number over the tasks or turns it is computed in; of a choice the larger one; none if only the data
// know it.
static std::optional<double> meanOf(OpFoldResult number) {
  if (auto constant = getConstantIntValue(number))
    return double(*constant);
  auto value = cast<Value>(number);
  if (auto choice = value.getDefiningOp<arith::SelectOp>()) {
    auto one = meanOf(choice.getTrueValue()), other = meanOf(choice.getFalseValue());
    return one && other ? std::optional(std::max(*one, *other)) : std::nullopt;
  }
  Value counter = counterOf(value);
  std::optional<Range> range = rangeOf(counter);
  if (counter == value || !range || range->count() == 0)
    return std::nullopt;
  double sum = 0;
  for (int64_t i = range->from; i < range->to; i += range->by) {
    std::optional<int64_t> at = valueAt(value, counter, i);
    if (!at)
      return std::nullopt;
    sum += double(std::max<int64_t>(0, *at));
  }
  return sum / double(range->count());
}

static double sizeOf(Value tensor, int64_t dim) {
  auto type = cast<ShapedType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return double(type.getDimSize(dim));
  if (auto slice = tensor.getDefiningOp<tensor::ExtractSliceOp>()) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (auto [from, size] : llvm::enumerate(slice.getMixedSizes()))
      if (!dropped.test(from) && dim-- == 0)
        return meanOf(size).value_or(1);
  }
  if (auto empty = tensor.getDefiningOp<tensor::EmptyOp>())
    return meanOf(empty.getMixedSizes()[dim]).value_or(1);
  if (auto made = tensor.getDefiningOp<DestinationStyleOpInterface>())
    return sizeOf(made.getTiedOpOperand(cast<OpResult>(tensor))->get(), dim);
  return 1;
}

static double bytesOfPart(Value tensor) {
  auto type = cast<ShapedType>(tensor.getType());
  double bytes = double(cpu::elementBytes(type.getElementType()));
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    bytes *= sizeOf(tensor, dim);
  return bytes;
}

static double turnsOf(linalg::LinalgOp op) {
  double turns = 1;
  for (auto [loop, range] : llvm::enumerate(op.getStaticLoopRanges())) {
    Value operand;
    unsigned dim;
    if (!ShapedType::isDynamic(range))
      turns *= double(range);
    else if (succeeded(op.mapIterationSpaceDimToOperandDim(loop, operand, dim)))
      turns *= sizeOf(operand, dim);
  }
  return turns;
}

static double turnsOf(LoopLikeOpInterface op) {
  auto lower = op.getLoopLowerBounds(), upper = op.getLoopUpperBounds(), step = op.getLoopSteps();
  double turns = 1;
  if (!lower || !upper || !step)
    return turns;
  for (auto [from, to, by] : llvm::zip(*lower, *upper, *step)) {
    auto first = meanOf(from), last = meanOf(to);
    auto width = getConstantIntValue(by);
    if (first && last && width && *width > 0)
      turns *= std::max(0.0, std::ceil((*last - *first) / double(*width)));
  }
  return turns;
}

namespace {
// How often the operations of a kernel are executed.
class Times {
public:
  // The operation's own loops aside.
  double of(Operation *op) {
    Operation *parent = op->getParentOp();
    return !parent || isa<func::FuncOp>(parent) ? 1 : inside(parent);
  }

private:
  double inside(Operation *op) {
    auto [at, added] = known.try_emplace(op, 1);
    if (!added)
      return at->second;
    double times = of(op);
    if (auto loops = dyn_cast<linalg::LinalgOp>(op))
      times *= turnsOf(loops);
    else if (auto loop = dyn_cast<LoopLikeOpInterface>(op))
      times *= turnsOf(loop);
    return known[op] = times;
  }
  DenseMap<Operation *, double> known;
};
} // namespace

//===--- flops ---===//

static int64_t flopsOfOne(Operation *op) {
  if (op->getNumResults() != 1 || !isa<FloatType>(getElementTypeOrSelf(op->getResultTypes()[0])))
    return 0;
  int64_t lanes = 1;
  if (auto shaped = dyn_cast<ShapedType>(op->getResultTypes()[0]); shaped && shaped.hasStaticShape())
    lanes = shaped.getNumElements();
  if (isa<math::FmaOp>(op))
    return 2 * lanes;
  // signs are bits; everything else of the math dialect that is left stands for an instruction
  bool counts = isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::RemFOp, arith::MaximumFOp,
                    arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp>(op) ||
                (isa<math::MathDialect>(op->getDialect()) && !isa<math::AbsFOp, math::CopySignOp>(op));
  return counts ? lanes : 0;
}

// Operations that are written out when the kernel is compiled, by what they are written out as: found once for each
// function and type.
static int64_t flopsOfFunction(Operation *op) {
  static std::mutex mutex;
  static llvm::StringMap<int64_t> known;
  std::string key;
  llvm::raw_string_ostream(key) << op->getName() << " " << op->getResultTypes()[0];
  {
    std::lock_guard lock(mutex);
    if (auto at = known.find(key); at != known.end())
      return at->second;
  }
  OpBuilder builder(op->getContext());
  OwningOpRef<func::FuncOp> function =
      func::FuncOp::create(op->getLoc(), "function", builder.getFunctionType(op->getOperandTypes(), {}));
  Block *body = function->addEntryBlock();
  builder.setInsertionPointToStart(body);
  builder.clone(*op)->setOperands(body->getArguments());
  // what has no expansion is an error when the kernel is compiled, and told there
  ScopedDiagnosticHandler quiet(op->getContext(), [](Diagnostic &) { return success(); });
  (void)cpu::expandMath(*function);
  int64_t flops = 0;
  function->walk([&](Operation *inner) {
    if (!inner->getParentOfType<scf::IfOp>()) // a branch is for arguments that hardly occur
      flops += flopsOfOne(inner);
  });
  std::lock_guard lock(mutex);
  return known[key] = flops;
}

static int64_t flopsOf(func::FuncOp kernel, Times &times) {
  double flops = 0;
  kernel->walk([&](Operation *op) {
    if (op->getNumOperands() == 0)
      return;
    bool isPlain = isa<arith::AddFOp, arith::MulFOp, arith::SubFOp, arith::DivFOp, math::FmaOp>(op);
    bool isFunction = !isPlain &&
                      (isa<math::MathDialect, scalar::ScalarDialect>(op->getDialect()) || isa<arith::RemFOp>(op)) &&
                      op->getNumResults() == 1 && isa<FloatType>(getElementTypeOrSelf(op->getResultTypes()[0]));
    if (int64_t own = isFunction ? flopsOfFunction(op) : flopsOfOne(op))
      flops += double(own) * times.of(op);
  });
  return std::llround(flops);
}

//===--- bytes ---===//

namespace {
// Where a tensor's elements lie: in an argument of the kernel (or in scratch: no argument), as they came, or with what
// the kernel has written there.
struct Origin {
  std::optional<unsigned> argument;
  bool written = false;
};
} // namespace

static Origin originOf(Value tensor, func::FuncOp kernel) {
  Origin origin;
  while (true) {
    if (auto argument = dyn_cast<BlockArgument>(tensor)) {
      Operation *parent = argument.getOwner()->getParentOp();
      if (parent == kernel) {
        origin.argument = argument.getArgNumber();
        return origin;
      }
      auto loop = dyn_cast<LoopLikeOpInterface>(parent);
      OpOperand *init = loop ? loop.getTiedLoopInit(argument) : nullptr;
      if (!init)
        return {};
      tensor = init->get();
      continue;
    }
    auto result = cast<OpResult>(tensor);
    Operation *op = result.getOwner();
    if (isa<tensor::ExtractSliceOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp>(op)) {
      tensor = op->getOperand(0);
      continue;
    }
    origin.written = true;
    if (auto made = dyn_cast<DestinationStyleOpInterface>(op)) {
      tensor = made.getTiedOpOperand(result)->get();
    } else if (auto loop = dyn_cast<LoopLikeOpInterface>(op)) {
      OpOperand *init = loop.getTiedLoopInit(result);
      if (!init)
        return {};
      tensor = init->get();
    } else if (auto choice = dyn_cast<scf::IfOp>(op)) {
      tensor = choice.thenYield().getOperand(result.getResultNumber());
    } else {
      return {};
    }
  }
}

namespace {
class Traffic {
public:
  Traffic(func::FuncOp kernel, Times &times)
      : kernel(kernel), times(times), reads(kernel.getNumArguments()), writes(kernel.getNumArguments()) {}
  void count();
  SmallVector<int64_t> bounded(ArrayRef<double> bytes);

private:
  void count(Operation *op);
  void read(Value tensor, double bytes) {
    Origin origin = originOf(tensor, kernel);
    if (origin.argument && !origin.written)
      reads[*origin.argument] += bytes;
  }
  void write(Value tensor, double bytes) {
    if (auto argument = originOf(tensor, kernel).argument)
      writes[*argument] += bytes;
  }

  func::FuncOp kernel;
  Times &times;

public:
  SmallVector<double> reads, writes;
};
} // namespace

void Traffic::count(Operation *op) {
  double turns = times.of(op);
  auto element = [&](Type type) { return double(cpu::elementBytes(type)) * turns; };
  // a piece that is put into a larger tensor; it may have been computed at its place
  auto insert = [&](Value source, Value destination) {
    Origin from = originOf(source, kernel), to = originOf(destination, kernel);
    if (from.argument && from.argument == to.argument)
      return;
    read(source, bytesOfPart(source) * turns);
    write(destination, bytesOfPart(source) * turns);
  };
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](linalg::LinalgOp loops) {
        for (OpOperand *input : loops.getDpsInputOperands())
          if (isa<ShapedType>(input->get().getType()))
            read(input->get(), bytesOfPart(input->get()) * turns);
        for (OpOperand &start : loops.getDpsInitsMutable()) {
          double bytes = bytesOfPart(start.get()) * turns;
          if (loops.payloadUsesValueFromOperand(&start))
            read(start.get(), bytes);
          // what goes over its own earlier values is in a cache
          if (!originOf(start.get(), kernel).written)
            write(start.get(), bytes);
        }
      })
      .Case([&](tensor::ExtractOp take) { read(take.getTensor(), element(take.getType())); })
      .Case([&](tensor::InsertOp put) { write(put.getDest(), element(put.getScalar().getType())); })
      .Case([&](tensor::InsertSliceOp put) { insert(put.getSource(), put.getDest()); })
      .Case([&](tensor::ParallelInsertSliceOp put) { insert(put.getSource(), put.getDest()); })
      .Case<tensor::ExtractSliceOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp, tensor::DimOp,
            tensor::EmptyOp>([](auto) {})
      .Default([&](Operation *other) {
        if (other->getNumRegions() || other->hasTrait<OpTrait::IsTerminator>())
          return;
        for (Value operand : other->getOperands())
          if (isa<RankedTensorType>(operand.getType()))
            read(operand, bytesOfPart(operand) * turns);
      });
}

void Traffic::count() {
  kernel->walk([&](Operation *op) {
    if (llvm::any_of(op->getOperandTypes(), [](Type type) { return isa<RankedTensorType>(type); }))
      count(op);
  });
}

// However often an element is read or written, it has to come and go once.
SmallVector<int64_t> Traffic::bounded(ArrayRef<double> bytes) {
  SmallVector<int64_t> result;
  for (auto [type, all] : llvm::zip(kernel.getArgumentTypes(), bytes))
    result.push_back(isa<RankedTensorType>(type) ? std::min(bytesOf(type), int64_t(std::llround(all))) : 0);
  return result;
}

KernelWork workOf(func::FuncOp kernel) {
  Times times;
  Traffic traffic(kernel, times);
  traffic.count();
  return {flopsOf(kernel, times), traffic.bounded(traffic.reads), traffic.bounded(traffic.writes)};
}

} // namespace nnc::codegen
