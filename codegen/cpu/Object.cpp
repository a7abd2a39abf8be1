// A kernel in the LLVM dialect -> the bytes of an object file that exports void symbol(void **buffers, int64_t begin,
// int64_t end).
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/cpu/Cpu.h"
#include "nnc/runtime/abi.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicsX86.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/IndVarSimplify.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopDeletion.h"
#include "llvm/Transforms/Scalar/LoopIdiomRecognize.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace mlir;

namespace nnc::codegen {

static std::unique_ptr<llvm::TargetMachine> createTargetMachine(const Target &target, std::string &error) {
  llvm::Triple triple(target.triple);
  const llvm::Target *llvmTarget = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!llvmTarget)
    return nullptr;
  llvm::TargetOptions options;
  // Strict: what is fused was decided in MLIR, the same for every target.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  options.FunctionSections = options.DataSections = true;
  return std::unique_ptr<llvm::TargetMachine>(
      llvmTarget->createTargetMachine(triple, target.cpu, target.features, options, llvm::Reloc::PIC_,
                                      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Less));
}

static bool isStreaming(const llvm::Instruction &instruction) {
  return isa<llvm::StoreInst>(instruction) && instruction.hasMetadata(llvm::LLVMContext::MD_nontemporal);
}

// The task with ordinary stores instead of streaming ones, which need whole lines. Null where it has none.
static llvm::Function *withoutStreams(llvm::Function *task) {
  if (llvm::none_of(llvm::instructions(task), isStreaming))
    return nullptr;
  llvm::ValueToValueMapTy values;
  llvm::Function *ordinary = llvm::CloneFunction(task, values);
  ordinary->setName("task.ordinary");
  for (llvm::Instruction &instruction : llvm::instructions(ordinary))
    if (isStreaming(instruction)) {
      instruction.setMetadata(llvm::LLVMContext::MD_nontemporal, nullptr);
      cast<llvm::StoreInst>(instruction).setAlignment(llvm::Align(4));
    }
  return ordinary;
}

// void symbol(void **buffers, i64 begin, i64 end) loads the pointers and calls the kernel's function for each task. It
// is not inlined: see Tasks.cpp. Where tasks stream results, pointers must lie on lines; else the ordinary task is
// called. Streamed stores are not ordered with others, so they are waited for before the caller is told.
static void addEntry(llvm::Module &module, llvm::Function *body, const std::string &symbol, bool mayAlias) {
  body->setName("task");
  body->setLinkage(llvm::GlobalValue::InternalLinkage);
  body->addFnAttr(llvm::Attribute::NoInline);
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> builder(context);
  llvm::Type *pointer = builder.getPtrTy(), *i64 = builder.getInt64Ty();
  auto *entry = llvm::Function::Create(llvm::FunctionType::get(builder.getVoidTy(), {pointer, i64, i64}, false),
                                       llvm::GlobalValue::ExternalLinkage, symbol, module);
  entry->setVisibility(llvm::GlobalValue::HiddenVisibility);
  entry->setDSOLocal(true);
  auto *start = llvm::BasicBlock::Create(context, "", entry), *loop = llvm::BasicBlock::Create(context, "", entry),
       *done = llvm::BasicBlock::Create(context, "", entry);
  builder.SetInsertPoint(start);
  llvm::SmallVector<llvm::Value *> arguments;
  for (llvm::Argument &argument : body->args()) {
    if (!argument.getType()->isPointerTy())
      continue;
    if (!mayAlias)
      argument.addAttr(llvm::Attribute::NoAlias);
    llvm::Value *slot = builder.CreateConstInBoundsGEP1_64(pointer, entry->getArg(0), argument.getArgNo());
    arguments.push_back(builder.CreateAlignedLoad(pointer, slot, llvm::Align(8)));
  }
  llvm::Value *begin = entry->getArg(1), *end = entry->getArg(2);
  builder.CreateCondBr(builder.CreateICmpSLT(begin, end), loop, done);
  builder.SetInsertPoint(loop);
  llvm::PHINode *task = builder.CreatePHI(i64, 2);
  llvm::Value *next = builder.CreateNSWAdd(task, builder.getInt64(1));
  task->addIncoming(begin, start);
  task->addIncoming(next, loop);
  llvm::Function *ordinary = withoutStreams(body);
  llvm::Value *called = body;
  if (ordinary) {
    llvm::IRBuilder<> before(start->getTerminator());
    llvm::Value *bits = before.getInt64(0);
    for (llvm::Value *argument : arguments)
      bits = before.CreateOr(bits, before.CreatePtrToInt(argument, i64));
    llvm::Value *onLines = before.CreateICmpEQ(before.CreateAnd(bits, NNC_ALIGNMENT - 1), before.getInt64(0));
    called = before.CreateSelect(onLines, body, ordinary);
  }
  arguments.push_back(task);
  builder.CreateCall(body->getFunctionType(), called, arguments);
  builder.CreateCondBr(builder.CreateICmpSLT(next, end), loop, done);
  builder.SetInsertPoint(done);
  if (ordinary)
    builder.CreateIntrinsic(builder.getVoidTy(), llvm::Intrinsic::x86_sse_sfence, {});
  builder.CreateRetVoid();
}

