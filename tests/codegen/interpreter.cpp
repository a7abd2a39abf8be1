// The interpreter behind the tests of formation and planning: see the header.
#include "interpreter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "nnc/ir/ScalarOps.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>
#include <numbers>
#include <random>

using namespace mlir;

namespace nnc::test {

static int64_t bytesOfElement(Type type) { return type.isIndex() ? 8 : (type.getIntOrFloatBitWidth() + 7) / 8; }

static SmallVector<int64_t> rowMajor(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int dim = int(shape.size()) - 2; dim >= 0; --dim)
    strides[dim] = strides[dim + 1] * shape[dim + 1];
  return strides;
}

View View::make(ArrayRef<int64_t> shape, Type element, double value) {
  View view;
  view.shape.assign(shape.begin(), shape.end());
  view.strides = rowMajor(shape);
  view.elementBytes = bytesOfElement(element);
  view.cells = std::make_shared<std::vector<double>>(view.size() * view.elementBytes, value);
  return view;
}

int64_t View::size() const {
  int64_t size = 1;
  for (int64_t extent : shape)
    size *= extent;
  return size;
}

double &View::at(ArrayRef<int64_t> index) const {
  int64_t position = 0;
  for (auto [i, stride, extent] : llvm::zip(index, strides, shape)) {
    if (i < 0 || i >= extent)
      llvm::report_fatal_error("index out of bounds");
    position += i * stride;
  }
  return cells->at(offset + position * elementBytes);
}

void View::set(ArrayRef<int64_t> index, double value) const {
  double *cell = &at(index);
  for (int64_t byte = 0; byte < elementBytes; ++byte)
    cell[byte] = std::nan("");
  *cell = value;
}

void forEachIndex(ArrayRef<int64_t> shape, llvm::function_ref<void(ArrayRef<int64_t>)> visit) {
  SmallVector<int64_t> index(shape.size(), 0);
  if (llvm::is_contained(shape, 0))
    return;
  while (true) {
    visit(index);
    int dim = int(shape.size()) - 1;
    for (; dim >= 0 && ++index[dim] == shape[dim]; --dim)
      index[dim] = 0;
    if (dim < 0)
      return;
  }
}

View View::copy() const {
  View result = *this;
  result.offset = 0;
  result.strides = rowMajor(shape);
  result.cells = std::make_shared<std::vector<double>>(size() * elementBytes);
  forEachIndex(shape, [&](ArrayRef<int64_t> index) { result.set(index, at(index)); });
  return result;
}

void View::assign(const View &from) const {
  View source = from.copy(); // the two may overlap
  forEachIndex(shape, [&](ArrayRef<int64_t> index) { set(index, source.at(index)); });
}

namespace {
class Machine {
public:
  explicit Machine(ModuleOp module) : module(module) {}
  std::vector<View> call(func::FuncOp function, const std::vector<View> &arguments);
  bool failed = false;

private:
  void run(Block &block);
  void run(Operation &op);
  void runGeneric(linalg::LinalgOp op);
  void runFor(scf::ForOp loop);
  void runForall(scf::ForallOp loop);
  bool runScalar(Operation &op);
  bool runTensor(Operation &op);
  bool runBuffer(Operation &op);

  double &number(Value value) { return numbers[value]; }
  View &view(Value value) { return views[value]; }
  void bind(Value to, Value from) {
    if (isa<ShapedType>(from.getType()))
      views[to] = View(views[from]);
    else
      numbers[to] = double(numbers[from]);
  }
  SmallVector<int64_t> integers(ArrayRef<OpFoldResult> values) {
    SmallVector<int64_t> result;
    for (OpFoldResult value : values)
      result.push_back(isa<Value>(value) ? int64_t(number(cast<Value>(value)))
                                         : cast<IntegerAttr>(cast<Attribute>(value)).getInt());
    return result;
  }
  View fresh(Type type, double value = std::nan("")) {
    auto shaped = cast<ShapedType>(type);
    return View::make(shaped.getShape(), shaped.getElementType(), value);
  }
  View part(const View &whole, ArrayRef<int64_t> at, ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides,
            const llvm::SmallBitVector &dropped);
  SmallVector<int64_t> shapeOf(ArrayRef<int64_t> sizes, const llvm::SmallBitVector &dropped);

