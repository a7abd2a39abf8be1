// A walk over the schedule: a memref is the pointer to its first element (every buffer of a schedule is contiguous and
// its layout static), an index is an i64.
#include "nnc/codegen/object/Host.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/schedule/Schedule.h"

using namespace mlir;

namespace nnc::codegen {

// A prefix of our own, as a function of the user's may be called `memcpy`.
std::string scheduleSymbol(llvm::StringRef function) { return ("nnc.schedule." + function).str(); }

namespace {

int64_t elementBytes(MemRefType type) { return llvm::divideCeil(type.getElementTypeBitWidth(), 8); }

nnc_dtype indexDtype(Type element) {
  return element.isInteger(64) ? NNC_I64 : element.isInteger(32) ? NNC_I32 : element.isInteger(8) ? NNC_I8 : NNC_BOOL;
}

class HostEmitter {
public:
  HostEmitter(ModuleOp module, ModuleOp host)
      : module(module), host(host), b(host.getLoc(), host.getContext()),
        pointer(LLVM::LLVMPointerType::get(host.getContext())) {
    b.setInsertionPointToEnd(host.getBody());
  }

  LogicalResult declare();
  LogicalResult emit(func::FuncOp function, const SignatureFunction &signature);

private:
  LogicalResult emit(Block &block);
  LogicalResult emit(Operation &op);
  LogicalResult emit(LaunchOp launch);
  LogicalResult emit(CheckOp check);
  LogicalResult emit(scf::ForOp loop);
  LogicalResult emitGlobal(memref::GlobalOp global);
  void expandAffine(func::FuncOp function);

  Value constant(int64_t value) { return LLVM::ConstantOp::create(b, b.getI64Type(), b.getI64IntegerAttr(value)); }
  Value constant32(int64_t value) { return LLVM::ConstantOp::create(b, b.getI32Type(), b.getI32IntegerAttr(value)); }
  Value offset(Value base, Value bytes) {
    return LLVM::GEPOp::create(b, pointer, b.getI8Type(), base, ValueRange{bytes}, LLVM::GEPNoWrapFlags::inbounds);
  }
  Value slot(Value base, int64_t index) {
    return LLVM::GEPOp::create(b, pointer, pointer, base, ArrayRef<LLVM::GEPArg>{int32_t(index)},
                               LLVM::GEPNoWrapFlags::inbounds);
  }
  Value text(StringRef value);
  Value dims(ArrayRef<int64_t> values);
  LLVM::LLVMFuncOp external(StringRef name, Type result, ArrayRef<Type> arguments);

