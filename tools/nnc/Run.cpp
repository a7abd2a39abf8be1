// nnc run: one call of a function, with arrays from files or the command line and results to files or, in short, to
// standard output.
#include "Tool.h"
#include "nnc/codegen/object/Signature.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/Npy.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

namespace cl = llvm::cl;

namespace nnc::tool {

cl::SubCommand runCommand("run", "Call a function of a shared object or of a module");

static Option<std::string> path(cl::Positional, cl::Required, cl::desc("<model.so|model.mlir>"), cl::sub(runCommand),
                                cl::cat(category()));
static Option<std::string> function(cl::Positional, cl::desc("[function]"), cl::sub(runCommand), cl::cat(category()));
static OptionList<std::string> inputs("input", cl::value_desc("[name=]file.npy|numbers"),
                                      cl::desc("Inputs and scalars, in order or by name: a file, or numbers with "
                                               "commas between them (one stands for all)"),
                                      cl::sub(runCommand), cl::cat(category()));
static Option<std::string> weights("weights", cl::value_desc("file.safetensors"), cl::desc("State of the function"),
                                   cl::sub(runCommand), cl::cat(category()));
static Option<std::string> outputDirectory("output-dir", cl::value_desc("folder"),
                                           cl::desc("Write each result to <folder>/<name>.npy"), cl::sub(runCommand),
                                           cl::cat(category()));
static Option<std::string> saveState("save-state", cl::value_desc("file.safetensors"),
                                     cl::desc("Write the state after the call"), cl::sub(runCommand),
                                     cl::cat(category()));
static Option<int> threads("threads", cl::init(0), cl::desc("Threads (default: one a CPU)"), cl::sub(runCommand),
                           cl::cat(category()));
static CompileFlags flags(runCommand);

// `1,2.5,nan` as numbers; nothing if it is not that. A long double holds every i64.
static std::optional<std::vector<long double>> numbersOf(const std::string &text) {
  std::vector<long double> numbers;
  for (const char *at = text.c_str(); *at;) {
    char *end = nullptr;
    numbers.push_back(std::strtold(at, &end));
    if (end == at || (*end && (*end != ',' || !end[1])))
      return std::nullopt;
    at = *end ? end + 1 : end;
  }
  return numbers;
}

template <class T> static void putNumber(std::vector<char> &bytes, long double number, const nnc_value &value) {
  bool fits = true;
  if constexpr (std::is_integral_v<T>)
    fits = number == std::floor(number) && number >= std::numeric_limits<T>::min() &&
           number <= (value.dtype == NNC_BOOL ? 1 : std::numeric_limits<T>::max());
  if (!fits) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%Lg", number);
    throw Error("input '" + std::string(value.name) + "': expected numbers of " + typeText(value) + ", got " + text);
  }
  T element = T(number);
  bytes.insert(bytes.end(), reinterpret_cast<char *>(&element), reinterpret_cast<char *>(&element + 1));
}

static void setNumbers(Call &call, int32_t argument, const std::vector<long double> &numbers) {
  const nnc_value &value = call.info().arguments[argument];
  size_t count = 1;
  for (int32_t d = 0; d < value.rank; ++d)
    count *= size_t(value.dims[d]);
  if (numbers.size() != count && numbers.size() != 1)
    throw Error("input '" + std::string(value.name) + "' (" + typeText(value) + "): expected " + std::to_string(count) +
                " numbers, got " + std::to_string(numbers.size()));
  std::vector<char> bytes;
  for (size_t i = 0; i < count; ++i) {
    long double number = numbers[numbers.size() == 1 ? 0 : i];
    switch (value.dtype) {
    case NNC_F32:
      putNumber<float>(bytes, number, value);
      break;
    case NNC_F64:
      putNumber<double>(bytes, number, value);
      break;
    case NNC_I64:
      putNumber<int64_t>(bytes, number, value);
      break;
    case NNC_I32:
      putNumber<int32_t>(bytes, number, value);
      break;
    case NNC_I8:
      putNumber<int8_t>(bytes, number, value);
      break;
    case NNC_U8:
    case NNC_BOOL:
      putNumber<uint8_t>(bytes, number, value);
      break;
    default:
      throw Error("input '" + std::string(value.name) + "': numbers are not read as " + typeText(value));
    }
  }
  call.setArgument(argument, bytes.data());
}

