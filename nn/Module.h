// Modules: what holds a model's parameters, buffers and parts, by name. A module is a handle on shared state, as in
// libtorch: copying one costs nothing and both copies are the same module.
//
//   struct LeNet : nn::Module {
//     nn::Conv2d conv = module("conv", nn::Conv2d(1, 32, 3));
//     nn::Linear fc = module("fc", nn::Linear(21632, 10));
//     nn::Parameter scale = parameter("scale", Array::full({10}, 1.0));
//     Tensor forward(Tensor x) { return fc(flatten(relu(conv(x)), 1)) * scale; }
//   };
//
// Layers of the library are called as functions. So is a model derived from nn::Callable<LeNet>; one derived from
// nn::Module is called by its `forward`, without hooks.
#pragma once
#include "nnc/frontend/Graph.h"
#include <iosfwd>
#include <tuple>
#include <typeinfo>

namespace nnc {

/// A variable as a member of a module. Assignment makes a handle refer to another variable; `tie` makes this variable
/// itself, for all who hold it, the other one.
class VariableHandle {
public:
  VariableHandle() = default; // none; `defined()` is false
  bool defined() const { return slot_ && slot_->variable; }
  explicit operator bool() const { return defined(); }

  const VariableRef &variable() const;
  /// Its data: what is read and written between calls of compiled functions.
  const Array &value() const;
  /// Takes the elements of `value`, which has the same shape.
  void assign(const Array &value) const;
  const Shape &shape() const { return value().shape(); }
  DType dtype() const { return value().dtype(); }
  int64_t size(int64_t dim) const { return value().size(dim); }
  int64_t numel() const { return value().numel(); }

  /// Its value in the graph being traced.
  Tensor tensor() const { return Graph::current().use(variable()); }
  operator Tensor() const { return tensor(); }
  /// Its value from here on; written back when the compiled function has run.
  void update(Tensor value) const { Graph::current().update(variable(), value); }

protected:
  struct Slot {
    VariableRef variable;
    bool persistent = true;
  };
  VariableHandle(Array value, Kind kind, bool requiresGrad, bool persistent);
  std::shared_ptr<Slot> slot_;
};

} // namespace nnc

namespace nnc::nn {

/// A tensor that is trained (torch.nn.Parameter). One that is registered twice, or tied to another, is one tensor: in
/// the graph, in its gradient, in the optimizer.
class Parameter : public VariableHandle {
public:
  Parameter() = default;
  explicit Parameter(Array value, bool requires_grad = true)
      : VariableHandle(std::move(value), Kind::parameter, requires_grad, true) {}
  bool requires_grad() const { return variable()->requiresGrad; }
  const Parameter &requires_grad_(bool value) const;
  /// From now on this parameter is `other`: `head.weight.tie(embedding.weight)`.
  void tie(const Parameter &other) const;
};

/// State that is not trained: running statistics, masks. Saved with the module unless not persistent.
class Buffer : public VariableHandle {
public:
  Buffer() = default;
  explicit Buffer(Array value, bool persistent = true)
      : VariableHandle(std::move(value), Kind::buffer, false, persistent) {}
  bool persistent() const { return slot_->persistent; }
};

class Module;
class AnyModule;

/// Arrays by name, in the order of the module. The arrays are the module's own, not copies.
class StateDict {
public:
  StateDict() = default;
  StateDict(std::initializer_list<std::pair<std::string, Array>> entries) : entries_(entries) {}
  const Array *find(std::string_view name) const;
  const Array &at(std::string_view name) const;
  /// Replaces the array of that name, or adds it at the end.
  void set(std::string name, Array value);
  bool erase(std::string_view name);
  size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

private:
  std::vector<std::pair<std::string, Array>> entries_;
};

/// What load_state_dict(strict = false) left alone.
struct LoadResult {
  std::vector<std::string> missing_keys, unexpected_keys;
};

/// Called before a module's forward with its tensor arguments, after it with those and its tensor results; may replace
/// them.
using ForwardPreHook = std::function<void(const Module &module, std::vector<Tensor> &inputs)>;
using ForwardHook =
    std::function<void(const Module &module, const std::vector<Tensor> &inputs, std::vector<Tensor> &outputs)>;

namespace detail {
struct ModuleState;

/// A module of any type, kept to be called or to be had back as what it is. Its own handle on the state is empty, so
/// that a state may own it.
struct Erased {
  virtual ~Erased() = default;
  virtual const std::type_info &type() const = 0;
  virtual std::shared_ptr<Module> restore(const std::shared_ptr<ModuleState> &state) const = 0;
  virtual std::vector<Tensor> call(const std::shared_ptr<ModuleState> &state, const std::vector<Tensor> &inputs,
                                   Where where) const = 0;
};
template <class M> struct ErasedModule;
} // namespace detail

class Module {
public:
  Module();
  virtual ~Module() = default;
  Module(const Module &) = default;
  Module(Module &&other) noexcept : state_(other.state_) {} // a moved-from module is still itself
  Module &operator=(const Module &) = default;
  Module &operator=(Module &&other) noexcept {
    state_ = other.state_;
    return *this;
  }

