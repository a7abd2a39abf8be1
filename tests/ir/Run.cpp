// The driver behind the tests of ops: see the header.
#include "Run.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "nnc/codegen/Dialects.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/object/Compile.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/Scalar.h"
#include "nnc/ir/ScalarOps.h"
#include "nnc/ir/ops/Vocabulary.h"
#include "nnc/passes/Differentiate.h"
#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/Error.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <numbers>

using namespace mlir;
namespace nnc::test {

//===--- data ---===//

Data f64(Shape shape, std::vector<double> values) { return {DType::f64, std::move(shape), std::move(values)}; }
Data f32(Shape shape, std::vector<double> values) { return {DType::f32, std::move(shape), std::move(values)}; }
Data i64(Shape shape, std::vector<double> values) { return {DType::i64, std::move(shape), std::move(values)}; }
Data i32(Shape shape, std::vector<double> values) { return {DType::i32, std::move(shape), std::move(values)}; }
Data boolean(Shape shape, std::vector<double> values) { return {DType::i1, std::move(shape), std::move(values)}; }

Data random(Shape shape, unsigned seed, double low, double high) {
  Data data{DType::f64, shape, {}};
  uint64_t state = seed * 0x9E3779B97F4A7C15u;
  for (int64_t i = 0, count = elementCount(shape); i < count; ++i) { // SplitMix64
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    data.values.push_back(low + (high - low) * double(z >> 11) * 0x1p-53);
  }
  return data;
}

// Calls f with a value of the C++ type that holds an element in memory.
template <class F> static auto withStorage(DType type, F f) {
  switch (type) {
  case DType::f32:
    return f(float());
  case DType::f64:
    return f(double());
  case DType::i64:
    return f(int64_t());
  case DType::i32:
    return f(int32_t());
  case DType::i8:
    return f(int8_t());
  case DType::u8:
  case DType::i1:
    return f(uint8_t());
  case DType::bf16:
  case DType::f16:
    break;
  }
  throw std::runtime_error("the reference path does not run half precision");
}
static std::vector<char> bytesOf(const Data &data) {
  if (int64_t(data.values.size()) != elementCount(data.shape))
    throw std::runtime_error(fmt::format("{} values given for {}", data.values.size(), toString(data.shape)));
  return withStorage(data.type, [&](auto element) {
    std::vector<char> bytes(data.values.size() * sizeof(element) + 1); // never null
    for (size_t i = 0; i < data.values.size(); ++i) {
      element = decltype(element)(data.values[i]);
      std::memcpy(&bytes[i * sizeof(element)], &element, sizeof(element));
    }
    return bytes;
  });
}
static double elementAt(const char *bytes, DType type, int64_t i) {
  return withStorage(type, [&](auto element) {
    std::memcpy(&element, bytes + i * int64_t(sizeof(element)), sizeof(element));
    return double(element);
  });
}

//===--- from a function to a graph ---===//

MLIRContext &context() {
  static MLIRContext *context = [] {
    auto *result = new MLIRContext(MLIRContext::Threading::DISABLED);
    codegen::loadDialects(*result);
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return result;
  }();
  return *context;
}

static OwningOpRef<ModuleOp> build(const Function &function, const std::vector<Data> &inputs) {
  MLIRContext *mlir = &context();
  Location location = UnknownLoc::get(mlir);
  OwningOpRef<ModuleOp> module = ModuleOp::create(location);
  SmallVector<Type> types;
  for (const Data &input : inputs)
    types.push_back(ir::tensorType(input.type, input.shape, mlir));
  OpBuilder builder(module->getBodyRegion());
  auto main = func::FuncOp::create(builder, location, "main", builder.getFunctionType(types, {}));
  Block *entry = main.addEntryBlock();
  builder.setInsertionPointToEnd(entry);
  SmallVector<Value> results;
  {
    ir::Builder current(builder);
    std::vector<Tensor> arguments;
    for (Value argument : entry->getArguments())
      arguments.push_back(ir::tensor(argument));
    for (Tensor result : function(arguments))
      results.push_back(ir::value(result));
  }
  builder.setInsertionPointToEnd(entry);
  func::ReturnOp::create(builder, location, results);
  main.setFunctionType(builder.getFunctionType(types, TypeRange(ValueRange(results))));
  if (failed(verify(*module)))
    throw std::runtime_error("the traced graph does not verify");
  return module;
}

std::string trace(const Function &function, const std::vector<Data> &inputs) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  build(function, inputs)->print(stream);
  return text;
}

