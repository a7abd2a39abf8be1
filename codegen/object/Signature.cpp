#include "nnc/codegen/object/Signature.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "nnc/codegen/cpu/Work.h"
#include "nnc/codegen/schedule/Schedule.h"

using namespace mlir;

namespace nnc::codegen {

static constexpr llvm::StringLiteral nameAttr = "nn.name", kindAttr = "nn.kind", dtypeAttr = "nn.dtype";

StringRef spell(nnc_dtype dtype) {
  static constexpr llvm::StringLiteral names[] = {"?",  "f32",  "f64", "bf16", "f16", "i64", "i32",     "i8",
                                                  "u8", "bool", "i16", "u16",  "u32", "u64", "f8_e5m2", "f8_e4m3"};
  return dtype >= 1 && dtype <= NNC_F8_E4M3 ? names[dtype] : names[0];
}

std::string describe(nnc_dtype dtype, ArrayRef<int64_t> dims) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(dims, stream, "x");
  stream << (dims.empty() ? "" : " ") << spell(dtype);
  return text;
}

static std::optional<nnc_kind> parseKind(StringRef text) {
  return llvm::StringSwitch<std::optional<nnc_kind>>(text)
      .Case("input", NNC_INPUT)
      .Case("parameter", NNC_PARAMETER)
      .Case("buffer", NNC_BUFFER)
      .Case("optimizer", NNC_OPTIMIZER)
      .Case("scalar", NNC_SCALAR)
      .Case("seed", NNC_SEED)
      .Case("step", NNC_STEP)
      .Case("constant", NNC_CONSTANT)
      .Default(std::nullopt);
}

static std::optional<nnc_dtype> dtypeOf(Type element, StringAttr said) {
  if (said && said.getValue() == "bool")
    return NNC_BOOL;
  if (said && said.getValue() == "u8")
    return NNC_U8;
  if (element.isF32())
    return NNC_F32;
  if (element.isF64())
    return NNC_F64;
  if (element.isBF16())
    return NNC_BF16;
  if (element.isF16())
    return NNC_F16;
  if (element.isInteger(64))
    return NNC_I64;
  if (element.isInteger(32))
    return NNC_I32;
  if (element.isUnsignedInteger(8))
    return NNC_U8;
  if (element.isInteger(8))
    return NNC_I8;
  if (element.isInteger(1))
    return NNC_BOOL;
  return std::nullopt;
}

void completeSignatures(ModuleOp module) {
  OpBuilder builder(module.getContext());
  auto elementName = [](Type type) -> StringRef {
    auto shaped = dyn_cast<ShapedType>(type);
    Type element = shaped ? shaped.getElementType() : Type();
    return !element ? "" : element.isInteger(1) ? "bool" : element.isUnsignedInteger(8) ? "u8" : "";
  };
  for (auto function : module.getOps<func::FuncOp>()) {
    if (isKernel(function) || function.isPrivate() || function->hasAttr(ScheduleDialect::peakBytesAttr))
      continue;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      if (!function.getArgAttr(i, nameAttr))
        function.setArgAttr(i, nameAttr, builder.getStringAttr("arg" + Twine(i)));
      if (!function.getArgAttr(i, kindAttr))
        function.setArgAttr(i, kindAttr, builder.getStringAttr("input"));
      if (StringRef name = elementName(function.getArgumentTypes()[i]); !name.empty())
        function.setArgAttr(i, dtypeAttr, builder.getStringAttr(name));
    }
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      if (!function.getResultAttr(i, nameAttr))
        function.setResultAttr(
            i, nameAttr, builder.getStringAttr(function.getNumResults() == 1 ? Twine("result") : "result" + Twine(i)));
      if (StringRef name = elementName(function.getResultTypes()[i]); !name.empty())
        function.setResultAttr(i, dtypeAttr, builder.getStringAttr(name));
    }
  }
}

void freezeArguments(ModuleOp module) {
  auto unit = UnitAttr::get(module.getContext());
  for (auto function : module.getOps<func::FuncOp>()) {
    if (isKernel(function) || function.isPrivate())
      continue;
    llvm::SmallDenseSet<int64_t> updated;
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      if (auto updates = function.getResultAttrOfType<IntegerAttr>(i, "nn.updates"))
        updated.insert(updates.getInt());
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto kind = function.getArgAttrOfType<StringAttr>(i, kindAttr);
      if (kind && (kind == "parameter" || kind == "buffer") && !updated.contains(i))
        function.setArgAttr(i, frozenAttr, unit);
    }
  }
}

