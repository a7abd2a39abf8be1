// Reads the golden values of PyTorch (tests/golden/README.md documents them) for the tests of layers.
//
//   const Golden &golden = Golden::open("conv");
//   for (const golden::Case &c : golden.cases()) {
//     nn::Conv2dOptions options;
//     c.set("stride", options.stride);            // stays at the layer's own default where the case does not give it
//     ...
//     CHECK(c.unread() == "");                     // every argument of the case was used
//     CHECK(golden::mismatch(c.at("output.0"), actual, c.f64) == "");
//   }
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace nnc::golden {

/// One array. Floats are in `reals`, integers and booleans (as 0 and 1) in `integers`.
struct Array {
  std::string dtype; // "F64", "I64" or "BOOL"
  std::vector<int64_t> shape;
  std::vector<double> reals;
  std::vector<int64_t> integers;

  bool isReal() const { return dtype == "F64"; }
  int64_t size() const { return int64_t(isReal() ? reals.size() : integers.size()); }
  std::vector<float> floats() const { return {reals.begin(), reals.end()}; }
};

/// A value of the case's JSON line: the reader of arguments.
class Value {
public:
  enum Kind { Null, Boolean, Number, String, List, Object };
  Kind kind = Null;
  bool boolean = false;
  double number = 0; // infinities are written as the strings "inf" and "-inf" and read as numbers by asNumber()
  bool isInteger = false;
  std::string string;
  std::vector<Value> list;        // elements of a list, values of an object
  std::vector<std::string> names; // of an object's values

  const Value *find(std::string_view key) const;
  double asNumber() const;
  int64_t asInteger() const;

  void get(bool &out) const;
  void get(double &out) const { out = asNumber(); }
  void get(float &out) const { out = float(asNumber()); }
  void get(std::string &out) const;
  template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  void get(T &out) const {
    out = T(asInteger());
  }
  /// A list, or one value for a list of one.
  template <class T> void get(std::vector<T> &out) const {
    out.clear();
    forEach([&](const Value &v) { v.get(out.emplace_back()); });
  }
  /// A list of N, or one value for all N, as PyTorch takes sizes.
  template <class T, size_t N> void get(std::array<T, N> &out) const {
    size_t i = 0;
    if (kind != List)
      for (T &t : out)
        get(t);
    else if (expectLength(N))
      forEach([&](const Value &v) { v.get(out[i++]); });
  }
  template <class T> void get(std::optional<T> &out) const {
    if (kind == Null)
      out.reset();
    else
      get(out.emplace());
  }

private:
  bool expectLength(size_t n) const;
  template <class F> void forEach(F f) const {
    if (kind != List)
      return f(*this);
    for (const Value &v : list)
      f(v);
  }
};

class Case {
public:
  std::string name;            // "Conv2d/stride"
  std::string layer, function; // one of them is set: "Conv2d" or "scaled_dot_product_attention"
  bool train = true;
  std::vector<std::string> inputs, outputs;
  std::string repr, note;
  double f64 = 1e-10, f32 = 1e-5; // tolerances
  Value args, call, line;         // `line`: the whole JSON object, for what only some sections have
  std::map<std::string, Array> arrays;

  /// Sets `option` to the case's argument of that name (of the constructor, else of the call). Without one: leaves it,
  /// returns false.
  template <class T> bool set(std::string_view argument, T &option) const {
    const Value *v = argumentValue(argument);
    if (v)
      v->get(option);
    return v != nullptr;
  }
  /// The same as a value, with what to return where the case gives none.
  template <class T> T get(std::string_view argument, T otherwise = {}) const {
    set(argument, otherwise);
    return otherwise;
  }
  /// The argument as it is, or null: to tell padding = "same" from padding = 1.
  const Value *argumentValue(std::string_view argument) const;
  /// Names of arguments that nobody asked for, separated by spaces. A test that ends with "" has honoured all of them.
  std::string unread() const;

  bool has(std::string_view key) const { return find(key) != nullptr; }
  const Array *find(std::string_view key) const;
  const Array &at(std::string_view key) const; // "output.0", "grad.param.weight"
  /// The input of that name ("attn_mask"), or null. `prefix` finds what belongs to it: input("query", "grad.").
  const Array *input(std::string_view name, std::string_view prefix = "") const;
  /// The arrays whose key begins with `prefix`, by the rest of the key: under("param.") gives weight, bias, ...
  std::map<std::string, const Array *> under(std::string_view prefix) const;
  /// Are there gradients to compare?
  bool hasGradients() const { return !under("grad.").empty(); }

private:
  mutable std::set<std::string, std::less<>> read;
};

/// "" if `actual` agrees with `expected` by the rule of tests/golden/README.md; else the first few differences in
/// words.
std::string mismatch(const Array &expected, std::span<const double> actual, double tolerance);
std::string mismatch(const Array &expected, std::span<const float> actual, double tolerance);
std::string mismatch(const Array &expected, std::span<const int64_t> actual);

} // namespace nnc::golden

namespace nnc {

/// The cases of one section. Read once, kept for the life of the program.
class Golden {
public:
  static const Golden &open(const std::string &section);

  const std::vector<golden::Case> &cases() const { return all; }
  /// The cases of one layer or function, in the order of the table.
  std::vector<const golden::Case *> of(std::string_view layerOrFunction) const;
  const golden::Case &at(std::string_view name) const;

  std::string section, torchVersion;

private:
  std::vector<golden::Case> all;
};

} // namespace nnc