//===--- from a graph to machine code, without optimising ---===//

namespace {
// What the compiled code allocates, freed after its call; and the first failed check of the call.
struct Call {
  std::vector<void *> memory;
  int64_t failedCheck = -1, position = 0;
  ~Call() {
    for (void *block : memory)
      std::free(block);
  }
};
thread_local Call *call = nullptr;

void *allocate(size_t size) {
  void *block = std::malloc(size + 1);
  std::memset(block, 0x7f, size); // what is read before it is written shows
  call->memory.push_back(block);
  return block;
}
void check(int64_t number, int64_t position) {
  if (call->failedCheck < 0)
    call->failedCheck = number, call->position = position;
}

struct RunTimeCheck {
  std::string message;
  int64_t lower, upper;
};
} // namespace

struct Compiled::State {
  std::vector<RankedTensorType> inputs, results;
  std::vector<DType> inputTypes, resultTypes; // i1 and u8 are i8 by the time the code runs
  std::vector<RunTimeCheck> checks;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  void (*entry)(void **) = nullptr;

  void compile(OwningOpRef<ModuleOp> module);
  void lowerChecks(ModuleOp module);
};

// A run-time check becomes a call of `check` where its position is one of an index.
void Compiled::State::lowerChecks(ModuleOp module) {
  SmallVector<codegen::CheckOp> found;
  module.walk([&](codegen::CheckOp op) { found.push_back(op); });
  if (found.empty())
    return;
  OpBuilder builder(module.getBodyRegion());
  Type integer = builder.getI64Type();
  auto declared =
      func::FuncOp::create(builder, module.getLoc(), "check", builder.getFunctionType({integer, integer}, {}));
  declared.setPrivate();
  for (auto op : found) {
    ImplicitLocOpBuilder at(op.getLoc(), op);
    auto indices = cast<RankedTensorType>(op.getIndices().getType());
    Value position = tensor::ExtractOp::create(at, op.getPosition(), ValueRange());
    Value count = arith::ConstantOp::create(at, at.getI64IntegerAttr(indices.getNumElements()));
    Value failed = arith::CmpIOp::create(at, arith::CmpIPredicate::ult, position, count);
    auto branch = scf::IfOp::create(at, failed, /*withElseRegion=*/false);
    at.setInsertionPointToStart(branch.thenBlock());
    Value number = arith::ConstantOp::create(at, at.getI64IntegerAttr(int64_t(checks.size())));
    func::CallOp::create(at, declared, ValueRange{number, position});
    checks.push_back({op.getMessage().str(), int64_t(op.getLower()), int64_t(op.getUpper())});
    op.erase();
  }
}

// The scalar dialect's functions in the words of libm.
static void writeOutScalarOps(ModuleOp module) {
  module->walk([](Operation *op) {
    if (!isa<scalar::ScalarDialect>(op->getDialect()))
      return;
    ImplicitLocOpBuilder at(op->getLoc(), op);
    ir::Scalar x(at, op->getOperand(0)), bounded = maximum(x, x.of(-50)); // where a GELU has reached its limit
    ir::Scalar result = x;
    if (isa<scalar::SigmoidOp>(op)) {
      result = 1.0 / (exp(-x) + 1.0);
    } else if (isa<scalar::GeluOp>(op)) {
      ir::Scalar t = bounded * -std::sqrt(0.5);
      result = bounded * 0.5 * ir::Scalar(at, math::ErfcOp::create(at, t.value()));
    } else {
      ir::Scalar u = (bounded + bounded * bounded * bounded * 0.044715) * std::sqrt(2 / std::numbers::pi);
      result = bounded / (exp(u * -2.0) + 1.0);
    }
    op->replaceAllUsesWith(ValueRange{result.value()});
    op->erase();
  });
}

