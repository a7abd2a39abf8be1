#include "nnc/codegen/CheckSource.h"
#include "nnc/codegen/object/Signature.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "nnc/ir/Check.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace nnc::codegen {

// More than the address space of any machine; a million tensors of it still add up in 64 bits.
static constexpr int64_t mostBytes = 8 * ir::mostElements;

static bool isElement(Type type) {
  return type.isF32() || type.isF64() || type.isBF16() || type.isF16() || type.isSignlessInteger(64) ||
         type.isSignlessInteger(32) || type.isSignlessInteger(8) || type.isSignlessInteger(1) ||
         type.isUnsignedInteger(8);
}

// Of a static shape; nothing where it is more than `mostBytes`.
static std::optional<int64_t> bytesOfTensor(RankedTensorType type) {
  Type element = type.getElementType();
  int64_t bytes = element.isIntOrFloat() ? std::max<int64_t>(element.getIntOrFloatBitWidth() / 8, 1) : 8;
  if (llvm::is_contained(type.getShape(), 0))
    return 0;
  for (int64_t size : type.getShape())
    if (__builtin_mul_overflow(bytes, size, &bytes) || bytes > mostBytes)
      return std::nullopt;
  return bytes;
}

static LogicalResult checkSize(Operation *at, const Twine &what, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor && tensor.hasStaticShape() && !bytesOfTensor(tensor))
    return at->emitError(what) << ": expected at most " << mostBytes << " bytes, got " << type;
  return success();
}

static LogicalResult checkValue(func::FuncOp function, const Twine &what, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || tensor.getEncoding())
    return function.emitError(what) << ": expected a tensor of static shape, got " << type;
  if (!isElement(tensor.getElementType()))
    return function.emitError(what) << ": expected elements of f32, f64, bf16, f16, i64, i32, i8, ui8 or i1, got "
                                    << type;
  return checkSize(function, what, type);
}

static LogicalResult checkFrozen(func::FuncOp function, unsigned argument, const Twine &what) {
  Attribute frozen = function.getArgAttr(argument, frozenAttr);
  if (!frozen)
    return success();
  if (!isa<UnitAttr>(frozen))
    return function.emitError(what) << ": " << frozenAttr << ": expected no value, got " << frozen;
  auto kind = function.getArgAttrOfType<StringAttr>(argument, "nn.kind");
  StringRef is = kind ? kind.getValue() : "input";
  if (is != "parameter" && is != "buffer" && is != "constant")
    return function.emitError(what) << ": " << frozenAttr << ": expected a parameter, buffer or constant, got "
                                    << (is == "input" ? "an " : "a ") << is;
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (auto updates = function.getResultAttrOfType<IntegerAttr>(i, "nn.updates");
        updates && updates.getInt() == int64_t(argument))
      return function.emitError(what) << ": " << frozenAttr << ": expected what no result updates, but result " << i
                                      << " does";
  return success();
}

static LogicalResult checkArguments(func::FuncOp function) {
  llvm::StringMap<unsigned> names;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    Attribute named = function.getArgAttr(i, "nn.name");
    auto name = dyn_cast_or_null<StringAttr>(named);
    if (named && (!name || name.empty()))
      return function.emitError("argument ") << i << ": nn.name: expected a name, got " << named;
    std::string what = name ? "argument '" + name.str() + "'" : "argument " + std::to_string(i);
    if (failed(checkValue(function, what, type)))
      return failure();
    if (Attribute kind = function.getArgAttr(i, "nn.kind"); kind && !isa<StringAttr>(kind))
      return function.emitError(what) << ": nn.kind: expected a string, got " << kind;
    if (failed(checkFrozen(function, i, what)))
      return failure();
    if (!name)
      continue;
    auto [at, added] = names.try_emplace(name.getValue(), i);
    if (!added)
      return function.emitError("arguments ")
             << at->second << " and " << i << ": expected different names, got " << name << " twice";
  }
  return success();
}

static LogicalResult checkResults(func::FuncOp function) {
  llvm::SmallDenseMap<int64_t, unsigned> updated;
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    std::string what = "result " + std::to_string(i);
    if (failed(checkValue(function, what, type)))
      return failure();
    if (Attribute name = function.getResultAttr(i, "nn.name"); name && !isa<StringAttr>(name))
      return function.emitError(what) << ": nn.name: expected a name, got " << name;
    Attribute updates = function.getResultAttr(i, "nn.updates");
    if (!updates)
      continue;
    auto number = dyn_cast<IntegerAttr>(updates);
    int64_t count = function.getNumArguments();
    if (!number || !number.getType().isInteger(64) || number.getInt() < 0 || number.getInt() >= count)
      return function.emitError(what) << ": nn.updates: expected the number of an argument below " << count
                                      << " as an i64, got " << updates;
    Type argument = function.getArgumentTypes()[number.getInt()];
    if (argument != type)
      return function.emitError(what) << ": nn.updates: expected " << argument << " as argument " << number.getInt()
                                      << ", got " << type;
    auto [at, added] = updated.try_emplace(number.getInt(), i);
    if (!added)
      return function.emitError("results ")
             << at->second << " and " << i << ": expected one to update argument " << number.getInt() << ", got both";
  }
  return success();
}

static LogicalResult checkFunction(func::FuncOp function) {
  if (function.isExternal())
    return function.emitError("function '") << function.getName() << "': expected a body, got a declaration";
  if (!function.getBody().hasOneBlock())
    return function.emitError("function '")
           << function.getName() << "': expected one block, since no control flow depends on data, got "
           << function.getBody().getBlocks().size();
  return failure(failed(checkArguments(function)) || failed(checkResults(function)));
}

// Inside of functions.
static WalkResult checkOp(Operation *op) {
  if (isa<CallOpInterface>(op))
    return op->emitError("'") << op->getName() << "': expected functions that call no others";
  if (op->getName().getDialectNamespace() == "nn") {
    Operation *parent = op->getParentOp();
    if (!isa<func::FuncOp>(parent) && parent->getName().getDialectNamespace() != "nn")
      return op->emitError("'") << op->getName() << "': expected in a function or in nn.scan, got it in '"
                                << parent->getName() << "'";
  }
  for (Type type : op->getResultTypes())
    if (failed(checkSize(op, "'" + op->getName().getStringRef() + "': result", type)))
      return WalkResult::interrupt();
  return WalkResult::advance();
}

LogicalResult checkSource(ModuleOp module) {
  for (Operation &op : *module.getBody()) {
    if (isa<ModuleOp>(op))
      return op.emitError("expected functions, got a module in a module");
    auto function = dyn_cast<func::FuncOp>(op);
    if (function && !isKernel(function) && failed(checkFunction(function)))
      return failure();
  }
  return failure(
      module.walk([&](Operation *op) { return op == module.getOperation() ? WalkResult::advance() : checkOp(op); })
          .wasInterrupted());
}

} // namespace nnc::codegen
