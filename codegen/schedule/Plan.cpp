// kernels -> buffers: the schedule function on memrefs, with every tensor at its place in one arena.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/schedule/Order.h"
#include "nnc/codegen/schedule/Recompute.h"
#include "nnc/codegen/schedule/Storage.h"
#include "nnc/codegen/schedule/Verify.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

static MemRefType memrefOf(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return MemRefType::get(type.getShape(), type.getElementType());
}

namespace {
// Writes the function again on memrefs.
class Rewrite {
public:
  Rewrite(func::FuncOp function, Placement &placement, ModuleOp module, SymbolTable &symbols)
      : function(function), placement(placement), module(module), symbols(symbols), builder(function.getContext()) {}
  func::FuncOp run(int64_t arenaBytes);

private:
  void makeFunction(int64_t arenaBytes);
  void rewrite(Block &block);
  void rewrite(Operation &op);
  void rewrite(LaunchOp launch);
  void rewrite(scf::ForOp loop);
  Value bufferOf(int64_t storage, Type tensor);
  Value bufferOf(Value tensor) { return buffers.lookup(tensor); }
  Value part(Value buffer, ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes, ArrayRef<OpFoldResult> strides,
             ArrayRef<int64_t> shape);
  Value placeOf(tensor::InsertSliceOp insert);
  SmallVector<OpFoldResult> mapped(ArrayRef<OpFoldResult> values);
  void copies(ArrayRef<Copy> list);
  Value global(Operation *constant);

  func::FuncOp function, planned;
  Placement &placement;
  ModuleOp module;
  SymbolTable &symbols;
  OpBuilder builder;
  IRMapping scalars;
  DenseMap<Value, Value> buffers;
  std::map<std::pair<int64_t, const void *>, Value> views; // of a storage, by type
  SmallVector<int64_t> argumentOf;                         // for each result, the argument that holds it
  Operation *entryEnd = nullptr;                           // views of the arena stand before it
};
} // namespace

// Arguments, then a destination for each result that is no update, then the arena.
void Rewrite::makeFunction(int64_t arenaBytes) {
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  for (BlockArgument argument : function.getArguments()) {
    types.push_back(isa<TensorType>(argument.getType()) ? memrefOf(argument.getType()) : argument.getType());
    attributes.push_back(function.getArgAttrDict(argument.getArgNumber()));
  }
  for (auto [number, type] : llvm::enumerate(function.getResultTypes())) {
    if (std::optional<int64_t> argument = updatedArgument(function, number)) {
      argumentOf.push_back(*argument);
      continue;
    }
    argumentOf.push_back(types.size());
    types.push_back(memrefOf(type));
    attributes.push_back(function.getResultAttrDict(number));
  }
  types.push_back(MemRefType::get({arenaBytes}, builder.getI8Type()));
  attributes.push_back({});
  builder.setInsertionPoint(function);
  planned = func::FuncOp::create(builder, function.getLoc(), function.getName(), builder.getFunctionType(types, {}));
  planned->setDiscardableAttrs(function->getDiscardableAttrDictionary());
  planned.setVisibility(function.getVisibility());
  for (auto [number, attribute] : llvm::enumerate(attributes))
    if (attribute)
      planned.setArgAttrs(number, attribute);
  planned->setAttr(ScheduleDialect::resultsAttr, builder.getDenseI64ArrayAttr(argumentOf));
}

Value Rewrite::global(Operation *constant) {
  auto value = cast<ElementsAttr>(constant->getAttr("value"));
  auto type = memrefOf(value.getType());
  memref::GlobalOp found;
  for (auto other : module.getOps<memref::GlobalOp>())
    if (other.getInitialValue() == std::optional<Attribute>(value) && other.getType() == type)
      found = other;
  if (!found) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    found =
        memref::GlobalOp::create(builder, constant->getLoc(), "constant", builder.getStringAttr("private"), type, value,
                                 /*constant=*/true, builder.getI64IntegerAttr(64));
    symbols.insert(found); // gives it a name of its own
  }
  return memref::GetGlobalOp::create(builder, constant->getLoc(), type, found.getName());
}

