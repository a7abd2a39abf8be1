// NumPy files: round trips, what other writers produce, and malformed ones.
#include "nnc/runtime/Npy.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/abi.h"
#include "temporary.h"
#include <catch2/catch.hpp>
#include <cstring>

using namespace nnc::runtime;
using namespace nnc::test;

/// A file of the given version with the given header and data.
static std::string npy(const std::string &header, const std::string &data = "", int version = 1) {
  std::string result = "\x93NUMPY";
  result += static_cast<char>(version);
  result += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    result += static_cast<char>(header.size() >> 8 * i);
  return result + header + data;
}

static std::string message(const std::string &bytes) {
  try {
    parseNpy("f.npy", bytesOf(bytes));
    return "accepted";
  } catch (const nnc::Error &error) {
    return error.what();
  }
}

static std::string header(const std::string &descr, const std::string &shape, const std::string &fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

TEST_CASE("npy round trip") {
  TemporaryFolder folder;
  const float values[] = {1, 2, 3, 4, 5, -0.0f};
  for (const std::vector<int64_t> &dims : {std::vector<int64_t>{6}, {2, 3}, {1, 6, 1}}) {
    writeNpy(folder / "f.npy", NNC_F32, dims, values);
    TensorData read = readNpy(folder / "f.npy");
    CHECK(read.dtype == NNC_F32);
    CHECK(read.dims == dims);
    REQUIRE(read.data.size() == 24);
    CHECK(std::memcmp(read.data.data(), values, 24) == 0);
  }
  writeNpy(folder / "f.npy", NNC_F64, {}, "12345678");
  CHECK(readNpy(folder / "f.npy").dims.empty());
  writeNpy(folder / "f.npy", NNC_U8, std::vector<int64_t>{0, 5}, nullptr);
  CHECK(readNpy(folder / "f.npy").data.size() == 0);
  for (int32_t dtype :
       {NNC_F32, NNC_F64, NNC_F16, NNC_I64, NNC_I32, NNC_I16, NNC_I8, NNC_U8, NNC_BOOL, NNC_U16, NNC_U32, NNC_U64}) {
    writeNpy(folder / "f.npy", dtype, std::vector<int64_t>{1}, "12345678");
    CHECK(readNpy(folder / "f.npy").dtype == dtype);
  }
  CHECK_THROWS_WITH(writeNpy(folder / "f.npy", NNC_BF16, {}, "12"),
                    (folder / "f.npy") + ": cannot write: NumPy has no type bf16");
}

TEST_CASE("the bytes of a .npy file") {
  TemporaryFolder folder;
  writeNpy(folder / "f.npy", NNC_I32, std::vector<int64_t>{1, 1}, "abcd");
  std::string expected = "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 1, ), }";
  expected.resize(128 - 10 - 1, ' ');
  CHECK(slurp(folder / "f.npy") == npy(expected + "\n", "abcd"));
}

TEST_CASE("what other writers produce") {
  CHECK(message(npy(header("<f4", "(2,)"), "12345678")) == "accepted");
  CHECK(message(npy(header("<f4", "(1, 2)"), "12345678", 2)) == "accepted");
  CHECK(message(npy(header("<f4", "()"), "1234", 3)) == "accepted");
  CHECK(message(npy(header("=i8", "(1L,)"), "12345678")) == "accepted");
  CHECK(message(npy(header("<i1", "(1,)"), "1")) == "accepted");
  CHECK(message(npy(R"({"shape":(1,),"descr":"|u1","fortran_order":False})", "1")) == "accepted");

  // columns first: [[0, 1, 2], [3, 4, 5]] is stored as 0 3 1 4 2 5
  TensorData read = parseNpy("f", bytesOf(npy(header("|u1", "(2, 3)", "True"), std::string("\0\3\1\4\2\5", 6))));
  CHECK(std::memcmp(read.data.data(), "\0\1\2\3\4\5", 6) == 0);
  std::string cube(24, '\0');
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k)
        cube[static_cast<size_t>(i + 2 * j + 6 * k)] = static_cast<char>(12 * i + 4 * j + k);
  read = parseNpy("f", bytesOf(npy(header("|u1", "(2, 3, 4)", "True"), cube)));
  for (int i = 0; i < 24; ++i)
    CHECK(static_cast<char *>(read.data.data())[i] == i);
}

TEST_CASE("malformed .npy files") {
  CHECK(message("") == "f.npy: expected a .npy file, which begins with \\x93NUMPY");
  CHECK(message("PK\3\4") == "f.npy: expected a .npy file, which begins with \\x93NUMPY");
  CHECK(message("\x93NUMPY\x01") == "f.npy: truncated: the header does not end");
  CHECK(message(npy("", "", 9)) == "f.npy: expected version 1 to 3, got 9");
  CHECK(message(npy(header("<f4", "(2,)"), "12345678").substr(0, 40)) ==
        "f.npy: truncated: header of 58 bytes, file of 40");
  CHECK(message(std::string("\x93NUMPY\x02\0\xff\xff\xff\xff{}", 14)) ==
        "f.npy: header of 4294967295 bytes is larger than the limit of 1048576");
  CHECK(message(npy(header("<f4", "(2,)"), "1234567")) == "f.npy: truncated: f32 2 takes 8 bytes, the file has 7");
  CHECK(message(npy(header("<f4", "(2,)"), "123456789")) == "f.npy: f32 2 takes 8 bytes, the file has 9");
  CHECK(message(npy(header("<f4", "(4611686018427387905, 4)"), "1234")) ==
        "f.npy: size of f32 4611686018427387905x4 overflows");
  CHECK(message(npy(header("<f4", "(9223372036854775808,)"))) ==
        "f.npy: header byte 51: extent is larger than 9223372036854775807");
  CHECK(message(npy(header("<f4", "(-1,)"))) == "f.npy: header byte 51: expected a non-negative integer");
  CHECK(message(npy(header(">f4", "(1,)"), "1234")) ==
        "f.npy: element type '>f4' is big-endian, expected little-endian");
  CHECK(message(npy(header("<c8", "(1,)"), "12345678")) == "f.npy: element type '<c8' is not supported");
  CHECK(message(npy(header("|O", "(1,)"), "1234")) == "f.npy: element type '|O' is not supported");
  CHECK(message(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}")) ==
        "f.npy: header byte 10: structured types are not supported");
  CHECK(message(npy("{'descr': '<f4', 'shape': (1,)}", "1234")) == "f.npy: header byte 31: no fortran_order");
  CHECK(message(npy("{'descr': '<f4', 'descr': '<f4'}", "1234")) == "f.npy: header byte 25: key given twice");
  CHECK(message(npy("{'order': 'C'}", "1234")) == "f.npy: header byte 9: expected descr, fortran_order or shape");
  CHECK(message(npy("{'descr': '<f4")) == "f.npy: header byte 10: string does not end");
  CHECK(message(npy("{'fortran_order': 1}")) == "f.npy: header byte 18: expected 'False'");
  std::string many = "(";
  for (int i = 0; i < 65; ++i)
    many += "1,";
  CHECK(message(npy(header("|u1", many + ")"), "1")) == "f.npy: header byte 179: shape has more than 64 dimensions");
  CHECK(message(npy(std::string(50000, '('))) == "f.npy: header byte 0: expected '{'");
}