  ModuleOp module, host;
  ImplicitLocOpBuilder b;
  Type pointer;
  LLVM::LLVMFuncOp run, check, function;
  Value call, buffers; // of the current function
  int32_t launches = 0;
  IRMapping values;
  llvm::StringMap<LLVM::GlobalOp> texts;
  unsigned globals = 0;
};

LLVM::LLVMFuncOp HostEmitter::external(StringRef name, Type result, ArrayRef<Type> arguments) {
  auto function = LLVM::LLVMFuncOp::create(b, name, LLVM::LLVMFunctionType::get(result, arguments));
  return function;
}

LogicalResult HostEmitter::declare() {
  Type i64 = b.getI64Type(), i32 = b.getI32Type();
  run = external("nnc_run", LLVM::LLVMVoidType::get(b.getContext()), {pointer, i32, pointer});
  check = external("nnc_check", i32, {pointer, i64, pointer, i32, pointer, i32, i64, i64});
  for (LLVM::LLVMFuncOp ours : {run, check})
    ours.setVisibility_(LLVM::Visibility::Hidden);
  for (auto global : module.getOps<memref::GlobalOp>())
    if (failed(emitGlobal(global)))
      return failure();
  return success();
}

LogicalResult HostEmitter::emitGlobal(memref::GlobalOp global) {
  auto type = cast<MemRefType>(global.getType());
  auto value = dyn_cast_or_null<ElementsAttr>(global.getConstantInitValue());
  if (!value)
    return global.emitOpError("expected a constant value");
  Type array = LLVM::LLVMArrayType::get(type.getElementType(), type.getNumElements());
  ElementsAttr flat = value;
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    flat = dense.reshape(RankedTensorType::get({type.getNumElements()}, type.getElementType()));
  // a one-bit element would be packed by nobody: one byte each, as in every buffer
  if (type.getElementType().isInteger(1)) {
    SmallVector<int8_t> bytes;
    for (bool bit : cast<DenseElementsAttr>(flat).getValues<bool>())
      bytes.push_back(bit);
    array = LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size());
    flat =
        DenseElementsAttr::get(RankedTensorType::get({int64_t(bytes.size())}, b.getI8Type()), ArrayRef<int8_t>(bytes));
  }
  LLVM::GlobalOp::create(b, array, /*isConstant=*/true, LLVM::Linkage::Internal, ("nnc.data." + global.getName()).str(),
                         flat, NNC_ALIGNMENT);
  return success();
}

Value HostEmitter::text(StringRef value) {
  LLVM::GlobalOp &global = texts[value];
  if (!global) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(host.getBody());
    std::string bytes = value.str() + '\0';
    global =
        LLVM::GlobalOp::create(b, LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size()), true, LLVM::Linkage::Internal,
                               "nnc.text" + std::to_string(globals++), b.getStringAttr(bytes));
  }
  return LLVM::AddressOfOp::create(b, global);
}

Value HostEmitter::dims(ArrayRef<int64_t> sizes) {
  OpBuilder::InsertionGuard guard(b);
  LLVM::GlobalOp global;
  {
    OpBuilder::InsertionGuard top(b);
    b.setInsertionPointToStart(host.getBody());
    SmallVector<int64_t> values(sizes.begin(), sizes.end());
    if (values.empty())
      values.push_back(1);
    auto type = RankedTensorType::get({int64_t(values.size())}, b.getI64Type());
    global = LLVM::GlobalOp::create(b, LLVM::LLVMArrayType::get(b.getI64Type(), values.size()), true,
                                    LLVM::Linkage::Internal, "nnc.dims" + std::to_string(globals++),
                                    DenseElementsAttr::get(type, ArrayRef<int64_t>(values)));
  }
  return LLVM::AddressOfOp::create(b, global);
}

// affine.apply, min and max -> arith, in the copy of the function that is walked.
void HostEmitter::expandAffine(func::FuncOp planned) {
  IRRewriter rewriter(planned.getContext());
  SmallVector<Operation *> work;
  planned.walk([&](Operation *op) {
    if (isa<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>(op))
      work.push_back(op);
  });
  for (Operation *op : work) {
    rewriter.setInsertionPoint(op);
    AffineMap map = TypeSwitch<Operation *, AffineMap>(op)
                        .Case<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>(
                            [](auto typed) { return typed.getAffineMap(); })
                        .Default(AffineMap());
    auto expanded = affine::expandAffineMap(rewriter, op->getLoc(), map, op->getOperands());
    if (!expanded)
      continue; // the walk complains
    Value result = expanded->front();
    for (Value next : ArrayRef<Value>(*expanded).drop_front())
      result = isa<affine::AffineMinOp>(op) ? arith::MinSIOp::create(rewriter, op->getLoc(), result, next).getResult()
                                            : arith::MaxSIOp::create(rewriter, op->getLoc(), result, next).getResult();
    rewriter.replaceOp(op, result);
  }
}