Value Rewrite::bufferOf(int64_t storage, Type tensor) {
  MemRefType type = memrefOf(tensor);
  Value &view = views[{storage, type.getAsOpaquePointer()}];
  if (view)
    return view;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(entryEnd);
  const Storage &at = placement.storages[storage];
  Location loc = function.getLoc();
  if (at.place == Storage::Arena) {
    Value offset = arith::ConstantIndexOp::create(builder, loc, at.offset);
    Value arena = planned.getArguments().back();
    view = memref::ViewOp::create(builder, loc, type, arena, offset, ValueRange{});
    view.getDefiningOp()->setAttr(ScheduleDialect::bufferAttr, builder.getI64IntegerAttr(storage));
    return view;
  }
  Value whole = planned.getArgument(at.place == Storage::Result ? argumentOf[at.number] : at.number);
  if (whole.getType() == type)
    return view = whole;
  auto [strides, offset] = type.getStridesAndOffset();
  return view = memref::ReinterpretCastOp::create(builder, loc, type, whole, offset, type.getShape(), strides);
}

SmallVector<OpFoldResult> Rewrite::mapped(ArrayRef<OpFoldResult> values) {
  SmallVector<OpFoldResult> result;
  for (OpFoldResult value : values)
    result.push_back(isa<Value>(value) ? OpFoldResult(scalars.lookupOrDefault(cast<Value>(value))) : value);
  return result;
}

Value Rewrite::part(Value buffer, ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
                    ArrayRef<OpFoldResult> strides, ArrayRef<int64_t> shape) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<OpFoldResult> at = mapped(offsets);
  auto reduced = memref::SubViewOp::inferRankReducedResultType(shape, type, at, sizes, strides);
  return memref::SubViewOp::create(builder, function.getLoc(), cast<MemRefType>(reduced), buffer, at, sizes, strides);
}

Value Rewrite::placeOf(tensor::InsertSliceOp insert) {
  Value whole = bufferOf(placement.of.lookup(insert.getResult()), insert.getType());
  return part(whole, insert.getMixedOffsets(), insert.getMixedSizes(), insert.getMixedStrides(),
              insert.getSourceType().getShape());
}

void Rewrite::copies(ArrayRef<Copy> list) {
  for (const Copy &copy : list) {
    Type type = copy.from.getType();
    Value from = copy.saved >= 0 ? bufferOf(copy.saved, type) : bufferOf(copy.from);
    CopyOp::create(builder, copy.from.getLoc(), from, bufferOf(copy.to, type));
  }
}

void Rewrite::rewrite(LaunchOp launch) {
  copies(placement.before.lookup(launch));
  SmallVector<Value> inputs, outputs;
  for (Value input : launch.getInputs())
    inputs.push_back(bufferOf(input));
  bool inPlace = placement.inPlace.contains(launch);
  for (Value result : launch.getResults()) {
    auto insert = placement.forwarded.lookup(result);
    outputs.push_back(insert ? placeOf(insert) : bufferOf(placement.of.lookup(result), result.getType()));
    buffers[result] = outputs.back();
    for (auto [tensor, buffer] : llvm::zip(launch.getInputs(), inputs)) // in place shows as one memref given twice
      if (inPlace && !insert && placement.of.lookup(baseOf(tensor)) == placement.of.lookup(result))
        buffer = outputs.back();
  }
  OperationState state(launch.getLoc(), LaunchOp::getOperationName());
  LaunchOp::build(builder, state, TypeRange{}, launch.getKernelAttr(), launch.getTasksAttr(), inputs, outputs,
                  launch.getLayersAttr());
  builder.create(state);
}

