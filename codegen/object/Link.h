// Linking in process with LLD: relocatable objects in memory -> one shared object in memory. Needs no
// compiler, no linker program and no development files on the user's machine. LLD sets all of LLVM's command-line
// options (llvm::cl::opt) in the process back to their defaults, so a program reads its own before it links.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace nnc::codegen {

struct LinkOptions {
  std::string triple;               // "x86_64-unknown-linux-gnu"
  std::string soname;               // empty: none
  std::vector<std::string> exports; // everything else is hidden
};

/// One relocatable object.
struct LinkInput {
  std::string name; // for messages
  llvm::StringRef bytes;
};

/// The bytes of the shared object. Never touches the file system: LLD itself writes files through a mapping, which on
/// a full disk ends the process, and renames them over whatever stands there, a device too.
llvm::Expected<llvm::SmallVector<char, 0>> linkToMemory(llvm::ArrayRef<LinkInput> inputs, const LinkOptions &options);

} // namespace nnc::codegen