LogicalResult HostEmitter::emit(func::FuncOp planned, const SignatureFunction &signature) {
  OwningOpRef<func::FuncOp> working = planned.clone();
  expandAffine(*working);

  b.setInsertionPointToEnd(host.getBody());
  b.setLoc(UnknownLoc::get(b.getContext()));
  function =
      LLVM::LLVMFuncOp::create(b, scheduleSymbol(signature.name),
                               LLVM::LLVMFunctionType::get(b.getI32Type(), {pointer, pointer, pointer, pointer}));
  function.setVisibility_(LLVM::Visibility::Hidden);
  Block *entry = function.addEntryBlock(b);
  b.setInsertionPointToStart(entry);
  call = entry->getArgument(0);
  values.clear();
  launches = 0;

  size_t widest = 1;
  working->walk([&](LaunchOp launch) { widest = std::max<size_t>(widest, launch.getNumOperands()); });
  buffers = LLVM::AllocaOp::create(b, pointer, pointer, constant(widest));
  unsigned arguments = signature.arguments.size();
  for (BlockArgument argument : working->getArguments()) {
    unsigned number = argument.getArgNumber();
    if (number + 1 == working->getNumArguments()) {
      values.map(argument, entry->getArgument(3));
    } else if (number < arguments) {
      values.map(argument, LLVM::LoadOp::create(b, pointer, slot(entry->getArgument(1), number)).getResult());
    } else {
      auto result = llvm::find(signature.resultArguments, int64_t(number)) - signature.resultArguments.begin();
      values.map(argument, LLVM::LoadOp::create(b, pointer, slot(entry->getArgument(2), result)).getResult());
    }
  }
  if (failed(emit(working->getBody().front())))
    return failure();
  return success();
}

LogicalResult HostEmitter::emit(Block &block) {
  for (Operation &op : block)
    if (failed(emit(op)))
      return failure();
  return success();
}

LogicalResult HostEmitter::emit(LaunchOp launch) {
  for (auto [number, operand] : llvm::enumerate(launch.getOperands()))
    LLVM::StoreOp::create(b, values.lookup(operand), slot(buffers, number));
  LLVM::CallOp::create(b, run, ValueRange{call, constant32(launches++), buffers});
  return success();
}

// A failed check ends the call with its status.
LogicalResult HostEmitter::emit(CheckOp op) {
  auto type = cast<MemRefType>(op.getIndices().getType());
  Value first = LLVM::LoadOp::create(b, b.getI64Type(), values.lookup(op.getPosition()));
  Value status =
      LLVM::CallOp::create(b, check,
                           ValueRange{text(op.getMessage()), first, values.lookup(op.getIndices()),
                                      constant32(indexDtype(type.getElementType())), dims(type.getShape()),
                                      constant32(type.getRank()), constant(op.getLower()), constant(op.getUpper())})
          .getResult();
  Value bad = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::ne, status, constant32(0));
  Block *stop = b.createBlock(&function.getBody(), function.getBody().end());
  Block *go = b.createBlock(&function.getBody(), function.getBody().end());
  b.setInsertionPointAfterValue(bad);
  LLVM::CondBrOp::create(b, bad, stop, go);
  b.setInsertionPointToStart(stop);
  LLVM::ReturnOp::create(b, status);
  b.setInsertionPointToStart(go);
  return success();
}

LogicalResult HostEmitter::emit(scf::ForOp loop) {
  if (!loop.getInitArgs().empty())
    return loop.emitOpError("carries values after planning");
  Value lower = values.lookup(loop.getLowerBound()), upper = values.lookup(loop.getUpperBound()),
        step = values.lookup(loop.getStep());
  Block *before = b.getInsertionBlock();
  Region &body = function.getBody();
  Block *head = b.createBlock(&body, body.end(), b.getI64Type(), b.getLoc());
  Block *inside = b.createBlock(&body, body.end());
  Block *after = b.createBlock(&body, body.end());
  b.setInsertionPointToEnd(before);
  LLVM::BrOp::create(b, ValueRange{lower}, head);
  b.setInsertionPointToStart(head);
  Value counter = head->getArgument(0);
  Value more = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::slt, counter, upper);
  LLVM::CondBrOp::create(b, more, inside, after);
  b.setInsertionPointToStart(inside);
  values.map(loop.getInductionVar(), counter);
  if (failed(emit(*loop.getBody())))
    return failure();
  Value next = LLVM::AddOp::create(b, counter, step);
  LLVM::BrOp::create(b, ValueRange{next}, head);
  b.setInsertionPointToStart(after);
  return success();
}

