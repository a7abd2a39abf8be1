// The value every layer, loss and gradient rule is written with: a handle on a value of the graph being built, with its
// shape and element type. Using a tensor adds operations to the graph; nothing is computed until the graph is compiled.
#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// Element types. i1 is a boolean; booleans and small integers take one byte in memory.
enum class DType : uint8_t { f32, f64, bf16, f16, i64, i32, i8, u8, i1 };

using Shape = std::vector<int64_t>;
/// Where in the user's program something was written; every function that adds operations takes one, by default its
/// call.
using Where = std::source_location;

std::string_view toString(DType type);
std::string toString(const Shape &shape); // "8x32x28x28"; "scalar" for rank 0
int64_t byteSize(DType type);
int64_t elementCount(const Shape &shape);
inline bool isFloat(DType type) { return type <= DType::f16; }

class Tensor {
public:
  Tensor() = default; // no value; `defined()` is false
  bool defined() const { return value_ != nullptr; }
  explicit operator bool() const { return defined(); }

  DType dtype() const;
  Shape shape() const;
  int64_t rank() const;
  /// Size of dimension `dim`; negative counts from the end.
  int64_t size(int64_t dim) const;
  int64_t numel() const;

  /// The underlying mlir::Value, as its opaque pointer.
  void *opaque() const { return value_; }
  static Tensor fromOpaque(void *value) {
    Tensor tensor;
    tensor.value_ = value;
    return tensor;
  }

private:
  void *value_ = nullptr;
};

/// An operand of an operator: a tensor or a number, with the place where it was written. Numbers take the other
/// operand's type.
class Operand {
public:
  Operand(Tensor tensor, Where where = Where::current()) : tensor(tensor), where(where) {}
  template <class T>
    requires(std::convertible_to<const T &, Tensor> && !std::same_as<T, Tensor>)
  Operand(const T &tensor, Where where = Where::current()) : tensor(tensor), where(where) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  Operand(T number, Where where = Where::current())
      : isNumber(true), number(double(number)), isInteger(std::is_integral_v<T>), where(where) {}

  Tensor tensor;
  bool isNumber = false;
  double number = 0;
  bool isInteger = false;
  Where where;
};

/// While it lives, operations added by this thread belong to a layer: their location is the layer's name and the place
/// where the user called it. The outermost library layer wins, so that errors name the user's own line.
/// `display` reads `conv2d 'features.3'`.
class LayerScope {
public:
  LayerScope(std::string display, Where where);
  ~LayerScope();
  LayerScope(const LayerScope &) = delete;
  LayerScope &operator=(const LayerScope &) = delete;
};

/// Throws the library's Error for the layer in scope (or `op`), in the form
/// `file:line:col: error: conv2d 'features.3': <message>`.
[[noreturn]] void fail(std::string_view op, const std::string &message, Where where);
/// Fails unless the elements are floats: `softmax: input: expected a float tensor, got i64`.
void expectFloat(std::string_view op, std::string_view argument, Tensor x, Where where);

} // namespace nnc