static void readInput(Call &call, int32_t argument, const std::string &file) {
  const nnc_value &value = call.info().arguments[argument];
  if (auto numbers = numbersOf(file))
    return setNumbers(call, argument, *numbers);
  runtime::TensorData data = runtime::readNpy(file);
  if (data.dtype != value.dtype || data.dims != std::vector<int64_t>(value.dims, value.dims + value.rank))
    throw Error("input '" + std::string(value.name) + "': expected " + typeText(value) + ", got " +
                codegen::describe(nnc_dtype(data.dtype), data.dims) + " in " + file);
  call.setArgument(argument, data.data.data());
}

static void readInputs(Call &call) {
  std::vector<int32_t> wanted = call.inputs();
  std::vector<bool> done(wanted.size());
  for (const std::string &text : inputs) {
    size_t at = wanted.size();
    std::string file = text;
    for (size_t i = 0; i < wanted.size(); ++i) {
      std::string prefix = std::string(call.info().arguments[wanted[i]].name) + "=";
      if (llvm::StringRef(text).starts_with(prefix)) {
        at = i;
        file = text.substr(prefix.size());
      }
    }
    if (at == wanted.size())
      at = std::find(done.begin(), done.end(), false) - done.begin();
    if (at == wanted.size())
      throw Error("expected " + std::to_string(wanted.size()) + (wanted.size() == 1 ? " input" : " inputs") +
                  ", got another one: " + text);
    if (done[at])
      throw Error("input '" + std::string(call.info().arguments[wanted[at]].name) + "' is given twice");
    done[at] = true;
    readInput(call, wanted[at], file);
  }
  for (size_t i = 0; i < wanted.size(); ++i)
    if (!done[i]) {
      const nnc_value &value = call.info().arguments[wanted[i]];
      throw Error("input '" + std::string(value.name) + "' (" + typeText(value) + ") is missing: give --input");
    }
}

static void printNumber(const nnc_value &value, const void *data, int64_t i) {
  switch (value.dtype) {
  case NNC_F32:
    llvm::outs() << llvm::format("%.9g", double(static_cast<const float *>(data)[i]));
    break;
  case NNC_F64:
    llvm::outs() << llvm::format("%.17g", static_cast<const double *>(data)[i]);
    break;
  case NNC_I64:
    llvm::outs() << static_cast<const int64_t *>(data)[i];
    break;
  case NNC_I32:
    llvm::outs() << static_cast<const int32_t *>(data)[i];
    break;
  case NNC_I8:
    llvm::outs() << int(static_cast<const int8_t *>(data)[i]);
    break;
  case NNC_U8:
  case NNC_BOOL:
    llvm::outs() << int(static_cast<const uint8_t *>(data)[i]);
    break;
  default:
    llvm::outs() << "?";
  }
}

static void printResult(const nnc_value &value, const void *data) {
  constexpr int64_t most = 8;
  int64_t count = 1;
  for (int32_t d = 0; d < value.rank; ++d)
    count *= value.dims[d];
  llvm::outs() << value.name << ": " << typeText(value) << ":";
  for (int64_t i = 0; i < std::min(count, most); ++i) {
    llvm::outs() << " ";
    printNumber(value, data, i);
  }
  llvm::outs() << (count > most ? " ..." : "") << "\n";
}

int runMain() {
  auto object = openModel(*path, flags, *weights);
  Call call(*object, chooseFunction(*object, *function), threadCount(*threads));
  if (!weights->empty() && !*flags.freeze)
    call.loadState(*weights);
  call.checkState();
  readInputs(call);
  call.run();
  if (!outputDirectory->empty())
    if (std::error_code code = llvm::sys::fs::create_directories(*outputDirectory))
      throw Error("cannot make '" + *outputDirectory + "': " + code.message());
  for (int32_t i = 0; i < call.info().result_count; ++i) {
    const nnc_value &value = call.info().results[i];
    if (value.updates >= 0)
      continue; // state, for --save-state
    if (outputDirectory->empty()) {
      printResult(value, call.result(i));
      continue;
    }
    std::string file = value.name;
    std::replace(file.begin(), file.end(), '/', '_'); // a name is no path
    runtime::writeNpy(*outputDirectory + "/" + file + ".npy", value.dtype, {value.dims, size_t(value.rank)},
                      call.result(i));
  }
  if (!saveState->empty()) {
    const nnc_services &services = *object->module().services;
    if (services.state_save(&object->module(), int32_t(&call.info() - object->functions().data()), saveState->c_str(),
                            call.argumentPointers().data()) != NNC_OK)
      throw Error(services.last_error());
  }
  return 0;
}

} // namespace nnc::tool
