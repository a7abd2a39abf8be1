// nnc inspect: what is inside of a shared object, and what this machine could make of it.
#include "Roofline.h"
#include "nnc/codegen/object/Signature.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>

namespace cl = llvm::cl;

namespace nnc::tool {

cl::SubCommand inspectCommand("inspect", "List functions, weights, memory and kernels");

static Option<std::string> path(cl::Positional, cl::Required, cl::desc("<model.so|model.mlir>"),
                                cl::sub(inspectCommand), cl::cat(category()));
static Option<int> threads("threads", cl::init(0), cl::desc("Threads of the roofline (default: one a CPU)"),
                           cl::sub(inspectCommand), cl::cat(category()));
static CompileFlags flags(inspectCommand);

static void printValue(const nnc_value &value, const nnc_function &function) {
  llvm::outs() << "    " << llvm::left_justify(kindText(value.kind), 10) << value.name << ": " << typeText(value);
  if (value.updates >= 0 && value.kind == NNC_OUTPUT)
    llvm::outs() << ", new value of " << function.arguments[value.updates].name;
  else if (value.updates >= 0)
    llvm::outs() << ", updated";
  llvm::outs() << "\n";
}

// Of each element type once.
static const Roofline &measured(const nnc_function &function) {
  static std::optional<Roofline> known[2];
  bool doubles = computesInDoubles(function);
  if (!known[doubles])
    known[doubles] = measureRoofline(threadCount(*threads), doubles, flags);
  return *known[doubles];
}

static std::string intensityText(const nnc_launch &launch) {
  return launch.bytes ? llvm::formatv("{0:F2}", double(launch.flops) / double(launch.bytes)).str() : "-";
}

static void printLaunches(const runtime::SharedObject &object, const nnc_function &function) {
  const Roofline &roofline = measured(function);
  double least = 0;
  llvm::outs()
      << "  launches:\n    machine of " << roofline.text() << "\n"
      << "      tasks   times      MFLOP         bytes  FLOP/byte  bound         least us  kernel (layers) source\n";
  for (int32_t i = 0; i < function.launch_count; ++i) {
    const nnc_launch &launch = function.launches[i];
    double time = roofline.leastTime(launch) * double(launch.times);
    least += time;
    bool counted = launch.flops || launch.bytes;
    llvm::outs() << llvm::format("    %7lld %7lld %10.3f %13lld %10s  %-10s %11.2f  ", (long long)launch.tasks,
                                 (long long)launch.times, double(launch.flops) / 1e6, (long long)launch.bytes,
                                 intensityText(launch).c_str(),
                                 counted ? boundText(roofline.isArithmetic(launch)) : "-", time / 1e3)
                 << placeText(object, launch) << "\n";
  }
  llvm::outs() << llvm::format("    at the roofline a call takes %.2f us\n", least / 1e3);
}

static void printFunction(const runtime::SharedObject &object, const nnc_function &function) {
  llvm::outs() << "\nfunction " << function.name << "\n";
  for (int32_t i = 0; i < function.argument_count; ++i)
    printValue(function.arguments[i], function);
  for (int32_t i = 0; i < function.result_count; ++i)
    if (function.results[i].updates < 0)
      printValue(function.results[i], function);
  int64_t flops = 0, bytes = 0;
  for (int32_t i = 0; i < function.launch_count; ++i) {
    flops += function.launches[i].flops * function.launches[i].times;
    bytes += function.launches[i].bytes * function.launches[i].times;
  }
  llvm::outs() << "  memory: workspace " << bytesText(function.workspace_bytes) << ", with arguments and results "
               << bytesText(function.peak_bytes) << "\n"
               << llvm::format("  work of one call: %.3f MFLOP, ", double(flops) / 1e6) << bytesText(bytes)
               << " read and written\n";
  if (function.launch_count)
    printLaunches(object, function);
}

int inspectMain() {
  auto object = openModel(*path, flags);
  const nnc_module &module = object->module();
  llvm::outs() << module.name << ": made by " << module.producer << ", ABI version " << module.abi_version << ", "
               << module.kernel_count << " kernels for ";
  for (int32_t i = 0; i < module.variant_count; ++i)
    llvm::outs() << (i ? ", " : "") << module.variants[i].target;
  llvm::outs() << "\n";
  if (module.weight_count) {
    int64_t bytes = 0;
    for (int32_t i = 0; i < module.weight_count; ++i)
      bytes += module.weights[i].bytes;
    llvm::outs() << "\nweights: " << bytesText(bytes) << "\n";
  }
  int32_t constants = module.bytes >= sizeof(nnc_module) ? module.constant_count : 0;
  for (int32_t i = 0; i < module.weight_count; ++i) {
    const nnc_weight &weight = module.weights[i];
    llvm::outs() << "    " << weight.name << ": "
                 << codegen::describe(nnc_dtype(weight.dtype),
                                      llvm::ArrayRef<int64_t>(weight.dims, weight.dims ? weight.rank : 0))
                 << (weight.data ? ", embedded" : "") << (i >= module.weight_count - constants ? ", constant" : "")
                 << "\n";
  }
  for (const nnc_function &function : object->functions())
    printFunction(*object, function);
  return 0;
}

} // namespace nnc::tool
