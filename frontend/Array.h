// Data: a dense, row-major tensor in memory. Arrays are handles: copies share the elements, `clone` does not.
#pragma once
#include "nnc/ir/Tensor.h"
#include <cstring>
#include <memory>
#include <span>

namespace nnc {

/// The element type that a C++ type stands for.
template <class T>
inline constexpr DType dtypeOf = [] {
  static_assert(sizeof(T) == 0, "no element type stands for this C++ type");
  return DType::f32;
}();
template <> inline constexpr DType dtypeOf<float> = DType::f32;
template <> inline constexpr DType dtypeOf<double> = DType::f64;
template <> inline constexpr DType dtypeOf<int64_t> = DType::i64;
template <> inline constexpr DType dtypeOf<long long> = DType::i64;
template <> inline constexpr DType dtypeOf<int32_t> = DType::i32;
template <> inline constexpr DType dtypeOf<int8_t> = DType::i8;
template <> inline constexpr DType dtypeOf<uint8_t> = DType::u8;
template <> inline constexpr DType dtypeOf<bool> = DType::i1;

class Array {
public:
  Array() = default; // no data; `defined()` is false
  /// All zeros.
  explicit Array(Shape shape, DType type = DType::f32);
  static Array full(Shape shape, double value, DType type = DType::f32);
  /// A copy of `values` in row-major order; their number must be that of the shape.
  template <class T> static Array of(Shape shape, std::span<const T> values) {
    return copyOf(std::move(shape), dtypeOf<T>, values.data(), values.size());
  }
  template <class T> static Array of(Shape shape, const std::vector<T> &values) {
    return of<T>(std::move(shape), std::span<const T>(values));
  }
  template <class T> static Array scalar(T value) { return of<T>({}, std::span<const T>(&value, 1)); }
  /// Memory that somebody else owns and `owner` keeps alive.
  static Array view(Shape shape, DType type, void *data, std::shared_ptr<void> owner);

  bool defined() const { return data_ != nullptr; }
  DType dtype() const { return type_; }
  const Shape &shape() const { return shape_; }
  int64_t rank() const { return int64_t(shape_.size()); }
  int64_t size(int64_t dim) const;
  int64_t numel() const { return elementCount(shape_); }
  int64_t bytes() const { return numel() * byteSize(type_); }
  void *raw() const { return data_.get(); }

  /// The elements; throws where T is not the element type.
  template <class T> std::span<T> data() const {
    checkType(dtypeOf<std::remove_const_t<T>>);
    return {static_cast<T *>(raw()), size_t(numel())};
  }
  /// The only element, as any number type.
  template <class T = double> T item() const { return T(itemAsDouble()); }
  /// Element `index` in row-major order, as a number.
  double at(int64_t index) const;
  std::vector<double> toDoubles() const;

  Array clone() const;
  /// The same elements under another shape of as many; shares them.
  Array reshape(Shape shape) const;
  /// Rows start..stop of the first dimension; shares them.
  Array rows(int64_t start, int64_t stop) const;
  /// Converted elements; a copy.
  Array to(DType type) const;
  /// Overwrites the elements with those of an array of the same shape and type.
  void copyFrom(const Array &other);
  void fill(double value);
  bool sharesDataWith(const Array &other) const { return data_ == other.data_; }

private:
  static Array copyOf(Shape shape, DType type, const void *data, size_t count);
  void checkDefined() const;
  void checkType(DType type) const;
  double itemAsDouble() const;

  Shape shape_;
  DType type_ = DType::f32;
  std::shared_ptr<void> data_;
};

} // namespace nnc