void Compiled::State::compile(OwningOpRef<ModuleOp> module) {
  auto functions = module->getOps<func::FuncOp>();
  if (functions.empty())
    throw std::runtime_error("the module has no function");
  std::string name = (*functions.begin()).getName().str();
  auto function = [&] { return module->lookupSymbol<func::FuncOp>(name); };
  for (Type type : function().getArgumentTypes())
    inputTypes.push_back(ir::dtypeOf(cast<RankedTensorType>(type).getElementType()));
  for (Type type : function().getResultTypes())
    resultTypes.push_back(ir::dtypeOf(cast<RankedTensorType>(type).getElementType()));
  if (failed(codegen::lowerToLinalg(*module)) || failed(verify(*module)))
    throw std::runtime_error("the graph does not lower to linalg");
  lowerChecks(*module);
  writeOutScalarOps(*module);
  for (Type type : function().getArgumentTypes())
    inputs.push_back(cast<RankedTensorType>(type));
  for (Type type : function().getResultTypes())
    results.push_back(cast<RankedTensorType>(type));
  function()->setAttr("llvm.emit_c_interface", UnitAttr::get(&context()));

  PassManager toBuffers(&context()), toLlvm(&context());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.allowReturnAllocsFromLoops = true; // a carry that a step makes anew
  options.functionBoundaryTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  toBuffers.addPass(bufferization::createOneShotBufferizePass(options));
  toLlvm.addPass(createConvertLinalgToLoopsPass());
  toLlvm.addNestedPass<func::FuncOp>(createForallToForLoopPass());
  toLlvm.addPass(memref::createExpandStridedMetadataPass());
  toLlvm.addPass(createLowerAffinePass());
  toLlvm.addPass(createSCFToControlFlowPass());
  toLlvm.addPass(createConvertMathToLibmPass());
  toLlvm.addPass(createConvertMathToLLVMPass());
  toLlvm.addPass(createFinalizeMemRefToLLVMConversionPass());
  toLlvm.addPass(createArithToLLVMConversionPass());
  toLlvm.addPass(createConvertFuncToLLVMPass());
  toLlvm.addPass(createConvertControlFlowToLLVMPass());
  toLlvm.addPass(createReconcileUnrealizedCastsPass());
  if (failed(toBuffers.run(*module)))
    throw std::runtime_error("the reference path does not bufferize the function");
  // A copy of strided memory would call a function of MLIR's own runtime.
  IRRewriter rewriter(&context());
  module->walk([&](memref::CopyOp copy) {
    rewriter.setInsertionPoint(copy);
    linalg::makeMemRefCopyOp(rewriter, copy.getLoc(), copy.getSource(), copy.getTarget());
    rewriter.eraseOp(copy);
  });
  if (failed(toLlvm.run(*module)))
    throw std::runtime_error("the reference path does not lower the function to LLVM");

  auto llvmContext = std::make_unique<llvm::LLVMContext>();
  auto llvmModule = translateModuleToLLVMIR(*module, *llvmContext);
  if (!llvmModule)
    throw std::runtime_error("the reference path does not translate the function to LLVM IR");
  // One entry whatever the number of arguments: void entry(void **) calls the C interface with the pointers it is
  // given.
  llvm::Function *target = llvmModule->getFunction("_mlir_ciface_" + name);
  llvm::IRBuilder<> at(*llvmContext);
  auto *wrapper = llvm::Function::Create(llvm::FunctionType::get(at.getVoidTy(), {at.getPtrTy()}, false),
                                         llvm::GlobalValue::ExternalLinkage, "entry", *llvmModule);
  at.SetInsertPoint(llvm::BasicBlock::Create(*llvmContext, "", wrapper));
  std::vector<llvm::Value *> arguments;
  for (size_t i = 0; i < target->arg_size(); ++i)
    arguments.push_back(at.CreateLoad(at.getPtrTy(), at.CreateConstGEP1_64(at.getPtrTy(), wrapper->getArg(0), i)));
  at.CreateCall(target, arguments);
  at.CreateRetVoid();

  jit = llvm::cantFail(llvm::orc::LLJITBuilder().create());
  llvm::orc::SymbolMap symbols;
  auto define = [&](const char *symbol, void *address) {
    symbols[jit->mangleAndIntern(symbol)] = {llvm::orc::ExecutorAddr::fromPtr(address), llvm::JITSymbolFlags::Exported};
  };
  define("malloc", reinterpret_cast<void *>(&allocate));
  define("check", reinterpret_cast<void *>(&check));
  llvm::cantFail(jit->getMainJITDylib().define(llvm::orc::absoluteSymbols(symbols)));
  jit->getMainJITDylib().addGenerator(llvm::cantFail(
      llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(jit->getDataLayout().getGlobalPrefix())));
  llvm::cantFail(jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(llvmModule), std::move(llvmContext))));
  entry = llvm::cantFail(jit->lookup("entry")).toPtr<void (*)(void **)>();
}

