// A file is "nnc object 1\n", the checksum of the rest in hexadecimal, "\n", and the bytes.
#include "nnc/codegen/object/Cache.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cstdlib>

namespace nnc::codegen {

static constexpr llvm::StringLiteral magic = "nnc object 1\n";
static constexpr llvm::StringLiteral suffix = ".o";

std::string sha256(llvm::ArrayRef<llvm::StringRef> parts) {
  llvm::SHA256 hash;
  for (llvm::StringRef part : parts) {
    hash.update(std::to_string(part.size()) + ":"); // so that moving a boundary changes the hash
    hash.update(part);
  }
  auto bytes = hash.final();
  return llvm::toHex(bytes, /*LowerCase=*/true);
}

std::string ObjectCache::defaultDirectory() {
  if (const char *directory = std::getenv("NNC_CACHE_DIR"))
    return directory;
  llvm::SmallString<128> path;
  const char *base = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  if (base && *base)
    path = base;
  else if (home && *home)
    llvm::sys::path::append(path, home, ".cache");
  else
    return "";
  llvm::sys::path::append(path, "nnc");
  return path.str().str();
}

ObjectCache::ObjectCache(std::string path, uint64_t limit) : directory(std::move(path)), limit(limit) {
  // what lies here will be run: nobody else may write to it
  if (!directory.empty() && llvm::sys::fs::create_directories(directory, true, llvm::sys::fs::owner_all))
    directory.clear();
}

std::string ObjectCache::fileOf(llvm::StringRef key) const {
  llvm::SmallString<256> path(directory);
  llvm::sys::path::append(path, key + suffix);
  return path.str().str();
}

std::optional<llvm::SmallVector<char, 0>> ObjectCache::load(llvm::StringRef key) {
  if (directory.empty())
    return std::nullopt;
  std::string path = fileOf(key);
  int descriptor;
  if (llvm::sys::fs::openFileForRead(path, descriptor))
    return std::nullopt;
  // read, not mapped: another process may be truncating it
  auto file = llvm::MemoryBuffer::getOpenFile(descriptor, path, -1, false, /*IsVolatile=*/true);
  std::optional<llvm::SmallVector<char, 0>> result;
  if (file) {
    llvm::StringRef bytes = (*file)->getBuffer();
    if (bytes.consume_front(magic) && bytes.size() > 65 && bytes[64] == '\n') {
      llvm::StringRef sum = bytes.take_front(64), content = bytes.drop_front(65);
      if (sum == sha256({key, content}))
        result.emplace(content.begin(), content.end());
    }
  }
  if (result) // the oldest go first when the cache is full
    (void)llvm::sys::fs::setLastAccessAndModificationTime(descriptor, std::chrono::system_clock::now());
  else
    (void)llvm::sys::fs::remove(path);
  llvm::sys::Process::SafelyCloseFileDescriptor(descriptor);
  return result;
}

void ObjectCache::store(llvm::StringRef key, llvm::ArrayRef<char> bytes) {
  if (directory.empty())
    return;
  std::string path = fileOf(key);
  // Written beside and renamed. Not LLVM's TempFile, which installs signal handlers and a signal stack in the thread
  // and the process of whoever compiles: those are the user's.
  llvm::SmallString<256> beside;
  int descriptor;
  if (llvm::sys::fs::createUniqueFile(path + ".tmp-%%%%%%%%", descriptor, beside))
    return;
  llvm::StringRef content(bytes.data(), bytes.size());
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << magic << sha256({key, content}) << '\n' << content;
  stream.close();
  bool good = !stream.has_error();
  stream.clear_error();
  if (!good || llvm::sys::fs::rename(beside, path)) {
    (void)llvm::sys::fs::remove(beside);
    return;
  }
  // the first store of a process looks, then every sixteenth of the limit
  uint64_t before = written.fetch_add(bytes.size() + 1);
  if (before == 0 || before + bytes.size() > limit / 16) {
    written = 1;
    evict();
  }
}

void ObjectCache::evict() {
  struct Entry {
    std::string path;
    uint64_t size;
    llvm::sys::TimePoint<> used;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  std::error_code code;
  auto now = std::chrono::system_clock::now();
  for (llvm::sys::fs::directory_iterator i(directory, code, false), end; !code && i != end; i.increment(code)) {
    auto status = i->status();
    if (!status || status->type() != llvm::sys::fs::file_type::regular_file)
      continue;
    llvm::StringRef name = llvm::sys::path::filename(i->path());
    if (name.contains(".o.tmp-")) { // left by a process that died
      if (now - status->getLastModificationTime() > std::chrono::hours(1))
        (void)llvm::sys::fs::remove(i->path());
    } else if (name.ends_with(suffix)) {
      entries.push_back({i->path(), status->getSize(), status->getLastModificationTime()});
      total += status->getSize();
    }
  }
  if (total <= limit)
    return;
  llvm::sort(entries, [](const Entry &a, const Entry &b) { return a.used < b.used; });
  for (const Entry &entry : entries) {
    if (total <= limit - limit / 4)
      break;
    (void)llvm::sys::fs::remove(entry.path);
    total -= entry.size;
  }
}

} // namespace nnc::codegen
