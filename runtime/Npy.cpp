#include "nnc/runtime/Npy.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/File.h"
#include "nnc/runtime/embedded/core.h"
#include <cstring>
#include <string_view>

namespace nnc::runtime {

static constexpr size_t headerLimit = 1 << 20, rankLimit = 64;

namespace {
struct NumpyType {
  int32_t dtype;
  std::string_view descr;
};
} // namespace

static constexpr NumpyType numpyTypes[] = {
    {NNC_F32, "<f4"}, {NNC_F64, "<f8"}, {NNC_F16, "<f2"},  {NNC_I64, "<i8"}, {NNC_I32, "<i4"}, {NNC_I16, "<i2"},
    {NNC_I8, "|i1"},  {NNC_U8, "|u1"},  {NNC_BOOL, "|b1"}, {NNC_U16, "<u2"}, {NNC_U32, "<u4"}, {NNC_U64, "<u8"},
};

namespace {

/// The header: a Python dictionary with exactly the keys descr, fortran_order and shape.
class Header {
public:
  Header(const std::string &name, std::string_view text) : name(name), text(text) { parse(); }

  std::string_view descr;
  bool fortran = false;
  std::vector<int64_t> dims;

private:
  [[noreturn]] void fail(const std::string &what) const {
    throw Error(name + ": header byte " + std::to_string(at) + ": " + what);
  }
  void skipSpace() {
    while (at < text.size() && std::string_view(" \t\n\r").find(text[at]) != std::string_view::npos)
      ++at;
  }
  bool take(std::string_view token) {
    skipSpace();
    if (text.substr(at, token.size()) != token)
      return false;
    at += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!take(token))
      fail("expected '" + std::string(token) + "'");
  }
  std::string_view string() {
    skipSpace();
    char quote = at < text.size() ? text[at] : '\0';
    if (quote != '\'' && quote != '"')
      fail("expected a string");
    size_t end = text.find(quote, at + 1);
    if (end == std::string_view::npos)
      fail("string does not end");
    std::string_view result = text.substr(at + 1, end - at - 1);
    at = end + 1;
    return result;
  }
  int64_t number() {
    skipSpace();
    const size_t start = at;
    int64_t value = 0;
    bool overflow = false;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
      overflow |=
          __builtin_mul_overflow(value, int64_t(10), &value) || __builtin_add_overflow(value, text[at] - '0', &value);
    if (overflow) {
      at = start;
      fail("extent is larger than 9223372036854775807");
    }
    if (at == start)
      fail("expected a non-negative integer");
    take("L"); // Python 2
    return value;
  }
  void shape() {
    expect("(");
    while (!take(")")) {
      if (dims.size() == rankLimit)
        fail("shape has more than 64 dimensions");
      dims.push_back(number());
      if (!take(",")) {
        expect(")");
        break;
      }
    }
  }
  void parse() {
    bool hasDescr = false, hasOrder = false, hasShape = false;
    expect("{");
    while (!take("}")) {
      std::string_view key = string();
      expect(":");
      bool *has = key == "descr"           ? &hasDescr
                  : key == "fortran_order" ? &hasOrder
                  : key == "shape"         ? &hasShape
                                           : nullptr;
      if (!has)
        fail("expected descr, fortran_order or shape");
      if (*has)
        fail("key given twice");
      *has = true;
      if (key == "descr") {
        skipSpace();
        if (at < text.size() && text[at] == '[')
          fail("structured types are not supported");
        descr = string();
      } else if (key == "shape") {
        shape();
      } else if (take("True")) {
        fortran = true;
      } else {
        expect("False");
      }
      if (!take(",")) {
        expect("}");
        break;
      }
    }
    skipSpace();
    if (at != text.size())
      fail("expected the end of the header");
    if (!hasDescr || !hasOrder || !hasShape)
      fail(std::string("no ") + (!hasDescr ? "descr" : !hasOrder ? "fortran_order" : "shape"));
  }

  const std::string &name;
  std::string_view text;
  size_t at = 0;
};

} // namespace

/// Copies from first index fastest to last index fastest.
static void fromFortran(const std::vector<int64_t> &dims, size_t element, const std::byte *from, std::byte *to) {
  std::vector<size_t> stride(dims.size()), index(dims.size());
  size_t count = 1;
  for (size_t d = 0; d < dims.size(); ++d) {
    stride[d] = count;
    count *= static_cast<size_t>(dims[d]);
  }
  size_t source = 0;
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(to + i * element, from + source * element, element);
    for (size_t d = dims.size(); d-- > 0;) {
      source += stride[d];
      if (++index[d] < static_cast<size_t>(dims[d]))
        break;
      source -= stride[d] * index[d];
      index[d] = 0;
    }
  }
}

