// From a module to a shared object, in order: lower, compile kernels, compile the host code, link. What was linked is
// kept as a whole, under all that it depends on: a model that was compiled before is read from one file.
#include "nnc/codegen/object/Compile.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "nnc/codegen/Dialects.h"
#include "nnc/codegen/ErrorCollector.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/object/Header.h"
#include "nnc/codegen/object/Host.h"
#include "nnc/codegen/object/Kernels.h"
#include "nnc/codegen/object/Link.h"
#include "nnc/codegen/object/Table.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/EmbeddedObject.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/File.h"
#include "nnc/runtime/Pool.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <chrono>
#include <mutex>
#include <unordered_map>

using namespace mlir;

namespace nnc::codegen {

namespace {

template <typename T> T valueOrThrow(FailureOr<T> result, const ErrorCollector &errors) {
  if (failed(result))
    errors.raise();
  return std::move(*result);
}

//===--- stages ---===//

class Stopwatch {
public:
  explicit Stopwatch(CompileReport &report) : report(report), last(std::chrono::steady_clock::now()), begin(last) {}
  void lap(StringRef stage) {
    auto now = std::chrono::steady_clock::now();
    report.stages.push_back({stage.str(), std::chrono::duration<double, std::milli>(now - last).count()});
    report.milliseconds = std::chrono::duration<double, std::milli>(now - begin).count();
    last = now;
  }

private:
  CompileReport &report;
  std::chrono::steady_clock::time_point last, begin;
};

int32_t levelOfTarget(StringRef name) {
  int32_t level = 0;
  return name.consume_front("x86-64-v") && !name.getAsInteger(10, level) ? level : 0;
}

std::vector<Target> parseTargets(std::vector<std::string> &names) {
  std::vector<Target> targets;
  // the first variant that a CPU can run is taken, so the most demanding one comes first
  llvm::sort(names, [](const std::string &a, const std::string &b) {
    return std::pair(-levelOfTarget(a), a) < std::pair(-levelOfTarget(b), b);
  });
  names.erase(llvm::unique(names), names.end());
  llvm::Triple host(llvm::sys::getProcessTriple());
  for (const std::string &name : names) {
    std::string error;
    Target target;
    if (!Target::parse(name, target, error))
      throw Error(error);
    if (llvm::Triple(target.triple).getArch() != host.getArch())
      throw Error("target '" + name + "': the runtime that travels in an object was built for " +
                  host.getArchName().str());
    if (names.size() > 1 && levelOfTarget(name) == 0)
      throw Error("target '" + name + "': only x86-64-v3 and x86-64-v4 can share an object");
    targets.push_back(std::move(target));
  }
  return targets;
}

// A saved training state holds more than weights: the rest of some function's state is passed over.
bool isOtherState(const Signature &signature, StringRef name) {
  for (const SignatureFunction &function : signature.functions)
    for (const SignatureValue &value : function.arguments)
      if (value.isState() && value.weight < 0 && value.name == name)
        return true;
  return false;
}

void checkWeight(const EmbeddedWeight &given, nnc_dtype dtype, ArrayRef<int64_t> dims) {
  if (dtype != given.dtype || dims != ArrayRef<int64_t>(given.dims))
    throw Error("weight '" + given.name + "': expected " + describe(dtype, dims) + ", got " +
                describe(nnc_dtype(given.dtype), given.dims));
}

//===--- what frozen weights make known ---===//

struct Prepared {
  std::map<std::pair<std::string, std::string>, runtime::Buffer> values; // by function and name
  llvm::StringSet<> weights;                                             // that they were computed from
};

bool isPrepare(func::FuncOp function) { return function->hasAttr(ScheduleDialect::prepareAttr); }

bool hasWeights(func::FuncOp function) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (auto kind = function.getArgAttrOfType<StringAttr>(i, "nn.kind");
        kind && (kind == "parameter" || kind == "buffer"))
      return true;
  return false;
}

// Leaves the functions that `keep` wants, and what these use.
void keepFunctions(ModuleOp module, llvm::function_ref<bool(func::FuncOp)> keep) {
  llvm::StringSet<> used;
  for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (isKernel(function))
      continue;
    if (!keep(function)) {
      function.erase();
      continue;
    }
    function.walk([&](LaunchOp launch) { used.insert(launch.getKernel()); });
    function.walk([&](memref::GetGlobalOp get) { used.insert(get.getName()); });
  }
  for (Operation &op : llvm::make_early_inc_range(module.getOps()))
    if (auto function = dyn_cast<func::FuncOp>(op); (function && isKernel(function)) || isa<memref::GlobalOp>(op))
      if (!used.contains(cast<SymbolOpInterface>(op).getName()))
        op.erase();
}

