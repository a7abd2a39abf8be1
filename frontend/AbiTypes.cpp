// The two numberings of element types, one against the other.
#include "nnc/frontend/AbiTypes.h"
#include "nnc/runtime/Error.h"
#include <fmt/format.h>

namespace nnc {

nnc_dtype abiType(DType type) {
  static constexpr nnc_dtype types[] = {NNC_F32, NNC_F64, NNC_BF16, NNC_F16, NNC_I64,
                                        NNC_I32, NNC_I8,  NNC_U8,   NNC_BOOL};
  return types[size_t(type)];
}

DType fromAbiType(int32_t type, std::string_view what) {
  for (DType candidate :
       {DType::f32, DType::f64, DType::bf16, DType::f16, DType::i64, DType::i32, DType::i8, DType::u8, DType::i1})
    if (abiType(candidate) == type)
      return candidate;
  throw Error(fmt::format("{}: element type {} is none that a graph has", what, type));
}

} // namespace nnc