Compiled::Compiled(const Function &function, const std::vector<Data> &inputs) : state(std::make_unique<State>()) {
  state->compile(build(function, inputs));
}
Compiled::Compiled(const std::string &text) : state(std::make_unique<State>()) {
  auto module = parseSourceString<ModuleOp>(text, &context());
  if (!module)
    throw std::runtime_error("the text does not parse");
  state->compile(std::move(module));
}
Compiled::~Compiled() = default;

std::vector<Data> Compiled::operator()(const std::vector<Data> &inputs) const {
  if (inputs.size() != state->inputs.size())
    throw std::runtime_error(fmt::format("expected {} inputs, got {}", state->inputs.size(), inputs.size()));
  // memref descriptors: allocated, aligned, offset, sizes, strides
  std::vector<std::vector<char>> memory;
  std::vector<std::vector<int64_t>> descriptors;
  std::vector<void *> arguments;
  std::vector<int64_t> returned;
  size_t returnedSize = 0;
  for (RankedTensorType type : state->results)
    returnedSize += 3 + 2 * size_t(type.getRank());
  returned.resize(returnedSize);
  if (!state->results.empty())
    arguments.push_back(returned.data());
  for (auto [i, input] : llvm::enumerate(inputs)) {
    if (input.type != state->inputTypes[i] || ArrayRef<int64_t>(input.shape) != state->inputs[i].getShape())
      throw std::runtime_error(fmt::format("input {} has another type than the compiled function", i));
    memory.push_back(bytesOf(input));
    std::vector<int64_t> descriptor{int64_t(memory.back().data()), int64_t(memory.back().data()), 0};
    descriptor.insert(descriptor.end(), input.shape.begin(), input.shape.end());
    for (size_t dim = 0; dim < input.shape.size(); ++dim)
      descriptor.push_back(elementCount(Shape(input.shape.begin() + int64_t(dim) + 1, input.shape.end())));
    descriptors.push_back(std::move(descriptor));
  }
  for (auto &descriptor : descriptors)
    arguments.push_back(descriptor.data());
  Call here;
  Call *outer = std::exchange(call, &here);
  state->entry(arguments.data());
  call = outer;
  if (here.failedCheck >= 0) {
    const RunTimeCheck &failed = state->checks[size_t(here.failedCheck)];
    throw Error(fmt::format("{}: index at {} is out of range [{}, {})", failed.message, here.position, failed.lower,
                            failed.upper));
  }
  std::vector<Data> results;
  size_t at = 0;
  for (auto [i, type] : llvm::enumerate(state->results)) {
    Data data{state->resultTypes[i], Shape(type.getShape()), {}};
    auto *bytes = reinterpret_cast<const char *>(returned[at + 1]) + returned[at + 2] * byteSize(data.type);
    for (int64_t element = 0; element < type.getNumElements(); ++element)
      data.values.push_back(elementAt(bytes, data.type, element));
    at += 3 + 2 * size_t(type.getRank());
    results.push_back(std::move(data));
  }
  return results;
}