  ModuleOp module;
  DenseMap<Value, double> numbers;
  DenseMap<Value, View> views;
  SmallVector<int64_t> loopIndex; // of the linalg operation that runs
  std::mt19937 random{7};
};
} // namespace

View Machine::part(const View &whole, ArrayRef<int64_t> at, ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides,
                   const llvm::SmallBitVector &dropped) {
  View result = whole;
  result.shape.clear();
  result.strides.clear();
  for (unsigned dim = 0; dim < at.size(); ++dim) {
    if (sizes[dim] && (at[dim] < 0 || at[dim] + (sizes[dim] - 1) * strides[dim] >= whole.shape[dim]))
      llvm::report_fatal_error("slice out of bounds");
    result.offset += at[dim] * whole.strides[dim] * whole.elementBytes;
    if (dropped.test(dim))
      continue;
    result.shape.push_back(sizes[dim]);
    result.strides.push_back(whole.strides[dim] * strides[dim]);
  }
  return result;
}

std::vector<View> Machine::call(func::FuncOp function, const std::vector<View> &arguments) {
  for (auto [argument, value] : llvm::zip(function.getArguments(), arguments))
    views[argument] = value;
  run(function.getBody().front());
  std::vector<View> results;
  for (Value value : function.getBody().front().getTerminator()->getOperands())
    results.push_back(view(value));
  return results;
}

void Machine::run(Block &block) {
  for (Operation &op : block.without_terminator())
    run(op);
}

//===--- numbers ---===//

static double round(double value, Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || integer.getWidth() >= 64)
    return value;
  int64_t whole = int64_t(value);
  if (integer.getWidth() == 1)
    return double(whole & 1);
  int shift = 64 - integer.getWidth();
  return double((whole << shift) >> shift);
}

template <typename Predicate> static bool compares(Predicate predicate, double a, double b) {
  StringRef name = stringifyEnum(predicate);
  if (name == "ord" || name == "uno")
    return (std::isnan(a) || std::isnan(b)) == (name == "uno");
  if (name.ends_with("eq"))
    return a == b;
  if (name.ends_with("ne"))
    return a != b;
  if (name.ends_with("gt"))
    return a > b;
  if (name.ends_with("ge"))
    return a >= b;
  if (name.ends_with("lt"))
    return a < b;
  return a <= b;
}

