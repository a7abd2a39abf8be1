// Work that depends on frozen arguments alone leaves a function: `<name>.prepare` does it, once, and the function takes
// what that returns. Called on loops, before fusion could mix such work with other, and again on launches, as the
// forming of kernels makes new work of this kind (operands that are brought into another order).
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Iterators.h"
#include "mlir/Transforms/RegionUtils.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/form/Traits.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

// What is computed from weights may be this much larger than they are, and what is computed from nothing so large.
static constexpr int64_t growth = 4, freeBytes = 4096, mostConstantBytes = 16 << 20;

static bool isView(Operation *op) {
  return isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp, tensor::CastOp>(op);
}

static bool isStaticTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape();
}

// Everything that an operation reads, what its regions capture included.
static SetVector<Value> valuesReadBy(Operation *op) {
  SetVector<Value> read(op->operand_begin(), op->operand_end());
  for (Region &region : op->getRegions())
    getUsedValuesDefinedAbove(region, read);
  return read;
}

namespace {

// The work of one function that depends on nothing that a call brings.
class Hoist {
public:
  Hoist(func::FuncOp function, SymbolTable &symbols) : function(function), symbols(symbols) {}
  LogicalResult run();

private:
  enum State { Constant, Frozen, Live };
  using Leaves = SmallVector<BlockArgument, 2>;

  void classify(Block &block);
  State stateOf(Value value) const { return states.lookup_or(value, Live); }
  bool isWorthwhile(Operation *op) const;
  void findExports();
  void exportValue(Value value);
  void addToClosure(Value value);
  Value leaf(BlockArgument argument);
  std::string nameOf(Value value);
  LogicalResult makePrepare();
  void move();
  void clean();

  func::FuncOp function, prepare;
  SymbolTable &symbols;
  DenseMap<Value, State> states;
  DenseMap<Value, Leaves> leaves;   // frozen arguments that a value is computed from
  DenseSet<Operation *> dear;       // computed from nothing, but not for nothing
  DenseSet<Operation *> repeated;   // what the function computes itself though it could be prepared
  SetVector<Value> exports;         // that the function reads, and `prepare` returns
  DenseSet<Operation *> closure;    // what `prepare` computes for that
  SmallVector<Operation *> inOrder; // all operations of the function
  llvm::StringSet<> names;          // of arguments of both
};

} // namespace

// Does it repeat its input along some dimensions, or not even that, and keep the order?
static bool keepsOrder(linalg::GenericOp move) {
  int64_t last = -1;
  for (AffineExpr expr : move.getIndexingMapsArray().front().getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || int64_t(dim.getPosition()) <= last)
      return false;
    last = dim.getPosition();
  }
  return true;
}

// Cheap arithmetic that makes much of little (a broadcast): its results cost more to load than to compute again.
static bool isSpread(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || !isPointwise(op) || !isCheap(generic))
    return false;
  if (onlyMoves(generic) && generic.getNumDpsInputs() == 1 && keepsOrder(generic))
    return true;
  int64_t largest = 0, made = 0;
  for (Value input : generic.getInputs())
    if (isStaticTensor(input.getType()))
      largest = std::max(largest, cast<RankedTensorType>(input.getType()).getNumElements());
  for (Type type : generic.getResultTypes())
    made = std::max(made, cast<RankedTensorType>(type).getNumElements());
  return made > largest;
}

static bool isDear(Operation *op) {
  if (auto launch = dyn_cast<LaunchOp>(op))
    return !launch.getInputs().empty(); // a fill has none
  auto loops = dyn_cast<linalg::GenericOp>(op);
  return loops && (isReduction(op) || !isCheap(loops));
}

// Is the time it takes in each call worth the memory that its results take?
bool Hoist::isWorthwhile(Operation *op) const {
  if (isView(op) || !llvm::all_of(op->getResultTypes(), isStaticTensor) || isSpread(op))
    return false;
  int64_t most = mostConstantBytes, made = 0;
  if (stateOf(op->getResult(0)) == Constant) {
    if (!dear.contains(op))
      return false;
  } else {
    most = freeBytes;
    for (BlockArgument argument : leaves.lookup(op->getResult(0)))
      most += growth * bytesOf(argument.getType());
  }
  for (Type type : op->getResultTypes())
    made += bytesOf(type);
  return made <= most;
}

