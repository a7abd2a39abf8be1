// IDX files, the format of MNIST: a big-endian header of extents, then elements. Packed with gzip or not.
#pragma once
#include "nnc/runtime/Buffer.h"
#include <span>
#include <string>

namespace nnc::runtime {

/// Throws nnc::Error, with the file's name, when the file is malformed. Elements come out in the machine's byte order.
TensorData readIdx(const std::string &path);
/// The same for bytes in memory, not packed; `name` is for messages.
TensorData parseIdx(const std::string &name, std::span<const std::byte> bytes);

} // namespace nnc::runtime