void Rewrite::rewrite(scf::ForOp loop) {
  copies(placement.before.lookup(loop));
  for (auto [argument, result] : llvm::zip(loop.getRegionIterArgs(), loop.getResults())) {
    buffers[argument] = bufferOf(placement.of.lookup(argument), argument.getType());
    buffers[result] = bufferOf(placement.of.lookup(result), result.getType());
  }
  auto bound = [&](Value value) { return scalars.lookupOrDefault(value); };
  auto again = scf::ForOp::create(builder, loop.getLoc(), bound(loop.getLowerBound()), bound(loop.getUpperBound()),
                                  bound(loop.getStep()));
  scalars.map(loop.getInductionVar(), again.getInductionVar());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(again.getBody()->getTerminator());
  rewrite(*loop.getBody());
}

void Rewrite::rewrite(Operation &op) {
  Location loc = op.getLoc();
  if (auto launch = dyn_cast<LaunchOp>(op)) {
    rewrite(launch);
  } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
    rewrite(loop);
  } else if (auto check = dyn_cast<CheckOp>(op)) {
    CheckOp::create(builder, loc, bufferOf(check.getPosition()), bufferOf(check.getIndices()), check.getLowerAttr(),
                    check.getUpperAttr(), check.getMessageAttr());
  } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    copies(placement.before.lookup(insert));
    if (placement.forwarded.lookup(insert.getSource()) != insert)
      CopyOp::create(builder, loc, bufferOf(insert.getSource()), placeOf(insert));
    buffers[insert.getResult()] = bufferOf(placement.of.lookup(insert.getResult()), insert.getType());
  } else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    buffers[slice.getResult()] = part(bufferOf(slice.getSource()), slice.getMixedOffsets(), slice.getMixedSizes(),
                                      slice.getMixedStrides(), slice.getType().getShape());
  } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    buffers[collapse.getResult()] =
        memref::CollapseShapeOp::create(builder, loc, bufferOf(collapse.getSrc()), collapse.getReassociationIndices());
  } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    buffers[expand.getResult()] = memref::ExpandShapeOp::create(
        builder, loc, expand.getType().getShape(), bufferOf(expand.getSrc()), expand.getReassociationIndices());
  } else if (isa<tensor::EmptyOp>(op)) {
    if (auto at = placement.of.find(op.getResult(0)); at != placement.of.end())
      buffers[op.getResult(0)] = bufferOf(at->second, op.getResult(0).getType());
  } else if (auto scalar = dyn_cast<tensor::FromElementsOp>(op)) {
    Value buffer = bufferOf(placement.of.lookup(scalar.getResult()), scalar.getType());
    memref::StoreOp::create(builder, loc, scalars.lookupOrDefault(scalar.getElements().front()), buffer, ValueRange{});
    buffers[scalar.getResult()] = buffer;
  } else if (op.hasTrait<OpTrait::ConstantLike>() && isa<TensorType>(op.getResult(0).getType())) {
    buffers[op.getResult(0)] = global(&op);
  } else if (op.hasTrait<OpTrait::IsTerminator>()) {
    copies(placement.atEnd.lookup(&op));
  } else {
    builder.clone(op, scalars);
  }
}

void Rewrite::rewrite(Block &block) {
  for (Operation &op : block)
    rewrite(op);
}

func::FuncOp Rewrite::run(int64_t arenaBytes) {
  makeFunction(arenaBytes);
  builder.setInsertionPointToStart(planned.addEntryBlock());
  entryEnd = func::ReturnOp::create(builder, function.getLoc());
  // everything else stands between the views of the arena and the return
  Operation *marker = entryEnd;
  builder.setInsertionPoint(marker);
  for (BlockArgument argument : function.getArguments()) {
    scalars.map(argument, planned.getArgument(argument.getArgNumber()));
    buffers[argument] = planned.getArgument(argument.getArgNumber());
  }
  // views first: they are made as they are needed, in front of the first operation that needs one
  auto first = arith::ConstantIndexOp::create(builder, function.getLoc(), 0);
  entryEnd = first;
  rewrite(function.getBody().front());
  first->erase();
  function.erase();
  return planned;
}

