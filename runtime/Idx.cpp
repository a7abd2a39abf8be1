#include "nnc/runtime/Idx.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/File.h"
#include "nnc/runtime/embedded/core.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace nnc::runtime {

static int32_t dtypeOf(unsigned code) {
  switch (code) {
  case 0x08:
    return NNC_U8;
  case 0x09:
    return NNC_I8;
  case 0x0b:
    return NNC_I16;
  case 0x0c:
    return NNC_I32;
  case 0x0d:
    return NNC_F32;
  case 0x0e:
    return NNC_F64;
  }
  return 0;
}

TensorData parseIdx(const std::string &name, std::span<const std::byte> bytes) {
  auto at = [&](size_t i) { return std::to_integer<unsigned>(bytes[i]); };
  if (bytes.size() < 4)
    throw Error(name + ": truncated: expected at least 4 bytes, got " + std::to_string(bytes.size()));
  if (at(0) != 0 || at(1) != 0)
    throw Error(name + ": expected an IDX file, which begins with two zero bytes");
  TensorData result;
  result.dtype = dtypeOf(at(2));
  if (!result.dtype)
    throw Error(name + ": unknown element type " + std::to_string(at(2)));
  const size_t rank = at(3), begin = 4 + 4 * rank;
  if (rank > 64)
    throw Error(name + ": expected at most 64 dimensions, got " + std::to_string(rank));
  if (bytes.size() < begin)
    throw Error(name + ": truncated: header of " + std::to_string(begin) + " bytes, file of " +
                std::to_string(bytes.size()));
  for (size_t d = 0; d < rank; ++d)
    result.dims.push_back(int64_t(at(4 + 4 * d)) << 24 | at(5 + 4 * d) << 16 | at(6 + 4 * d) << 8 | at(7 + 4 * d));
  char described[160];
  nnc_describe(described, sizeof described, result.dtype, result.dims.data(), static_cast<int32_t>(rank));
  int64_t size = 0;
  if (!nnc_tensor_bytes(result.dtype, result.dims.data(), static_cast<int32_t>(rank), &size))
    throw Error(name + ": size of " + described + " overflows");
  const size_t present = bytes.size() - begin;
  if (static_cast<uint64_t>(size) != present)
    throw Error(name + ": " + (static_cast<uint64_t>(size) > present ? "truncated: " : "") + described + " takes " +
                std::to_string(size) + " bytes, the file has " + std::to_string(present));
  result.data = Buffer(size);
  auto *out = static_cast<std::byte *>(result.data.data());
  if (size > 0)
    std::memcpy(out, bytes.data() + begin, present);
  const auto element = nnc_dtype_bytes(result.dtype);
  if (element > 1 && std::endian::native == std::endian::little)
    for (int64_t i = 0; i < size; i += element)
      std::reverse(out + i, out + i + element);
  return result;
}

TensorData readIdx(const std::string &path) { return parseIdx(path, readMaybeGzip(path)); }

} // namespace nnc::runtime
