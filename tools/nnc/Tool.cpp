#include "Tool.h"
#include "mlir/IR/MLIRContext.h"
#include "nnc/codegen/Dialects.h"
#include "nnc/codegen/ErrorCollector.h"
#include "nnc/codegen/ModuleText.h"
#include "nnc/codegen/object/Signature.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "nnc/runtime/Error.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <optional>

namespace nnc::tool {

llvm::cl::OptionCategory &category() {
  static llvm::cl::OptionCategory ours("Options");
  return ours;
}

CompileFlags::CompileFlags(llvm::cl::SubCommand &command)
    : targets("target", llvm::cl::CommaSeparated, llvm::cl::value_desc("cpu,..."), llvm::cl::sub(command),
              llvm::cl::cat(category()),
              llvm::cl::desc("CPUs to compile for: x86-64-v3, x86-64-v4, native or a name LLVM knows")),
      noFuse("no-fuse", llvm::cl::sub(command), llvm::cl::cat(category()),
             llvm::cl::desc("Make every op a kernel of its own: slow, for comparison")),
      noCache("no-cache", llvm::cl::sub(command), llvm::cl::cat(category()),
              llvm::cl::desc("Neither read nor write the cache of compiled kernels")),
      freeze("freeze", llvm::cl::sub(command), llvm::cl::cat(category()),
             llvm::cl::desc("Weights never change: what depends on them alone is computed once, and they are no "
                            "arguments any more")) {}

codegen::CompileOptions CompileFlags::options() const {
  codegen::CompileOptions options;
  options.targets.assign(targets.begin(), targets.end());
  options.fuse = !*noFuse;
  options.cache = !*noCache;
  options.freeze = *freeze;
  return options;
}

mlir::OwningOpRef<mlir::ModuleOp> readModule(const std::string &path, mlir::MLIRContext &context) {
  codegen::ErrorCollector errors(&context);
  auto module = codegen::readModule(path, context);
  if (!module)
    errors.raise();
  return module;
}

void embedFile(const runtime::SafeTensors &file, codegen::CompileOptions &options) {
  for (const auto &[key, tensor] : file.tensors())
    options.weights.push_back({key, tensor.dtype, tensor.dims, tensor.data.data()});
  options.allWeights = true;
}

std::shared_ptr<runtime::SharedObject> openModel(const std::string &path, const CompileFlags &flags,
                                                 const std::string &weights) {
  if (llvm::StringRef(path).ends_with(".so"))
    return std::make_shared<runtime::SharedObject>(path);
  mlir::MLIRContext context;
  codegen::loadDialects(context);
  auto module = readModule(path, context);
  codegen::CompileOptions options = flags.options();
  std::optional<runtime::SafeTensors> file;
  if (options.freeze && !weights.empty())
    embedFile(file.emplace(weights), options);
  return codegen::compile(*module, options);
}

// Not what a user has written.
static bool isPrepare(const nnc_function &function) {
  return llvm::StringRef(function.name).ends_with(codegen::prepareSuffix);
}

int32_t chooseFunction(const runtime::SharedObject &object, const std::string &name) {
  if (!name.empty())
    return object.function(name);
  std::string known;
  size_t count = 0;
  for (const nnc_function &function : object.functions())
    count += !isPrepare(function);
  for (const nnc_function &function : object.functions()) {
    if (isPrepare(function))
      continue;
    if (count == 1)
      return int32_t(&function - object.functions().data());
    if (!std::strcmp(function.name, "forward"))
      return int32_t(&function - object.functions().data());
    known += (known.empty() ? "" : ", ") + std::string(function.name);
  }
  throw Error("which function? There are: " + known);
}

int threadCount(int asked) {
  if (asked < 0)
    throw Error("--threads: expected at least 0, got " + std::to_string(asked));
  return asked ? asked : runtime::availableCpus();
}

//===--- one call ---===//

static bool isState(const nnc_value &value) {
  return value.kind == NNC_PARAMETER || value.kind == NNC_BUFFER || value.kind == NNC_OPTIMIZER ||
         value.kind == NNC_SEED || value.kind == NNC_STEP;
}

Call::Call(const runtime::SharedObject &object, int32_t function, int threads)
    : object(object), function(function), pool(threads), workspace(info().workspace_bytes) {
  for (int32_t i = 0; i < info().argument_count; ++i) {
    const nnc_value &value = info().arguments[i];
    arguments.emplace_back(value.bytes);
    std::memset(arguments.back().data(), 0, value.bytes);
    const void *embedded = value.weight >= 0 ? object.module().weights[value.weight].data : nullptr;
    if (embedded)
      std::memcpy(arguments.back().data(), embedded, value.bytes);
    // what is not learnt starts at zero: moments, the step, a seed
    given.push_back(embedded || value.kind == NNC_OPTIMIZER || value.kind == NNC_SEED || value.kind == NNC_STEP);
  }
  for (int32_t i = 0; i < info().result_count; ++i)
    results.emplace_back(info().results[i].updates < 0 ? info().results[i].bytes : 0);
}

std::vector<int32_t> Call::inputs() const {
  std::vector<int32_t> numbers;
  for (int32_t i = 0; i < info().argument_count; ++i)
    if (!isState(info().arguments[i]) && info().arguments[i].kind != NNC_CONSTANT)
      numbers.push_back(i);
  return numbers;
}

void Call::setArgument(int32_t argument, const void *data) {
  if (info().arguments[argument].bytes > 0) // an empty tensor may have no address
    std::memcpy(arguments[argument].data(), data, info().arguments[argument].bytes);
  given[argument] = true;
}

std::vector<void *> Call::argumentPointers() {
  std::vector<void *> pointers;
  for (runtime::Buffer &buffer : arguments)
    pointers.push_back(buffer.data());
  return pointers;
}

void Call::loadState(const std::string &path) {
  const nnc_services &services = *object.module().services;
  if (services.state_load(&object.module(), function, path.c_str(), argumentPointers().data(), NNC_IGNORE_UNEXPECTED) !=
      NNC_OK)
    throw Error(services.last_error());
  for (int32_t i = 0; i < info().argument_count; ++i)
    if (isState(info().arguments[i]))
      given[i] = true;
}

// What is prepared from made-up weights fits them, and each other: numbers of its own might be no index.
void Call::prepareConstants() {
  for (const nnc_function &other : object.functions()) {
    if (other.name != info().name + codegen::prepareSuffix.str())
      continue;
    Call prepare(object, int32_t(&other - object.functions().data()), pool.threads());
    prepare.fillRandom();
    prepare.run();
    for (int32_t r = 0; r < other.result_count; ++r)
      for (int32_t i = 0; i < info().argument_count; ++i)
        if (!given[i] && !std::strcmp(info().arguments[i].name, other.results[r].name))
          setArgument(i, prepare.result(r));
  }
}

void Call::fillRandom() {
  prepareConstants();
  uint32_t random = 1;
  for (int32_t i = 0; i < info().argument_count; ++i) {
    const nnc_value &value = info().arguments[i];
    if (given[i])
      continue;
    int64_t count = 1;
    for (int32_t d = 0; d < value.rank; ++d)
      count *= value.dims[d];
    // small numbers around zero; integers stay zero, which is an index everywhere
    for (int64_t k = 0; k < count; ++k) {
      random = random * 1664525 + 1013904223;
      double number = double(random >> 8) / double(1 << 24) - 0.5;
      if (value.dtype == NNC_F32)
        static_cast<float *>(arguments[i].data())[k] = float(number);
      else if (value.dtype == NNC_F64)
        static_cast<double *>(arguments[i].data())[k] = number;
    }
    given[i] = true;
  }
}

void Call::checkState() const {
  for (int32_t i = 0; i < info().argument_count; ++i)
    if ((isState(info().arguments[i]) || info().arguments[i].kind == NNC_CONSTANT) && !given[i])
      throw Error(std::string(kindText(info().arguments[i].kind)) + " '" + info().arguments[i].name +
                  "' has no value: give --weights");
}

void Call::run(nnc_options options) {
  std::vector<void *> in = argumentPointers(), out;
  for (int32_t i = 0; i < info().result_count; ++i)
    out.push_back(info().results[i].updates < 0 ? results[i].data() : nullptr);
  if (!options.pool)
    options.pool = pool.handle();
  object.invoke(function, in.data(), out.data(), workspace.data(), &options);
}

const void *Call::result(int32_t number) const {
  int32_t updates = info().results[number].updates;
  return updates < 0 ? results[number].data() : arguments[updates].data();
}

//===--- text ---===//

std::string typeText(const nnc_value &value) {
  return codegen::describe(nnc_dtype(value.dtype), llvm::ArrayRef<int64_t>(value.dims, value.dims ? value.rank : 0));
}

std::string bytesText(int64_t bytes) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (bytes < 10000)
    stream << bytes << " B";
  else if (bytes < 10000000)
    stream << llvm::format("%.1f kB", double(bytes) / 1e3);
  else
    stream << llvm::format("%.1f MB", double(bytes) / 1e6);
  return text;
}

