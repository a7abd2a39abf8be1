// Reader of tests/golden/data: a JSON parser for the table of cases, the arrays beside it, and the comparison.
#include "Golden.h"
#include "nnc/runtime/SafeTensors.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <sstream>
#include <stdexcept>

namespace nnc::golden {
namespace {

[[noreturn]] void fail(const std::string &message) { throw std::runtime_error("golden: " + message); }

//===--- JSON ---===//

class Parser {
public:
  explicit Parser(std::string_view text) : text(text) {}

  Value parse() {
    Value v = value();
    space();
    if (at != text.size())
      wrong("the end");
    return v;
  }

private:
  std::string_view text;
  size_t at = 0;

  [[noreturn]] void wrong(const std::string &expected) {
    fail("json, byte " + std::to_string(at) + ": expected " + expected + ", got '" + std::string(text.substr(at, 20)) +
         "'");
  }
  void space() {
    while (at < text.size() && std::strchr(" \t\r\n", text[at]))
      ++at;
  }
  bool accept(std::string_view token) {
    space();
    if (!text.substr(at).starts_with(token))
      return false;
    at += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token))
      wrong("'" + std::string(token) + "'");
  }

  Value value() {
    Value v;
    space();
    if (accept("null"))
      return v;
    if (accept("true") || accept("false")) {
      v.kind = Value::Boolean;
      v.boolean = text[at - 2] == 'u'; // tr[u]e
    } else if (at < text.size() && text[at] == '"') {
      v.kind = Value::String;
      v.string = string();
    } else if (accept("[")) {
      v.kind = Value::List;
      if (!accept("]")) {
        do
          v.list.push_back(value());
        while (accept(","));
        expect("]");
      }
    } else if (accept("{")) {
      v.kind = Value::Object;
      if (!accept("}")) {
        do {
          space();
          std::string key = string();
          expect(":");
          v.names.push_back(std::move(key));
          v.list.push_back(value());
        } while (accept(","));
        expect("}");
      }
    } else {
      v.kind = Value::Number;
      auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), v.number);
      if (error != std::errc())
        wrong("a value");
      std::string_view digits(text.data() + at, size_t(end - text.data()) - at);
      v.isInteger = digits.find_first_of(".eE") == digits.npos;
      at += digits.size();
    }
    return v;
  }

  std::string string() {
    std::string out;
    expect("\"");
    while (at < text.size() && text[at] != '"') {
      if (text[at] != '\\') {
        out += text[at++];
        continue;
      }
      if (++at >= text.size())
        wrong("an escaped character");
      char c = text[at++];
      if (c == 'u') { // the files are ASCII; what they escape fits one or two bytes of UTF-8
        unsigned code = 0;
        auto [end, error] = std::from_chars(text.data() + at, text.data() + std::min(at + 4, text.size()), code, 16);
        if (error != std::errc() || code >= 0x800)
          wrong("four hexadecimal digits below 0800");
        at += 4;
        if (code < 0x80)
          out += char(code);
        else
          (out += char(0xC0 | code >> 6)) += char(0x80 | (code & 0x3F));
      } else {
        out += c == 'n' ? '\n' : c == 't' ? '\t' : c;
      }
    }
    expect("\"");
    return out;
  }
};

//===--- Files ---===//

