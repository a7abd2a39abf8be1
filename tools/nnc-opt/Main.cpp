// nnc-opt: mlir-opt for nnc's dialects and passes, plus `--to=<level>`, which runs the compiler up to a level and
// prints the module there. Input may be at any level. Large constants are elided unless --print-constants is given.
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "nnc/codegen/Dialects.h"
#include "nnc/codegen/ModuleText.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/object/Compile.h"
#include "nnc/codegen/object/Host.h"
#include "nnc/codegen/object/Signature.h"
#include "nnc/codegen/object/Table.h"
#include "nnc/passes/Passes.h"
#include "nnc/runtime/Error.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace nnc;

namespace {

llvm::cl::opt<std::string> toLevel("to", llvm::cl::value_desc("level"),
                                   llvm::cl::desc("Compile to a level: graph, linalg, kernels, buffers, llvm, object"));
llvm::cl::opt<std::string> targetName("target", llvm::cl::value_desc("cpu"), llvm::cl::init("native"),
                                      llvm::cl::desc("Target of --to=llvm and --to=object"));
llvm::cl::opt<bool> noFuse("no-fuse", llvm::cl::desc("With --to: every op is a kernel of its own"));
llvm::cl::opt<bool> freeze("freeze", llvm::cl::desc("With --to: weights that are not updated are frozen"));
llvm::cl::opt<bool> printConstants("print-constants", llvm::cl::desc("Print large constants in full"));

struct LowerTo : PassWrapper<LowerTo, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerTo)
  explicit LowerTo(codegen::Level level) : level(level) {}
  StringRef getArgument() const override { return "to"; }
  void getDependentDialects(DialectRegistry &registry) const override { codegen::registerDialects(registry); }
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (codegen::levelOf(module) == codegen::Level::Llvm && level == codegen::Level::Llvm)
      return;
    codegen::LowerOptions options;
    options.fuse = !noFuse;
    if (freeze && codegen::levelOf(module) < codegen::Level::Kernels)
      codegen::freezeArguments(module);
    if (failed(codegen::lowerTo(module, std::min(level, codegen::Level::Buffers), options)) ||
        (level == codegen::Level::Llvm && failed(toLlvm(module))))
      signalPassFailure();
  }
  static LogicalResult toLlvm(ModuleOp module) {
    codegen::Target target;
    std::string error;
    if (!codegen::Target::parse(targetName, target, error))
      return emitError(module.getLoc(), error);
    return codegen::lowerToLlvm(module, target);
  }
  codegen::Level level;
};

} // namespace

static int fail(const llvm::Twine &message) {
  llvm::errs() << "nnc-opt: error: " << message << "\n";
  return 1;
}

// The bytes of a shared object; of a module that is at level llvm already, of a relocatable one.
static int writeObject(std::unique_ptr<llvm::MemoryBuffer> buffer, const DialectRegistry &registry,
                       const MlirOptMainConfig &config, llvm::raw_ostream &output) {
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  PassManager passes(&context);
  if (!module || failed(config.setupPassPipeline(passes)) || failed(passes.run(*module)))
    return 1;
  codegen::Target target;
  std::string error;
  if (!codegen::Target::parse(targetName, target, error))
    return fail(error);
  if (codegen::levelOf(*module) == codegen::Level::Llvm) {
    bool assembly = module
                        ->walk([](LLVM::InlineAsmOp op) {
                          op.emitOpError("inline assembly is not compiled");
                          return WalkResult::interrupt();
                        })
                        .wasInterrupted();
    if (assembly)
      return 1;
    auto object = codegen::compileLlvm(*module, target);
    if (failed(object))
      return 1;
    output << StringRef(object->data(), object->size());
    return 0;
  }
  try {
    codegen::CompileOptions options;
    options.targets = {targetName};
    options.fuse = !noFuse;
    options.freeze = freeze;
    std::vector<char> bytes = codegen::compileToBytes(*module, options);
    output << StringRef(bytes.data(), bytes.size());
  } catch (const Error &mistake) {
    llvm::errs() << mistake.what() << "\n";
    return 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  DialectRegistry registry;
  codegen::registerDialects(registry);
  registerTransformsPasses();
  registerConversionPasses();
  registerLinalgPasses();
  passes::registerNncPasses();

  auto [input, output] =
      registerAndParseCLIOptions(argc, argv, "nnc-opt: compile nnc modules level by level", registry);
  if (!printConstants) {
    // MLIR keeps these as options of its own; they are set here unless the user set them.
    auto &options = llvm::cl::getRegisteredOptions();
    for (StringRef name : {"mlir-elide-elementsattrs-if-larger", "mlir-elide-resource-strings-if-larger"})
      if (auto option = options.find(name); option != options.end() && !option->second->getNumOccurrences())
        option->second->addOccurrence(0, name, "64");
  }
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects()) {
    llvm::interleave(registry.getDialectNames(), llvm::outs(), "\n");
    llvm::outs() << "\n";
    return 0;
  }
  if (config.shouldListPasses()) {
    printRegisteredPasses();
    return 0;
  }

  auto level = codegen::parseLevel(toLevel);
  if (toLevel.getNumOccurrences() && !level)
    return fail("unknown level '" + toLevel + "': expected graph, linalg, kernels, buffers, llvm or object");
  if (level && *level != codegen::Level::Object) {
    MlirOptMainConfig passes = config;
    config.setPassPipelineSetupFn([passes, level](PassManager &manager) -> LogicalResult {
      if (failed(passes.setupPassPipeline(manager)))
        return failure();
      manager.addPass(std::make_unique<LowerTo>(*level));
      return success();
    });
  }

  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> buffer = openInputFile(input, &message);
  if (!buffer)
    return fail(message);
  if (buffer->getBuffer().starts_with("ML\xefR"))
    return fail("expected text, got MLIR bytecode");
  const char *at = nullptr;
  if (!codegen::checkText(buffer->getBuffer(), message, at)) {
    llvm::SourceMgr sources;
    llvm::SMLoc location = llvm::SMLoc::getFromPointer(at);
    sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
    sources.PrintMessage(llvm::errs(), location, llvm::SourceMgr::DK_Error, message);
    return 1;
  }
  auto file = openOutputFile(output, &message);
  if (!file)
    return fail(message);
  if (level == codegen::Level::Object) {
    if (int status = writeObject(std::move(buffer), registry, config, file->os()))
      return status;
    file->keep();
    return 0;
  }
  if (failed(MlirOptMain(file->os(), std::move(buffer), registry, config)))
    return 1;
  file->keep();
  return 0;
}