void Hoist::classify(Block &block) {
  for (Operation &op : block) {
    inOrder.push_back(&op);
    if (op.hasTrait<OpTrait::IsTerminator>())
      continue;
    State state = isMemoryEffectFree(&op) ? Constant : Live;
    Leaves from;
    bool costs = isDear(&op);
    for (Value value : valuesReadBy(&op)) {
      state = std::max(state, stateOf(value));
      for (BlockArgument argument : leaves.lookup(value))
        if (!llvm::is_contained(from, argument))
          from.push_back(argument);
      costs |= dear.contains(value.getDefiningOp());
    }
    if (state == Live) {
      if (auto loop = dyn_cast<scf::ForOp>(op))
        classify(*loop.getBody());
      continue;
    }
    for (Value result : op.getResults()) {
      states[result] = state;
      leaves[result] = from;
    }
    if (costs)
      dear.insert(&op);
  }
}

//===--- what is exported ---===//

// The function reads the value. What is not worth to be kept it computes itself, from what is.
void Hoist::exportValue(Value value) {
  Operation *maker = value.getDefiningOp();
  if (!maker || stateOf(value) == Live)
    return;
  if (isWorthwhile(maker))
    exports.insert(value);
  else if (repeated.insert(maker).second)
    for (Value read : valuesReadBy(maker))
      exportValue(read);
}

void Hoist::addToClosure(Value value) {
  Operation *maker = value.getDefiningOp();
  if (!maker || !closure.insert(maker).second)
    return;
  for (Value read : valuesReadBy(maker))
    addToClosure(read);
}

void Hoist::findExports() {
  for (Operation *op : inOrder)
    if (op->getNumResults() == 0 || stateOf(op->getResult(0)) == Live)
      for (Value value : valuesReadBy(op))
        exportValue(value);
  for (Value value : exports)
    addToClosure(value);
}

//===--- the two functions ---===//

std::string Hoist::nameOf(Value value) {
  StringRef name = "constant";
  int64_t largest = -1;
  for (BlockArgument argument : leaves.lookup(value))
    if (int64_t bytes = bytesOf(argument.getType()); bytes > largest) {
      largest = bytes;
      name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "nn.name").getValue();
    }
  std::string base = (name.take_front(name.find(".prepared")) + ".prepared").str(), chosen = base;
  for (unsigned i = 2; !names.insert(chosen).second; ++i)
    chosen = base + "." + std::to_string(i);
  return chosen;
}

LogicalResult Hoist::makePrepare() {
  std::string name = (function.getName() + prepareSuffix).str();
  OpBuilder builder(function.getContext());
  if (Operation *known = symbols.lookup(name)) {
    prepare = dyn_cast<func::FuncOp>(known);
    if (!prepare || !prepare->hasAttr(ScheduleDialect::prepareAttr))
      return function.emitError("function '")
             << name << "': the name is taken by what prepares '" << function.getName() << "'";
    return success();
  }
  prepare = func::FuncOp::create(builder, function.getLoc(), name, builder.getFunctionType({}, {}));
  prepare->setAttr(ScheduleDialect::prepareAttr, builder.getUnitAttr());
  builder.setInsertionPointToEnd(prepare.addEntryBlock());
  func::ReturnOp::create(builder, function.getLoc());
  symbols.insert(prepare, std::next(function->getIterator()));
  return success();
}

static std::optional<unsigned> resultNamed(func::FuncOp prepare, StringAttr name) {
  for (unsigned i = 0; i < prepare.getNumResults(); ++i)
    if (prepare.getResultAttr(i, "nn.name") == name)
      return i;
  return std::nullopt;
}

// A frozen argument inside of `prepare`: what that has made before, or an argument of its own.
Value Hoist::leaf(BlockArgument argument) {
  unsigned number = argument.getArgNumber();
  auto name = function.getArgAttrOfType<StringAttr>(number, "nn.name");
  if (auto made = resultNamed(prepare, name))
    return prepare.getBody().front().getTerminator()->getOperand(*made);
  for (unsigned i = 0; i < prepare.getNumArguments(); ++i)
    if (prepare.getArgAttr(i, "nn.name") == name)
      return prepare.getArgument(i);
  NamedAttrList attributes(function.getArgAttrDict(number));
  attributes.erase(frozenAttr);
  unsigned last = prepare.getNumArguments();
  (void)prepare.insertArgument(last, argument.getType(), attributes.getDictionary(function.getContext()),
                               argument.getLoc());
  return prepare.getArgument(last);
}

