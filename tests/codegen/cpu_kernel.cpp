// The driver behind the tests of codegen/cpu: see the header.
#include "cpu_kernel.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"
#include "nnc/codegen/Dialects.h"
#include "nnc/codegen/Pipelines.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cmath>
#include <cstring>
#include <random>

using namespace mlir;

namespace nnc::test {

MLIRContext &context() {
  static MLIRContext *context = [] {
    auto *result = new MLIRContext;
    codegen::loadDialects(*result);
    return result;
  }();
  return *context;
}

codegen::Target target(const std::string &name) {
  codegen::Target target;
  std::string error;
  if (!codegen::Target::parse(name, target, error))
    llvm::report_fatal_error(llvm::Twine(error));
  return target;
}

static OwningOpRef<ModuleOp> parse(const std::string &text) {
  ParserConfig config(&context());
  return parseSourceString<ModuleOp>(text, config);
}

struct CompiledKernel::Jit {
  std::unique_ptr<llvm::orc::LLJIT> lljit;
};

static void *lookup(llvm::orc::LLJIT &jit, const std::string &name) {
  auto &session = jit.getExecutionSession();
  auto symbol =
      session.lookup({{&jit.getMainJITDylib(), llvm::orc::JITDylibLookupFlags::MatchAllSymbols}}, session.intern(name));
  if (!symbol) {
    llvm::errs() << llvm::toString(symbol.takeError()) << "\n";
    return nullptr;
  }
  return symbol->getAddress().toPtr<void *>();
}

static int64_t countTasks(func::FuncOp kernel) {
  int64_t tasks = 1;
  for (auto forall : kernel.getBody().front().getOps<scf::ForallOp>()) {
    auto lower = *getConstantIntValues(forall.getMixedLowerBound()),
         upper = *getConstantIntValues(forall.getMixedUpperBound()),
         step = *getConstantIntValues(forall.getMixedStep());
    for (size_t i = 0; i < lower.size(); ++i)
      tasks *= (upper[i] - lower[i] + step[i] - 1) / step[i];
  }
  return tasks;
}

CompiledKernel::CompiledKernel(const std::string &text, const codegen::Target &target) : jit(std::make_unique<Jit>()) {
  OwningOpRef<ModuleOp> module = parse(text);
  if (!module) {
    error = "cannot parse the kernel";
    return;
  }
  tasks = countTasks(*module->getOps<func::FuncOp>().begin());
  auto start = std::chrono::steady_clock::now();
  llvm::SmallVector<char> object;
  if (failed(codegen::compileKernel(*module, "kernel", target, object))) {
    error = "cannot compile the kernel";
    return;
  }
  compileMilliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(object.data(), object.size()), "kernel.o");
  auto file = llvm::cantFail(llvm::object::ObjectFile::createObjectFile(buffer->getMemBufferRef()));
  for (const auto &symbol : file->symbols())
    if (llvm::cantFail(symbol.getFlags()) & llvm::object::SymbolRef::SF_Undefined)
      if (auto name = llvm::cantFail(symbol.getName()); !name.empty())
        undefinedSymbols.push_back(name.str());
  if (const char *path = std::getenv("NNC_TEST_DUMP_OBJECT")) {
    std::error_code code;
    llvm::raw_fd_ostream(path, code) << buffer->getBuffer();
  }
  bool wide = target.cpu.find("v4") != std::string::npos;
  if ((wide && !__builtin_cpu_supports("x86-64-v4")) || target.triple.find("aarch64") != std::string::npos)
    return; // compiled to be looked at, not to be run here
  jit->lljit = llvm::cantFail(llvm::orc::LLJITBuilder().create());
  jit->lljit->getMainJITDylib().addGenerator(
      llvm::cantFail(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(0)));
  llvm::cantFail(jit->lljit->addObjectFile(std::move(buffer)));
  entry = (void (*)(void **, int64_t, int64_t))lookup(*jit->lljit, "kernel");
}

CompiledKernel::~CompiledKernel() = default;

// UBSan looks for a function's type in the bytes before it: a kernel may be the first on its page and has none there.
__attribute__((no_sanitize("function"))) void CompiledKernel::run(std::vector<void *> buffers, bool taskByTask) const {
  if (!taskByTask)
    return entry(buffers.data(), 0, tasks);
  for (int64_t task = tasks - 1; task >= 0; --task)
    entry(buffers.data(), task, task + 1);
}

std::vector<Buffer> randomArguments(const std::string &text, const KernelOptions &options) {
  OwningOpRef<ModuleOp> module = parse(text);
  std::vector<Buffer> buffers;
  if (!module)
    return buffers;
  std::mt19937_64 random(options.seed);
  std::uniform_real_distribution<double> real(options.low, options.high);
  std::uniform_int_distribution<int64_t> integer(options.lowInteger, options.highInteger);
  func::FuncOp kernel = *module->getOps<func::FuncOp>().begin();
  for (Type type : kernel.getArgumentTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    Buffer buffer;
    llvm::raw_string_ostream(buffer.type) << tensor.getElementType();
    buffer.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
    buffer.values.resize(tensor.getNumElements());
    for (double &value : buffer.values)
      value = buffer.type == "f32"   ? (double)(float)real(random)
              : buffer.type == "f64" ? real(random)
                                     : (double)integer(random);
    buffers.push_back(std::move(buffer));
  }
  return buffers;
}

