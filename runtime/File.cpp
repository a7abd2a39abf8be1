#include "nnc/runtime/File.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/embedded/core.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace nnc::runtime {

namespace {
struct Descriptor {
  int number;
  ~Descriptor() { close(number); }
};
} // namespace

static Error cannotRead(const std::string &path, int error) {
  return Error(path + ": cannot read: " + std::strerror(error));
}

static Error tooLarge(const std::string &name, const char *what, int64_t limit) {
  return Error(name + ": " + what + " more than the limit of " + std::to_string(limit) + " bytes");
}

std::vector<std::byte> readFile(const std::string &path, int64_t limit) {
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0)
    throw Error(path + ": cannot open: " + std::strerror(errno));
  struct stat info;
  if (fstat(file.number, &info) != 0)
    throw cannotRead(path, errno);
  if (S_ISDIR(info.st_mode))
    throw cannotRead(path, EISDIR);
  // the size is a hint only: files grow, and pipes have none
  if (info.st_size > limit)
    throw tooLarge(path, "has", limit);
  std::vector<std::byte> bytes(static_cast<size_t>(info.st_size) + 1);
  size_t used = 0;
  for (;;) {
    if (used == bytes.size())
      bytes.resize(used * 2);
    ssize_t got = read(file.number, bytes.data() + used, std::min<size_t>(bytes.size() - used, size_t(1) << 30));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      throw cannotRead(path, errno);
    if (got == 0)
      break;
    used += static_cast<size_t>(got);
    if (used > static_cast<uint64_t>(limit))
      throw tooLarge(path, "has", limit);
  }
  bytes.resize(used);
  return bytes;
}

static bool isGzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

std::vector<std::byte> unpackGzip(const std::string &name, std::span<const std::byte> packed, int64_t limit) {
  if (!isGzip(packed))
    throw Error(name + ": expected gzip data");
  z_stream z{};
  if (inflateInit2(&z, 15 + 16) != Z_OK) // 16: gzip's header and checksum
    throw Error(name + ": out of memory");
  struct End {
    z_stream &z;
    ~End() { inflateEnd(&z); }
  } end{z};
  // Output grows with what was really unpacked: neither the length at the file's end nor the ratio is trusted.
  std::vector<std::byte> bytes(std::min<size_t>(static_cast<size_t>(limit), std::max<size_t>(packed.size() * 4, 4096)));
  size_t taken = 0, used = 0;
  for (;;) {
    if (used == bytes.size() && used < static_cast<uint64_t>(limit))
      bytes.resize(std::min<size_t>(static_cast<size_t>(limit), used * 2));
    std::byte beyond; // at the limit one more byte shows whether there is more
    bool full = used == bytes.size();
    z.next_in = reinterpret_cast<Bytef *>(const_cast<std::byte *>(packed.data() + taken));
    z.avail_in = static_cast<uInt>(std::min<size_t>(packed.size() - taken, 1u << 30));
    z.next_out = reinterpret_cast<Bytef *>(full ? &beyond : bytes.data() + used);
    z.avail_out = full ? 1 : static_cast<uInt>(std::min<size_t>(bytes.size() - used, 1u << 30));
    const uInt in = z.avail_in, out = z.avail_out;
    int status = inflate(&z, Z_NO_FLUSH);
    taken += in - z.avail_in;
    size_t made = out - z.avail_out;
    if (full && made > 0)
      throw tooLarge(name, "unpacks to", limit);
    used += made;
    if (status == Z_STREAM_END) {
      if (taken == packed.size())
        break;
      // another member may follow; anything else does not belong there
      if (!isGzip(packed.subspan(taken)))
        throw Error(name + ": " + std::to_string(packed.size() - taken) + " bytes behind the end of the gzip data");
      if (inflateReset(&z) != Z_OK)
        throw Error(name + ": damaged gzip data");
    } else if (status == Z_BUF_ERROR || (status == Z_OK && taken == packed.size() && made == 0)) {
      throw Error(name + ": truncated gzip data: " + std::to_string(packed.size()) + " bytes unpack to " +
                  std::to_string(used) + " and do not end there");
    } else if (status == Z_MEM_ERROR) {
      throw Error(name + ": out of memory");
    } else if (status != Z_OK) {
      throw Error(name + ": damaged gzip data" + (z.msg ? std::string(": ") + z.msg : ""));
    }
  }
  bytes.resize(used);
  return bytes;
}

std::vector<std::byte> readMaybeGzip(const std::string &path, int64_t limit) {
  std::vector<std::byte> bytes = readFile(path, limit);
  return isGzip(bytes) ? unpackGzip(path, bytes, limit) : bytes;
}

void writeFile(const std::string &path, std::span<const std::byte> bytes) {
  nnc_bytes part{bytes.data(), bytes.size()};
  if (nnc_write_file(path.c_str(), &part, 1) != NNC_OK)
    throw Error(nnc_last_error());
}

} // namespace nnc::runtime
