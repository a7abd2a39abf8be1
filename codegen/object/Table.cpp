// The tables mirror the structures of runtime/abi.h field by field; the assertions below fail when that file changes.
#include "nnc/codegen/object/Table.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "nnc-generated/codegen/Version.h"
#include "nnc/codegen/object/Header.h"
#include "nnc/codegen/object/Host.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace mlir;

namespace nnc::codegen {

static_assert(sizeof(nnc_value) == 48 && sizeof(nnc_launch) == 48 && sizeof(nnc_function) == 72 &&
                  sizeof(nnc_weight) == 40 && sizeof(nnc_variant) == 24 && sizeof(nnc_module) == 96,
              "runtime/abi.h changed: change Table.cpp with it");
static_assert(offsetof(nnc_services, invoke) == 0, "typed functions call the first entry of the services");

//===--- typed functions ---===//

std::vector<int32_t> stateArguments(const SignatureFunction &function) {
  std::vector<int32_t> numbers;
  for (auto [number, value] : llvm::enumerate(function.arguments))
    if (value.isState())
      numbers.push_back(number);
  return numbers;
}

// A function that only reads parameters and buffers takes the library's weights; any other state is a structure of the
// function's own.
static bool takesWeights(const SignatureFunction &function) {
  return llvm::all_of(function.arguments, [](const SignatureValue &value) {
    return !value.isState() || (value.weight >= 0 && value.updates < 0);
  });
}

std::vector<TypedArgument> typedArguments(const SignatureFunction &function) {
  std::vector<TypedArgument> typed;
  if (!stateArguments(function).empty())
    typed.push_back({takesWeights(function) ? TypedArgument::Weights : TypedArgument::State});
  for (auto [number, value] : llvm::enumerate(function.arguments))
    if (!value.isState() && value.kind != NNC_CONSTANT)
      typed.push_back({value.kind == NNC_SCALAR && value.dims.empty() ? TypedArgument::Value : TypedArgument::Pointer,
                       false, int32_t(number)});
  for (auto [number, value] : llvm::enumerate(function.results))
    if (value.updates < 0)
      typed.push_back({TypedArgument::Pointer, true, int32_t(number)});
  typed.push_back({TypedArgument::Workspace});
  return typed;
}

std::vector<std::string> exportedNames(const Signature &signature) {
  std::vector<std::string> names = {NNC_MODULE_ENTRY, signature.name + "_module"};
  for (const SignatureFunction &function : signature.functions)
    names.push_back(signature.name + "_" + identifier(function.name));
  return names;
}

namespace {

class TableEmitter {
public:
  TableEmitter(llvm::Module &module, const Signature &signature, ArrayRef<Variant> variants)
      : module(module), signature(signature), variants(variants), context(module.getContext()), b(context),
        pointer(b.getPtrTy()) {}

  void emit();

private:
  llvm::Constant *i32(int64_t value) { return b.getInt32(value); }
  llvm::Constant *i64(int64_t value) { return b.getInt64(value); }
  llvm::Constant *null() { return llvm::ConstantPointerNull::get(llvm::cast<llvm::PointerType>(pointer)); }
  llvm::Constant *text(StringRef value);
  int32_t source(const std::string &lines);
  llvm::Constant *dims(ArrayRef<int64_t> values);
  llvm::Constant *row(ArrayRef<llvm::Constant *> fields) { return llvm::ConstantStruct::getAnon(context, fields); }
  llvm::Constant *array(const Twine &name, ArrayRef<llvm::Constant *> rows);
  llvm::Constant *constant(const Twine &name, llvm::Constant *value, uint64_t alignment);
  llvm::Constant *symbol(StringRef name, llvm::Type *type = nullptr);
  llvm::Constant *values(const Twine &name, ArrayRef<SignatureValue> rows);
  llvm::Constant *function(const SignatureFunction &function);
  void emitEntry(StringRef name, llvm::Constant *table);
  void emitTyped(int32_t number, llvm::Constant *table, llvm::Constant *services);
  llvm::Type *typeOf(nnc_dtype dtype);

