// nnc-opt: mlir-opt for nnc's dialects and passes, plus `--to=<level>`, which runs the compiler up to a level and
// prints the module there. Input may be at any level. Large constants are elided unless --print-constants is given.
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "nnc/codegen/Dialects.h"
#include "nnc/codegen/ModuleText.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/passes/Passes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace nnc;

namespace {

llvm::cl::opt<std::string> toLevel("to", llvm::cl::value_desc("level"),
                                   llvm::cl::desc("Compile to a level: graph, linalg, kernels, buffers, llvm, object"));
llvm::cl::opt<bool> printConstants("print-constants", llvm::cl::desc("Print large constants in full"));

struct LowerTo : PassWrapper<LowerTo, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerTo)
  explicit LowerTo(codegen::Level level) : level(level) {}
  StringRef getArgument() const override { return "to"; }
  void getDependentDialects(DialectRegistry &registry) const override { codegen::registerDialects(registry); }
  void runOnOperation() override {
    if (failed(codegen::lowerTo(getOperation(), level)))
      signalPassFailure();
  }
  codegen::Level level;
};

} // namespace

static int fail(const llvm::Twine &message) {
  llvm::errs() << "nnc-opt: error: " << message << "\n";
  return 1;
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

  if (toLevel.getNumOccurrences()) {
    auto level = codegen::parseLevel(toLevel);
    if (!level)
      return fail("unknown level '" + toLevel + "': expected graph, linalg, kernels, buffers, llvm or object");
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
  if (failed(MlirOptMain(file->os(), std::move(buffer), registry, config)))
    return 1;
  file->keep();
  return 0;
}
