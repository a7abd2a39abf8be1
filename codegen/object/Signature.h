// What a module offers to its callers, read from the attributes of its planned functions: the source of the table in
// the object (Table.cpp) and of the C header (Header.cpp).
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "nnc/runtime/abi.h"
#include <string>
#include <vector>

namespace nnc::codegen {

struct SignatureValue {
  std::string name;
  std::vector<int64_t> dims;
  int64_t bytes = 0;
  nnc_dtype dtype = NNC_F32;
  nnc_kind kind = NNC_INPUT;
  int32_t updates = -1;  // as in nnc_value
  int32_t weight = -1;   // row in Signature::weights
  bool prepared = false; // a constant that is no weight itself, but computed from some

  bool isState() const { return kind != NNC_INPUT && kind != NNC_SCALAR && kind != NNC_OUTPUT && kind != NNC_CONSTANT; }
};

struct SignatureLaunch {
  std::string layers, sources; // as in nnc_launch and in nnc_module.sources
  int64_t tasks = 1, times = 1, bytes = 0, flops = 0;
  int32_t kernel = 0;
};

struct SignatureFunction {
  std::string name;
  std::vector<SignatureValue> arguments, results;
  std::vector<SignatureLaunch> launches;
  int64_t workspaceBytes = 0, peakBytes = 0;
  std::vector<int64_t> resultArguments; // as in sched.results
};

struct SignatureWeight {
  std::string name;
  std::vector<int64_t> dims;
  int64_t bytes = 0;
  nnc_dtype dtype = NNC_F32;
  const void *data = nullptr;
  std::string function = {}; // that it was prepared for; empty: a weight as it is
};

struct Signature {
  std::string name; // of the library
  std::vector<SignatureFunction> functions;
  std::vector<SignatureWeight> weights; // parameters and buffers of all functions, each name once; then constants
  int32_t constants = 0;                // how many rows of these
  std::vector<std::string> kernels;
};

/// Names, kinds and element types that callers see are written down as attributes of the functions while the types are
/// still the user's: an argument without a name is "arg<i>", without a kind an input; `nn.dtype` tells booleans and
/// unsigned bytes apart, which are both i8 below the graph.
void completeSignatures(mlir::ModuleOp module);

/// Makes every parameter and buffer frozen (`nn.frozen`) in the functions that do not update it.
void freezeArguments(mlir::ModuleOp module);

/// Reads the planned functions of `module` (level buffers).
mlir::FailureOr<Signature> readSignature(mlir::ModuleOp module, const std::string &name);

/// "8x32 f32": for messages and comments.
std::string describe(nnc_dtype dtype, llvm::ArrayRef<int64_t> dims);
/// "f32"
llvm::StringRef spell(nnc_dtype dtype);

} // namespace nnc::codegen