std::string slurp(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    fail("cannot open " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class T> std::vector<T> copyOf(std::span<const std::byte> bytes) {
  std::vector<T> out(bytes.size() / sizeof(T));
  if (!out.empty())
    std::memcpy(out.data(), bytes.data(), out.size() * sizeof(T));
  return out;
}

Array copyOf(const std::string &key, const runtime::TensorView &view) {
  Array a;
  a.shape = view.dims;
  switch (view.dtype) {
  case NNC_F64:
    a.dtype = "F64";
    a.reals = copyOf<double>(view.data);
    break;
  case NNC_I64:
    a.dtype = "I64";
    a.integers = copyOf<int64_t>(view.data);
    break;
  case NNC_BOOL:
    a.dtype = "BOOL";
    for (std::byte b : view.data)
      a.integers.push_back(int64_t(b));
    break;
  default:
    fail(key + ": expected dtype F64, I64 or BOOL");
  }
  return a;
}

std::string sizes(size_t want, size_t got) {
  return "expected " + std::to_string(want) + " elements, got " + std::to_string(got);
}

/// What differs, of arrays of one size.
template <class Actual, class Expected, class Agrees>
std::string differences(const Array &expected, const std::vector<Expected> &want, std::span<const Actual> got,
                        Agrees agrees) {
  std::ostringstream out;
  out.precision(std::is_same_v<Actual, float> ? 9 : 17);
  size_t wrong = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    if (agrees(want[i], got[i]) || ++wrong > 5)
      continue;
    out << "at [";
    int64_t rest = int64_t(i), block = int64_t(want.size());
    for (size_t d = 0; d < expected.shape.size(); ++d) {
      block /= expected.shape[d];
      out << (d ? ", " : "") << rest / block;
      rest %= block;
    }
    out << "] expected " << want[i] << ", got " << got[i] << "\n";
  }
  if (wrong > 5)
    out << wrong << " of " << want.size() << " elements differ\n";
  return out.str();
}

template <class Actual>
std::string realMismatch(const Array &expected, std::span<const Actual> actual, double tolerance) {
  if (!expected.isReal())
    return "expected " + expected.dtype + ", got floats";
  double scale = 0;
  for (double v : expected.reals)
    if (std::isfinite(v))
      scale = std::max(scale, std::abs(v));
  double allowed = tolerance * (scale == 0 ? 1 : scale);
  if (expected.reals.size() != actual.size())
    return sizes(expected.reals.size(), actual.size());
  std::string found = differences(expected, expected.reals, actual, [&](double want, double got) {
    if (!std::isfinite(want))
      return want == got || (std::isnan(want) && std::isnan(got));
    return std::abs(want - got) <= allowed;
  });
  if (!found.empty()) {
    std::ostringstream out;
    out << found << "(allowed " << allowed << ": tolerance " << tolerance << ", largest magnitude " << scale << ")";
    found = out.str();
  }
  return found;
}

const char *const kinds[] = {"null", "a boolean", "a number", "a string", "a list", "an object"};

} // namespace

//===--- Values ---===//

const Value *Value::find(std::string_view key) const {
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == key)
      return &list[i];
  return nullptr;
}

double Value::asNumber() const {
  if (kind == String && (string == "inf" || string == "-inf"))
    return string == "inf" ? INFINITY : -INFINITY;
  if (kind != Number)
    fail(std::string("argument: expected a number, got ") + kinds[kind]);
  return number;
}

int64_t Value::asInteger() const {
  if (kind != Number || !isInteger)
    fail(std::string("argument: expected an integer, got ") + kinds[kind]);
  return int64_t(number); // the files hold no integer that a double cannot
}

void Value::get(bool &out) const {
  if (kind != Boolean)
    fail(std::string("argument: expected a boolean, got ") + kinds[kind]);
  out = boolean;
}

void Value::get(std::string &out) const {
  if (kind != String)
    fail(std::string("argument: expected a string, got ") + kinds[kind]);
  out = string;
}

bool Value::expectLength(size_t n) const {
  if (list.size() != n)
    fail("argument: expected a list of " + std::to_string(n) + ", got " + std::to_string(list.size()));
  return true;
}

//===--- Case ---===//

const Value *Case::argumentValue(std::string_view argument) const {
  read.emplace(argument);
  const Value *v = args.find(argument);
  return v ? v : call.find(argument);
}

std::string Case::unread() const {
  std::string left;
  for (const Value *arguments : {&args, &call})
    for (const std::string &name : arguments->names)
      if (!read.contains(name))
        (left += left.empty() ? "" : " ") += name;
  return left;
}

const Array *Case::find(std::string_view key) const {
  auto it = arrays.find(std::string(key));
  return it == arrays.end() ? nullptr : &it->second;
}

