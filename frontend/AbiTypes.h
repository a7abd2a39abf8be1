// Element types as the C ABI and files number them.
#pragma once
#include "nnc/frontend/Array.h"
#include "nnc/runtime/abi.h"

namespace nnc {

nnc_dtype abiType(DType type);
/// Throws for a type that graphs do not have; `what` is for the message.
DType fromAbiType(int32_t type, std::string_view what);

} // namespace nnc