static FailureOr<SignatureValue> readValue(func::FuncOp function, unsigned argument) {
  SignatureValue value;
  auto type = dyn_cast<MemRefType>(function.getArgumentTypes()[argument]);
  if (!type || !type.hasStaticShape())
    return function.emitError("argument ")
           << argument << ": expected a static memref, got " << function.getArgumentTypes()[argument];
  if (auto name = function.getArgAttrOfType<StringAttr>(argument, nameAttr))
    value.name = name.getValue().str();
  else
    value.name = "arg" + std::to_string(argument);
  auto dtype = dtypeOf(type.getElementType(), function.getArgAttrOfType<StringAttr>(argument, dtypeAttr));
  if (!dtype)
    return function.emitError("argument '")
           << value.name << "': no caller can hold elements of " << type.getElementType();
  value.dtype = *dtype;
  value.dims.assign(type.getShape().begin(), type.getShape().end());
  value.bytes = bytesOf(type);
  value.kind = NNC_OUTPUT;
  if (auto kind = function.getArgAttrOfType<StringAttr>(argument, kindAttr)) {
    auto known = parseKind(kind.getValue());
    if (!known)
      return function.emitError("argument '") << value.name << "': unknown kind '" << kind.getValue() << "'";
    value.kind = *known;
    value.prepared = *known == NNC_CONSTANT;
  }
  if (function.getArgAttr(argument, frozenAttr))
    value.kind = NNC_CONSTANT;
  return value;
}

static std::string layersOf(LaunchOp launch) {
  std::string text;
  for (auto layer : launch.getLayers().getAsRange<StringAttr>())
    text += (text.empty() ? "" : ", ") + layer.getValue().str();
  return text;
}

// "net.cpp:41, net.cpp:42": lines without columns, each once.
static std::string sourcesOf(LaunchOp launch) {
  SmallVector<std::string> lines;
  launch.getLoc()->walk([&](Location inner) {
    if (auto file = dyn_cast<FileLineColLoc>(inner); file && file.getLine()) { // without a line it is no place
      std::string line = (file.getFilename().getValue() + ":" + Twine(file.getLine())).str();
      if (!llvm::is_contained(lines, line))
        lines.push_back(line);
    }
    return WalkResult::advance();
  });
  return llvm::join(lines, ", ");
}

// The memory behind a memref: views of one shape of it or another are one buffer.
static Value bufferOf(Value memref, DenseMap<int64_t, Value> &numbered) {
  while (Operation *op = memref.getDefiningOp()) {
    if (auto view = dyn_cast<memref::ViewOp>(op)) {
      auto number = op->getAttrOfType<IntegerAttr>(ScheduleDialect::bufferAttr);
      return number ? numbered.try_emplace(number.getInt(), memref).first->second : memref;
    }
    if (!isa<memref::CollapseShapeOp, memref::ExpandShapeOp, memref::ReinterpretCastOp, memref::CastOp>(op))
      break;
    memref = op->getOperand(0);
  }
  return memref;
}

// What is read twice, as two arguments, comes once; what is updated in place comes and goes.
static int64_t bytesOf(LaunchOp launch, const KernelWork &work) {
  DenseMap<int64_t, Value> numbered;
  llvm::SmallDenseMap<Value, int64_t> read;
  int64_t bytes = 0;
  for (auto [operand, reads, writes] : llvm::zip(launch.getOperands(), work.reads, work.writes)) {
    int64_t &known = read[bufferOf(operand, numbered)];
    bytes += std::max<int64_t>(0, reads - known) + writes;
    known = std::max(known, reads);
  }
  return bytes;
}

// How many times the launch runs in one call.
static int64_t timesOf(Operation *launch) {
  int64_t times = 1;
  for (auto loop = launch->getParentOfType<scf::ForOp>(); loop; loop = loop->getParentOfType<scf::ForOp>()) {
    auto from = getConstantIntValue(loop.getLowerBound()), to = getConstantIntValue(loop.getUpperBound()),
         by = getConstantIntValue(loop.getStep());
    if (from && to && by && *by > 0)
      times *= std::max<int64_t>(0, llvm::divideCeil(*to - *from, *by));
  }
  return times;
}

