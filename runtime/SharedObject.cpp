#include "nnc/runtime/SharedObject.h"
#include "nnc/runtime/Error.h"
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace nnc::runtime {

/// The loader's message without the path it begins with, which for objects in memory means nothing to anybody.
static std::string loaderError(const std::string &path) {
  const char *message = dlerror();
  std::string text = message ? message : "unknown error";
  return text.starts_with(path + ": ") ? text.substr(path.size() + 2) : text;
}

/// The loader maps what an object's headers promise, and whoever touches a page behind the end of a file is killed by
/// the system: so a file that was cut, by a full disk or a broken transfer, must be noticed before. What is no ELF
/// object at all, or of another machine, the loader refuses with a message of its own.
static void checkComplete(const std::string &name, const std::string &path) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return;
  struct Close {
    int descriptor;
    ~Close() { close(descriptor); }
  } closer{descriptor};
  struct stat info;
  ElfW(Ehdr) header;
  if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode) ||
      pread(descriptor, &header, sizeof header, 0) != ssize_t(sizeof header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(ElfW(Phdr)))
    return;
  const auto size = static_cast<uint64_t>(info.st_size);
  auto need = [&](uint64_t offset, uint64_t bytes) {
    if (offset > size || bytes > size - offset)
      throw Error(name + ": cannot load: truncated: the object takes at least " +
                  (offset + bytes < offset ? "2^64" : std::to_string(offset + bytes)) + " bytes, the file has " +
                  std::to_string(size));
  };
  need(header.e_phoff, uint64_t(header.e_phnum) * sizeof(ElfW(Phdr)));
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment;
    if (pread(descriptor, &segment, sizeof segment, off_t(header.e_phoff + i * sizeof segment)) !=
        ssize_t(sizeof segment))
      throw Error(name + ": cannot load: " + std::strerror(errno));
    if (segment.p_type == PT_LOAD || segment.p_type == PT_DYNAMIC)
      need(segment.p_offset, segment.p_filesz);
  }
}

static void *load(const std::string &name, const std::string &path) {
  checkComplete(name, path);
  void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    throw Error(name + ": cannot load: " + loaderError(path));
  return handle;
}

/// dlopen searches the system's folders for a name without a slash; a file of the user's is what is meant.
static std::string asFile(const std::string &path) { return path.find('/') == std::string::npos ? "./" + path : path; }

SharedObject::SharedObject(const std::string &path) : SharedObject(path, load(path, asFile(path))) {}

SharedObject::SharedObject(std::string objectName, void *loaded) : name(std::move(objectName)), handle(loaded) {
  auto fail = [&](const std::string &what) {
    dlclose(handle);
    throw Error(name + ": " + what);
  };
  auto entry = reinterpret_cast<nnc_module_entry>(dlsym(handle, NNC_MODULE_ENTRY));
  if (!entry)
    fail("not an object made by nnc: it does not export " NNC_MODULE_ENTRY);
  table = entry();
  if (!table)
    fail("not an object made by nnc: " NNC_MODULE_ENTRY " returns null");
  if (table->abi_version != NNC_ABI_VERSION)
    fail("ABI version " + std::to_string(table->abi_version) + ", this runtime understands " +
         std::to_string(NNC_ABI_VERSION));
  constexpr size_t least = offsetof(nnc_module, sources); // what every module of this version has
  if (table->bytes < least)
    fail("module table of " + std::to_string(table->bytes) + " bytes, expected at least " + std::to_string(least));
}

SharedObject SharedObject::fromDescriptor(const std::string &name, int descriptor) {
  // The loader takes two equal paths for one object, and numbers of descriptors are used again. So each path is spelt
  // differently: the bits of a counter as "/." or "/".
  static std::atomic<uint64_t> counter{0};
  std::string path = "/proc/self";
  for (uint64_t bits = ++counter; bits; bits >>= 1)
    path += bits & 1 ? "/." : "/";
  path += "/fd/" + std::to_string(descriptor);
  return SharedObject(name, load(name, path));
}

static int temporaryFile() {
  const char *folder = std::getenv("TMPDIR");
  std::string path = std::string(folder && *folder ? folder : "/tmp") + "/nnc-XXXXXX";
  int descriptor = mkostemp(path.data(), O_CLOEXEC);
  if (descriptor >= 0)
    unlink(path.c_str());
  return descriptor;
}

SharedObject SharedObject::fromBytes(const std::string &name, std::span<const std::byte> bytes) {
  int descriptor = memfd_create(name.substr(0, 200).c_str(), MFD_CLOEXEC);
  if (descriptor < 0)
    descriptor = temporaryFile();
  if (descriptor < 0)
    throw Error(name + ": cannot load: " + std::strerror(errno));
  struct Close {
    int descriptor;
    ~Close() { close(descriptor); }
  } closer{descriptor};
  for (size_t done = 0; done < bytes.size();) {
    ssize_t written = write(descriptor, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      throw Error(name + ": cannot load: " + std::strerror(errno));
    done += static_cast<size_t>(written);
  }
  return fromDescriptor(name, descriptor);
}

SharedObject::~SharedObject() {
  if (handle)
    dlclose(handle);
}

SharedObject::SharedObject(SharedObject &&other) noexcept
    : name(std::move(other.name)), handle(std::exchange(other.handle, nullptr)),
      table(std::exchange(other.table, nullptr)) {}

SharedObject &SharedObject::operator=(SharedObject &&other) noexcept {
  std::swap(name, other.name);
  std::swap(handle, other.handle);
  std::swap(table, other.table);
  return *this;
}

int32_t SharedObject::function(std::string_view wanted) const {
  std::string known;
  for (const nnc_function &f : functions()) {
    if (f.name == wanted)
      return static_cast<int32_t>(&f - table->functions);
    known += (known.empty() ? "" : ", ") + std::string(f.name);
  }
  throw Error(name + ": no function '" + std::string(wanted) + "', there are: " + known);
}

const char *SharedObject::sources(const nnc_launch &launch) const {
  bool known = table->bytes >= sizeof(nnc_module) && launch.source > 0 && launch.source < table->source_count;
  return known ? table->sources[launch.source] : "";
}

void SharedObject::invoke(int32_t number, void *const *arguments, void *const *results, void *workspace,
                          const nnc_options *options) const {
  if (table->services->invoke(table, number, arguments, results, workspace, options) != NNC_OK)
    throw Error(table->services->last_error());
}

void *SharedObject::symbol(const char *symbolName) const { return dlsym(handle, symbolName); }

} // namespace nnc::runtime