bool Machine::runScalar(Operation &op) {
  auto a = [&] { return number(op.getOperand(0)); };
  auto b = [&] { return number(op.getOperand(1)); };
  std::optional<double> value =
      llvm::TypeSwitch<Operation *, std::optional<double>>(&op)
          .Case<arith::AddFOp, arith::AddIOp>([&](auto) { return a() + b(); })
          .Case<arith::SubFOp, arith::SubIOp>([&](auto) { return a() - b(); })
          .Case<arith::MulFOp, arith::MulIOp>([&](auto) { return a() * b(); })
          .Case<arith::DivFOp>([&](auto) { return a() / b(); })
          .Case<arith::DivSIOp>([&](auto) { return std::trunc(a() / b()); })
          .Case<arith::RemSIOp>([&](auto) { return std::fmod(a(), b()); })
          .Case<arith::NegFOp>([&](auto) { return -a(); })
          .Case<arith::MaximumFOp, arith::MaxSIOp, arith::MaxNumFOp>([&](auto) { return std::max(a(), b()); })
          .Case<arith::MinimumFOp, arith::MinSIOp, arith::MinNumFOp>([&](auto) { return std::min(a(), b()); })
          .Case<arith::AndIOp>([&](auto) { return double(int64_t(a()) & int64_t(b())); })
          .Case<arith::OrIOp>([&](auto) { return double(int64_t(a()) | int64_t(b())); })
          .Case<arith::CmpFOp, arith::CmpIOp>([&](auto compare) { return compares(compare.getPredicate(), a(), b()); })
          .Case<arith::SelectOp>([&](auto select) {
            return number(number(select.getCondition()) ? select.getTrueValue() : select.getFalseValue());
          })
          .Case<arith::SIToFPOp, arith::ExtFOp, arith::TruncFOp, arith::ExtSIOp, arith::TruncIOp, arith::IndexCastOp>(
              [&](auto) { return a(); })
          .Case<arith::UIToFPOp, arith::ExtUIOp>([&](auto) { return std::abs(a()); }) // of one bit here
          .Case<arith::FPToSIOp>([&](auto) { return std::trunc(a()); })
          .Case<math::ExpOp>([&](auto) { return std::exp(a()); })
          .Case<math::LogOp>([&](auto) { return std::log(a()); })
          .Case<math::TanhOp>([&](auto) { return std::tanh(a()); })
          .Case<math::SqrtOp>([&](auto) { return std::sqrt(a()); })
          .Case<math::RsqrtOp>([&](auto) { return 1 / std::sqrt(a()); })
          .Case<math::ErfOp>([&](auto) { return std::erf(a()); })
          .Case<math::AbsFOp>([&](auto) { return std::abs(a()); })
          .Case<scalar::SigmoidOp>([&](auto) { return 1 / (1 + std::exp(-a())); })
          .Case<scalar::GeluOp>([&](auto) { return a() * std::erfc(-a() / std::sqrt(2)) / 2; })
          .Case<scalar::GeluTanhOp>([&](auto) {
            return a() / (1 + std::exp(-2 * std::sqrt(2 / std::numbers::pi) * (a() + 0.044715 * a() * a() * a())));
          })
          .Case<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>([&](auto affineOp) {
            AffineMap map = affineOp.getMap();
            SmallVector<Attribute> constants;
            for (Value operand : op.getOperands())
              constants.push_back(IntegerAttr::get(IndexType::get(op.getContext()), int64_t(number(operand))));
            SmallVector<Attribute> results;
            (void)map.constantFold(constants, results);
            SmallVector<double> values;
            for (Attribute attribute : results)
              values.push_back(cast<IntegerAttr>(attribute).getInt());
            return isa<affine::AffineMaxOp>(op) ? *llvm::max_element(values) : *llvm::min_element(values);
          })
          .Case<linalg::IndexOp>([&](auto index) { return double(loopIndex[index.getDim()]); })
          .Case<tensor::ExtractOp>([&](auto extract) {
            SmallVector<int64_t> index;
            for (Value position : extract.getIndices())
              index.push_back(int64_t(number(position)));
            return view(extract.getTensor()).at(index);
          })
          .Case<arith::ConstantOp>([&](arith::ConstantOp constant) -> std::optional<double> {
            if (auto real = dyn_cast<FloatAttr>(constant.getValue()))
              return real.getValueAsDouble();
            if (auto integer = dyn_cast<IntegerAttr>(constant.getValue()))
              return integer.getType().isInteger(1) ? double(integer.getValue().getZExtValue())
                                                    : double(integer.getInt());
            return std::nullopt;
          })
          .Default([](Operation *) { return std::nullopt; });
  if (value)
    number(op.getResult(0)) = round(*value, op.getResult(0).getType());
  return value.has_value();
}

//===--- loops ---===//