TensorData parseNpy(const std::string &name, std::span<const std::byte> bytes) {
  auto text = std::string_view(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  if (!text.starts_with("\x93NUMPY"))
    throw Error(name + ": expected a .npy file, which begins with \\x93NUMPY");
  if (text.size() < 10)
    throw Error(name + ": truncated: the header does not end");
  int version = static_cast<unsigned char>(text[6]);
  if (version < 1 || version > 3)
    throw Error(name + ": expected version 1 to 3, got " + std::to_string(version));
  size_t lengthBytes = version == 1 ? 2 : 4, length = 0;
  if (text.size() < 8 + lengthBytes)
    throw Error(name + ": truncated: the header does not end");
  for (size_t i = 0; i < lengthBytes; ++i)
    length |= static_cast<size_t>(static_cast<unsigned char>(text[8 + i])) << 8 * i;
  if (length > headerLimit)
    throw Error(name + ": header of " + std::to_string(length) + " bytes is larger than the limit of " +
                std::to_string(headerLimit));
  size_t begin = 8 + lengthBytes;
  if (length > text.size() - begin)
    throw Error(name + ": truncated: header of " + std::to_string(length) + " bytes, file of " +
                std::to_string(text.size()));
  Header header(name, text.substr(begin, length));

  TensorData result;
  for (const NumpyType &type : numpyTypes)
    // one byte has no order, and little-endian machines also write '=' for their own
    if (header.descr.size() == 3 && header.descr.substr(1) == type.descr.substr(1) &&
        (header.descr[0] == type.descr[0] || header.descr[0] == '=' || type.descr[2] == '1'))
      result.dtype = type.dtype;
  char shown[NNC_PRINTABLE];
  if (!result.dtype)
    throw Error(name + ": element type '" + nnc_printable(shown, std::string(header.descr).c_str()) +
                (header.descr.starts_with('>') ? "' is big-endian, expected little-endian" : "' is not supported"));
  result.dims = header.dims;
  auto rank = static_cast<int32_t>(result.dims.size());
  char described[160];
  nnc_describe(described, sizeof described, result.dtype, result.dims.data(), rank);
  int64_t size = 0;
  if (!nnc_tensor_bytes(result.dtype, result.dims.data(), rank, &size))
    throw Error(name + ": size of " + described + " overflows");
  size_t present = text.size() - begin - length;
  if (static_cast<uint64_t>(size) != present)
    throw Error(name + ": " + (static_cast<uint64_t>(size) > present ? "truncated: " : "") + described + " takes " +
                std::to_string(size) + " bytes, the file has " + std::to_string(present));
  result.data = Buffer(size);
  const std::byte *data = bytes.data() + begin + length;
  if (header.fortran && rank > 1 && size > 0)
    fromFortran(result.dims, static_cast<size_t>(nnc_dtype_bytes(result.dtype)), data,
                static_cast<std::byte *>(result.data.data()));
  else if (size > 0)
    std::memcpy(result.data.data(), data, static_cast<size_t>(size));
  return result;
}

TensorData readNpy(const std::string &path) { return parseNpy(path, readFile(path)); }

void writeNpy(const std::string &path, int32_t dtype, std::span<const int64_t> dims, const void *data) {
  std::string_view descr;
  for (const NumpyType &type : numpyTypes)
    if (type.dtype == dtype)
      descr = type.descr;
  if (descr.empty())
    throw Error(path + ": cannot write: NumPy has no type " + nnc_dtype_name(dtype));
  std::string header = "\x93NUMPY\x01";
  header += '\0';
  header += "  {'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (";
  for (int64_t dim : dims)
    header += std::to_string(dim) + ", ";
  header += "), }";
  while ((header.size() + 1) % 64)
    header += ' ';
  header += '\n';
  size_t length = header.size() - 10;
  header[8] = static_cast<char>(length & 0xff);
  header[9] = static_cast<char>(length >> 8);
  int64_t size = 0;
  if (dims.size() > rankLimit || !nnc_tensor_bytes(dtype, dims.data(), static_cast<int32_t>(dims.size()), &size))
    throw Error(path + ": cannot write: size overflows");
  nnc_bytes parts[] = {{header.data(), header.size()}, {data, static_cast<size_t>(size)}};
  if (nnc_write_file(path.c_str(), parts, 2) != NNC_OK)
    throw Error(nnc_last_error());
}

} // namespace nnc::runtime