  /// Registers a part (or replaces the one of that name) and returns it.
  template <std::derived_from<Module> M> M module(const std::string &name, M child);
  Parameter parameter(const std::string &name, Parameter parameter);
  Parameter parameter(const std::string &name, Array value, bool requires_grad = true) {
    return parameter(name, Parameter(std::move(value), requires_grad));
  }
  Buffer buffer(const std::string &name, Buffer buffer);
  Buffer buffer(const std::string &name, Array value, bool persistent = true) {
    return buffer(name, Buffer(std::move(value), persistent));
  }

  /// Own ones first, then those of the parts, in order of registration and with dotted names; each parameter, buffer
  /// and module once, under its first name. named_modules begins with this module, named "".
  std::vector<std::pair<std::string, Parameter>> named_parameters(bool recurse = true) const;
  std::vector<Parameter> parameters(bool recurse = true) const;
  std::vector<std::pair<std::string, Buffer>> named_buffers(bool recurse = true) const;
  std::vector<Buffer> buffers(bool recurse = true) const;
  std::vector<std::pair<std::string, AnyModule>> named_modules() const;
  std::vector<AnyModule> modules() const;
  std::vector<std::pair<std::string, AnyModule>> named_children() const;
  std::vector<AnyModule> children() const;

  /// Calls `f` for each part, then for this module.
  const Module &apply(const std::function<void(const AnyModule &)> &f) const;
  const Module &train(bool mode = true) const;
  const Module &eval() const { return train(false); }
  bool training() const;
  /// Converts parameters and buffers of floating type.
  const Module &to(DType type) const;
  const Module &requires_grad_(bool value = true) const;

  StateDict state_dict() const;
  /// Takes the elements of `state` by name, converted to this module's types. Throws, having changed nothing, where a
  /// shape differs and, if `strict`, where a key is missing or unexpected; the error lists all of them.
  LoadResult load_state_dict(const StateDict &state, bool strict = true) const;

  /// Hooks run in order of registration. The number returned takes the hook away again.
  int64_t register_forward_pre_hook(ForwardPreHook hook) const;
  int64_t register_forward_hook(ForwardHook hook) const;
  void remove_hook(int64_t number) const;

  /// Its call may be given a Where as the last argument.
  using LocatedCall = void;

