// Reading a module from text that nobody vouches for. MLIR's parser and printer recurse on nesting, so what would
// overflow the stack (or expand without end) is refused before they see it.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"

namespace nnc::codegen {

struct TextLimits {
  unsigned nesting = 256;         // of ( [ { <, also through aliases
  unsigned element = 1 << 14;     // characters without a comma or bracket inside ( [ <: an affine expression
  uint64_t expanded = 1ull << 30; // characters once aliases are expanded
};

/// Finds the first thing in `text` that a stack is not deep enough for. True when there is none; else `message` says
/// what and `at` points to it.
bool checkText(llvm::StringRef text, std::string &message, const char *&at, const TextLimits &limits = {});

/// Parses a buffer after `checkText`. Reports through the context's diagnostics and returns null on any mistake.
mlir::OwningOpRef<mlir::ModuleOp> parseModule(std::unique_ptr<llvm::MemoryBuffer> buffer, mlir::MLIRContext &context);

/// Reads and parses a file.
mlir::OwningOpRef<mlir::ModuleOp> readModule(llvm::StringRef path, mlir::MLIRContext &context);

} // namespace nnc::codegen
