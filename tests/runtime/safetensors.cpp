// safetensors: round trips, the bytes written, and every kind of hostile file with its message.
#include "nnc/runtime/SafeTensors.h"
#include "nnc/runtime/Error.h"
#include "temporary.h"
#include <catch2/catch.hpp>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

using namespace nnc::runtime;
using namespace nnc::test;

using Tensors = std::map<std::string, TensorView, std::less<>>;

/// A file: the header's length, the header, the data.
static std::string file(const std::string &header, const std::string &data = "") {
  std::string result(8, '\0');
  for (size_t i = 0; i < 8; ++i)
    result[i] = static_cast<char>(header.size() >> 8 * i);
  return result + header + data;
}

static std::string message(const std::string &bytes) {
  try {
    SafeTensors tensors("f", bytesOf(bytes));
    return "accepted";
  } catch (const nnc::Error &error) {
    return error.what();
  }
}

/// One tensor "a" with the given fields.
static std::string tensor(const std::string &fields) { return "{\"a\":{" + fields + "}}"; }

TEST_CASE("round trip") {
  TemporaryFolder folder;
  std::vector<float> weight(12, 1.5f);
  std::vector<int64_t> step{41};
  std::vector<uint8_t> mask{1, 0, 1};
  weight[5] = -0.0f;
  Tensors tensors;
  tensors["fc.weight"] = {NNC_F32, {3, 4}, std::as_bytes(std::span(weight))};
  tensors["step"] = {NNC_I64, {}, std::as_bytes(std::span(step))};
  tensors["mask \"\\\n\u00e4"] = {NNC_BOOL, {3}, std::as_bytes(std::span(mask))};
  tensors["empty"] = {NNC_F64, {0, 7}, {}};
  writeSafeTensors(folder / "t.safetensors", tensors, {{"format", "pt"}, {"note", "\t\u20ac"}});

  SafeTensors read(folder / "t.safetensors");
  REQUIRE(read.tensors().size() == 4);
  for (const auto &[name, t] : tensors) {
    CAPTURE(name);
    const TensorView *got = read.find(name);
    REQUIRE(got);
    CHECK(got->dtype == t.dtype);
    CHECK(got->dims == t.dims);
    REQUIRE(got->data.size() == t.data.size());
    CHECK((t.data.empty() || std::memcmp(got->data.data(), t.data.data(), t.data.size()) == 0));
  }
  CHECK(read.find("fc.bias") == nullptr);
  CHECK(read.metadata() == std::map<std::string, std::string, std::less<>>{{"format", "pt"}, {"note", "\t\u20ac"}});
  // data begins aligned, so that a mapped file's tensors are
  CHECK(reinterpret_cast<uintptr_t>(read.find("step")->data.data()) % 64 == 0);

  SafeTensors moved = std::move(read);
  CHECK(moved.find("step"));
}

TEST_CASE("all element types") {
  TemporaryFolder folder;
  const std::byte data[16] = {};
  const int64_t sizes[] = {4, 8, 2, 2, 8, 4, 1, 1, 1, 2, 2, 4, 8, 1, 1};
  Tensors tensors;
  for (int32_t dtype = NNC_F32; dtype <= NNC_F8_E4M3; ++dtype)
    tensors[std::to_string(dtype)] = {dtype, {2}, {data, static_cast<size_t>(2 * sizes[dtype - 1])}};
  writeSafeTensors(folder / "t", tensors);
  SafeTensors read(folder / "t");
  for (const auto &[name, t] : tensors)
    CHECK(read.find(name)->dtype == t.dtype);
}

TEST_CASE("the bytes written") {
  TemporaryFolder folder;
  const float a = 1, b[] = {2, 3};
  const double d = 4;
  Tensors tensors;
  tensors["b"] = {NNC_F32, {2}, std::as_bytes(std::span(b))};
  tensors["a"] = {NNC_F32, {}, std::as_bytes(std::span(&a, 1))};
  tensors["d"] = {NNC_F64, {1, 1}, std::as_bytes(std::span(&d, 1))};
  writeSafeTensors(folder / "t", tensors, {{"format", "pt"}});
  std::string header = R"({"__metadata__":{"format":"pt"},"d":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]},)"
                       R"("a":{"dtype":"F32","shape":[],"data_offsets":[8,12]},)"
                       R"("b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}})";
  header.resize((header.size() + 8 + 63) / 64 * 64 - 8, ' ');
  std::string data(20, '\0');
  std::memcpy(data.data(), &d, 8);
  std::memcpy(data.data() + 8, &a, 4);
  std::memcpy(data.data() + 12, b, 8);
  CHECK(slurp(folder / "t") == file(header, data));
}

