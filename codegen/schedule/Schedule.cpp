// Parsing, printing, verification and effects of the schedule dialect's operations.
#include "nnc/codegen/schedule/Schedule.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace nnc::codegen;

#include "nnc-generated/codegen/schedule/ScheduleDialect.cpp.inc"
#define GET_OP_CLASSES
#include "nnc-generated/codegen/schedule/Schedule.cpp.inc"

void ScheduleDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "nnc-generated/codegen/schedule/Schedule.cpp.inc"
      >();
}

LogicalResult ScheduleDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName();
  if (name == bufferAttr)
    return isa<memref::ViewOp>(op) && isa<IntegerAttr>(attribute.getValue())
               ? success()
               : op->emitOpError("attribute '") << name << "' is the number of a view's buffer";
  if (name == insideAttr) {
    auto inside = dyn_cast<DenseI64ArrayAttr>(attribute.getValue());
    auto image = inside && inside.size() && inside[0] >= 0 && inside[0] < int64_t(op->getNumOperands())
                     ? dyn_cast<ShapedType>(op->getOperand(inside[0]).getType())
                     : ShapedType();
    return image && image.hasRank() && inside.size() == 1 + 2 * image.getRank()
               ? success()
               : op->emitOpError("attribute '") << name << "' is an operand's number and two numbers a dimension";
  }
  if (!isa<FunctionOpInterface>(op)) // func.func, and llvm.func while a kernel is lowered
    return op->emitOpError("attribute '") << name << "' is for functions";
  if (name == kernelAttr || name == mayAliasAttr || name == prepareAttr)
    return isa<UnitAttr>(attribute.getValue()) ? success() : op->emitOpError("attribute '") << name << "' is a unit";
  if (name == peakBytesAttr || name == lowerBoundAttr)
    return isa<IntegerAttr>(attribute.getValue()) ? success()
                                                  : op->emitOpError("attribute '") << name << "' is a number of bytes";
  if (name == resultsAttr || name == givenAttr)
    return isa<DenseI64ArrayAttr>(attribute.getValue())
               ? success()
               : op->emitOpError("attribute '") << name << "' is an array of arguments";
  return op->emitOpError("unknown attribute '") << name << "'";
}

int64_t nnc::codegen::bytesOf(Type type) {
  auto shaped = cast<ShapedType>(type);
  int64_t bits = shaped.getElementType().isIndex() ? 64 : shaped.getElementTypeBitWidth();
  return shaped.getNumElements() * ((bits + 7) / 8);
}

bool nnc::codegen::isContiguous(MemRefType type) {
  if (type.getNumElements() == 0)
    return true;
  auto [strides, offset] = type.getStridesAndOffset();
  (void)offset;
  int64_t expected = 1;
  for (auto [stride, size] : llvm::reverse(llvm::zip(strides, type.getShape()))) {
    if (size != 1 && stride != expected)
      return false;
    expected *= size;
  }
  return true;
}

//===--- launch ---===//

void LaunchOp::build(OpBuilder &builder, OperationState &state, StringRef kernel, int64_t tasks, ValueRange inputs,
                     ValueRange outputs, ArrayRef<std::string> layers) {
  SmallVector<Type> results;
  for (Value output : outputs)
    if (isa<TensorType>(output.getType()))
      results.push_back(output.getType());
  SmallVector<StringRef> names(layers.begin(), layers.end());
  build(builder, state, results, kernel, tasks, inputs, outputs, builder.getStrArrayAttr(names));
}

static ParseResult parseBuffers(OpAsmParser &parser, OperationState &result, StringRef keyword,
                                SmallVector<Type> &types, int32_t &count) {
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  types.clear();
  count = 0;
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  SMLoc at = parser.getCurrentLocation();
  if (parser.parseLParen() || parser.parseOperandList(operands) || parser.parseColonTypeList(types) ||
      parser.parseRParen())
    return failure();
  count = operands.size();
  return parser.resolveOperands(operands, types, at, result.operands);
}

ParseResult LaunchOp::parse(OpAsmParser &parser, OperationState &result) {
  FlatSymbolRefAttr kernel;
  IntegerAttr tasks;
  Type i64 = parser.getBuilder().getI64Type();
  if (parser.parseAttribute(kernel, "kernel", result.attributes) || parser.parseKeyword("tasks") ||
      parser.parseLParen() || parser.parseAttribute(tasks, i64, "tasks", result.attributes) || parser.parseRParen())
    return failure();
  SmallVector<Type> types;
  int32_t inputs, outputs;
  if (parseBuffers(parser, result, "ins", types, inputs) || parseBuffers(parser, result, "outs", types, outputs))
    return failure();
  for (Type type : types)
    if (isa<TensorType>(type))
      result.addTypes(type);
  result.getOrAddProperties<Properties>().operandSegmentSizes = {inputs, outputs};
  if (succeeded(parser.parseOptionalKeyword("layers"))) {
    ArrayAttr layers;
    if (parser.parseAttribute(layers, "layers", result.attributes))
      return failure();
  }
  return parser.parseOptionalAttrDict(result.attributes);
}

void LaunchOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getKernelAttr() << " tasks(" << getTasks() << ')';
  auto buffers = [&](StringRef keyword, ValueRange values) {
    if (!values.empty())
      printer << ' ' << keyword << '(' << values << " : " << values.getTypes() << ')';
  };
  buffers("ins", getInputs());
  buffers("outs", getOutputs());
  if (!getLayers().empty())
    printer << " layers " << getLayers();
  printer.printOptionalAttrDict((*this)->getAttrs(), {"kernel", "tasks", "layers", "operandSegmentSizes"});
}

LogicalResult LaunchOp::verify() {
  bool tensors = llvm::any_of(getOperandTypes(), [](Type type) { return isa<TensorType>(type); });
  for (Type type : getOperandTypes()) {
    if (isa<TensorType>(type) != tensors)
      return emitOpError("operands are either all tensors or all memrefs");
    if (auto memref = dyn_cast<MemRefType>(type); memref && !isContiguous(memref))
      return emitOpError("expected contiguous buffers, got ") << memref;
  }
  if (getOutputs().empty())
    return emitOpError("expected at least one output");
  if (getNumResults() != (tensors ? getOutputs().size() : 0))
    return emitOpError("expected one result for each output tensor");
  for (auto [result, output] : llvm::zip(getResults(), getOutputs()))
    if (result.getType() != output.getType())
      return emitOpError("expected result type ") << output.getType() << ", got " << result.getType();
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getKernelAttr());
  if (!kernel || !isKernel(kernel))
    return emitOpError("'") << getKernel() << "' is not a kernel";
  if (kernel.getNumArguments() != getNumOperands())
    return emitOpError("kernel has ") << kernel.getNumArguments() << " arguments, got " << getNumOperands();
  for (auto [index, given, wanted] : llvm::enumerate(getOperandTypes(), kernel.getArgumentTypes())) {
    auto have = cast<ShapedType>(given), want = cast<ShapedType>(wanted);
    if (have.getShape() != want.getShape() || have.getElementType() != want.getElementType())
      return emitOpError("operand ") << index << ": expected " << want << ", got " << have;
  }
  return success();
}

void LaunchOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  if (!onBuffers())
    return;
  for (OpOperand &operand : getInputsMutable())
    effects.emplace_back(MemoryEffects::Read::get(), &operand, SideEffects::DefaultResource::get());
  for (OpOperand &operand : getOutputsMutable()) {
    effects.emplace_back(MemoryEffects::Read::get(), &operand, SideEffects::DefaultResource::get());
    effects.emplace_back(MemoryEffects::Write::get(), &operand, SideEffects::DefaultResource::get());
  }
}

//===--- check ---===//

LogicalResult CheckOp::verify() {
  auto position = cast<ShapedType>(getPosition().getType()), indices = cast<ShapedType>(getIndices().getType());
  if (position.getRank() != 0 || !position.getElementType().isInteger(64))
    return emitOpError("position: expected one i64, got ") << position;
  if (!isa<IntegerType>(indices.getElementType()))
    return emitOpError("indices: expected integers, got ") << indices;
  if (isa<TensorType>(position) != isa<TensorType>(indices))
    return emitOpError("operands are either both tensors or both memrefs");
  if (auto memref = dyn_cast<MemRefType>(getIndices().getType()); memref && !isContiguous(memref))
    return emitOpError("expected contiguous buffers, got ") << memref;
  if (getLower() > getUpper())
    return emitOpError("lower bound ") << getLower() << " is above the upper bound " << getUpper();
  return success();
}

// A write effect keeps a check alive and in order, also on tensors where nothing reads what it does.
void CheckOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  if (isa<MemRefType>(getPosition().getType())) {
    effects.emplace_back(MemoryEffects::Read::get(), &getPositionMutable(), SideEffects::DefaultResource::get());
    effects.emplace_back(MemoryEffects::Read::get(), &getIndicesMutable(), SideEffects::DefaultResource::get());
  }
  effects.emplace_back(MemoryEffects::Write::get(), SideEffects::DefaultResource::get());
}

//===--- copy ---===//

LogicalResult CopyOp::verify() {
  auto source = cast<MemRefType>(getSource().getType()), target = cast<MemRefType>(getTarget().getType());
  if (source.getShape() != target.getShape() || source.getElementType() != target.getElementType())
    return emitOpError("expected one shape and element type, got ") << source << " and " << target;
  for (MemRefType type : {source, target})
    if (!isContiguous(type))
      return emitOpError("expected contiguous buffers, got ") << type;
  return success();
}

void CopyOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable(), SideEffects::DefaultResource::get());
  effects.emplace_back(MemoryEffects::Write::get(), &getTargetMutable(), SideEffects::DefaultResource::get());
}