const char *kindText(int32_t kind) {
  static const char *const names[] = {"input", "parameter", "buffer", "optimizer", "scalar",
                                      "seed",  "step",      "output", "constant"};
  return kind >= 0 && kind <= NNC_CONSTANT ? names[kind] : "?";
}

std::string shortened(llvm::StringRef list) {
  constexpr size_t most = 3;
  llvm::SmallString<256> here;
  (void)llvm::sys::fs::current_path(here);
  here += '/';
  llvm::SmallVector<llvm::StringRef> parts;
  list.split(parts, ", ");
  std::string text;
  llvm::StringRef before;
  for (llvm::StringRef part : llvm::ArrayRef(parts).take_front(most)) {
    part.consume_front(here);
    auto [file, line] = part.rsplit(':');
    bool again = !line.empty() && !text.empty() && file == before;
    text += (text.empty() ? "" : ", ") + (again ? ":" + line : part).str();
    before = file;
  }
  if (parts.size() > most)
    text += " and " + std::to_string(parts.size() - most) + " more";
  return text;
}

std::string placeText(const runtime::SharedObject &object, const nnc_launch &launch) {
  std::string text = object.module().kernel_names[launch.kernel];
  if (*launch.layers)
    text += " (" + shortened(launch.layers) + ")";
  if (const char *sources = object.sources(launch); *sources)
    text += " " + shortened(sources);
  return text;
}

} // namespace nnc::tool
