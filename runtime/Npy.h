// NumPy's .npy files: versions 1 to 3, little-endian numbers and booleans, C or Fortran order (which is turned into C
// order).
#pragma once
#include "nnc/runtime/Buffer.h"
#include <span>
#include <string>

namespace nnc::runtime {

/// Throws nnc::Error, with the file's name, when the file is malformed or of a type that nnc has not.
TensorData readNpy(const std::string &path);
/// The same for bytes in memory; `name` is for messages.
TensorData parseNpy(const std::string &name, std::span<const std::byte> bytes);
/// Writes beside `path` and renames. bf16 and f8 have no NumPy type and are refused.
void writeNpy(const std::string &path, int32_t dtype, std::span<const int64_t> dims, const void *data);

} // namespace nnc::runtime
