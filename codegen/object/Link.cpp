// LLD takes paths, so inputs are anonymous files named by /proc/self/fd. Its output to anything but a regular file is
// written in one piece, so a pipe gives the bytes without a temporary file.
#include "nnc/codegen/object/Link.h"
#include "lld/Common/Driver.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <mutex>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

namespace nnc::codegen {

static llvm::Error failure(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

namespace {

// A descriptor of our own, and the path it has for everybody in this process.
struct Descriptor {
  int number = -1;
  Descriptor() = default;
  explicit Descriptor(int number) : number(number) {}
  Descriptor(Descriptor &&other) : number(std::exchange(other.number, -1)) {}
  ~Descriptor() { reset(); }
  void reset() {
    if (number >= 0)
      close(number);
    number = -1;
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(number); }
};

} // namespace

static llvm::Expected<Descriptor> anonymousFile(const char *name, llvm::StringRef bytes) {
  Descriptor file(memfd_create(name, MFD_CLOEXEC));
  if (file.number < 0)
    return failure("cannot link: memfd_create: " + llvm::sys::StrError());
  while (!bytes.empty()) {
    ssize_t written = llvm::sys::RetryAfterSignal(-1, write, file.number, bytes.data(), bytes.size());
    if (written < 0)
      return failure("cannot link: " + llvm::sys::StrError());
    bytes = bytes.drop_front(written);
  }
  return file;
}

// The file of a library this process runs with: it is all that is needed to bind to versioned symbols. Asked by name,
// as the address of a function may be that of a sanitizer's interceptor.
static std::string pathOf(const char *soname) {
  void *library = dlopen(soname, RTLD_LAZY | RTLD_NOLOAD);
  if (!library)
    return "";
  link_map *map = nullptr;
  std::string path = dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 ? map->l_name : "";
  dlclose(library);
  return path;
}

// LLD keeps global state: one link at a time.
static llvm::Error link(llvm::ArrayRef<LinkInput> inputs, const LinkOptions &options, const std::string &output) {
  std::vector<llvm::NewArchiveMember> members;
  for (const LinkInput &input : inputs)
    members.emplace_back(llvm::MemoryBufferRef(input.bytes, input.name));
  auto archive = llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NoSymtab, llvm::object::Archive::K_GNU,
                                            /*Deterministic=*/true, /*Thin=*/false);
  if (!archive)
    return archive.takeError();
  auto objects = anonymousFile("objects", (*archive)->getBuffer());
  if (!objects)
    return objects.takeError();
  std::string script = "{ global: ";
  for (const std::string &name : options.exports)
    script += name + "; ";
  auto exports = anonymousFile("exports", script + "local: *; };\n");
  if (!exports)
    return exports.takeError();

  llvm::Triple triple(options.triple);
  std::vector<std::string> arguments = {"ld.lld",
                                        "-shared",
                                        "-m",
                                        triple.isAArch64() ? "aarch64linux" : "elf_x86_64",
                                        "--threads=1",
                                        "--gc-sections",
                                        "-z",
                                        "now",
                                        "-z",
                                        "relro",
                                        "-z",
                                        "noexecstack",
                                        "-z",
                                        "defs",
                                        "--build-id=none",
                                        "--hash-style=gnu",
                                        "--strip-all",
                                        "--version-script=" + exports->path(),
                                        "-o",
                                        output,
                                        "--whole-archive",
                                        objects->path(),
                                        "--no-whole-archive",
                                        "--as-needed"};
  if (!options.soname.empty()) {
    arguments.push_back("-soname");
    arguments.push_back(options.soname);
  }
  // the loader is a part of glibc: thread-local variables call it
  for (const char *soname :
       {"libm.so.6", "libc.so.6", triple.isAArch64() ? "ld-linux-aarch64.so.1" : "ld-linux-x86-64.so.2"})
    if (std::string path = pathOf(soname); !path.empty())
      arguments.push_back(path);

  std::vector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string text;
  llvm::raw_string_ostream messages(text);
  static std::mutex mutex;
  static bool usable = true;
  std::lock_guard lock(mutex);
  if (!usable)
    return failure("cannot link: an earlier link failed beyond repair");
  lld::Result result = lld::lldMain(pointers, llvm::nulls(), messages, {{lld::Gnu, &lld::elf::link}});
  usable = result.canRunAgain;
  if (result.retCode != 0 || !result.canRunAgain) {
    for (size_t at; (at = text.find("ld.lld: error: ")) != std::string::npos;)
      text.erase(at, strlen("ld.lld: error: "));
    return failure("cannot link: " + llvm::StringRef(text).rtrim());
  }
  return llvm::Error::success();
}

llvm::Expected<llvm::SmallVector<char, 0>> linkToMemory(llvm::ArrayRef<LinkInput> inputs, const LinkOptions &options) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return failure("cannot link: pipe: " + llvm::sys::StrError());
  Descriptor read(ends[0]), write(ends[1]);
  llvm::SmallVector<char, 0> bytes;
  std::thread reader([&] {
    for (size_t size = 0;;) {
      bytes.resize_for_overwrite(size + (1 << 16));
      ssize_t count = llvm::sys::RetryAfterSignal(-1, ::read, read.number, bytes.data() + size, size_t(1) << 16);
      size += std::max<ssize_t>(count, 0);
      if (count <= 0)
        return bytes.truncate(size);
    }
  });
  llvm::Error error = link(inputs, options, write.path());
  write.reset(); // the last writer: the reader sees the end
  reader.join();
  if (error)
    return std::move(error);
  return bytes;
}

} // namespace nnc::codegen