std::vector<Data> evaluate(const Function &function, const std::vector<Data> &inputs) {
  return Compiled(function, inputs)(inputs);
}

//===--- through the compiler ---===//

std::vector<Data> compileAndRun(const Function &function, const std::vector<Data> &inputs, bool fuse) {
  OwningOpRef<ModuleOp> module = build(function, inputs);
  codegen::CompileOptions options;
  options.fuse = fuse, options.cache = false;
  std::vector<Data> results; // their types; values follow
  for (Type type : (*module->getOps<func::FuncOp>().begin()).getResultTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    results.push_back({ir::dtypeOf(tensor.getElementType()), Shape(tensor.getShape()), {}});
  }
  std::shared_ptr<runtime::SharedObject> object = codegen::compile(*module, options);
  int32_t number = object->function("main");
  runtime::Buffer workspace(object->functions()[number].workspace_bytes);
  std::vector<runtime::Buffer> memory;
  // The ABI asks callers for the alignment of an element and no more: each tensor lies one element behind a cache line.
  auto place = [&](DType type, int64_t bytes) {
    memory.emplace_back(byteSize(type) + bytes + 1);
    std::memset(memory.back().data(), 0x7f, size_t(byteSize(type) + bytes + 1)); // what is not written shows
    return static_cast<char *>(memory.back().data()) + byteSize(type);
  };
  std::vector<void *> arguments, destinations;
  for (const Data &input : inputs) {
    std::vector<char> bytes = bytesOf(input);
    arguments.push_back(place(input.type, int64_t(bytes.size())));
    std::memcpy(arguments.back(), bytes.data(), bytes.size());
  }
  for (const Data &result : results)
    destinations.push_back(place(result.type, elementCount(result.shape) * byteSize(result.type)));
  object->invoke(number, arguments.data(), destinations.data(), workspace.data());
  for (auto [result, destination] : llvm::zip(results, destinations)) {
    auto *bytes = static_cast<const char *>(destination);
    int64_t count = elementCount(result.shape);
    for (int64_t i = 0; i < count; ++i)
      result.values.push_back(elementAt(bytes, result.type, i));
    if (bytes[-1] != 0x7f || bytes[count * byteSize(result.type)] != 0x7f)
      FAIL_CHECK("a result of " << toString(result.shape) << " was written outside of its memory");
  }
  return results;
}

std::string schedule(const Function &function, const std::vector<Data> &inputs) {
  OwningOpRef<ModuleOp> module = build(function, inputs);
  if (failed(codegen::lowerTo(*module, codegen::Level::Buffers)))
    throw std::runtime_error("the graph does not lower to buffers");
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  return text;
}

std::vector<Data> checkWays(const Function &function, const std::vector<Data> &inputs, double tolerance) {
  static int calls = 0;
  bool both = calls++ % 3 == 0;
  std::vector<Data> expected = evaluate(function, inputs);
  for (bool fuse : {true, false}) {
    if (!fuse && !both)
      continue;
    INFO((fuse ? "fused" : "not fused"));
    std::vector<Data> got = compileAndRun(function, inputs, fuse);
    REQUIRE(got.size() == expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      INFO("result " << i);
      checkClose(got[i], expected[i], isFloat(expected[i].type) ? tolerance : 0);
    }
  }
  return expected;
}

