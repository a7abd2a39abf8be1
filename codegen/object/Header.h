// The C header of a library.
#pragma once
#include "nnc/codegen/object/Signature.h"

namespace nnc::codegen {

std::string generateHeader(const Signature &signature);

/// A name as a C identifier: every character that C does not allow becomes '_'.
std::string identifier(llvm::StringRef name);

} // namespace nnc::codegen
