// Whole files: replacing without losing the old one, reading within limits, gzip.
#include "nnc/runtime/File.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/SafeTensors.h"
#include "temporary.h"
#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

using namespace nnc::runtime;
using namespace nnc::test;

static std::string gzip(std::string_view text) {
  std::string packed(compressBound(text.size()) + 64, '\0');
  z_stream z{};
  REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  z.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef *>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  packed.resize(z.total_out);
  deflateEnd(&z);
  return packed;
}

static std::string unpack(std::string_view packed, int64_t limit = defaultFileLimit) {
  auto bytes = unpackGzip("f.gz", bytesOf(packed), limit);
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

TEST_CASE("a file is replaced as a whole") {
  TemporaryFolder folder;
  writeFile(folder / "f", bytesOf("old"));
  CHECK(slurp(folder / "f") == "old");
  writeFile(folder / "f", bytesOf("new and longer"));
  CHECK(slurp(folder / "f") == "new and longer");
  writeFile(folder / "f", {});
  CHECK(slurp(folder / "f").empty());
  CHECK(folder.files() == 1);
}

TEST_CASE("a replaced file keeps its mode, and a link stays a link") {
  TemporaryFolder folder;
  put(folder / "f", "old");
  REQUIRE(chmod((folder / "f").c_str(), 0640) == 0);
  std::filesystem::create_symlink("f", folder / "link");
  writeFile(folder / "link", bytesOf("new"));
  CHECK(slurp(folder / "f") == "new");
  CHECK(std::filesystem::is_symlink(folder / "link"));
  struct stat info;
  REQUIRE(stat((folder / "f").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0640);
  CHECK(folder.files() == 2);
}

TEST_CASE("a name as long as the system allows, and one without a folder") {
  TemporaryFolder folder;
  std::string name(255, 'n');
  writeFile(folder / name, bytesOf("x"));
  CHECK(slurp(folder / name) == "x");
  auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path);
  writeFile("plain", bytesOf("y"));
  std::filesystem::current_path(before);
  CHECK(slurp(folder / "plain") == "y");
}

TEST_CASE("places that cannot be written") {
  TemporaryFolder folder;
  CHECK_THROWS_WITH(writeFile(folder / "no/f", bytesOf("x")),
                    (folder / "no/f") + ": cannot write: No such file or directory");
  CHECK_THROWS_WITH(writeFile(folder.path.string(), bytesOf("x")),
                    folder.path.string() + ": cannot write: Is a directory");
}

TEST_CASE("a full disk") {
  // a device is written to directly: the rename must never replace it
  CHECK_THROWS_WITH(writeFile("/dev/full", bytesOf("x")), "/dev/full: cannot write: No space left on device");
  struct stat info;
  REQUIRE(stat("/dev/full", &info) == 0);
  CHECK(S_ISCHR(info.st_mode));
  const float value = 1;
  CHECK_THROWS_WITH(writeSafeTensors("/dev/full", {{"a", {NNC_F32, {}, std::as_bytes(std::span(&value, 1))}}}),
                    "/dev/full: cannot write: No space left on device");

  // a limit on the size of files fails in the middle of a write, as a disk does that fills up
  TemporaryFolder folder;
  std::vector<float> small(8, 1), large(1 << 18, 2);
  auto save = [&](const std::vector<float> &v) {
    writeSafeTensors(folder / "f", {{"a", {NNC_F32, {static_cast<int64_t>(v.size())}, std::as_bytes(std::span(v))}}});
  };
  save(small);
  const std::string old = slurp(folder / "f");
  rlimit before;
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit low = before;
  low.rlim_cur = 65536;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &low) == 0);
  std::string message;
  try {
    save(large);
  } catch (const nnc::Error &error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(message == (folder / "f") + ": cannot write: File too large");
  CHECK(slurp(folder / "f") == old);
  CHECK(folder.files() == 1); // nothing is left beside it
}

TEST_CASE("reading within a limit") {
  TemporaryFolder folder;
  put(folder / "f", "12345");
  CHECK(readFile(folder / "f", 5).size() == 5);
  CHECK_THROWS_WITH(readFile(folder / "f", 4), (folder / "f") + ": has more than the limit of 4 bytes");
  CHECK_THROWS_WITH(readFile("/dev/zero", 100000), "/dev/zero: has more than the limit of 100000 bytes");
  CHECK_THROWS_WITH(readFile(folder / "none"), (folder / "none") + ": cannot open: No such file or directory");
  CHECK_THROWS_WITH(readFile(folder.path.string()), folder.path.string() + ": cannot read: Is a directory");
}

TEST_CASE("gzip") {
  std::string text;
  for (int i = 0; i < 50000; ++i)
    text += std::to_string(i * 7919 % 1000) + ' ';
  CHECK(unpack(gzip(text)) == text);
  CHECK(unpack(gzip("")) == "");
  CHECK(unpack(gzip("one") + gzip("") + gzip("two")) == "onetwo");
  CHECK(unpack(gzip(text), static_cast<int64_t>(text.size())) == text);

  TemporaryFolder folder;
  put(folder / "f.gz", gzip(text));
  CHECK(readMaybeGzip(folder / "f.gz").size() == text.size());
  put(folder / "f", text);
  CHECK(readMaybeGzip(folder / "f").size() == text.size());
}

TEST_CASE("damaged gzip") {
  CHECK_THROWS_WITH(unpack("hello"), "f.gz: expected gzip data");
  CHECK_THROWS_WITH(unpack(""), "f.gz: expected gzip data");
  const std::string good = gzip("some text that is packed");
  for (size_t size = 2; size < good.size(); ++size)
    CHECK_THROWS_WITH(unpack(good.substr(0, size)),
                      Catch::StartsWith("f.gz: truncated gzip data: " + std::to_string(size) + " bytes unpack to "));
  CHECK_THROWS_WITH(unpack(good + "x"), "f.gz: 1 bytes behind the end of the gzip data");
  std::string wrong = good;
  wrong[good.size() - 6] ^= 1; // the checksum
  CHECK_THROWS_WITH(unpack(wrong), "f.gz: damaged gzip data: incorrect data check");
  wrong = good;
  wrong[2] = 7;
  CHECK_THROWS_WITH(unpack(wrong), "f.gz: damaged gzip data: unknown compression method");
}

TEST_CASE("gzip that unpacks to more than is allowed") {
  const std::string bomb = gzip(std::string(10000000, '\0'));
  CHECK(bomb.size() < 20000);
  CHECK_THROWS_WITH(unpack(bomb, 1000000), "f.gz: unpacks to more than the limit of 1000000 bytes");
  CHECK_THROWS_WITH(unpack(bomb, 9999999), "f.gz: unpacks to more than the limit of 9999999 bytes");
  CHECK(unpack(bomb, 10000000).size() == 10000000);
}