template <typename T> static std::vector<char> bytesAs(const std::vector<double> &values) {
  std::vector<char> bytes(values.size() * sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    T value = (T)values[i];
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return bytes;
}

static std::vector<char> bytesOf(const Buffer &buffer, const std::string &type) {
  return type == "f32"   ? bytesAs<float>(buffer.values)
         : type == "f64" ? bytesAs<double>(buffer.values)
         : type == "i64" ? bytesAs<int64_t>(buffer.values)
         : type == "i32" ? bytesAs<int32_t>(buffer.values)
                         : bytesAs<int8_t>(buffer.values);
}

static double valueAt(const char *bytes, const std::string &type, size_t i) {
  auto read = [&](auto value) {
    std::memcpy(&value, bytes + i * sizeof(value), sizeof(value));
    return (double)value;
  };
  return type == "f32"   ? read(float())
         : type == "f64" ? read(double())
         : type == "i64" ? read(int64_t())
         : type == "i32" ? read(int32_t())
                         : read(int8_t());
}

// Memory of a buffer between guard bytes, 64-byte aligned, so that a store out of bounds shows.
struct Guarded {
  static constexpr size_t guard = 256;
  std::vector<char> storage;
  char *data;
  size_t size;
  explicit Guarded(const std::vector<char> &bytes)
      : storage(bytes.size() + 2 * guard + 64, (char)0x5a), size(bytes.size()) {
    data = (char *)(((uintptr_t)storage.data() + guard + 63) / 64 * 64);
    std::copy(bytes.begin(), bytes.end(), data);
  }
  bool intact() const {
    for (const char *p = storage.data(); p != storage.data() + storage.size(); ++p)
      if ((p < data || p >= data + size) && *p != (char)0x5a)
        return false;
    return true;
  }
};

std::vector<std::vector<char>> runKernel(const CompiledKernel &kernel, const std::vector<Buffer> &buffers,
                                         bool taskByTask) {
  std::vector<Guarded> memory;
  for (const Buffer &buffer : buffers)
    memory.emplace_back(bytesOf(buffer, buffer.type));
  std::vector<void *> pointers;
  for (Guarded &buffer : memory) {
    // growing the vector moved the storage, not its bytes: the pointers stay
    pointers.push_back(buffer.data);
  }
  kernel.run(pointers, taskByTask);
  std::vector<std::vector<char>> results;
  for (Guarded &buffer : memory) {
    results.emplace_back(buffer.data, buffer.data + buffer.size);
    if (!buffer.intact())
      results.back().clear();
  }
  return results;
}

// The independent path. f32 becomes f64 in the text itself, so that it is also the more accurate one.
static bool runReference(std::string text, std::vector<Buffer> buffers, std::vector<std::vector<char>> &results) {
  auto replaceAll = [&](const std::string &from, const std::string &to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  };
  replaceAll("0xFF800000 : f32", "0xFFF0000000000000 : f64");
  replaceAll("0x7F800000 : f32", "0x7FF0000000000000 : f64");
  replaceAll("f32", "f64");
  OwningOpRef<ModuleOp> module = parse(text);
  if (!module)
    return false;
  func::FuncOp kernel = *module->getOps<func::FuncOp>().begin();
  kernel.setPublic();
  kernel->setAttr("llvm.emit_c_interface", UnitAttr::get(&context()));
  kernel.setName("reference");
  {
    RewritePatternSet patterns(&context());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    (void)applyPatternsGreedily(kernel, std::move(patterns));
  }
  PassManager first(&context()), passes(&context());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  first.addPass(bufferization::createOneShotBufferizePass(options));
  passes.addPass(createConvertLinalgToLoopsPass());
  passes.addNestedPass<func::FuncOp>(createForallToForLoopPass());
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  passes.addPass(createSCFToControlFlowPass());
  math::MathExpandOpsPassOptions expand;
  expand.opMnemonics = {"rsqrt"};
  passes.addPass(math::createMathExpandOpsPass(expand));
  passes.addPass(createConvertMathToLibmPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  unsigned resultCount = kernel.getNumResults();
  SmallVector<int64_t> ranks;
  for (Type type : kernel.getResultTypes())
    ranks.push_back(cast<RankedTensorType>(type).getRank());
  if (failed(first.run(*module)))
    return false;
  // a copy of strided memory would call a function of MLIR's own runtime
  IRRewriter rewriter(&context());
  module->walk([&](memref::CopyOp copy) {
    rewriter.setInsertionPoint(copy);
    linalg::makeMemRefCopyOp(rewriter, copy.getLoc(), copy.getSource(), copy.getTarget());
    rewriter.eraseOp(copy);
  });
  if (failed(passes.run(*module)))
    return false;
  auto context = std::make_unique<llvm::LLVMContext>();
  auto ir = translateModuleToLLVMIR(*module, *context);
  if (!ir)
    return false;
  auto jit = llvm::cantFail(llvm::orc::LLJITBuilder().create());
  jit->getMainJITDylib().addGenerator(
      llvm::cantFail(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(0)));
  llvm::cantFail(jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(ir), std::move(context))));
  void *function = lookup(*jit, "_mlir_ciface_reference");
  if (!function)
    return false;

  // memref descriptors: allocated, aligned, offset, sizes, strides
  std::vector<std::vector<char>> memory;
  std::vector<std::vector<int64_t>> descriptors;
  for (Buffer &buffer : buffers)
    memory.push_back(bytesOf(buffer, buffer.type == "f32" ? "f64" : buffer.type));
  for (size_t i = 0; i < buffers.size(); ++i) {
    std::vector<int64_t> descriptor = {(int64_t)memory[i].data(), (int64_t)memory[i].data(), 0};
    descriptor.insert(descriptor.end(), buffers[i].shape.begin(), buffers[i].shape.end());
    int64_t rank = buffers[i].shape.size(), stride = 1;
    descriptor.resize(3 + 2 * rank);
    for (int64_t d = rank - 1; d >= 0; --d) {
      descriptor[3 + rank + d] = stride;
      stride *= buffers[i].shape[d];
    }
    descriptors.push_back(std::move(descriptor));
  }
  std::vector<int64_t> returned(64 * (resultCount + 1));
  std::vector<void *> arguments = {returned.data()};
  for (auto &descriptor : descriptors)
    arguments.push_back(descriptor.data());
  switch (arguments.size()) {
#define CALL(n, ...)                                                                                                   \
  case n: {                                                                                                            \
    void **a = arguments.data();                                                                                       \
    ((void (*)(...))function)(__VA_ARGS__);                                                                            \
    break;                                                                                                             \
  }
    CALL(2, a[0], a[1])
    CALL(3, a[0], a[1], a[2])
    CALL(4, a[0], a[1], a[2], a[3])
    CALL(5, a[0], a[1], a[2], a[3], a[4])
    CALL(6, a[0], a[1], a[2], a[3], a[4], a[5])
    CALL(7, a[0], a[1], a[2], a[3], a[4], a[5], a[6])
    CALL(8, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7])
    CALL(9, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8])