  /// Its class: "Conv2d"; "Module" where nobody told it yet.
  const std::string &type_name() const;
  /// Its dotted name in the outermost module that holds it: "features.3"; "" for that one itself.
  std::string path() const;
  /// As PyTorch prints it.
  std::string str() const;
  /// Do both refer to the same module?
  bool is(const Module &other) const { return state_ == other.state_; }

protected:
  /// What stands between the parentheses where it is printed: "in_features=4, out_features=6, bias=True".
  void describe(std::string options) const;
  std::shared_ptr<detail::ModuleState> state_;

private:
  template <class M> friend struct detail::ErasedModule;
  template <class Self> friend class Callable;
  friend class AnyModule;
  friend class Container;
  friend struct detail::ModuleState;
  explicit Module(std::shared_ptr<detail::ModuleState> state) : state_(std::move(state)) {}
  void registerChild(const std::string &name, const Module &child) const;
  void setSelf(std::shared_ptr<const detail::Erased> self) const;
  bool knowsSelf() const;
};

namespace detail {

/// Opens the scope of a library layer (its name and the user's call in locations and errors); none for other modules.
class CallScope {
public:
  CallScope(const ModuleState &state, Where where);

private:
  std::optional<LayerScope> scope_;
};

bool hasHooks(const ModuleState &state);
void runPreHooks(const Module &module, const ModuleState &state, std::vector<Tensor> &inputs);
void runHooks(const Module &module, const ModuleState &state, const std::vector<Tensor> &inputs,
              std::vector<Tensor> &outputs);

// The tensors among arguments and results, for hooks; everything else passes by.
inline void collect(Tensor &tensor, std::vector<Tensor *> &found) { found.push_back(&tensor); }
template <class T> void collect(T &, std::vector<Tensor *> &);
template <class... T> void collect(std::tuple<T...> &tuple, std::vector<Tensor *> &found) {
  std::apply([&](auto &...part) { (collect(part, found), ...); }, tuple);
}
template <class A, class B> void collect(std::pair<A, B> &pair, std::vector<Tensor *> &found) {
  collect(pair.first, found);
  collect(pair.second, found);
}
template <class T> void collect(std::vector<T> &list, std::vector<Tensor *> &found) {
  for (T &part : list)
    collect(part, found);
}
template <class T> void collect(T &, std::vector<Tensor *> &) {}

template <class Forward, class... A>
auto callWithHooks(const Module &module, const ModuleState &state, Forward forward, A &...arguments) {
  if (!hasHooks(state))
    return forward(arguments...);
  std::vector<Tensor *> places;
  (collect(arguments, places), ...);
  std::vector<Tensor> inputs;
  for (Tensor *place : places)
    inputs.push_back(*place);
  runPreHooks(module, state, inputs);
  for (size_t i = 0; i < places.size() && i < inputs.size(); ++i)
    *places[i] = inputs[i];
  auto result = forward(arguments...);
  places.clear();
  collect(result, places);
  std::vector<Tensor> outputs;
  for (Tensor *place : places)
    outputs.push_back(*place);
  runHooks(module, state, inputs, outputs);
  for (size_t i = 0; i < places.size() && i < outputs.size(); ++i)
    *places[i] = outputs[i];
  return result;
}

} // namespace detail

/// A module that is called as a function: `y = block(x)` runs its hooks and its `forward`. Derive as
/// `struct Block : nn::Callable<Block>`.
template <class Self> class Callable : public Module {
public:
  auto operator()(Tensor x, Where where = Where::current()) const
    requires requires(Self &self) { self.forward(x); }
  {
    return call(where, x);
  }
  auto operator()(Tensor x, Tensor y, Where where = Where::current()) const
    requires requires(Self &self) { self.forward(x, y); }
  {
    return call(where, x, y);
  }
  auto operator()(Tensor x, Tensor y, Tensor z, Where where = Where::current()) const
    requires requires(Self &self) { self.forward(x, y, z); }
  {
    return call(where, x, y, z);
  }
  /// The same for arguments of any type. A layer whose forward takes options writes its own operator() with this.
  template <class... A> auto call(Where where, A... arguments) const {
    // A module is a handle, so const says nothing of what it refers to; a user's forward need not be const.
    Self &self = const_cast<Self &>(static_cast<const Self &>(*this));
    detail::CallScope scope(*state_, where);
    return detail::callWithHooks(*this, *state_, [&](auto &...a) { return self.forward(a...); }, arguments...);
  }
  const Self &train(bool mode = true) const {
    Module::train(mode);
    return static_cast<const Self &>(*this);
  }
  const Self &eval() const { return train(false); }
  const Self &to(DType type) const {
    Module::to(type);
    return static_cast<const Self &>(*this);
  }
};

namespace detail {
void setKind(ModuleState &state, std::string kind, const std::type_info &type);
} // namespace detail

/// A layer of the library. `kind` names it in messages and in profiles: "conv2d".
template <class Self> class Layer : public Callable<Self> {
protected:
  explicit Layer(std::string kind) { detail::setKind(*this->state_, std::move(kind), typeid(Self)); }
};

/// A module whose type is not known here. Any module converts to one.
class AnyModule : public Module {
public:
  template <std::derived_from<Module> M>
    requires(!std::derived_from<M, AnyModule>)
  AnyModule(const M &module);