void Machine::runGeneric(linalg::LinalgOp op) {
  SmallVector<View> results;
  for (OpOperand &init : op.getDpsInitsMutable())
    results.push_back(view(init.get()).copy());
  // loop ranges from the operands' actual shapes: tiles may be dynamic
  SmallVector<int64_t> ranges(op.getNumLoops(), -1);
  for (OpOperand &operand : op->getOpOperands())
    if (isa<ShapedType>(operand.get().getType()))
      for (auto [expr, extent] : llvm::zip(op.getMatchingIndexingMap(&operand).getResults(), view(operand.get()).shape))
        if (auto dim = dyn_cast<AffineDimExpr>(expr))
          ranges[dim.getPosition()] = extent;
  Block &body = op->getRegion(0).front();
  SmallVector<int64_t> outer = loopIndex;
  forEachIndex(ranges, [&](ArrayRef<int64_t> index) {
    loopIndex.assign(index.begin(), index.end());
    auto element = [&](OpOperand &operand) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      return map.compose(index);
    };
    for (OpOperand &operand : op->getOpOperands()) {
      BlockArgument argument = body.getArgument(operand.getOperandNumber());
      if (!isa<ShapedType>(operand.get().getType()))
        bind(argument, operand.get());
      else if (op.isDpsInit(&operand))
        number(argument) = results[operand.getOperandNumber() - op.getNumDpsInputs()].at(element(operand));
      else
        number(argument) = view(operand.get()).at(element(operand));
    }
    run(body);
    for (auto [value, result, init] : llvm::zip(body.getTerminator()->getOperands(), results, op.getDpsInitsMutable()))
      result.set(element(init), number(value));
  });
  loopIndex = outer;
  for (auto [value, result, init] : llvm::zip(op->getResults(), results, op.getDpsInits())) {
    view(value) = result;
    (void)init;
  }
}

void Machine::runFor(scf::ForOp loop) {
  for (auto [argument, init] : llvm::zip(loop.getRegionIterArgs(), loop.getInitArgs()))
    bind(argument, init);
  for (int64_t i = number(loop.getLowerBound()), end = number(loop.getUpperBound()); i < end;
       i += number(loop.getStep())) {
    number(loop.getInductionVar()) = i;
    run(*loop.getBody());
    // all at once: a loop may swap what it carries
    std::vector<View> nextViews;
    std::vector<double> nextNumbers;
    for (Value value : loop.getYieldedValues())
      isa<ShapedType>(value.getType()) ? nextViews.push_back(view(value)) : nextNumbers.push_back(number(value));
    size_t viewAt = 0, numberAt = 0;
    for (BlockArgument argument : loop.getRegionIterArgs())
      if (isa<ShapedType>(argument.getType()))
        view(argument) = nextViews[viewAt++];
      else
        number(argument) = nextNumbers[numberAt++];
  }
  for (auto [result, argument] : llvm::zip(loop.getResults(), loop.getRegionIterArgs()))
    bind(result, argument);
}

void Machine::runForall(scf::ForallOp loop) {
  SmallVector<int64_t> lower = integers(loop.getMixedLowerBound()), upper = integers(loop.getMixedUpperBound()),
                       step = integers(loop.getMixedStep()), counts;
  for (auto [from, to, by] : llvm::zip(lower, upper, step))
    counts.push_back(std::max<int64_t>(0, (to - from + by - 1) / by));
  // a destination of the kernel itself is written in place, anything else is a new tensor
  for (auto [argument, output] : llvm::zip(loop.getRegionIterArgs(), loop.getOutputs()))
    view(argument) = isa<BlockArgument>(output) && codegen::isKernel(loop->getParentOfType<func::FuncOp>())
                         ? View(view(output))
                         : view(output).copy();
  std::vector<SmallVector<int64_t>> tasks;
  forEachIndex(counts, [&](ArrayRef<int64_t> index) { tasks.emplace_back(index); });
  std::shuffle(tasks.begin(), tasks.end(), random);
  for (const SmallVector<int64_t> &task : tasks) {
    for (auto [dim, counter] : llvm::enumerate(loop.getInductionVars()))
      number(counter) = lower[dim] + task[dim] * step[dim];
    run(*loop.getBody());
    for (Operation &op : loop.getTerminator().getYieldingOps()) {
      auto insert = cast<tensor::ParallelInsertSliceOp>(op);
      View source = view(insert.getSource()).copy();
      part(view(insert.getDest()), integers(insert.getMixedOffsets()), integers(insert.getMixedSizes()),
           integers(insert.getMixedStrides()), insert.getDroppedDims())
          .assign(source);
    }
  }
  for (auto [result, argument] : llvm::zip(loop.getResults(), loop.getRegionIterArgs()))
    view(result) = View(view(argument));
}