//===--- kernels that run in place ---===//

// A kernel that is also run in place is another kernel: its arguments are not `noalias`.
static void splitInPlace(ModuleOp module, SymbolTable &symbols) {
  llvm::MapVector<StringRef, std::pair<SmallVector<LaunchOp>, SmallVector<LaunchOp>>> launches; // apart, in place
  module.walk([&](LaunchOp launch) {
    bool inPlace =
        llvm::any_of(launch.getOutputs(), [&](Value out) { return llvm::is_contained(launch.getInputs(), out); });
    auto &[apart, over] = launches[launch.getKernel()];
    (inPlace ? over : apart).push_back(launch);
  });
  for (auto &[name, both] : launches) {
    auto &[apart, over] = both;
    auto kernel = symbols.lookup<func::FuncOp>(name);
    if (over.empty() || kernel->hasAttr(ScheduleDialect::mayAliasAttr))
      continue;
    auto unit = UnitAttr::get(module.getContext());
    if (apart.empty()) {
      kernel->setAttr(ScheduleDialect::mayAliasAttr, unit);
      continue;
    }
    OpBuilder builder(kernel);
    auto copy = cast<func::FuncOp>(builder.clone(*kernel));
    copy.setName((name + "_inplace").str());
    symbols.insert(copy);
    copy->setAttr(ScheduleDialect::mayAliasAttr, unit);
    for (LaunchOp launch : over)
      launch.setKernel(copy.getName());
  }
}

// A kernel knows which of its results go to the caller: nobody reads them soon.
static void markGivenResults(ModuleOp module, SymbolTable &symbols) {
  llvm::MapVector<StringRef, llvm::SmallSetVector<int64_t, 4>> given;
  module.walk([&](LaunchOp launch) {
    for (auto [number, out] : llvm::enumerate(launch.getOutputs())) {
      Value root = out;
      while (auto view = root.getDefiningOp<ViewLikeOpInterface>()) {
        if (isa<memref::ViewOp>(view)) // of the arena
          break;
        root = view.getViewSource();
      }
      if (isa<BlockArgument>(root))
        given[launch.getKernel()].insert(int64_t(launch.getInputs().size() + number));
    }
  });
  for (auto &[name, arguments] : given) {
    SmallVector<int64_t> sorted(arguments.begin(), arguments.end());
    llvm::sort(sorted);
    symbols.lookup<func::FuncOp>(name)->setAttr(ScheduleDialect::givenAttr,
                                                DenseI64ArrayAttr::get(module.getContext(), sorted));
  }
}

LogicalResult codegen::planBuffers(ModuleOp module) {
  MLIRContext *context = module.getContext();
  context->getOrLoadDialect<memref::MemRefDialect>();
  SymbolTable symbols(module);
  SmallVector<func::FuncOp> functions;
  for (auto function : module.getOps<func::FuncOp>())
    if (!isKernel(function) && !function.isExternal() && !function->hasAttr(ScheduleDialect::peakBytesAttr))
      functions.push_back(function);
  for (func::FuncOp function : functions) {
    InPlace inPlace(symbols);
    orderSchedule(function, inPlace);
    // with an order there is a peak, and with other launches another order may be better
    if (recomputeAcrossPeak(function, inPlace, symbols))
      orderSchedule(function, inPlace);
    Timeline timeline(function);
    Placement placement = placeTensors(function, timeline, module);
    int64_t peak = chooseOffsets(placement);
    auto bytes = [&](int64_t count) { return IntegerAttr::get(IntegerType::get(context, 64), count); };
    function->setAttr(ScheduleDialect::peakBytesAttr, bytes(peak));
    function->setAttr(ScheduleDialect::lowerBoundAttr, bytes(lowerBound(placement)));
    if (failed(verifyBuffers(Rewrite(function, placement, module, symbols).run(peak))))
      return failure();
  }
  splitInPlace(module, symbols);
  markGivenResults(module, symbols);
  return verify(module);
}
