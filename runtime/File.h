// Whole files: reading within a limit, unpacking gzip within a limit, and replacing a file without ever losing the old
// one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nnc::runtime {

/// Most bytes that readers take from a file, or unpack from one, unless told otherwise.
inline constexpr int64_t defaultFileLimit = int64_t(4) << 30;

/// All bytes of a file; throws nnc::Error when it is larger than `limit`. Works on pipes too.
std::vector<std::byte> readFile(const std::string &path, int64_t limit = defaultFileLimit);
/// Unpacks gzip data (one member or several); throws nnc::Error when it is damaged, truncated, or unpacks to more than
/// `limit` bytes. `name` is for messages.
std::vector<std::byte> unpackGzip(const std::string &name, std::span<const std::byte> packed,
                                  int64_t limit = defaultFileLimit);
/// readFile, then unpackGzip when the bytes are gzip's.
std::vector<std::byte> readMaybeGzip(const std::string &path, int64_t limit = defaultFileLimit);
/// Writes beside `path`, syncs and renames: on any failure the old file is as it was. Throws nnc::Error.
void writeFile(const std::string &path, std::span<const std::byte> bytes);

} // namespace nnc::runtime