//===--- tensors ---===//

static double elementOf(DenseElementsAttr dense, int64_t at) {
  if (isa<FloatType>(dense.getElementType()))
    return (*(dense.value_begin<APFloat>() + at)).convertToDouble();
  return double((*(dense.value_begin<APInt>() + at)).getSExtValue());
}

bool Machine::runTensor(Operation &op) {
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    view(slice.getResult()) =
        part(view(slice.getSource()), integers(slice.getMixedOffsets()), integers(slice.getMixedSizes()),
             integers(slice.getMixedStrides()), slice.getDroppedDims())
            .copy();
  } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    View result = view(insert.getDest()).copy();
    part(result, integers(insert.getMixedOffsets()), integers(insert.getMixedSizes()),
         integers(insert.getMixedStrides()), insert.getDroppedDims())
        .assign(view(insert.getSource()));
    view(insert.getResult()) = result;
  } else if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op)) {
    View result = view(op.getOperand(0)).copy();
    auto type = cast<RankedTensorType>(op.getResult(0).getType());
    result.shape.assign(type.getShape().begin(), type.getShape().end());
    result.strides = rowMajor(result.shape);
    view(op.getResult(0)) = result;
  } else if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    SmallVector<int64_t> shape = integers(empty.getMixedSizes());
    view(empty) = View::make(shape, empty.getType().getElementType(), std::nan(""));
  } else if (auto scalar = dyn_cast<tensor::FromElementsOp>(op)) {
    View result = fresh(scalar.getType());
    unsigned next = 0;
    forEachIndex(result.shape,
                 [&](ArrayRef<int64_t> index) { result.set(index, number(scalar.getElements()[next++])); });
    view(scalar) = result;
  } else if (auto store = dyn_cast<tensor::InsertOp>(op)) {
    View result = view(store.getDest()).copy();
    SmallVector<int64_t> index;
    for (Value position : store.getIndices())
      index.push_back(int64_t(number(position)));
    result.set(index, number(store.getScalar()));
    view(store.getResult()) = result;
  } else if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    View result = fresh(pad.getType(), number(pad.getConstantPaddingValue()));
    SmallVector<int64_t> low = integers(pad.getMixedLowPad()), ones(low.size(), 1);
    part(result, low, view(pad.getSource()).shape, ones, llvm::SmallBitVector(low.size()))
        .assign(view(pad.getSource()));
    view(pad) = result;
  } else if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    View result = fresh(concat.getType());
    SmallVector<int64_t> at(result.shape.size(), 0), ones(result.shape.size(), 1);
    for (Value input : concat.getInputs()) {
      part(result, at, view(input).shape, ones, llvm::SmallBitVector(at.size())).assign(view(input));
      at[concat.getDim()] += view(input).shape[concat.getDim()];
    }
    view(concat) = result;
  } else if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    View result = fresh(constant.getType());
    auto dense = cast<DenseElementsAttr>(constant.getValue());
    int64_t next = 0;
    forEachIndex(result.shape, [&](ArrayRef<int64_t> index) { result.set(index, elementOf(dense, next++)); });
    view(constant) = result;
  } else {
    return false;
  }
  return true;
}

//===--- schedules on memrefs ---===//