// Runs what prepares, here and now, and takes it out of the module (level buffers).
Prepared prepare(ModuleOp module, const CompileOptions &options) {
  Prepared prepared;
  if (llvm::none_of(module.getOps<func::FuncOp>(), isPrepare))
    return prepared;
  CompileOptions ours;
  ours.cache = options.cache;
  ours.cacheDirectory = options.cacheDirectory;
  ours.threads = options.threads;
  OwningOpRef<ModuleOp> preparing = module.clone();
  keepFunctions(*preparing, isPrepare);
  keepFunctions(module, [](func::FuncOp function) { return !isPrepare(function); });
  auto object = compile(*preparing, ours);
  for (auto [number, function] : llvm::enumerate(object->functions())) {
    std::string name = StringRef(function.name).drop_back(prepareSuffix.size()).str();
    std::vector<void *> arguments, results;
    std::vector<runtime::Buffer> copies; // of what lies misaligned in a file
    for (const nnc_value &value : llvm::ArrayRef(function.arguments, function.argument_count)) {
      ArrayRef<int64_t> dims(value.dims, value.rank);
      auto given =
          llvm::find_if(options.weights, [&](const EmbeddedWeight &weight) { return weight.name == value.name; });
      if (given == options.weights.end())
        throw Error("weight '" + std::string(value.name) + "' is missing: expected " +
                    describe(nnc_dtype(value.dtype), dims));
      checkWeight(*given, nnc_dtype(value.dtype), dims);
      prepared.weights.insert(given->name);
      arguments.push_back(const_cast<void *>(given->data)); // only read
      if (reinterpret_cast<uintptr_t>(given->data) % sizeof(double))
        arguments.back() = std::memcpy(copies.emplace_back(value.bytes).data(), given->data, size_t(value.bytes));
    }
    for (const nnc_value &value : llvm::ArrayRef(function.results, function.result_count))
      results.push_back(
          prepared.values.emplace(std::pair(name, value.name), runtime::Buffer(value.bytes)).first->second.data());
    runtime::Buffer workspace(function.workspace_bytes);
    auto pool = runtime::defaultPool();
    nnc_options call = {pool->handle(), nullptr, nullptr};
    object->invoke(int32_t(number), arguments.data(), results.data(), workspace.data(), &call);
  }
  return prepared;
}

//===--- weights ---===//

void embed(const CompileOptions &options, const Prepared &prepared, Signature &signature) {
  for (const EmbeddedWeight &given : options.weights) {
    auto row = llvm::find_if(signature.weights,
                             [&](const SignatureWeight &w) { return w.function.empty() && w.name == given.name; });
    if (row == signature.weights.end() &&
        (isOtherState(signature, given.name) || prepared.weights.contains(given.name)))
      continue;
    if (row == signature.weights.end())
      throw Error("weight '" + given.name + "': no function has a parameter or buffer of that name");
    checkWeight(given, row->dtype, row->dims);
    row->data = given.data;
  }
  for (SignatureWeight &weight : signature.weights)
    if (auto made = prepared.values.find({weight.function, weight.name}); made != prepared.values.end())
      weight.data = made->second.data();
  for (const auto &[number, weight] : llvm::enumerate(signature.weights)) {
    bool constant = number + signature.constants >= signature.weights.size();
    if (!weight.data && (options.allWeights || (constant && !options.weights.empty())))
      throw Error("weight '" + weight.name + "' is missing: expected " + describe(weight.dtype, weight.dims));
  }
}

