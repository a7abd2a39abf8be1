// Readers of untrusted files against thousands of damaged ones: each is read or refused with nnc::Error, and under
// AddressSanitizer nothing is touched that is not the file's. The mutations are the same in each run.
#include "nnc/runtime/Error.h"
#include "nnc/runtime/File.h"
#include "nnc/runtime/Idx.h"
#include "nnc/runtime/Npy.h"
#include "nnc/runtime/SafeTensors.h"
#include "temporary.h"
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <memory>
#include <zlib.h>

using namespace nnc::runtime;
using namespace nnc::test;

namespace {
class Random {
public:
  explicit Random(uint64_t seed) : state(seed * 0x9e3779b97f4a7c15 + 1) {}
  size_t below(size_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return n ? static_cast<size_t>(state >> 11) % n : 0;
  }

private:
  uint64_t state;
};
} // namespace

/// Words that mean something to some reader: extremes, brackets, pieces of headers.
static const std::vector<std::string> words = {"0",
                                               "-1",
                                               "9223372036854775807",
                                               "18446744073709551616",
                                               "4294967296",
                                               "[",
                                               "]",
                                               "{",
                                               "}",
                                               "(",
                                               ")",
                                               ",",
                                               ":",
                                               "\"",
                                               "'",
                                               "\\",
                                               "\\u0000",
                                               "\\ud800",
                                               "\"dtype\":",
                                               "\"shape\":",
                                               "\"data_offsets\":",
                                               "\"__metadata__\":{}",
                                               "F64",
                                               "U8",
                                               "[0,0]",
                                               "True",
                                               "False",
                                               "<f8",
                                               std::string(1, '\0'),
                                               "\xff\xff\xff\xff",
                                               "\x7f\xff\xff\xff",
                                               "\x80",
                                               "\x1f\x8b"};

static std::string mutate(std::string bytes, Random &random) {
  for (size_t edits = 1 + random.below(4); edits > 0; --edits) {
    size_t at = random.below(bytes.size() + 1), length = random.below(std::min<size_t>(bytes.size() - at, 16) + 1);
    switch (random.below(7)) {
    case 0: // one bit
      if (at < bytes.size())
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << random.below(8));
      break;
    case 1: // one byte
      if (at < bytes.size())
        bytes[at] = static_cast<char>(random.below(256));
      break;
    case 2: // cut the end
      bytes.resize(at);
      break;
    case 3: // take out
      bytes.erase(at, length);
      break;
    case 4: // double
      bytes.insert(at, bytes.substr(at, length));
      break;
    case 5: // put in a word
      bytes.insert(at, words[random.below(words.size())]);
      break;
    case 6: // write a word over
      bytes.replace(at, length, words[random.below(words.size())]);
      break;
    }
  }
  return bytes;
}

/// Reads `rounds` mutations of each seed; `read` returns something computed from all that was read.
static void fuzz(const std::vector<std::string> &seeds, int rounds,
                 const std::function<size_t(std::span<const std::byte>)> &read) {
  size_t accepted = 0, refused = 0;
  for (size_t seed = 0; seed < seeds.size(); ++seed)
    for (int round = 0; round < rounds; ++round) {
      Random random(seed * 1000003 + static_cast<size_t>(round));
      std::string bytes = round == 0 ? seeds[seed] : mutate(seeds[seed], random);
      // an allocation of exactly the size, so that the first byte behind it is poisoned
      std::unique_ptr<std::byte[]> exact(new std::byte[bytes.size()]);
      std::memcpy(exact.get(), bytes.data(), bytes.size());
      try {
        volatile size_t sink = read({exact.get(), bytes.size()});
        (void)sink;
        ++accepted;
      } catch (const nnc::Error &error) {
        REQUIRE(std::string(error.what()).starts_with("f: "));
        ++refused;
      }
    }
  // the seeds themselves are good, and the mutations do reach the checks
  CHECK(accepted >= seeds.size());
  CHECK(refused > seeds.size() * static_cast<size_t>(rounds) / 4);
}