// Kernels of vector loops only need cleaning up: a third of the time of -O2 for the same code. Plain loops get all of
// it.
static void optimise(llvm::Module &module, llvm::TargetMachine &machine, bool plainLoops) {
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  if (plainLoops) {
    builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
    return;
  }
  llvm::FunctionPassManager function;
  function.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  function.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  function.addPass(llvm::SimplifyCFGPass());
  function.addPass(llvm::InstCombinePass());
  llvm::LoopPassManager loop;
  loop.addPass(llvm::LoopRotatePass());
  loop.addPass(llvm::LICMPass(llvm::LICMOptions()));
  loop.addPass(llvm::IndVarSimplifyPass());
  loop.addPass(llvm::LoopIdiomRecognizePass());
  loop.addPass(llvm::LoopDeletionPass());
  function.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(loop), /*UseMemorySSA=*/true));
  function.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  function.addPass(llvm::InstCombinePass());
  function.addPass(llvm::SimplifyCFGPass());
  llvm::ModulePassManager passes;
  passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(function)));
  passes.run(module, modules);
}

LogicalResult compileKernel(ModuleOp kernel, const std::string &symbol, const Target &target,
                            llvm::SmallVectorImpl<char> &object) {
  bool mayAlias = false;
  kernel.walk([&](Operation *op) { mayAlias |= op->hasAttr("sched.may_alias"); });
  if (failed(lowerKernel(kernel, target)))
    return failure();

  bool plainLoops = kernel->removeAttr(cpu::plainLoopsAttr) != nullptr;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(kernel, context, symbol);
  if (!module)
    return kernel.emitError("no LLVM IR for kernel ") << symbol;
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(target, error);
  if (!machine)
    return kernel.emitError("target '") << target.cpu << "': " << error;
  module->setTargetTriple(llvm::Triple(target.triple));
  module->setDataLayout(machine->createDataLayout());
  llvm::Function *body = nullptr;
  for (llvm::Function &function : *module)
    if (!function.isDeclaration())
      body = &function;
  addEntry(*module, body, symbol, mayAlias);
  for (llvm::Function &function : *module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    function.addFnAttr("prefer-vector-width", std::to_string(target.vectorBits));
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
  llvm::raw_string_ostream messages(error);
  if (llvm::verifyModule(*module, &messages))
    return kernel.emitError("invalid LLVM IR for kernel ") << symbol << ": " << error;
  optimise(*module, *machine, plainLoops);

  object.clear();
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return kernel.emitError("target '") << target.cpu << "' writes no object files";
  passes.run(*module);
  return success();
}

} // namespace nnc::codegen