void checkNames(const Signature &signature) {
  if (identifier(signature.name) != signature.name)
    throw Error("library name '" + signature.name + "': expected a C identifier");
  llvm::StringMap<std::string> taken;
  for (const std::string &name :
       {NNC_MODULE_ENTRY + std::string(), signature.name + "_module", signature.name + "_last_error",
        signature.name + "_set_threads", signature.name + "_set_pool", signature.name + "_weights"})
    taken[name] = "nnc";
  for (const SignatureFunction &function : signature.functions) {
    auto [at, added] = taken.try_emplace(signature.name + "_" + identifier(function.name), function.name);
    if (!added)
      throw Error("function '" + function.name + "': its C name " + at->first().str() + " is taken by " +
                  (at->second == "nnc" ? "nnc" : "'" + at->second + "'"));
  }
}

struct Objects {
  Prepared prepared;
  std::vector<Kernel> kernels;
  llvm::SmallVector<char, 0> host;
  Signature signature;
  std::vector<LinkInput> inputs; // views of the above
  LinkOptions link;
};

void collectInputs(Objects &objects) {
  llvm::StringSet<> seen; // two kernels of one text are one object
  for (const Kernel &kernel : objects.kernels)
    for (const KernelCode &code : kernel.code)
      if (seen.insert(code.symbol).second)
        objects.inputs.push_back({code.symbol + ".o", {code.object.data(), code.object.size()}});
  objects.inputs.push_back({"host.o", {objects.host.data(), objects.host.size()}});
  auto runtime = runtime::embeddedObject();
  objects.inputs.push_back({"runtime.o", {reinterpret_cast<const char *>(runtime.data()), runtime.size()}});
  objects.link.exports = exportedNames(objects.signature);
}

ObjectCache cacheOf(const CompileOptions &options) {
  return ObjectCache(!options.cache                   ? ""
                     : options.cacheDirectory.empty() ? ObjectCache::defaultDirectory()
                                                      : options.cacheDirectory);
}

Objects compileObjects(ModuleOp source, const CompileOptions &options, std::vector<std::string> targetNames,
                       Stopwatch &watch, CompileReport &report) {
  MLIRContext *context = source.getContext();
  if (!context->getLoadedDialect<LLVM::LLVMDialect>())
    loadDialects(*context);
  ErrorCollector errors(context);
  std::vector<Target> targets = parseTargets(targetNames);
  OwningOpRef<ModuleOp> module = source.clone();
  if (options.freeze)
    freezeArguments(*module);

  LowerOptions lowering;
  lowering.fuse = options.fuse;
  LogicalResult lowered = lowerTo(*module, Level::Buffers, lowering, [&](Level level, ModuleOp at) {
    watch.lap(nameOf(level));
    if (!options.dump)
      return;
    std::string text;
    llvm::raw_string_ostream stream(text);
    at->print(stream, OpPrintingFlags().elideLargeElementsAttrs(64).elideLargeResourceString(64));
    options.dump(nameOf(level).str(), text);
  });
  if (failed(lowered))
    errors.raise();

  Objects objects;
  if (!options.weights.empty())
    objects.prepared = prepare(*module, options);
  ObjectCache cache = cacheOf(options);
  objects.kernels = valueOrThrow(compileKernels(*module, targets, cache, options.threads), errors);
  objects.signature = valueOrThrow(readSignature(*module, options.name), errors);
  checkNames(objects.signature);
  embed(options, objects.prepared, objects.signature);

  std::vector<Variant> variants;
  for (auto [number, name] : llvm::enumerate(targetNames)) {
    Variant variant{name, levelOfTarget(name), {}};
    for (const Kernel &kernel : objects.kernels)
      variant.symbols.push_back(kernel.code[number].symbol);
    variants.push_back(std::move(variant));
  }
  OwningOpRef<ModuleOp> host = ModuleOp::create(UnknownLoc::get(context));
  if (failed(emitHost(*module, objects.signature, *host)))
    errors.raise();
  objects.link.triple = targets.front().triple;
  objects.host = valueOrThrow(compileHost(*host, objects.signature, variants, objects.link.triple), errors);
  watch.lap("code");

  for (const Kernel &kernel : objects.kernels)
    for (auto [code, target] : llvm::zip(kernel.code, targetNames))
      report.kernels.push_back({kernel.name, target, code.milliseconds, int64_t(code.object.size()), code.cached});
  collectInputs(objects);
  return objects;
}

} // namespace

static std::vector<std::string> targetsJustInTime(const CompileOptions &options) {
  return options.targets.empty() ? std::vector<std::string>{"native"} : options.targets;
}

