// Containers (torch.nn: Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict): modules and parameters by
// position or by name, with PyTorch's dotted names and printing. Negative positions count from the end. All are
// handles, as every module.
//
//   nn::Sequential net(nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 2));   // 0.weight, 0.bias, 2.weight, 2.bias
//   nn::Sequential named({{"conv", nn::Conv2d(1, 4, 3)}, {"relu", nn::ReLU()}});
//   for (nn::AnyModule block : blocks) x = block(x);
#pragma once
#include "nnc/nn/Module.h"
#include <algorithm>

namespace nnc::nn {

using NamedModules = std::vector<std::pair<std::string, AnyModule>>;
using NamedParameters = std::vector<std::pair<std::string, Parameter>>;

/// What containers do with the parts of a module.
class Container {
public:
  static void setType(const Module &module, const std::type_info &type, bool collapses = false);
  static size_t size(const Module &module);
  static NamedModules modules(const Module &module);
  static void setModules(const Module &module, const NamedModules &modules);
  static AnyModule moduleAt(const Module &module, int64_t index);
  static NamedParameters parameters(const Module &module);
  static void setParameters(const Module &module, const NamedParameters &parameters);
  enum class PrintedAs { list, dict };
  static void printParameters(const Module &module, PrintedAs as);

  /// The position that a possibly negative `index` below `size` (not above it, where `mayBeEnd`) stands for.
  static size_t position(const Module &module, int64_t index, size_t size, bool mayBeEnd = false);
  /// The positions of Python's [start:stop:step].
  static std::vector<size_t> positions(const Module &module, size_t size, std::optional<int64_t> start,
                                       std::optional<int64_t> stop, int64_t step);
  [[noreturn]] static void failKey(const Module &module, const std::string &key);
};

/// Modules in order, named by position: what Sequential and ModuleList share.
template <class Self> class ModuleSequence {
public:
  class Iterator {
  public:
    using value_type = AnyModule;
    using difference_type = std::ptrdiff_t;
    Iterator(const ModuleSequence *sequence, size_t at) : sequence_(sequence), at_(at) {}
    /// Lives until this iterator is asked again: `for (auto &layer : layers)` is what everybody writes.
    AnyModule &operator*() const { return module_.emplace((*sequence_)[int64_t(at_)]); }
    Iterator &operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator &other) const { return at_ == other.at_; }

  private:
    const ModuleSequence *sequence_;
    size_t at_;
    mutable std::optional<AnyModule> module_;
  };
  size_t size() const { return Container::size(self()); }
  bool empty() const { return size() == 0; }
  AnyModule operator[](int64_t index) const { return Container::moduleAt(self(), index); }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

  /// A container of [start:stop:step], of the same modules.
  Self slice(std::optional<int64_t> start, std::optional<int64_t> stop = {}, int64_t step = 1) const {
    NamedModules all = Container::modules(self()), chosen;
    for (size_t i : Container::positions(self(), all.size(), start, stop, step))
      chosen.push_back(all[i]);
    Self part;
    Container::setModules(part, Self::keepsNames ? chosen : renumbered(std::move(chosen)));
    return part;
  }
  /// A container of the modules of both.
  Self operator+(const Self &other) const {
    NamedModules all = Container::modules(self()), more = Container::modules(other);
    all.insert(all.end(), more.begin(), more.end());
    Self both;
    Container::setModules(both, renumbered(std::move(all)));
    return both;
  }
  const Self &append(const AnyModule &module) const { return insert(int64_t(size()), module); }
  const Self &extend(const std::vector<AnyModule> &modules) const {
    for (const AnyModule &module : modules)
      append(module);
    return self();
  }
  /// Before the module at `index`, or at the end where that is the size. What is put elsewhere than at the end, or
  /// where the last position's name is taken, leaves all modules named by position.
  const Self &insert(int64_t index, const AnyModule &module) const {
    NamedModules all = Container::modules(self());
    size_t at = Container::position(self(), index, all.size(), true);
    std::string name = std::to_string(at);
    if (at == all.size() &&
        std::none_of(all.begin(), all.end(), [&](const auto &entry) { return entry.first == name; })) {
      all.emplace_back(name, module); // names that the user gave stay
      Container::setModules(self(), all);
      return self();
    }
    all.emplace(all.begin() + int64_t(at), "", module);
    Container::setModules(self(), renumbered(std::move(all)));
    return self();
  }
  /// Replaces the module at `index`; it keeps the name.
  const Self &set(int64_t index, const AnyModule &module) const {
    NamedModules all = Container::modules(self());
    all[Container::position(self(), index, all.size())].second = module;
    Container::setModules(self(), all);
    return self();
  }
  /// Takes out the module at `index` and returns it; those that stay are named by position.
  AnyModule pop(int64_t index = -1) const {
    NamedModules all = Container::modules(self());
    size_t at = Container::position(self(), index, all.size());
    AnyModule taken = all[at].second;
    all.erase(all.begin() + int64_t(at));
    Container::setModules(self(), renumbered(std::move(all)));
    return taken;
  }

protected:
  static NamedModules renumbered(NamedModules modules) {
    for (size_t i = 0; i < modules.size(); ++i)
      modules[i].first = std::to_string(i);
    return modules;
  }
  static NamedModules numbered(const std::vector<AnyModule> &modules) {
    NamedModules named;
    for (const AnyModule &module : modules)
      named.emplace_back(std::to_string(named.size()), module);
    return named;
  }

private:
  const Self &self() const { return static_cast<const Self &>(*this); }
};