#undef CALL
  default:
    return false;
  }
  size_t at = 0;
  for (unsigned i = 0; i < resultCount; ++i) {
    const auto *data = (const char *)returned[at + 1];
    const Buffer &destination = buffers[buffers.size() - resultCount + i];
    size_t width = destination.type == "i32" ? 4 : destination.type == "i8" ? 1 : 8;
    data += returned[at + 2] * width;
    at += 3 + 2 * ranks[i];
    results.emplace_back(data, data + destination.values.size() * width);
  }
  return true;
}

std::string checkKernel(const std::string &text, const KernelOptions &options) {
  CompiledKernel kernel(text, target(options.target));
  if (!kernel.valid())
    return kernel.error.empty() ? "no entry" : kernel.error;
  for (const std::string &symbol : kernel.undefinedSymbols)
    if (symbol != "memcpy" && symbol != "memset" && symbol != "memmove")
      return "undefined symbol " + symbol;
  std::vector<Buffer> buffers = randomArguments(text, options);
  auto got = runKernel(kernel, buffers, false);
  for (size_t i = 0; i < got.size(); ++i)
    if (got[i].empty() && !buffers[i].values.empty())
      return "argument " + std::to_string(i) + ": memory outside of it was written";
  if (got != runKernel(kernel, buffers, true))
    return "other bits when tasks run one by one";
  std::vector<std::vector<char>> expected;
  if (!runReference(text, buffers, expected))
    return "the reference does not compile";
  for (size_t r = 0; r < expected.size(); ++r) {
    size_t argument = buffers.size() - expected.size() + r;
    const Buffer &buffer = buffers[argument];
    for (size_t i = 0; i < buffer.values.size(); ++i) {
      double a = valueAt(got[argument].data(), buffer.type, i);
      double b = valueAt(expected[r].data(), buffer.type == "f32" ? "f64" : buffer.type, i);
      bool same = std::isnan(b) ? std::isnan(a)
                  : std::isinf(b)
                      ? a == b
                      : std::abs(a - b) <= (buffer.type[0] == 'i' ? 0 : options.tolerance) * (std::abs(b) + 1);
      if (!same)
        return "result " + std::to_string(r) + " element " + std::to_string(i) + ": expected " + std::to_string(b) +
               ", got " + std::to_string(a);
    }
  }
  return "";
}

} // namespace nnc::test
