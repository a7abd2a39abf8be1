// The on-disk cache of compiled kernels and of whole objects: one file a key, shared by any number of processes. A
// damaged or foreign file is a miss. Without a usable directory it does nothing.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <atomic>
#include <optional>
#include <string>

namespace nnc::codegen {

class ObjectCache {
public:
  /// The directory is made when it is missing. `limit` bounds the sum of all files, roughly.
  explicit ObjectCache(std::string directory, uint64_t limit = defaultLimit);

  /// NNC_CACHE_DIR, or nnc under XDG_CACHE_HOME, or under ~/.cache. Empty (no cache) when NNC_CACHE_DIR is set to
  /// nothing or there is no home.
  static std::string defaultDirectory();
  static constexpr uint64_t defaultLimit = 512u << 20;

  std::optional<llvm::SmallVector<char, 0>> load(llvm::StringRef key);
  /// Written beside and renamed: readers see all of it or nothing. Failing to write is no error.
  void store(llvm::StringRef key, llvm::ArrayRef<char> bytes);

  const std::string &path() const { return directory; }

private:
  std::string fileOf(llvm::StringRef key) const;
  void evict();
  std::string directory;
  uint64_t limit;
  std::atomic<uint64_t> written{0}; // since the last look at the directory
};

/// Hexadecimal SHA-256.
std::string sha256(llvm::ArrayRef<llvm::StringRef> parts);

} // namespace nnc::codegen