const Array &Case::at(std::string_view key) const {
  const Array *a = find(key);
  if (!a)
    fail(name + ": no array '" + std::string(key) + "'");
  return *a;
}

const Array *Case::input(std::string_view input, std::string_view prefix) const {
  for (size_t k = 0; k < inputs.size(); ++k)
    if (inputs[k] == input)
      return find(std::string(prefix) + "input." + std::to_string(k));
  return nullptr;
}

std::map<std::string, const Array *> Case::under(std::string_view prefix) const {
  std::map<std::string, const Array *> found;
  for (auto it = arrays.lower_bound(std::string(prefix)); it != arrays.end() && it->first.starts_with(prefix); ++it)
    found[it->first.substr(prefix.size())] = &it->second;
  return found;
}

//===--- Comparison ---===//

std::string mismatch(const Array &expected, std::span<const double> actual, double tolerance) {
  return realMismatch(expected, actual, tolerance);
}

std::string mismatch(const Array &expected, std::span<const float> actual, double tolerance) {
  return realMismatch(expected, actual, tolerance);
}

std::string mismatch(const Array &expected, std::span<const int64_t> actual) {
  if (expected.isReal())
    return "expected floats, got integers";
  if (expected.integers.size() != actual.size())
    return sizes(expected.integers.size(), actual.size());
  return differences(expected, expected.integers, actual, [](int64_t want, int64_t got) { return want == got; });
}

} // namespace nnc::golden

namespace nnc {
using namespace golden;

const Golden &Golden::open(const std::string &section) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Golden>> opened;
  std::lock_guard lock(mutex);
  std::unique_ptr<Golden> &slot = opened[section];
  if (slot)
    return *slot;

  auto golden = std::make_unique<Golden>();
  std::string path = NNC_SOURCE_DIR "/tests/golden/data/" + section;
  std::string text = slurp(path + ".json");
  Value table = Parser(text).parse();
  golden->section = section;
  table.find("torch")->get(golden->torchVersion);
  std::map<std::string, Case *> byName;
  const std::vector<Value> &lines = table.find("cases")->list;
  golden->all.reserve(lines.size()); // byName points into it
  for (const Value &line : lines) {
    Case &c = golden->all.emplace_back();
    c.line = line;
    auto take = [&](const char *key, auto &field) {
      if (const Value *v = line.find(key))
        v->get(field);
    };
    std::string mode;
    take("case", c.name);
    take("layer", c.layer);
    take("function", c.function);
    take("inputs", c.inputs);
    take("outputs", c.outputs);
    take("repr", c.repr);
    take("note", c.note);
    take("mode", mode);
    c.train = mode != "eval";
    if (const Value *v = line.find("args"))
      c.args = *v;
    if (const Value *v = line.find("call"))
      c.call = *v;
    if (const Value *tolerance = line.find("tolerance")) {
      tolerance->find("f64")->get(c.f64);
      tolerance->find("f32")->get(c.f32);
    }
    byName[c.name] = &c;
  }
  // A key is <case>/<what>; names of cases hold slashes, names of arrays do not.
  runtime::SafeTensors file(path + ".safetensors");
  for (const auto &[key, view] : file.tensors()) {
    size_t slash = key.rfind('/');
    auto owner = byName.find(key.substr(0, slash));
    if (slash == key.npos || owner == byName.end())
      fail(section + ": array '" + key + "' belongs to no case");
    owner->second->arrays[key.substr(slash + 1)] = copyOf(key, view);
  }
  return *(slot = std::move(golden));
}

std::vector<const Case *> Golden::of(std::string_view layerOrFunction) const {
  std::vector<const Case *> found;
  for (const Case &c : all)
    if (c.layer == layerOrFunction || c.function == layerOrFunction)
      found.push_back(&c);
  return found;
}

const Case &Golden::at(std::string_view name) const {
  for (const Case &c : all)
    if (c.name == name)
      return c;
  fail(section + ": no case '" + std::string(name) + "'");
}

} // namespace nnc
