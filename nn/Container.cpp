// Containers: parts of a module's state by position and by name.
#include "nnc/nn/Container.h"
#include "nnc/nn/ModuleState.h"
#include "nnc/runtime/Error.h"
#include <fmt/format.h>

namespace nnc::nn {

void Container::setType(const Module &module, const std::type_info &type, bool collapses) {
  detail::setKind(*module.state_, "", type); // no kind: errors name the layer inside
  module.state_->collapses = collapses;
}
size_t Container::size(const Module &module) { return module.state_->children.size(); }

NamedModules Container::modules(const Module &module) {
  NamedModules found;
  for (const auto &[name, state] : module.state_->children)
    found.emplace_back(name, AnyModule(Module(state)));
  return found;
}
AnyModule Container::moduleAt(const Module &module, int64_t index) {
  const auto &children = module.state_->children;
  return AnyModule(Module(children[position(module, index, children.size())].second));
}
void Container::setModules(const Module &module, const NamedModules &modules) {
  for (auto &[name, child] : module.state_->children)
    std::erase_if(child->parents, [&](const auto &parent) { return parent.first.lock() == module.state_; });
  module.state_->children.clear();
  for (const auto &[name, child] : modules)
    module.registerChild(name, child);
}

NamedParameters Container::parameters(const Module &module) { return module.state_->parameters; }
void Container::setParameters(const Module &module, const NamedParameters &parameters) {
  module.state_->parameters.clear();
  for (const auto &[name, parameter] : parameters)
    Module(module).parameter(name, parameter);
}

// The names PyTorch prints for element types: of the type itself, and of a tensor of it.
static std::string_view torchName(DType type, bool ofTensor) {
  switch (type) {
  case DType::f32:
    return ofTensor ? "FloatTensor" : "float32";
  case DType::f64:
    return ofTensor ? "DoubleTensor" : "float64";
  case DType::bf16:
    return ofTensor ? "BFloat16Tensor" : "bfloat16";
  case DType::f16:
    return ofTensor ? "HalfTensor" : "float16";
  case DType::i64:
    return ofTensor ? "LongTensor" : "int64";
  case DType::i32:
    return ofTensor ? "IntTensor" : "int32";
  case DType::i8:
    return ofTensor ? "CharTensor" : "int8";
  case DType::u8:
    return ofTensor ? "ByteTensor" : "uint8";
  case DType::i1:
    return ofTensor ? "BoolTensor" : "bool";
  }
  return "";
}

void Container::printParameters(const Module &module, PrintedAs as) {
  module.state_->printer = [as](const detail::ModuleState &state) {
    std::vector<std::string> lines;
    for (const auto &[name, parameter] : state.parameters)
      if (parameter.defined())
        lines.push_back(fmt::format("  ({}): Parameter containing: [torch.{} of size {}]", name,
                                    torchName(parameter.dtype(), as == PrintedAs::dict),
                                    fmt::join(parameter.shape(), "x")));
    if (lines.size() < 2)
      return fmt::format("{}({})", state.type, fmt::join(lines, ""));
    return fmt::format("{}(\n  {}\n)", state.type, fmt::join(lines, "\n  "));
  };
}

size_t Container::position(const Module &module, int64_t index, size_t size, bool mayBeEnd) {
  int64_t count = int64_t(size), last = mayBeEnd ? count : count - 1;
  if (index < -count || index > last)
    throw Error(
        fmt::format("{}: index: expected a position in [{}, {}], got {}", module.type_name(), -count, last, index));
  return size_t(index < 0 ? index + count : index);
}
std::vector<size_t> Container::positions(const Module &module, size_t size, std::optional<int64_t> start,
                                         std::optional<int64_t> stop, int64_t step) {
  if (step == 0)
    throw Error(fmt::format("{}: step: expected a number other than 0, got 0", module.type_name()));
  int64_t count = int64_t(size), low = step > 0 ? 0 : -1, high = step > 0 ? count : count - 1;
  auto bound = [&](std::optional<int64_t> given, int64_t otherwise) {
    if (!given)
      return otherwise;
    return std::clamp(*given < 0 ? *given + count : *given, low, high);
  };
  int64_t first = bound(start, step > 0 ? low : high), last = bound(stop, step > 0 ? high : low);
  std::vector<size_t> found;
  for (int64_t i = first; step > 0 ? i < last : i > last; i += step)
    found.push_back(size_t(i));
  return found;
}
void Container::failKey(const Module &module, const std::string &key) {
  throw Error(fmt::format("{}: no key '{}'", module.type_name(), key));
}

// The entry of that name, or the end.
template <class Entries> static auto findName(Entries &entries, const std::string &name) {
  return std::find_if(entries.begin(), entries.end(), [&](const auto &entry) { return entry.first == name; });
}
template <class T> static void merge(std::vector<std::pair<std::string, T>> &entries, const auto &more) {
  for (const auto &[name, value] : more)
    if (auto found = findName(entries, name); found != entries.end())
      found->second = value;
    else
      entries.emplace_back(name, value);
}
template <class T> static std::vector<std::string> namesOf(const std::vector<std::pair<std::string, T>> &entries) {
  std::vector<std::string> names;
  for (const auto &entry : entries)
    names.push_back(entry.first);
  return names;
}
template <class T> static std::vector<T> valuesOf(const std::vector<std::pair<std::string, T>> &entries) {
  std::vector<T> values;
  for (const auto &entry : entries)
    values.push_back(entry.second);
  return values;
}

bool ModuleDict::contains(const std::string &name) const {
  NamedModules all = items();
  return findName(all, name) != all.end();
}
AnyModule ModuleDict::operator[](const std::string &name) const {
  NamedModules all = items();
  auto found = findName(all, name);
  if (found == all.end())
    Container::failKey(*this, name);
  return found->second;
}
const ModuleDict &ModuleDict::update(const NamedModules &modules) const {
  NamedModules all = items();
  merge(all, modules);
  Container::setModules(*this, all);
  return *this;
}
AnyModule ModuleDict::pop(const std::string &name) const {
  AnyModule taken = (*this)[name];
  NamedModules all = items();
  all.erase(findName(all, name));
  Container::setModules(*this, all);
  return taken;
}
std::vector<std::string> ModuleDict::keys() const { return namesOf(items()); }
std::vector<AnyModule> ModuleDict::values() const { return valuesOf(items()); }

ParameterList::ParameterList(const std::vector<Parameter> &parameters) {
  Container::setType(*this, typeid(ParameterList));
  Container::printParameters(*this, Container::PrintedAs::list);
  assign(parameters);
}
void ParameterList::assign(const std::vector<Parameter> &parameters) const {
  NamedParameters named;
  for (const Parameter &parameter : parameters)
    named.emplace_back(std::to_string(named.size()), parameter);
  Container::setParameters(*this, named);
}
std::vector<Parameter> ParameterList::values() const { return valuesOf(Container::parameters(*this)); }
Parameter ParameterList::operator[](int64_t index) const {
  std::vector<Parameter> all = values();
  return all[Container::position(*this, index, all.size())];
}
ParameterList ParameterList::slice(std::optional<int64_t> start, std::optional<int64_t> stop, int64_t step) const {
  std::vector<Parameter> all = values(), chosen;
  for (size_t i : Container::positions(*this, all.size(), start, stop, step))
    chosen.push_back(all[i]);
  return ParameterList(chosen);
}
const ParameterList &ParameterList::extend(const std::vector<Parameter> &parameters) const {
  for (const Parameter &parameter : parameters)
    append(parameter);
  return *this;
}
const ParameterList &ParameterList::insert(int64_t index, const Parameter &parameter) const {
  std::vector<Parameter> all = values();
  all.insert(all.begin() + int64_t(Container::position(*this, index, all.size(), true)), parameter);
  assign(all);
  return *this;
}
const ParameterList &ParameterList::set(int64_t index, const Parameter &parameter) const {
  std::vector<Parameter> all = values();
  all[Container::position(*this, index, all.size())] = parameter;
  assign(all);
  return *this;
}
Parameter ParameterList::pop(int64_t index) const {
  std::vector<Parameter> all = values();
  size_t at = Container::position(*this, index, all.size());
  Parameter taken = all[at];
  all.erase(all.begin() + int64_t(at));
  assign(all);
  return taken;
}

ParameterDict::ParameterDict(const NamedParameters &parameters) {
  Container::setType(*this, typeid(ParameterDict));
  Container::printParameters(*this, Container::PrintedAs::dict);
  Container::setParameters(*this, parameters);
}
bool ParameterDict::contains(const std::string &name) const {
  NamedParameters all = items();
  return findName(all, name) != all.end();
}
Parameter ParameterDict::operator[](const std::string &name) const {
  NamedParameters all = items();
  auto found = findName(all, name);
  if (found == all.end())
    Container::failKey(*this, name);
  return found->second;
}
const ParameterDict &ParameterDict::update(const NamedParameters &parameters) const {
  NamedParameters all = items();
  merge(all, parameters);
  Container::setParameters(*this, all);
  return *this;
}
Parameter ParameterDict::pop(const std::string &name) const {
  Parameter taken = (*this)[name];
  NamedParameters all = items();
  all.erase(findName(all, name));
  Container::setParameters(*this, all);
  return taken;
}
std::vector<std::string> ParameterDict::keys() const { return namesOf(items()); }
std::vector<Parameter> ParameterDict::values() const { return valuesOf(items()); }

} // namespace nnc::nn