/// torch.nn.Sequential: each module called on the result of the one before. A slice keeps its modules' names. (With one
/// Sequential as its only argument C++ copies it; to nest one alone, give a vector.)
class Sequential : public Callable<Sequential>, public ModuleSequence<Sequential> {
public:
  static constexpr bool keepsNames = true;
  Sequential() { Container::setType(*this, typeid(Sequential)); }
  explicit Sequential(const std::vector<AnyModule> &modules) : Sequential() {
    Container::setModules(*this, numbered(modules));
  }
  explicit Sequential(std::initializer_list<std::pair<std::string, AnyModule>> modules) : Sequential() {
    Container::setModules(*this, modules);
  }
  template <std::derived_from<Module>... M>
    requires(sizeof...(M) > 0)
  explicit Sequential(const M &...modules) : Sequential(std::vector<AnyModule>{AnyModule(modules)...}) {}
  Tensor operator()(Tensor x, Where where = Where::current()) const { return call(where, x, where); }
  /// Errors of its layers name the place where it was called.
  Tensor forward(Tensor x, Where where = Where::current()) const {
    for (AnyModule module : *this)
      x = module(x, where);
    return x;
  }
};

/// torch.nn.ModuleList: modules by position, not called as a whole.
class ModuleList : public Module, public ModuleSequence<ModuleList> {
public:
  static constexpr bool keepsNames = false;
  ModuleList() { Container::setType(*this, typeid(ModuleList), true); }
  explicit ModuleList(const std::vector<AnyModule> &modules) : ModuleList() {
    Container::setModules(*this, numbered(modules));
  }
};

/// torch.nn.ModuleDict: modules by name, in the order in which the names came.
class ModuleDict : public Module {
public:
  ModuleDict() { Container::setType(*this, typeid(ModuleDict)); }
  explicit ModuleDict(const NamedModules &modules) : ModuleDict() { update(modules); }
  size_t size() const { return Container::size(*this); }
  bool contains(const std::string &name) const;
  AnyModule operator[](const std::string &name) const;
  /// Replaces the module of that name in its place, or adds it at the end.
  const ModuleDict &set(const std::string &name, const AnyModule &module) const { return update({{name, module}}); }
  const ModuleDict &update(const NamedModules &modules) const;
  AnyModule pop(const std::string &name) const;
  void clear() const { Container::setModules(*this, {}); }
  std::vector<std::string> keys() const;
  std::vector<AnyModule> values() const;
  NamedModules items() const { return Container::modules(*this); }
};

/// torch.nn.ParameterList: parameters by position.
class ParameterList : public Module {
public:
  explicit ParameterList(const std::vector<Parameter> &parameters = {});
  size_t size() const { return values().size(); }
  Parameter operator[](int64_t index) const;
  std::vector<Parameter> values() const;
  ParameterList slice(std::optional<int64_t> start, std::optional<int64_t> stop = {}, int64_t step = 1) const;
  const ParameterList &append(const Parameter &parameter) const { return insert(int64_t(size()), parameter); }
  const ParameterList &extend(const std::vector<Parameter> &parameters) const;
  const ParameterList &insert(int64_t index, const Parameter &parameter) const;
  const ParameterList &set(int64_t index, const Parameter &parameter) const;
  Parameter pop(int64_t index = -1) const;

private:
  void assign(const std::vector<Parameter> &parameters) const;
};

/// torch.nn.ParameterDict: parameters by name, in the order in which the names came.
class ParameterDict : public Module {
public:
  explicit ParameterDict(const NamedParameters &parameters = {});
  size_t size() const { return items().size(); }
  bool contains(const std::string &name) const;
  Parameter operator[](const std::string &name) const;
  const ParameterDict &set(const std::string &name, const Parameter &parameter) const {
    return update({{name, parameter}});
  }
  const ParameterDict &update(const NamedParameters &parameters) const;
  Parameter pop(const std::string &name) const;
  void clear() const { Container::setParameters(*this, {}); }
  std::vector<std::string> keys() const;
  std::vector<Parameter> values() const;
  NamedParameters items() const { return Container::parameters(*this); }
};

} // namespace nnc::nn
