// The last conversions of a kernel: scf, memref, vector, arith and math to the LLVM dialect, with plain pointers as
// arguments.
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"
#include "nnc/codegen/cpu/Cpu.h"

using namespace mlir;

namespace nnc::codegen::cpu {

LogicalResult convertToLlvm(ModuleOp module) {
  {
    // bf16 in integer arithmetic (the conversion is a library call otherwise), divisions that round otherwise than to
    // zero
    RewritePatternSet patterns(module.getContext());
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    (void)applyPatternsGreedily(module, std::move(patterns));
  }
  PassManager passes(module.getContext());
  passes.enableVerifier(false); // lowerKernel verifies what comes out
  // Equal constants and addresses are made one before each of them is converted (a canonicalizer here costs more than
  // LLVM's own).
  passes.addPass(createCSEPass());
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  passes.addPass(createCSEPass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(createArithToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions options;
  options.useBarePtrCallConv = true;
  passes.addPass(createConvertFuncToLLVMPass(options));
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createUBToLLVMConversionPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  return passes.run(module);
}

} // namespace nnc::codegen::cpu
