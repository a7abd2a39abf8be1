// Arrays: allocation, conversion and checked access.
#include "nnc/frontend/Array.h"
#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/Error.h"
#include <bit>
#include <fmt/format.h>

namespace nnc {

// Throws for negative sizes, and where the elements together take more bytes than can be counted.
static void checkShape(const Shape &shape, DType type) {
  int64_t bytes = byteSize(type);
  bool overflow = false, empty = false;
  for (int64_t size : shape) {
    if (size < 0)
      throw Error(fmt::format("array: expected sizes of at least 0, got {}", toString(shape)));
    empty |= size == 0;
    overflow |= __builtin_mul_overflow(bytes, size, &bytes);
  }
  if (overflow && !empty)
    throw Error(fmt::format("array: expected at most 2^63-1 bytes, got {} of {}", toString(shape), toString(type)));
}

Array::Array(Shape shape, DType type) : shape_(std::move(shape)), type_(type) {
  checkShape(shape_, type_);
  data_ = std::shared_ptr<void>(runtime::alignedAllocate(std::max<int64_t>(bytes(), 1)), runtime::alignedFree);
  std::memset(data_.get(), 0, size_t(bytes()));
}
Array Array::copyOf(Shape shape, DType type, const void *data, size_t count) {
  checkShape(shape, type);
  if (int64_t(count) != elementCount(shape))
    throw Error(fmt::format("array: {} has {} elements, got {}", toString(shape), elementCount(shape), count));
  Array array(std::move(shape), type);
  if (count)
    std::memcpy(array.raw(), data, size_t(array.bytes()));
  return array;
}
Array Array::view(Shape shape, DType type, void *data, std::shared_ptr<void> owner) {
  Array array;
  array.shape_ = std::move(shape);
  array.type_ = type;
  array.data_ = std::shared_ptr<void>(std::move(owner), data);
  return array;
}
Array Array::full(Shape shape, double value, DType type) {
  Array array(std::move(shape), type);
  array.fill(value);
  return array;
}
int64_t Array::size(int64_t dim) const {
  int64_t index = dim < 0 ? dim + rank() : dim;
  if (index < 0 || index >= rank())
    throw Error(fmt::format("array: dimension {} is out of range for {}", dim, toString(shape_)));
  return shape_[index];
}

// Half precision by its bits: enough for storage and conversion.
static float fromHalf(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16, exponent = (bits >> 10) & 31, mantissa = bits & 0x3ff;
  if (exponent == 31)
    return std::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
  if (exponent == 0)
    return (sign ? -1.f : 1.f) * float(mantissa) * 0x1p-24f;
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}
static uint16_t toHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return uint16_t(sign | 0x7e00);
  if (magnitude >= 0x477ff000)
    return uint16_t(sign | 0x7c00);
  if (magnitude < 0x38800000) // subnormal: adding 0.5 rounds to a multiple of 2^-24
    return uint16_t(sign | (std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000));
  uint32_t odd = (magnitude >> 13) & 1;
  return uint16_t(sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13));
}
static uint16_t toBfloat(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return uint16_t(bits >> 16 | 0x40);
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

template <class F> static auto visit(DType type, void *data, F f) {
  switch (type) {
  case DType::f32:
    return f(static_cast<float *>(data));
  case DType::f64:
    return f(static_cast<double *>(data));
  case DType::i64:
    return f(static_cast<int64_t *>(data));
  case DType::i32:
    return f(static_cast<int32_t *>(data));
  case DType::i8:
    return f(static_cast<int8_t *>(data));
  case DType::u8:
  case DType::i1:
    return f(static_cast<uint8_t *>(data));
  case DType::bf16:
  case DType::f16:
    break;
  }
  return f(static_cast<uint16_t *>(data));
}
static double read(DType type, void *data, int64_t index) {
  return visit(type, data, [&](auto *elements) -> double {
    if (type == DType::f16)
      return fromHalf(uint16_t(elements[index]));
    if (type == DType::bf16)
      return std::bit_cast<float>(uint32_t(uint16_t(elements[index])) << 16);
    return double(elements[index]);
  });
}
static void write(DType type, void *data, int64_t index, double value) {
  visit(type, data, [&](auto *elements) {
    using T = std::remove_reference_t<decltype(*elements)>;
    if (type == DType::f16)
      elements[index] = T(toHalf(float(value)));
    else if (type == DType::bf16)
      elements[index] = T(toBfloat(float(value)));
    else if (type == DType::i1)
      elements[index] = T(value != 0);
    else
      elements[index] = T(value);
  });
}

void Array::checkDefined() const {
  if (!defined())
    throw Error("array: expected data, got none");
}
double Array::at(int64_t index) const {
  checkDefined();
  if (index < 0 || index >= numel())
    throw Error(fmt::format("array: index {} is out of range for {}", index, toString(shape_)));
  return read(type_, raw(), index);
}
std::vector<double> Array::toDoubles() const {
  checkDefined();
  std::vector<double> values(static_cast<size_t>(numel()));
  for (int64_t i = 0; i < numel(); ++i)
    values[size_t(i)] = read(type_, raw(), i);
  return values;
}
double Array::itemAsDouble() const {
  if (!defined() || numel() != 1)
    throw Error(fmt::format("item: expected one element, got {}", defined() ? toString(shape_) : "no data"));
  return read(type_, raw(), 0);
}
Array Array::clone() const { return defined() ? copyOf(shape_, type_, raw(), size_t(numel())) : Array(); }
Array Array::reshape(Shape shape) const {
  checkDefined();
  checkShape(shape, type_);
  if (elementCount(shape) != numel())
    throw Error(
        fmt::format("array: {} does not hold the {} elements of {}", toString(shape), numel(), toString(shape_)));
  Array array = *this;
  array.shape_ = std::move(shape);
  return array;
}
Array Array::rows(int64_t start, int64_t stop) const {
  checkDefined();
  if (rank() < 1 || start < 0 || start > stop || stop > shape_[0])
    throw Error(fmt::format("array: rows {} to {} are out of range for {}", start, stop, toString(shape_)));
  Array part = *this;
  int64_t row = shape_[0] ? bytes() / shape_[0] : 0;
  part.shape_[0] = stop - start;
  part.data_ = std::shared_ptr<void>(data_, static_cast<char *>(raw()) + start * row);
  return part;
}
Array Array::to(DType type) const {
  checkDefined();
  if (type == type_)
    return clone();
  Array array(shape_, type);
  bool exact = type_ == DType::i64 && type == DType::i32; // no way through double needed
  for (int64_t i = 0; i < numel(); ++i)
    if (exact)
      static_cast<int32_t *>(array.raw())[i] = int32_t(static_cast<int64_t *>(raw())[i]);
    else
      write(type, array.raw(), i, read(type_, raw(), i));
  return array;
}
void Array::copyFrom(const Array &other) {
  checkDefined();
  other.checkDefined();
  if (other.shape_ != shape_ || other.type_ != type_)
    throw Error(fmt::format("array: expected {} of {}, got {} of {}", toString(shape_), toString(type_),
                            toString(other.shape_), toString(other.type_)));
  if (raw() != other.raw())
    std::memcpy(raw(), other.raw(), size_t(bytes()));
}
void Array::fill(double value) {
  checkDefined();
  for (int64_t i = 0; i < numel(); ++i)
    write(type_, raw(), i, value);
}
void Array::checkType(DType type) const {
  checkDefined();
  if (type != type_ && !(type == DType::i1 && type_ == DType::u8) && !(type == DType::u8 && type_ == DType::i1))
    throw Error(fmt::format("array: its elements are {}, asked for as {}", toString(type_), toString(type)));
}

} // namespace nnc