static FailureOr<SignatureFunction> readFunction(func::FuncOp function, const llvm::StringMap<int32_t> &kernels,
                                                 ArrayRef<KernelWork> work) {
  SignatureFunction result;
  result.name = function.getName().str();
  auto results = function->getAttrOfType<DenseI64ArrayAttr>("sched.results");
  auto peak = function->getAttrOfType<IntegerAttr>(ScheduleDialect::peakBytesAttr);
  if (!results || !peak || function.getNumArguments() == 0)
    return function.emitError("is not planned: expected the attributes sched.results and sched.peak_bytes");
  unsigned arena = function.getNumArguments() - 1;
  for (unsigned i = 0; i < arena; ++i) {
    auto value = readValue(function, i);
    if (failed(value))
      return failure();
    if (value->kind != NNC_OUTPUT)
      result.arguments.push_back(std::move(*value));
    else if (!llvm::is_contained(results.asArrayRef(), i))
      return function.emitError("argument '") << value->name << "' has no kind and holds no result";
  }
  for (auto [number, argument] : llvm::enumerate(results.asArrayRef())) {
    if (argument < 0 || argument >= arena)
      return function.emitError("sched.results: expected an argument below ") << arena << ", got " << argument;
    auto value = readValue(function, argument);
    if (failed(value))
      return failure();
    if (argument < int64_t(result.arguments.size())) {
      value->updates = argument;
      result.arguments[argument].updates = number;
    }
    value->kind = NNC_OUTPUT;
    result.results.push_back(std::move(*value));
  }
  result.resultArguments.assign(results.asArrayRef().begin(), results.asArrayRef().end());
  function.walk([&](LaunchOp launch) {
    SignatureLaunch line;
    line.layers = layersOf(launch);
    line.tasks = launch.getTasks();
    line.times = timesOf(launch);
    line.sources = sourcesOf(launch);
    line.kernel = kernels.lookup(launch.getKernel());
    line.flops = work[line.kernel].flops;
    line.bytes = bytesOf(launch, work[line.kernel]);
    result.launches.push_back(std::move(line));
  });
  result.workspaceBytes = result.peakBytes = peak.getInt();
  for (const SignatureValue &value : result.arguments)
    result.peakBytes += value.bytes;
  for (const SignatureValue &value : result.results)
    if (value.updates < 0)
      result.peakBytes += value.bytes;
  return result;
}

// Rows of what callers can bring first, each name once; behind them what is the object's own. A frozen weight that
// another function takes as a weight is one row.
static LogicalResult readWeights(ModuleOp module, Signature &signature) {
  llvm::StringMap<int32_t> rows;
  auto addRow = [&](const SignatureFunction &function, SignatureValue &value) -> LogicalResult {
    auto [at, added] = rows.try_emplace(value.prepared ? function.name + '\0' + value.name : value.name,
                                        int32_t(signature.weights.size()));
    value.weight = at->second;
    if (added)
      signature.weights.push_back(
          {value.name, value.dims, value.bytes, value.dtype, nullptr, value.prepared ? function.name : ""});
    const SignatureWeight &weight = signature.weights[value.weight];
    if (weight.dims == value.dims && weight.dtype == value.dtype)
      return success();
    return cast<func::FuncOp>(SymbolTable::lookupSymbolIn(module, function.name)).emitError("'")
           << value.name << "' is " << describe(value.dtype, value.dims) << " here and "
           << describe(weight.dtype, weight.dims) << " in another function";
  };
  auto addRows = [&](auto isWanted) -> LogicalResult {
    for (SignatureFunction &function : signature.functions)
      for (SignatureValue &value : function.arguments)
        if (isWanted(value.kind) && failed(addRow(function, value)))
          return failure();
    return success();
  };
  if (failed(addRows([](nnc_kind kind) { return kind == NNC_PARAMETER || kind == NNC_BUFFER; })))
    return failure();
  auto first = signature.weights.size();
  if (failed(addRows([](nnc_kind kind) { return kind == NNC_CONSTANT; })))
    return failure();
  signature.constants = int32_t(signature.weights.size() - first);
  return success();
}

FailureOr<Signature> readSignature(ModuleOp module, const std::string &name) {
  Signature signature;
  signature.name = name;
  llvm::StringMap<int32_t> kernels;
  SmallVector<KernelWork> work;
  for (auto function : module.getOps<func::FuncOp>())
    if (isKernel(function)) {
      kernels[function.getName()] = signature.kernels.size();
      signature.kernels.push_back(function.getName().str());
      work.push_back(workOf(function));
    }
  for (auto function : module.getOps<func::FuncOp>()) {
    if (isKernel(function) || function.isPrivate())
      continue;
    auto read = readFunction(function, kernels, work);
    if (failed(read))
      return failure();
    signature.functions.push_back(std::move(*read));
  }
  if (signature.functions.empty())
    return module.emitError("expected at least one public function");
  if (failed(readWeights(module, signature)))
    return failure();
  return signature;
}

} // namespace nnc::codegen