TEST_CASE("files that are fine") {
  CHECK(message(file("{}")) == "accepted");
  CHECK(message(file("{}   ")) == "accepted");
  CHECK(message(file(" {\n} ")) == "accepted");
  CHECK(message(file(R"({"__metadata__":{}})")) == "accepted");
  CHECK(message(file(R"({"a":{"shape":[2, 1],"data_offsets":[0,8],"dtype":"F32"}})", "12345678")) == "accepted");
  CHECK(message(file(R"({"\u00e4\ud83d\ude00":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})")) == "accepted");
  // an extent of zero forgives an overflow of the others
  CHECK(message(file(tensor(R"("dtype":"F32","shape":[0,9223372036854775807,9],"data_offsets":[0,0])"))) == "accepted");
}

TEST_CASE("truncated files and lengths that lie") {
  CHECK(message("") == "f: truncated: expected at least 8 bytes, got 0");
  CHECK(message("1234567") == "f: truncated: expected at least 8 bytes, got 7");
  CHECK(message(std::string(8, '\xff')) ==
        "f: header of 18446744073709551615 bytes is larger than the limit of 100000000");
  std::string long_(8, '\0');
  long_[3] = 0x06; // 0x06000000 = 100663296
  CHECK(message(long_ + "{}") == "f: header of 100663296 bytes is larger than the limit of 100000000");
  CHECK(message(file("{}").substr(0, 9)) == "f: truncated: header of 2 bytes, file of 9");
  CHECK(message(file("")) == "f: header byte 0: expected '{', got the end of the header");
  const std::string good = file(tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])"), "12345678");
  CHECK(message(good) == "accepted");
  CHECK(message(good.substr(0, good.size() - 1)) ==
        "f: tensor 'a': data_offsets [0, 8] are not inside the data of 7 bytes");
  CHECK(message(good + "x") == "f: tensors take 8 bytes, the data has 9");
  for (size_t size = 0; size < good.size(); ++size)
    CHECK(message(good.substr(0, size)) != "accepted");
}

TEST_CASE("a header of 100 MB") {
  // the limit itself is accepted: one byte more is not
  std::string header = "{}";
  header.resize(100000000, ' ');
  CHECK(message(file(header)) == "accepted");
  header += ' ';
  CHECK(message(file(header)) == "f: header of 100000001 bytes is larger than the limit of 100000000");
  // all brackets: nothing recurses
  CHECK(message(file(std::string(100000000, '['))) == "f: header byte 0: expected '{', got '['");
}

TEST_CASE("deep nesting") {
  CHECK(message(file("{\"a\":" + std::string(1000000, '['))) == "f: header byte 5: expected '{', got '['");
  CHECK(message(file("{\"a\":{\"shape\":" + std::string(1000000, '['))) ==
        "f: header byte 15: expected a non-negative integer, got '['");
  std::string nested;
  for (int i = 0; i < 100000; ++i)
    nested += "{\"a\":";
  CHECK(message(file(nested)) == "f: tensor 'a': unknown field 'a'");
  CHECK(message(file(R"({"__metadata__":{"a":{)")) == "f: header byte 21: expected a string, got '{'");
}

TEST_CASE("offsets that do not fit") {
  CHECK(message(file(tensor(R"("dtype":"U8","shape":[2],"data_offsets":[2,0])"), "ab")) ==
        "f: tensor 'a': data_offsets [2, 0] are not inside the data of 2 bytes");
  CHECK(message(file(tensor(R"("dtype":"U8","shape":[2],"data_offsets":[1,3])"), "ab")) ==
        "f: tensor 'a': data_offsets [1, 3] are not inside the data of 2 bytes");
  CHECK(message(file(tensor(R"("dtype":"U8","shape":[2],"data_offsets":[9223372036854775806,9223372036854775807])"),
                     "ab")) ==
        "f: tensor 'a': data_offsets [9223372036854775806, 9223372036854775807] are not inside the data of 2 bytes");
  CHECK(message(file(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                     R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                     "123456")) == "f: tensor 'b': data_offsets [2, 6] overlap those of another tensor");
  CHECK(message(file(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                     R"("b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
                     "1234")) == "f: tensor 'b': data_offsets [0, 4] overlap those of another tensor");
  CHECK(message(file(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                     R"("b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}})",
                     "123456")) == "f: tensor 'b': data_offsets [4, 6] leave a hole behind byte 2");
}