void Hoist::move() {
  Operation *end = prepare.getBody().front().getTerminator();
  OpBuilder builder(end);
  IRMapping map;
  for (Operation *op : inOrder) {
    if (!closure.contains(op))
      continue;
    for (Value read : valuesReadBy(op))
      if (auto argument = dyn_cast<BlockArgument>(read); argument && !map.contains(argument))
        map.map(argument, leaf(argument));
    builder.clone(*op, map);
  }
  SmallVector<Value> returned(end->getOperands());
  for (Value value : exports) {
    auto name = builder.getStringAttr(nameOf(value));
    returned.push_back(map.lookup(value));
    (void)prepare.insertResult(prepare.getNumResults(), value.getType(),
                               builder.getDictionaryAttr(builder.getNamedAttr("nn.name", name)));
    auto attributes = builder.getDictionaryAttr({builder.getNamedAttr(frozenAttr, builder.getUnitAttr()),
                                                 builder.getNamedAttr("nn.kind", builder.getStringAttr("constant")),
                                                 builder.getNamedAttr("nn.name", name)});
    unsigned last = function.getNumArguments();
    (void)function.insertArgument(last, value.getType(), attributes, value.getLoc());
    value.replaceAllUsesWith(function.getArgument(last));
  }
  end->setOperands(returned);
}

//===--- what nobody reads any more ---===//

static void eraseDead(func::FuncOp function) {
  function.walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
    if (isOpTriviallyDead(op))
      op->erase();
  });
}

// Arguments without uses, of those that `may` names. What updates an argument has its number.
static void eraseArguments(func::FuncOp function, llvm::function_ref<bool(unsigned)> may) {
  BitVector unused(function.getNumArguments());
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (may(i) && function.getArgument(i).use_empty())
      unused.set(i);
  SmallVector<int64_t> shift;
  for (unsigned i = 0, erased = 0; i < unused.size(); ++i) {
    shift.push_back(i - erased);
    erased += unused.test(i);
  }
  (void)function.eraseArguments(unused);
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (auto updates = function.getResultAttrOfType<IntegerAttr>(i, "nn.updates"))
      function.setResultAttr(i, "nn.updates", IntegerAttr::get(updates.getType(), shift[updates.getInt()]));
}

void Hoist::clean() {
  eraseDead(function);
  eraseArguments(function, [&](unsigned i) { return bool(function.getArgAttr(i, frozenAttr)); });
  if (!prepare)
    return;
  // Results that were read by what has moved as well.
  llvm::DenseSet<Attribute> read;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    read.insert(function.getArgAttr(i, "nn.name"));
  Operation *end = prepare.getBody().front().getTerminator();
  BitVector dropped(prepare.getNumResults());
  for (unsigned i = 0; i < prepare.getNumResults(); ++i)
    if (!read.contains(prepare.getResultAttr(i, "nn.name")))
      dropped.set(i);
  end->eraseOperands(dropped);
  (void)prepare.eraseResults(dropped);
  eraseDead(prepare);
  eraseArguments(prepare, [](unsigned) { return true; });
}

LogicalResult Hoist::run() {
  for (BlockArgument argument : function.getArguments()) {
    unsigned number = argument.getArgNumber();
    if (auto name = function.getArgAttrOfType<StringAttr>(number, "nn.name"))
      names.insert(name.getValue());
    if (!function.getArgAttr(number, frozenAttr))
      continue;
    states[argument] = Frozen;
    leaves[argument] = {argument};
  }
  if (states.empty())
    return success();
  if (auto before = symbols.lookup<func::FuncOp>((function.getName() + prepareSuffix).str()))
    if (before->hasAttr(ScheduleDialect::prepareAttr)) {
      prepare = before;
      for (unsigned i = 0; i < prepare.getNumArguments(); ++i)
        names.insert(prepare.getArgAttrOfType<StringAttr>(i, "nn.name").getValue());
    }
  classify(function.getBody().front());
  findExports();
  if (!exports.empty()) {
    if (failed(makePrepare()))
      return failure();
    move();
  }
  clean();
  return success();
}

LogicalResult codegen::hoistFrozen(ModuleOp module) {
  SymbolTable symbols(module);
  SmallVector<func::FuncOp> functions;
  for (auto function : module.getOps<func::FuncOp>())
    if (!isKernel(function) && !function.isExternal())
      functions.push_back(function);
  for (func::FuncOp function : functions)
    if (failed(Hoist(function, symbols).run()))
      return failure();
  return success();
}