  Tensor operator()(Tensor x, Where where = Where::current()) const;
  std::vector<Tensor> operator()(const std::vector<Tensor> &inputs, Where where = Where::current()) const;
  /// The module as what it is: `if (auto conv = m.as<nn::Conv2d>()) ...`; null where it is something else.
  template <class M> std::shared_ptr<M> as() const { return std::dynamic_pointer_cast<M>(restore()); }

private:
  friend class Module;
  explicit AnyModule(std::shared_ptr<detail::ModuleState> state) : Module(std::move(state)) {}
  std::shared_ptr<Module> restore() const;
};

/// Names of all parameters and buffers of a module, for tracing.
VariableNames variableNames(const Module &module);

std::ostream &operator<<(std::ostream &out, const Module &module);

//===--- implementation of templates
//---------------------------------------------------------------------------------===//

namespace detail {
[[noreturn]] void failCall(const ModuleState &state, size_t inputs);

template <class M> struct ErasedModule final : Erased {
  explicit ErasedModule(const M &from) : kept(from) { kept.state_.reset(); }
  const std::type_info &type() const override { return typeid(M); }
  std::shared_ptr<Module> restore(const std::shared_ptr<ModuleState> &state) const override {
    auto module = std::make_shared<M>(kept);
    module->state_ = state;
    return module;
  }
  std::vector<Tensor> call(const std::shared_ptr<ModuleState> &state, const std::vector<Tensor> &inputs,
                           Where where) const override {
    M module(kept);
    module.state_ = state;
    switch (inputs.size()) {
    case 1:
      return with(module, where, inputs[0]);
    case 2:
      return with(module, where, inputs[0], inputs[1]);
    case 3:
      return with(module, where, inputs[0], inputs[1], inputs[2]);
    case 4:
      return with(module, where, inputs[0], inputs[1], inputs[2], inputs[3]);
    default:
      failCall(*state, inputs.size());
    }
  }
  template <class... T> static std::vector<Tensor> with(M &module, Where where, T... x) {
    if constexpr (requires { nnc::detail::asVector(module(x..., where)); })
      return nnc::detail::asVector(module(x..., where));
    else if constexpr (requires { nnc::detail::asVector(module.forward(x...)); })
      return nnc::detail::asVector(
          callWithHooks(module, *module.state_, [&](auto &...a) { return module.forward(a...); }, x...));
    else
      failCall(*module.state_, sizeof...(T));
  }
  M kept;
};
} // namespace detail

template <std::derived_from<Module> M>
  requires(!std::derived_from<M, AnyModule>)
AnyModule::AnyModule(const M &module) : Module(module) {
  if constexpr (!std::same_as<M, Module>)
    if (!knowsSelf())
      setSelf(std::make_shared<detail::ErasedModule<M>>(module));
}

template <std::derived_from<Module> M> M Module::module(const std::string &name, M child) {
  registerChild(name, AnyModule(child));
  return child;
}

} // namespace nnc::nn
