// IDX files, packed and not, whole and malformed.
#include "nnc/runtime/Idx.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/abi.h"
#include "temporary.h"
#include <catch2/catch.hpp>

using namespace nnc::runtime;
using namespace nnc::test;
using namespace std::string_literals;

static std::string message(const std::string &bytes) {
  try {
    parseIdx("f", bytesOf(bytes));
    return "accepted";
  } catch (const nnc::Error &error) {
    return error.what();
  }
}

TEST_CASE("idx of bytes") {
  TemporaryFolder folder;
  put(folder / "f", "\0\0\x08\x02\0\0\0\x02\0\0\0\x03"
                    "abcdef"s);
  TensorData read = readIdx(folder / "f");
  CHECK(read.dtype == NNC_U8);
  CHECK(read.dims == std::vector<int64_t>{2, 3});
  CHECK(std::string(static_cast<char *>(read.data.data()), 6) == "abcdef");
}

TEST_CASE("idx of wider elements is big-endian") {
  TensorData read = parseIdx("f", bytesOf("\0\0\x0c\x01\0\0\0\x02\0\0\0\x07\xff\xff\xff\xfe"s));
  CHECK(read.dtype == NNC_I32);
  CHECK(static_cast<int32_t *>(read.data.data())[0] == 7);
  CHECK(static_cast<int32_t *>(read.data.data())[1] == -2);
  read = parseIdx("f", bytesOf("\0\0\x0d\x01\0\0\0\x01\x3f\x80\0\0"s));
  CHECK(*static_cast<float *>(read.data.data()) == 1.0f);
  read = parseIdx("f", bytesOf("\0\0\x0e\x01\0\0\0\x01\x3f\xf0\0\0\0\0\0\0"s));
  CHECK(*static_cast<double *>(read.data.data()) == 1.0);
  read = parseIdx("f", bytesOf("\0\0\x0b\x01\0\0\0\x01\x01\x02"s));
  CHECK(*static_cast<int16_t *>(read.data.data()) == 0x102);
}

TEST_CASE("malformed idx") {
  CHECK(message("") == "f: truncated: expected at least 4 bytes, got 0");
  CHECK(message("PNG!") == "f: expected an IDX file, which begins with two zero bytes");
  CHECK(message("\0\0\x07\x01"s) == "f: unknown element type 7");
  CHECK(message("\0\0\x08\xff"s) == "f: expected at most 64 dimensions, got 255");
  CHECK(message("\0\0\x08\x02\0\0\0\x02"s) == "f: truncated: header of 12 bytes, file of 8");
  CHECK(message("\0\0\x08\x01\0\0\0\x02x"s) == "f: truncated: u8 2 takes 2 bytes, the file has 1");
  CHECK(message("\0\0\x08\x01\0\0\0\x02xyz"s) == "f: u8 2 takes 2 bytes, the file has 3");
  // extents whose product wraps around
  CHECK(message("\0\0\x08\x03\x80\0\0\0\x80\0\0\0\0\0\0\x04"s) == "f: size of u8 2147483648x2147483648x4 overflows");
  CHECK(message("\0\0\x08\x02\xff\xff\xff\xff\x00\x10\0\0"s) ==
        "f: truncated: u8 4294967295x1048576 takes 4503599626321920 bytes, the file has 0");
}
