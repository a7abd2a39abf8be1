// nnc compile: a module's text -> a shared object and its C header.
#include "Tool.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "nnc/codegen/Dialects.h"
#include "nnc/codegen/ModuleText.h"
#include "nnc/codegen/object/Header.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/SafeTensors.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;

namespace nnc::tool {

cl::SubCommand compileCommand("compile", "Compile a module to a shared object");

static Option<std::string> input(cl::Positional, cl::Required, cl::desc("<model.mlir>"), cl::sub(compileCommand),
                                 cl::cat(category()));
static Option<std::string> output("o", cl::Required, cl::value_desc("model.so"), cl::desc("Shared object to write"),
                                  cl::sub(compileCommand), cl::cat(category()));
static Option<std::string> header("header", cl::value_desc("model.h"), cl::desc("C header to write"),
                                  cl::sub(compileCommand), cl::cat(category()));
static Option<std::string> name("name", cl::value_desc("identifier"),
                                cl::desc("Prefix of the exported names (default: the output's name)"),
                                cl::sub(compileCommand), cl::cat(category()));
static Option<std::string> weights("weights", cl::value_desc("file.safetensors"),
                                   cl::desc("Embed these parameters and buffers; without, callers bring them"),
                                   cl::sub(compileCommand), cl::cat(category()));
static Option<std::string> dump("dump", cl::value_desc("level"),
                                cl::desc("Print the module at a level (linalg, kernels, buffers) to standard error"),
                                cl::sub(compileCommand), cl::cat(category()));
static Option<bool> report("report", cl::desc("Print the time of each stage and kernel"), cl::sub(compileCommand),
                           cl::cat(category()));
static CompileFlags flags(compileCommand);

static void printReport(const codegen::CompileReport &made) {
  for (const auto &stage : made.stages)
    llvm::outs() << llvm::format("%-9s %9.1f ms\n", stage.name.c_str(), stage.milliseconds);
  for (const auto &kernel : made.kernels)
    llvm::outs() << llvm::format("  %-40s %-10s ", kernel.name.c_str(), kernel.target.c_str())
                 << (kernel.cached ? "   cached" : "")
                 << (kernel.cached ? std::string() : llvm::formatv("{0,9:F1} ms", kernel.milliseconds).str()) << ", "
                 << bytesText(kernel.bytes) << "\n";
  llvm::outs() << *output << ": " << bytesText(made.objectBytes) << llvm::format(" in %.1f ms\n", made.milliseconds);
}

int compileMain() {
  bool progress = llvm::errs().is_displayed();
  auto say = [&](llvm::StringRef stage) {
    if (progress)
      llvm::errs() << "\r\033[Knnc: " << stage;
  };
  mlir::MLIRContext context;
  codegen::loadDialects(context);
  auto module = readModule(*input, context);
  codegen::CompileOptions options = flags.options();
  codegen::CompileReport made;
  options.report = &made;
  options.name = name->empty() ? codegen::identifier(llvm::sys::path::stem(*output)) : *name;
  options.dump = [&](const std::string &stage, const std::string &text) {
    say("after " + stage);
    if (stage == *dump)
      llvm::errs() << text;
  };
  const std::string &level = *dump;
  if (!level.empty() && level != "linalg" && level != "kernels" && level != "buffers")
    throw Error("--dump: expected linalg, kernels or buffers, got '" + level + "'");
  std::optional<runtime::SafeTensors> file;
  if (!weights->empty()) {
    embedFile(file.emplace(*weights), options);
  } else if (options.freeze) {
    throw Error("--freeze: expected --weights, whose values are put into the object");
  }
  say("compiling");
  struct Clear {
    bool progress;
    ~Clear() {
      if (progress)
        llvm::errs() << "\r\033[K";
    }
  };
  {
    Clear clear{progress};
    codegen::compileToFile(*module, options, *output, *header);
  }
  if (*report)
    printReport(made);
  return 0;
}

} // namespace nnc::tool