static size_t sum(std::span<const std::byte> bytes) {
  size_t result = 0;
  for (std::byte b : bytes)
    result += std::to_integer<size_t>(b);
  return result;
}

static size_t sum(const TensorData &t) {
  return sum({static_cast<const std::byte *>(t.data.data()), static_cast<size_t>(t.data.size())}) + t.dims.size();
}

static std::string lengthOf(const std::string &header) {
  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i)
    length[i] = static_cast<char>(header.size() >> 8 * i);
  return length;
}

TEST_CASE("damaged safetensors") {
  std::vector<std::string> seeds;
  for (
      std::string header :
      {R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"I64","shape":[],"data_offsets":[16,24]}}  )",
       R"({"\u00e4\ud83d\ude00":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"z":{"dtype":"F16","shape":[0],"data_offsets":[4,4]},"y":{"dtype":"BF16","shape":[5,2],"data_offsets":[4,24]}})"})
    seeds.push_back(lengthOf(header) + header + std::string(24, 'd'));
  auto read = [](std::span<const std::byte> bytes) {
    SafeTensors file("f", bytes);
    size_t result = file.metadata().size();
    for (const auto &[name, t] : file.tensors())
      result += sum(t.data) + name.size() + t.dims.size();
    return result;
  };
  // one more without data, so that a length that is a little too large leaves the file
  auto withBare = seeds;
  const std::string bare = R"({"e":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})";
  withBare.push_back(lengthOf(bare) + bare);
  fuzz(withBare, 6000, read);
  // mutations of the header with its length put right, which get past the first check
  int accepted = 0;
  for (const std::string &seed : seeds)
    for (int round = 0; round < 6000; ++round) {
      Random random(77 + static_cast<size_t>(round));
      std::string header = mutate(seed.substr(8, seed.size() - 32), random), bytes = lengthOf(header) + header;
      // every other file ends with its header, so that reading on behind the header leaves the allocation
      if (round % 2)
        bytes += seed.substr(seed.size() - 24);
      std::unique_ptr<std::byte[]> exact(new std::byte[bytes.size()]);
      std::memcpy(exact.get(), bytes.data(), bytes.size());
      try {
        read({exact.get(), bytes.size()});
        ++accepted;
      } catch (const nnc::Error &) {
      }
    }
  CHECK(accepted > 0);
}

TEST_CASE("damaged npy") {
  TemporaryFolder folder;
  std::vector<std::string> seeds;
  const float values[6] = {1, 2, 3, 4, 5, 6};
  writeNpy(folder / "f", 1, std::vector<int64_t>{2, 3}, values);
  seeds.push_back(slurp(folder / "f"));
  std::string fortran = seeds[0];
  fortran.replace(fortran.find("False"), 5, "True ");
  seeds.push_back(fortran);
  std::string second = seeds[0]; // version 2 has two more bytes of length
  second[6] = 2;
  second.insert(10, 2, '\0');
  seeds.push_back(second);
  fuzz(seeds, 4000, [](std::span<const std::byte> bytes) { return sum(parseNpy("f", bytes)); });
}

TEST_CASE("damaged idx") {
  using namespace std::string_literals;
  fuzz({"\0\0\x08\x02\0\0\0\x02\0\0\0\x03"
        "abcdef"s,
        "\0\0\x0e\x01\0\0\0\x01"
        "abcdefgh"s},
       4000, [](std::span<const std::byte> bytes) { return sum(parseIdx("f", bytes)); });
}

TEST_CASE("damaged gzip files") {
  TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += std::to_string(i * i % 91);
  gzFile file = gzopen((folder / "f").c_str(), "wb");
  REQUIRE(file);
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  fuzz({slurp(folder / "f")}, 4000,
       [](std::span<const std::byte> bytes) { return sum(unpackGzip("f", bytes, 100000)); });
}