TEST_CASE("shapes and types that do not fit") {
  CHECK(message(file(tensor(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"), "12345678")) ==
        "f: tensor 'a': f32 3 takes 12 bytes, data_offsets [0, 8] hold 8");
  CHECK(message(file(tensor(R"("dtype":"F64","shape":[2],"data_offsets":[0,8])"), "12345678")) ==
        "f: tensor 'a': f64 2 takes 16 bytes, data_offsets [0, 8] hold 8");
  CHECK(message(file(tensor(R"("dtype":"F32","shape":[],"data_offsets":[0,8])"), "12345678")) ==
        "f: tensor 'a': f32 scalar takes 4 bytes, data_offsets [0, 8] hold 8");
  // the product wraps around to 8 bytes
  CHECK(message(file(tensor(R"("dtype":"F32","shape":[4611686018427387906,2],"data_offsets":[0,8])"), "12345678")) ==
        "f: tensor 'a': size of f32 4611686018427387906x2 overflows");
  CHECK(message(file(tensor(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8])"), "12345678")) ==
        "f: header byte 29: number is larger than 9223372036854775807");
  CHECK(message(file(tensor(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), "12345678")) ==
        "f: header byte 29: expected a non-negative integer, got '-'");
  CHECK(message(file(tensor(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])"), "12345678")) ==
        "f: header byte 29: expected an integer");
  CHECK(message(file(tensor(R"("dtype":"F32","shape":[02],"data_offsets":[0,8])"), "12345678")) ==
        "f: header byte 29: number begins with 0");
  std::string many = "1";
  for (int i = 0; i < 64; ++i)
    many += ",1";
  CHECK(message(file(tensor("\"dtype\":\"U8\",\"shape\":[" + many + "],\"data_offsets\":[0,1]"), "1")) ==
        "f: tensor 'a': shape has more than 64 dimensions");
  CHECK(message(file(tensor(R"("dtype":"F31","shape":[2],"data_offsets":[0,8])"), "12345678")) ==
        "f: tensor 'a': unknown dtype 'F31'");
  CHECK(message(file(tensor(R"("dtype":32,"shape":[2],"data_offsets":[0,8])"), "12345678")) ==
        "f: header byte 14: expected a string, got '3'");
}

TEST_CASE("keys given twice, missing or unknown") {
  CHECK(message(file(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                     R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                     "12")) == "f: tensor 'a': key given twice");
  // the same name in another spelling
  CHECK(message(file(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                     R"("\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                     "12")) == "f: tensor 'a': key given twice");
  CHECK(message(file(tensor(R"("dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1])"), "1")) ==
        "f: tensor 'a': given twice: field 'shape'");
  CHECK(message(file(tensor(R"("dtype":"U8","dtype":"U8")"))) == "f: tensor 'a': given twice: field 'dtype'");
  CHECK(message(file(R"({"__metadata__":{},"__metadata__":{}})")) == "f: header byte 34: \"__metadata__\" given twice");
  CHECK(message(file(R"({"__metadata__":{"k":"1","k":"2"}})")) == "f: metadata: key given twice");
  CHECK(message(file(tensor(R"("shape":[1],"data_offsets":[0,1])"), "1")) == "f: tensor 'a': no dtype");
  CHECK(message(file(tensor(R"("dtype":"U8","data_offsets":[0,1])"), "1")) == "f: tensor 'a': no shape");
  CHECK(message(file(tensor(R"("dtype":"U8","shape":[1])"), "1")) == "f: tensor 'a': no data_offsets");
  CHECK(message(file(tensor(R"("dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1)"), "1")) ==
        "f: tensor 'a': unknown field 'x'");
}

TEST_CASE("headers that are not JSON") {
  CHECK(message(file("[]")) == "f: header byte 0: expected '{', got '['");
  CHECK(message(file("{\"a\"}")) == "f: header byte 4: expected ':', got '}'");
  CHECK(message(file("{} x")) == "f: header byte 3: expected the end of the header, got 'x'");
  CHECK(message(file("{\"a\":{\"dtype\":\"U8\" \"shape\"")) == "f: header byte 19: expected ',' or '}', got '\"'");
  CHECK(message(file("{\x01")) == "f: header byte 1: expected a string, got byte 0x01");
  CHECK(message(file("{\"a")) == "f: header byte 3: expected '\"', got the end of the header");
  CHECK(message(file("{\"a\nb\":")) == "f: header byte 3: control character in a string");
  CHECK(message(file("{\"\\q\":")) == "f: header byte 2: bad escape");
  CHECK(message(file("{\"\\u12g4\":")) == "f: header byte 2: bad escape");
  CHECK(message(file("{\"\\u0000\":")) == "f: header byte 2: zero character in a string");
  CHECK(message(file("{\"\\ud800x\":")) == "f: header byte 2: half a surrogate pair");
  CHECK(message(file("{\"\\ud800\\u0041\":")) == "f: header byte 2: half a surrogate pair");
  CHECK(message(file("{\"\\udc00\":")) == "f: header byte 2: half a surrogate pair");
  CHECK(message(file("{\"\xff\":")) == "f: header byte 2: bad UTF-8");
  CHECK(message(file("{\"\xc0\x80\":")) == "f: header byte 2: bad UTF-8");     // overlong
  CHECK(message(file("{\"\xed\xa0\x80\":")) == "f: header byte 2: bad UTF-8"); // surrogate
  CHECK(message(file("{\"\xe2\x82")) == "f: header byte 2: bad UTF-8");        // cut
  // names that would garble a terminal, or fill it
  CHECK(message(file(R"({"\u001b[2J":{}})")) ==
        "f: header byte 14: expected \"dtype\", \"shape\" or \"data_offsets\", got '}'");
  CHECK(message(file(R"({"\u001b[2J":{"x":1}})")) == "f: tensor '?[2J': unknown field 'x'");
  CHECK(message(file("{\"" + std::string(5000, 'n') + "\":{\"x\":1}}")) ==
        "f: tensor '" + std::string(95, 'n') + "': unknown field 'x'");
}

TEST_CASE("files that cannot be read") {
  TemporaryFolder folder;
  CHECK_THROWS_WITH(SafeTensors(folder / "none"), (folder / "none") + ": cannot open: No such file or directory");
  CHECK_THROWS_WITH(SafeTensors(folder.path.string()), folder.path.string() + ": cannot read: not a regular file");
  CHECK_THROWS_WITH(SafeTensors("/dev/zero"), "/dev/zero: cannot read: not a regular file");
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(SafeTensors(folder / "pipe"), (folder / "pipe") + ": cannot read: not a regular file");
  put(folder / "empty", "");
  CHECK_THROWS_WITH(SafeTensors(folder / "empty"),
                    (folder / "empty") + ": truncated: expected at least 8 bytes, got 0");
}

TEST_CASE("tensors that cannot be written") {
  TemporaryFolder folder;
  const std::byte data[8] = {};
  auto write = [&](const std::string &name, TensorView t) { writeSafeTensors(folder / "t", {{name, std::move(t)}}); };
  std::string path = folder / "t";
  CHECK_THROWS_WITH(write("a", {NNC_F32, {3}, data}), path + ": tensor 'a': f32 3 does not take 8 bytes");
  CHECK_THROWS_WITH(write("a", {NNC_F32, {-2}, data}), path + ": tensor 'a': f32 -2 does not take 8 bytes");
  CHECK_THROWS_WITH(write("a", {99, {8}, data}), path + ": tensor 'a': ? 8 does not take 8 bytes");
  CHECK_THROWS_WITH(write("__metadata__", {NNC_F32, {2}, data}),
                    path + ": '__metadata__' cannot be the name of a tensor");
  CHECK_THROWS_WITH(write("\xff", {NNC_F32, {2}, data}), path + ": '\xff' cannot be the name of a tensor");
  CHECK(folder.files() == 0);
}
