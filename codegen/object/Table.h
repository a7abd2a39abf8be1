// The host object of a library: schedules, the constant tables of runtime/abi.h, embedded weights and typed functions.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "nnc/codegen/object/Kernels.h"
#include "nnc/codegen/object/Signature.h"

namespace nnc::codegen {

/// The symbols of one target's kernels, in the order of Signature::kernels.
struct Variant {
  std::string target; // as the user named it
  int32_t level = 0;  // as in nnc_variant
  std::vector<std::string> symbols;
};

/// Object code for `host` (see Host.h) and everything that describes it. Runs on the baseline of the architecture.
mlir::FailureOr<llvm::SmallVector<char, 0>> compileHost(mlir::ModuleOp host, const Signature &signature,
                                                        llvm::ArrayRef<Variant> variants, const std::string &triple);

/// A module at level llvm -> a relocatable object file, as it is: without tables and runtime.
mlir::FailureOr<llvm::SmallVector<char, 0>> compileLlvm(mlir::ModuleOp module, const Target &target);

/// One argument of a typed function, in C's order.
struct TypedArgument {
  enum Passing { Weights, State, Pointer, Value, Workspace } passing;
  bool result = false;
  int32_t number = -1; // of the argument or result
};

/// How `<library>_<function>` is called: what the header declares and the object defines.
std::vector<TypedArgument> typedArguments(const SignatureFunction &function);
/// Arguments that are state, in the order of the fields of the function's structure.
std::vector<int32_t> stateArguments(const SignatureFunction &function);

/// The names that the shared object exports.
std::vector<std::string> exportedNames(const Signature &signature);

} // namespace nnc::codegen