LogicalResult HostEmitter::emit(Operation &op) {
  auto value = [&](Value of) { return values.lookup(of); };
  auto result = [&](Value as) {
    values.map(op.getResult(0), as);
    return success();
  };
  return TypeSwitch<Operation *, LogicalResult>(&op)
      .Case<LaunchOp, CheckOp, scf::ForOp>([&](auto typed) { return emit(typed); })
      .Case([&](CopyOp copyOp) {
        if (value(copyOp.getSource()) != value(copyOp.getTarget()))
          LLVM::MemcpyOp::create(b, value(copyOp.getTarget()), value(copyOp.getSource()),
                                 constant(bytesOf(copyOp.getSource().getType())), /*isVolatile=*/false);
        return success();
      })
      // buffers
      .Case([&](memref::ViewOp view) { return result(offset(value(view.getSource()), value(view.getByteShift()))); })
      .Case([&](memref::SubViewOp view) -> LogicalResult {
        MemRefType type = view.getSourceType();
        auto [strides, base] = type.getStridesAndOffset();
        if (llvm::any_of(strides, ShapedType::isDynamic))
          return view.emitOpError("expected static strides");
        Value elements = constant(0);
        for (auto [position, stride] : llvm::zip(view.getMixedOffsets(), strides)) {
          Value factor = isa<Value>(position) ? value(cast<Value>(position)) : constant(*getConstantIntValue(position));
          elements = LLVM::AddOp::create(b, elements, LLVM::MulOp::create(b, factor, constant(stride)));
        }
        return result(offset(value(view.getSource()), LLVM::MulOp::create(b, elements, constant(elementBytes(type)))));
      })
      .Case([&](memref::ReinterpretCastOp cast) -> LogicalResult {
        // the pointer of a view is that of its first element, so only an offset of the cast itself could be lost
        auto source = llvm::dyn_cast<MemRefType>(cast.getSource().getType());
        auto [strides, base] = cast.getType().getStridesAndOffset();
        auto [sourceStrides, sourceBase] = source.getStridesAndOffset();
        if (base != 0 || sourceBase != 0)
          return cast.emitOpError("expected no offset");
        return result(value(cast.getSource()));
      })
      .Case<memref::CollapseShapeOp, memref::ExpandShapeOp>([&](auto shape) { return result(value(shape.getSrc())); })
      .Case([&](memref::CastOp cast) { return result(value(cast.getSource())); })
      .Case([&](memref::GetGlobalOp get) {
        return result(LLVM::AddressOfOp::create(b, pointer, ("nnc.data." + get.getName()).str()));
      })
      .Case([&](memref::StoreOp store) -> LogicalResult {
        if (!store.getIndices().empty())
          return store.emitOpError("expected a buffer of rank 0");
        LLVM::StoreOp::create(b, value(store.getValueToStore()), value(store.getMemRef()));
        return success();
      })
      // counters
      .Case([&](arith::ConstantOp constantOp) -> LogicalResult {
        auto integer = dyn_cast<IntegerAttr>(constantOp.getValue());
        if (!integer)
          return constantOp.emitOpError("expected an integer");
        if (isa<IndexType>(integer.getType()))
          return result(constant(integer.getInt()));
        return result(LLVM::ConstantOp::create(b, integer.getType(), integer));
      })
      .Case([&](arith::AddIOp o) { return result(LLVM::AddOp::create(b, value(o.getLhs()), value(o.getRhs()))); })
      .Case([&](arith::SubIOp o) { return result(LLVM::SubOp::create(b, value(o.getLhs()), value(o.getRhs()))); })
      .Case([&](arith::MulIOp o) { return result(LLVM::MulOp::create(b, value(o.getLhs()), value(o.getRhs()))); })
      .Case([&](arith::DivSIOp o) { return result(LLVM::SDivOp::create(b, value(o.getLhs()), value(o.getRhs()))); })
      .Case([&](arith::RemSIOp o) { return result(LLVM::SRemOp::create(b, value(o.getLhs()), value(o.getRhs()))); })
      .Case([&](arith::MinSIOp o) { return result(LLVM::SMinOp::create(b, value(o.getLhs()), value(o.getRhs()))); })
      .Case([&](arith::MaxSIOp o) { return result(LLVM::SMaxOp::create(b, value(o.getLhs()), value(o.getRhs()))); })
      .Case([&](arith::SelectOp o) {
        return result(
            LLVM::SelectOp::create(b, value(o.getCondition()), value(o.getTrueValue()), value(o.getFalseValue())));
      })
      .Case([&](arith::CmpIOp o) {
        return result(
            LLVM::ICmpOp::create(b, LLVM::ICmpPredicate(o.getPredicate()), value(o.getLhs()), value(o.getRhs())));
      })
      .Case([&](arith::IndexCastOp o) -> LogicalResult { // index and i64 are one type here
        Type in = o.getIn().getType(), out = o.getType();
        if ((in.isIndex() || in.isInteger(64)) && (out.isIndex() || out.isInteger(64)))
          return result(value(o.getIn()));
        if (out.isInteger(32))
          return result(LLVM::TruncOp::create(b, out, value(o.getIn())));
        return o.emitOpError("in a schedule");
      })
      // ends
      .Case([&](func::ReturnOp) {
        LLVM::ReturnOp::create(b, constant32(NNC_OK));
        return success();
      })
      .Case([&](scf::YieldOp) { return success(); })
      .Default([&](Operation *unknown) { return unknown->emitOpError("is no part of a planned schedule"); });
}

} // namespace