bool Machine::runBuffer(Operation &op) {
  if (auto launch = dyn_cast<codegen::LaunchOp>(op)) {
    auto kernel = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(&op, launch.getKernelAttr());
    std::vector<View> arguments;
    for (Value operand : launch->getOperands())
      arguments.push_back(view(operand));
    Machine inner(module);
    inner.random.seed(random());
    if (!launch.onBuffers())
      for (View &argument : arguments)
        argument = argument.copy();
    std::vector<View> results = inner.call(kernel, arguments);
    for (View &result : results) // one may be, unchanged, the memory of another
      result = result.copy();
    for (auto [number, result, output] : llvm::enumerate(results, launch.getOutputs()))
      launch.onBuffers() ? view(output).assign(result) : void(view(launch.getResult(number)) = result);
  } else if (auto copy = dyn_cast<codegen::CopyOp>(op)) {
    view(copy.getTarget()).assign(view(copy.getSource()));
  } else if (auto check = dyn_cast<codegen::CheckOp>(op)) {
    double position = view(check.getPosition()).at({});
    failed |= position >= 0 && position < view(check.getIndices()).size();
  } else if (auto reinterpret = dyn_cast<memref::ViewOp>(op)) {
    View result = view(reinterpret.getSource());
    auto type = reinterpret.getType();
    result.offset += int64_t(number(reinterpret.getByteShift()));
    result.elementBytes = bytesOfElement(type.getElementType());
    result.shape.assign(type.getShape().begin(), type.getShape().end());
    result.strides = rowMajor(result.shape);
    view(reinterpret) = result;
  } else if (auto slice = dyn_cast<memref::SubViewOp>(op)) {
    view(slice) = part(view(slice.getSource()), integers(slice.getMixedOffsets()), integers(slice.getMixedSizes()),
                       integers(slice.getMixedStrides()), slice.getDroppedDims());
  } else if (isa<memref::CollapseShapeOp, memref::ExpandShapeOp, memref::ReinterpretCastOp>(op)) {
    View result = view(op.getOperand(0)); // contiguous
    auto type = cast<MemRefType>(op.getResult(0).getType());
    result.shape.assign(type.getShape().begin(), type.getShape().end());
    result.strides = rowMajor(result.shape);
    view(op.getResult(0)) = result;
  } else if (auto store = dyn_cast<memref::StoreOp>(op)) {
    view(store.getMemRef()).set({}, number(store.getValue()));
  } else if (auto global = dyn_cast<memref::GetGlobalOp>(op)) {
    auto data = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(&op, global.getNameAttr());
    View result = fresh(global.getType());
    auto dense = cast<DenseElementsAttr>(*data.getInitialValue());
    int64_t next = 0;
    forEachIndex(result.shape, [&](ArrayRef<int64_t> index) { result.set(index, elementOf(dense, next++)); });
    view(global) = result;
  } else {
    return false;
  }
  return true;
}

void Machine::run(Operation &op) {
  if (runScalar(op) || runTensor(op) || runBuffer(op))
    return;
  if (auto fill = dyn_cast<linalg::FillOp>(op)) {
    View result = view(fill.getOutputs().front()).copy();
    forEachIndex(result.shape, [&](ArrayRef<int64_t> index) { result.set(index, number(fill.getInputs().front())); });
    view(fill.getResult(0)) = result;
  } else if (auto loops = dyn_cast<linalg::LinalgOp>(op)) {
    runGeneric(loops);
  } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
    runFor(loop);
  } else if (auto forall = dyn_cast<scf::ForallOp>(op)) {
    runForall(forall);
  } else if (auto condition = dyn_cast<scf::IfOp>(op)) {
    Block *block = number(condition.getCondition()) ? condition.thenBlock() : condition.elseBlock();
    if (block) {
      run(*block);
      for (auto [result, value] : llvm::zip(op.getResults(), block->getTerminator()->getOperands()))
        bind(result, value);
    }
  } else {
    op.emitError("cannot be interpreted");
    llvm::report_fatal_error("unknown operation");
  }
}

std::vector<View> interpret(func::FuncOp function, const std::vector<View> &arguments) {
  std::vector<View> copies;
  for (const View &argument : arguments)
    copies.push_back(argument.copy());
  return Machine(function->getParentOfType<ModuleOp>()).call(function, copies);
}

bool interpretSchedule(func::FuncOp schedule, const std::vector<View> &arguments) {
  Machine machine(schedule->getParentOfType<ModuleOp>());
  machine.call(schedule, arguments);
  return !machine.failed;
}

} // namespace nnc::test