//===--- gradients ---===//

// Weights that make no two elements alike, so that a wrong place shows.
static Data weightsFor(Shape shape, size_t result) {
  return random(std::move(shape), unsigned(100 + result), 0.5, 1.5);
}

Function gradientOf(const Function &function, std::vector<size_t> of) {
  return [function, of](std::vector<Tensor> inputs) {
    std::vector<Tensor> outputs = function(inputs), floats, cotangents, wanted;
    for (auto [i, output] : llvm::enumerate(outputs))
      if (isFloat(output.dtype())) {
        floats.push_back(output);
        cotangents.push_back(constant(output.shape(), weightsFor(output.shape(), i).values, output.dtype()));
      }
    for (size_t input : of)
      wanted.push_back(inputs.at(input));
    return passes::differentiate(ir::Builder::current().op(), floats, cotangents, wanted);
  };
}

void checkGradients(const Function &function, const std::vector<Data> &inputs, const GradientOptions &options) {
  std::vector<size_t> of = options.of;
  if (of.empty())
    for (auto [i, input] : llvm::enumerate(inputs))
      if (input.type == DType::f64)
        of.push_back(i);
  REQUIRE(!of.empty());
  Function gradient = gradientOf(function, of);
  Compiled value(function, inputs);
  std::vector<Data> got = Compiled(gradient, inputs)(inputs);
  auto weighted = [&](const std::vector<Data> &at) {
    double total = 0;
    for (auto [r, result] : llvm::enumerate(value(at)))
      if (isFloat(result.type)) {
        Data weights = weightsFor(result.shape, r);
        for (size_t i = 0; i < weights.values.size(); ++i)
          total += weights.values[i] * result.values[i];
      }
    return total;
  };
  for (auto [g, input] : llvm::enumerate(of)) {
    REQUIRE(got[g].shape == inputs[input].shape);
    bool zero = true;
    for (size_t i = 0; i < got[g].values.size(); ++i) {
      std::vector<Data> moved = inputs;
      double &x = moved[input].values[i], centre = x;
      x = centre + options.step;
      double above = weighted(moved);
      x = centre - options.step;
      double expected = (above - weighted(moved)) / (2 * options.step), came = got[g].values[i];
      zero &= came == 0;
      if (!(std::abs(came - expected) <= options.tolerance * (std::abs(expected) + 1)))
        FAIL_CHECK("gradient of input " << input << " (" << toString(inputs[input].shape) << ") at element " << i
                                        << ": expected " << expected << " by finite differences, got " << came);
    }
    if (zero && !options.mayBeZero && !got[g].values.empty())
      FAIL_CHECK("the gradient of input " << input << " is zero everywhere");
  }
  SUCCEED("gradients compared");
  if (!options.second)
    return;
  INFO("second order");
  GradientOptions next = options;
  next.second = false, next.mayBeZero = true, next.of = of;
  checkGradients(gradient, inputs, next);
}

void checkClose(const Data &got, const Data &expected, double tolerance) {
  REQUIRE(toString(got.type) == toString(expected.type));
  REQUIRE(got.shape == expected.shape);
  REQUIRE(got.values.size() == expected.values.size());
  for (size_t i = 0; i < got.values.size(); ++i) {
    double a = got.values[i], b = expected.values[i];
    if (!(a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= tolerance * (std::abs(b) + 1)))
      FAIL_CHECK("element " << i << ": expected " << b << ", got " << a);
  }
}

std::string errorOf(const Function &function, const std::vector<Data> &inputs) {
  try {
    build(function, inputs);
  } catch (const Error &error) {
    std::string message = error.what();
    size_t at = message.find("error: ");
    return at == std::string::npos ? message : message.substr(at + 7);
  }
  return "";
}

} // namespace nnc::test