LogicalResult emitHost(ModuleOp module, const Signature &signature, ModuleOp host) {
  HostEmitter emitter(module, host);
  if (failed(emitter.declare()))
    return failure();
  SymbolTable symbols(module);
  for (const SignatureFunction &function : signature.functions)
    if (failed(emitter.emit(symbols.lookup<func::FuncOp>(function.name), function)))
      return failure();
  return verify(host);
}

// A kernel's own globals get its name as a prefix, as every kernel starts counting anew.
static LogicalResult lowerKernelInto(func::FuncOp kernel, const Target &target, ModuleOp result) {
  std::string name = kernel.getName().str();
  OwningOpRef<ModuleOp> alone = ModuleOp::create(kernel.getLoc());
  alone->push_back(kernel.clone());
  if (failed(lowerKernel(*alone, target)))
    return failure();
  for (auto global : alone->getOps<LLVM::GlobalOp>()) {
    auto renamed = StringAttr::get(result.getContext(), name + "." + global.getSymName());
    if (failed(SymbolTable::replaceAllSymbolUses(global, renamed, *alone)))
      return failure();
    global.setSymNameAttr(renamed);
  }
  for (Operation &op : llvm::make_early_inc_range(alone->getOps())) {
    auto symbol = dyn_cast<SymbolOpInterface>(op);
    if (symbol && SymbolTable::lookupSymbolIn(result, symbol.getNameAttr()))
      continue; // a declaration that another kernel has brought
    op.remove();
    result.push_back(&op);
  }
  return success();
}

LogicalResult lowerToLlvm(ModuleOp module, const Target &target) {
  SmallVector<func::FuncOp> kernels;
  for (auto function : module.getOps<func::FuncOp>())
    if (isKernel(function))
      kernels.push_back(function);
  auto signature = readSignature(module, "model");
  OwningOpRef<ModuleOp> result = ModuleOp::create(module.getLoc());
  if (failed(signature) || failed(emitHost(module, *signature, *result)))
    return failure();
  for (func::FuncOp kernel : kernels)
    if (failed(lowerKernelInto(kernel, target, *result)))
      return failure();
  module.getBody()->clear();
  module.getBody()->getOperations().splice(module.getBody()->end(), result->getBody()->getOperations());
  return verify(module);
}

} // namespace nnc::codegen