std::vector<char> compileToBytes(ModuleOp module, const CompileOptions &options) {
  CompileReport ours, &report = options.report ? *options.report : ours;
  report = {};
  Stopwatch watch(report);
  std::vector<std::string> targets = targetsJustInTime(options);
  Objects objects = compileObjects(module, options, targets, watch, report);
  auto bytes = linkToMemory(objects.inputs, objects.link);
  if (!bytes)
    throw Error(llvm::toString(bytes.takeError()));
  report.objectBytes = bytes->size();
  watch.lap("link");
  return {bytes->begin(), bytes->end()};
}

//===--- what was compiled before ---===//

// A hash of all that the object follows from. The module as bytecode: with its locations, which are in the object, and
// faster than text.
static std::string keyOf(ModuleOp module, const CompileOptions &options) {
  std::string code;
  llvm::raw_string_ostream stream(code);
  if (failed(writeBytecodeToFile(module, stream)))
    return "";
  std::vector<std::string> names = targetsJustInTime(options);
  std::string what =
      "object of " + options.name + (options.fuse ? " fused" : " apart") + (options.freeze ? " frozen" : "");
  for (const Target &target : parseTargets(names))
    what += "; " + target.triple + " " + target.cpu + " " + target.features;
  for (const std::string &name : names)
    what += "; " + name;
  return sha256({what, compilerVersion(), code});
}

static std::shared_ptr<runtime::SharedObject> loadObject(const CompileOptions &options, ArrayRef<char> bytes) {
  return std::make_shared<runtime::SharedObject>(
      runtime::SharedObject::fromBytes(options.name, std::as_bytes(std::span(bytes.data(), bytes.size()))));
}

std::shared_ptr<runtime::SharedObject> compile(ModuleOp module, const CompileOptions &options) {
  // weights are not in the key, and whoever wants to see the compiler at work is not served by what it did before
  bool plain = options.weights.empty() && !options.allWeights && !options.dump && !options.report;
  std::string key = plain ? keyOf(module, options) : "";
  if (key.empty())
    return loadObject(options, compileToBytes(module, options));
  // in this process: the same function evaluated again costs nothing
  static std::mutex mutex;
  static std::unordered_map<std::string, std::weak_ptr<runtime::SharedObject>> known;
  {
    std::lock_guard lock(mutex);
    if (auto found = known[key].lock())
      return found;
  }
  ObjectCache cache = cacheOf(options);
  std::shared_ptr<runtime::SharedObject> object;
  if (auto bytes = cache.load(key)) {
    object = loadObject(options, *bytes);
  } else {
    std::vector<char> made = compileToBytes(module, options);
    cache.store(key, made);
    object = loadObject(options, made);
  }
  std::lock_guard lock(mutex);
  known[key] = object;
  return object;
}

void compileToFile(ModuleOp module, const CompileOptions &options, const std::string &path,
                   const std::string &headerPath) {
  CompileReport ours, &report = options.report ? *options.report : ours;
  report = {};
  Stopwatch watch(report);
  std::vector<std::string> targets = options.targets;
  if (targets.empty())
    targets = llvm::Triple(llvm::sys::getProcessTriple()).isX86() ? std::vector<std::string>{"x86-64-v4", "x86-64-v3"}
                                                                  : std::vector<std::string>{"aarch64"};
  bool known = !options.weights.empty() || llvm::none_of(module.getOps<func::FuncOp>(), hasWeights);
  if (options.freeze && !known)
    throw Error("freeze: expected the values of parameters and buffers, got none");
  Objects objects = compileObjects(module, options, targets, watch, report);
  objects.link.soname = llvm::sys::path::filename(path).str();
  auto bytes = linkToMemory(objects.inputs, objects.link);
  if (!bytes)
    throw Error(llvm::toString(bytes.takeError()));
  runtime::writeFile(path, std::as_bytes(std::span(bytes->data(), bytes->size())));
  report.objectBytes = int64_t(bytes->size());
  if (!headerPath.empty()) {
    std::string header = generateHeader(objects.signature);
    runtime::writeFile(headerPath, std::as_bytes(std::span(header.data(), header.size())));
  }
  watch.lap("link");
}

} // namespace nnc::codegen