  llvm::Module &module;
  const Signature &signature;
  ArrayRef<Variant> variants;
  llvm::LLVMContext &context;
  llvm::IRBuilder<> b;
  llvm::Type *pointer;
  llvm::StringMap<llvm::Constant *> texts;
  std::vector<std::string> sources = {""}; // each once
};

llvm::Constant *TableEmitter::constant(const Twine &name, llvm::Constant *value, uint64_t alignment) {
  auto *global = new llvm::GlobalVariable(module, value->getType(), true, llvm::GlobalValue::InternalLinkage, value,
                                          "nnc.table." + name);
  global->setAlignment(llvm::Align(alignment));
  return global;
}

llvm::Constant *TableEmitter::array(const Twine &name, ArrayRef<llvm::Constant *> rows) {
  if (rows.empty())
    return null();
  return constant(name, llvm::ConstantArray::get(llvm::ArrayType::get(rows[0]->getType(), rows.size()), rows), 8);
}

llvm::Constant *TableEmitter::text(StringRef value) {
  llvm::Constant *&known = texts[value];
  if (!known)
    known = constant("text", llvm::ConstantDataArray::getString(context, value), 1);
  return known;
}

int32_t TableEmitter::source(const std::string &lines) {
  auto at = llvm::find(sources, lines);
  if (at == sources.end())
    at = sources.insert(at, lines);
  return int32_t(at - sources.begin());
}

llvm::Constant *TableEmitter::dims(ArrayRef<int64_t> values) {
  if (values.empty())
    return null();
  SmallVector<uint64_t> words(values.begin(), values.end());
  return constant("dims", llvm::ConstantDataArray::get(context, words), 8);
}

llvm::Constant *TableEmitter::symbol(StringRef name, llvm::Type *type) {
  if (auto *known = module.getNamedValue(name))
    return known;
  llvm::GlobalValue *global;
  if (type)
    global = new llvm::GlobalVariable(module, type, true, llvm::GlobalValue::ExternalLinkage, nullptr, name);
  else
    global =
        llvm::Function::Create(llvm::FunctionType::get(b.getVoidTy(), {pointer, b.getInt64Ty(), b.getInt64Ty()}, false),
                               llvm::GlobalValue::ExternalLinkage, name, module);
  global->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return global;
}

llvm::Constant *TableEmitter::values(const Twine &name, ArrayRef<SignatureValue> rows) {
  SmallVector<llvm::Constant *> table;
  for (const SignatureValue &value : rows)
    table.push_back(row({text(value.name), dims(value.dims), i64(value.bytes), i32(value.dtype), i32(value.kind),
                         i32(value.dims.size()), i32(value.updates), i32(value.weight), i32(0)}));
  return array(name, table);
}

llvm::Constant *TableEmitter::function(const SignatureFunction &function) {
  SmallVector<llvm::Constant *> launches;
  for (const SignatureLaunch &launch : function.launches)
    launches.push_back(row({text(launch.layers), i64(launch.tasks), i64(launch.times), i64(launch.bytes),
                            i64(launch.flops), i32(launch.kernel), i32(source(launch.sources))}));
  return row({text(function.name), values("arguments", function.arguments), values("results", function.results),
              array("launches", launches), i32(function.arguments.size()), i32(function.results.size()),
              i32(function.launches.size()), i32(0), i64(function.workspaceBytes), i64(function.peakBytes),
              symbol(scheduleSymbol(function.name))});
}

void TableEmitter::emitEntry(StringRef name, llvm::Constant *table) {
  auto *entry =
      llvm::Function::Create(llvm::FunctionType::get(pointer, false), llvm::GlobalValue::ExternalLinkage, name, module);
  b.SetInsertPoint(llvm::BasicBlock::Create(context, "", entry));
  b.CreateRet(table);
}

llvm::Type *TableEmitter::typeOf(nnc_dtype dtype) {
  switch (dtype) {
  case NNC_F32:
    return b.getFloatTy();
  case NNC_F64:
    return b.getDoubleTy();
  case NNC_I64:
    return b.getInt64Ty();
  case NNC_I32:
    return b.getInt32Ty();
  case NNC_BF16:
  case NNC_F16:
    return b.getInt16Ty();
  default:
    return b.getInt8Ty();
  }
}

// Gathers the pointers in two arrays and calls invoke without options.
void TableEmitter::emitTyped(int32_t number, llvm::Constant *table, llvm::Constant *services) {
  const SignatureFunction &function = signature.functions[number];
  std::vector<TypedArgument> typed = typedArguments(function);
  SmallVector<llvm::Type *> types;
  for (const TypedArgument &argument : typed)
    types.push_back(argument.passing == TypedArgument::Value ? typeOf(function.arguments[argument.number].dtype)
                                                             : pointer);
  auto *code =
      llvm::Function::Create(llvm::FunctionType::get(b.getInt32Ty(), types, false), llvm::GlobalValue::ExternalLinkage,
                             signature.name + "_" + identifier(function.name), module);
  auto *entry = llvm::BasicBlock::Create(context, "", code);
  b.SetInsertPoint(entry);
  auto slots = [&](size_t count) { return b.CreateAlloca(pointer, b.getInt64(std::max<size_t>(count, 1))); };
  llvm::Value *arguments = slots(function.arguments.size()), *results = slots(function.results.size());
  auto store = [&](llvm::Value *value, llvm::Value *array, int32_t index) {
    b.CreateStore(value, b.CreateConstInBoundsGEP1_64(pointer, array, index));
  };
  for (auto [index, value] : llvm::enumerate(function.results))
    store(null(), results, index); // an update may be null
  for (auto [index, value] : llvm::enumerate(function.arguments))
    if (value.kind == NNC_CONSTANT)
      store(null(), arguments, index); // stands for what is embedded
  llvm::Value *workspace = nullptr;
  // values live in slots made before any branch
  for (auto [parameter, argument] : llvm::zip(code->args(), typed)) {
    if (argument.passing != TypedArgument::Value)
      continue;
    llvm::Value *slot = b.CreateAlloca(parameter.getType());
    b.CreateStore(&parameter, slot);
    store(slot, arguments, argument.number);
  }
  for (auto [parameter, argument] : llvm::zip(code->args(), typed)) {
    switch (argument.passing) {
    case TypedArgument::Weights:
    case TypedArgument::State: {
      // a null structure: all pointers are null, which invoke takes for embedded weights, or reports
      auto *given = llvm::BasicBlock::Create(context, "", code), *after = llvm::BasicBlock::Create(context, "", code);
      std::vector<int32_t> state = stateArguments(function);
      for (int32_t index : state)
        store(null(), arguments, index);
      b.CreateCondBr(b.CreateIsNull(&parameter), after, given);
      b.SetInsertPoint(given);
      for (auto [field, index] : llvm::enumerate(state)) {
        int64_t at = argument.passing == TypedArgument::Weights ? function.arguments[index].weight : int64_t(field);
        store(b.CreateLoad(pointer, b.CreateConstInBoundsGEP1_64(pointer, &parameter, at)), arguments, index);
      }
      b.CreateBr(after);
      b.SetInsertPoint(after);
      break;
    }
    case TypedArgument::Pointer:
      store(&parameter, argument.result ? results : arguments, argument.number);
      break;
    case TypedArgument::Value:
      break;
    case TypedArgument::Workspace:
      workspace = &parameter;
    }
  }
  auto *type =
      llvm::FunctionType::get(b.getInt32Ty(), {pointer, b.getInt32Ty(), pointer, pointer, pointer, pointer}, false);
  llvm::Value *invoke = b.CreateLoad(pointer, services);
  b.CreateRet(b.CreateCall(type, invoke, {table, i32(number), arguments, results, workspace, null()}));
}

void TableEmitter::emit() {
  SmallVector<llvm::Constant *> functions, weights, targets, names, lines;
  for (const SignatureFunction &row : signature.functions)
    functions.push_back(function(row));
  std::vector<std::pair<StringRef, llvm::Constant *>> embedded; // each once: two functions may prepare the same
  for (const SignatureWeight &weight : signature.weights) {
    llvm::Constant *data = null();
    if (weight.data) {
      StringRef bytes(static_cast<const char *>(weight.data), weight.bytes);
      auto known = llvm::find_if(embedded, [&](const auto &other) { return other.first == bytes; });
      data =
          known != embedded.end()
              ? known->second
              : constant("weight", llvm::ConstantDataArray::getRaw(bytes, bytes.size(), b.getInt8Ty()), NNC_ALIGNMENT);
      embedded.push_back({bytes, data});
    }
    weights.push_back(row(
        {text(weight.name), dims(weight.dims), i64(weight.bytes), i32(weight.dtype), i32(weight.dims.size()), data}));
  }
  for (const Variant &variant : variants) {
    SmallVector<llvm::Constant *> kernels;
    for (const std::string &name : variant.symbols)
      kernels.push_back(symbol(name));
    targets.push_back(row({text(variant.target), array("kernels", kernels), i32(variant.level), i32(0)}));
  }
  for (const std::string &name : signature.kernels)
    names.push_back(text(name));
  for (const std::string &row : sources)
    lines.push_back(text(row));
  llvm::Constant *services = symbol("nnc_core_services", llvm::ArrayType::get(b.getInt8Ty(), sizeof(nnc_services)));
  llvm::Constant *table = constant(
      "module",
      row({i32(NNC_ABI_VERSION), i32(sizeof(nnc_module)), text(signature.name), text("nnc " NNC_VERSION_STRING),
           services, array("functions", functions), array("weights", weights), array("variants", targets),
           array("names", names), i32(functions.size()), i32(weights.size()), i32(targets.size()), i32(names.size()),
           array("sources", lines), i32(lines.size()), i32(signature.constants)}),
      8);
  emitEntry(NNC_MODULE_ENTRY, table);
  emitEntry(signature.name + "_module", table);
  for (int32_t number = 0; number < int32_t(signature.functions.size()); ++number)
    emitTyped(number, table, services);
}

} // namespace

// Code for the baseline of the architecture: schedules gain nothing from more.
static FailureOr<llvm::SmallVector<char, 0>> emitObject(ModuleOp source, llvm::Module &module,
                                                        const std::string &tripleName, const std::string &cpu,
                                                        const std::string &features,
                                                        llvm::function_ref<void()> complete) {
  std::string error;
  llvm::Triple triple(tripleName);
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return source.emitError("target '") << tripleName << "': " << error;
  llvm::TargetOptions options;
  options.FunctionSections = options.DataSections = true;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, cpu, features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Less));
  module.setTargetTriple(triple);
  module.setDataLayout(machine->createDataLayout());
  complete();
  llvm::raw_string_ostream messages(error);
  if (llvm::verifyModule(module, &messages))
    return source.emitError("invalid LLVM IR: ") << error;
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return source.emitError("target '") << tripleName << "' writes no object files";
  passes.run(module);
  return object;
}

FailureOr<llvm::SmallVector<char, 0>> compileHost(ModuleOp host, const Signature &signature, ArrayRef<Variant> variants,
                                                  const std::string &triple) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(host, context, "host");
  if (!module)
    return host.emitError("no LLVM IR for the schedules");
  return emitObject(host, *module, triple, llvm::Triple(triple).isX86() ? "x86-64" : "generic", "",
                    [&] { TableEmitter(*module, signature, variants).emit(); });
}

FailureOr<llvm::SmallVector<char, 0>> compileLlvm(ModuleOp source, const Target &target) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(source, context, "module");
  if (!module)
    return source.emitError("no LLVM IR for the module");
  return emitObject(source, *module, target.triple, target.cpu, target.features, [] {});
}

} // namespace nnc::codegen
