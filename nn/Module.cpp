// Modules: registration, traversal, state dicts, hooks, printing.
#include "nnc/nn/Module.h"
#include "nnc/nn/ModuleState.h"
#include "nnc/runtime/Error.h"
#include <algorithm>
#include <cxxabi.h>
#include <fmt/format.h>
#include <ostream>
#include <set>

namespace nnc {

VariableHandle::VariableHandle(Array value, Kind kind, bool requiresGrad, bool persistent) {
  if (!value.defined())
    return; // registered as none
  slot_ = std::make_shared<Slot>();
  slot_->variable = std::make_shared<Variable>(Variable{std::move(value), kind, "", requiresGrad});
  slot_->persistent = persistent;
}

const VariableRef &VariableHandle::variable() const {
  if (!defined())
    throw Error("a parameter or buffer that is not there was used: check defined() first");
  return slot_->variable;
}
const Array &VariableHandle::value() const { return variable()->value; }

void VariableHandle::assign(const Array &value) const {
  const Array &mine = this->value();
  if (value.shape() != mine.shape())
    throw Error(fmt::format("assign: expected {}, got {}", toString(mine.shape()), toString(value.shape())));
  Array(mine).copyFrom(value.dtype() == mine.dtype() ? value : value.to(mine.dtype()));
}

} // namespace nnc

namespace nnc::nn {

using detail::ModuleState;

const Parameter &Parameter::requires_grad_(bool value) const {
  variable()->requiresGrad = value;
  return *this;
}

void Parameter::tie(const Parameter &other) const {
  if (shape() != other.shape())
    throw Error(fmt::format("tie: expected a parameter of {}, got {}", toString(shape()), toString(other.shape())));
  slot_->variable = other.variable();
}

//===--- state dict ---===//

const Array *StateDict::find(std::string_view name) const {
  for (const auto &[key, array] : entries_)
    if (key == name)
      return &array;
  return nullptr;
}
const Array &StateDict::at(std::string_view name) const {
  if (const Array *found = find(name))
    return *found;
  throw Error(fmt::format("state dict: no key '{}'", name));
}
void StateDict::set(std::string name, Array value) {
  for (auto &[key, array] : entries_)
    if (key == name) {
      array = std::move(value);
      return;
    }
  entries_.emplace_back(std::move(name), std::move(value));
}
bool StateDict::erase(std::string_view name) {
  return std::erase_if(entries_, [&](const auto &entry) { return entry.first == name; }) != 0;
}

//===--- registration ---===//

// "Conv2d" of nnc::nn::Conv2d; "Pair" of a template Pair<int>.
static std::string className(const std::type_info &type) {
  int status = 0;
  std::unique_ptr<char, void (*)(void *)> text(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  std::string name = text ? text.get() : type.name();
  name = name.substr(0, name.find('<'));
  if (size_t colon = name.rfind(':'); colon != std::string::npos)
    name = name.substr(colon + 1);
  return name;
}

static void checkName(const ModuleState &state, const char *what, const std::string &name, bool takenByOther) {
  if (name.empty() || name.find('.') != std::string::npos)
    throw Error(fmt::format("{}: {} name: expected a name without dots, got '{}'", state.type, what, name));
  if (takenByOther)
    throw Error(fmt::format("{}: {} '{}': the name belongs to something else of this module", state.type, what, name));
}

template <class T> static bool taken(const std::vector<std::pair<std::string, T>> &list, const std::string &name) {
  return std::any_of(list.begin(), list.end(), [&](const auto &entry) { return entry.first == name; });
}
template <class T> static void put(std::vector<std::pair<std::string, T>> &list, const std::string &name, T value) {
  for (auto &entry : list)
    if (entry.first == name) {
      entry.second = std::move(value);
      return;
    }
  list.emplace_back(name, std::move(value));
}

Module::Module() : state_(std::make_shared<ModuleState>()) {}

void Module::registerChild(const std::string &name, const Module &child) const {
  checkName(*state_, "module", name, taken(state_->parameters, name) || taken(state_->buffers, name));
  if (child.state_->reaches(state_))
    throw Error(fmt::format("{}: module '{}': a module cannot be a part of itself", state_->type, name));
  put(state_->children, name, child.state_);
  child.state_->parents.emplace_back(state_, name);
}
Parameter Module::parameter(const std::string &name, Parameter parameter) {
  checkName(*state_, "parameter", name, taken(state_->children, name) || taken(state_->buffers, name));
  put(state_->parameters, name, parameter);
  return parameter;
}
Buffer Module::buffer(const std::string &name, Buffer buffer) {
  checkName(*state_, "buffer", name, taken(state_->children, name) || taken(state_->parameters, name));
  put(state_->buffers, name, buffer);
  return buffer;
}

void Module::setSelf(std::shared_ptr<const detail::Erased> self) const {
  state_->type = className(self->type());
  state_->self = std::move(self);
}
bool Module::knowsSelf() const { return state_->self != nullptr; }
void Module::describe(std::string options) const { state_->options = std::move(options); }

void detail::setKind(ModuleState &state, std::string kind, const std::type_info &type) {
  state.kind = std::move(kind);
  state.type = className(type);
}

bool ModuleState::reaches(const std::shared_ptr<ModuleState> &other) const {
  if (this == other.get())
    return true;
  return std::any_of(children.begin(), children.end(), [&](const auto &c) { return c.second->reaches(other); });
}

std::string ModuleState::path() const {
  for (const auto &[parent, name] : parents) {
    auto alive = parent.lock();
    if (!alive)
      continue;
    // a module that was replaced or taken out is no longer there under that name
    bool held = std::any_of(alive->children.begin(), alive->children.end(),
                            [&, &name = name](const auto &c) { return c.first == name && c.second.get() == this; });
    if (!held)
      continue;
    std::string outer = alive->path();
    return outer.empty() ? name : outer + "." + name;
  }
  return "";
}

//===--- traversal ---===//

// Calls f(dotted prefix, state) for a module and all its parts, each once.
template <class F>
static void visit(const std::shared_ptr<ModuleState> &state, const std::string &prefix,
                  std::set<const ModuleState *> &seen, bool recurse, F f) {
  if (!seen.insert(state.get()).second)
    return;
  f(prefix, state);
  if (recurse)
    for (const auto &[name, child] : state->children)
      visit(child, prefix.empty() ? name : prefix + "." + name, seen, recurse, f);
}
template <class F> static void visit(const std::shared_ptr<ModuleState> &state, bool recurse, F f) {
  std::set<const ModuleState *> seen;
  visit(state, "", seen, recurse, f);
}
static std::string join(const std::string &prefix, const std::string &name) {
  return prefix.empty() ? name : prefix + "." + name;
}
template <class T> static auto seconds(const std::vector<std::pair<std::string, T>> &list) {
  std::vector<T> values;
  for (const auto &entry : list)
    values.push_back(entry.second);
  return values;
}

std::vector<std::pair<std::string, Parameter>> Module::named_parameters(bool recurse) const {
  std::vector<std::pair<std::string, Parameter>> found;
  std::set<const Variable *> seen;
  visit(state_, recurse, [&](const std::string &prefix, const auto &state) {
    for (const auto &[name, parameter] : state->parameters)
      if (parameter.defined() && seen.insert(parameter.variable().get()).second)
        found.emplace_back(join(prefix, name), parameter);
  });
  return found;
}
std::vector<std::pair<std::string, Buffer>> Module::named_buffers(bool recurse) const {
  std::vector<std::pair<std::string, Buffer>> found;
  std::set<const Variable *> seen;
  visit(state_, recurse, [&](const std::string &prefix, const auto &state) {
    for (const auto &[name, buffer] : state->buffers)
      if (buffer.defined() && seen.insert(buffer.variable().get()).second)
        found.emplace_back(join(prefix, name), buffer);
  });
  return found;
}
std::vector<std::pair<std::string, AnyModule>> Module::named_modules() const {
  std::vector<std::pair<std::string, AnyModule>> found;
  visit(state_, true,
        [&](const std::string &prefix, const auto &state) { found.emplace_back(prefix, AnyModule(state)); });
  return found;
}
std::vector<std::pair<std::string, AnyModule>> Module::named_children() const {
  std::vector<std::pair<std::string, AnyModule>> found;
  std::set<const ModuleState *> seen;
  for (const auto &[name, child] : state_->children)
    if (seen.insert(child.get()).second)
      found.emplace_back(name, AnyModule(child));
  return found;
}
std::vector<Parameter> Module::parameters(bool recurse) const { return seconds(named_parameters(recurse)); }
std::vector<Buffer> Module::buffers(bool recurse) const { return seconds(named_buffers(recurse)); }
std::vector<AnyModule> Module::modules() const { return seconds(named_modules()); }
std::vector<AnyModule> Module::children() const { return seconds(named_children()); }

const Module &Module::apply(const std::function<void(const AnyModule &)> &f) const {
  type_name(); // `f` may ask a handle that does not know it
  for (const AnyModule &child : children())
    child.apply(f);
  f(AnyModule(state_));
  return *this;
}

bool Module::training() const { return state_->training; }
const Module &Module::train(bool mode) const {
  visit(state_, true, [&](const std::string &, const auto &state) { state->training = mode; });
  return *this;
}
const Module &Module::requires_grad_(bool value) const {
  for (const Parameter &parameter : parameters())
    parameter.requires_grad_(value);
  return *this;
}
const Module &Module::to(DType type) const {
  if (!isFloat(type))
    throw Error(fmt::format("to: expected a floating type, got {}", toString(type)));
  auto convert = [&](const VariableHandle &handle) {
    Array &value = handle.variable()->value;
    if (isFloat(value.dtype()) && value.dtype() != type)
      value = value.to(type);
  };
  for (const Parameter &parameter : parameters())
    convert(parameter);
  for (const Buffer &buffer : buffers())
    convert(buffer);
  return *this;
}

VariableNames variableNames(const Module &module) {
  VariableNames names;
  for (const auto &[name, parameter] : module.named_parameters())
    names.emplace(parameter.variable().get(), name);
  for (const auto &[name, buffer] : module.named_buffers())
    names.emplace(buffer.variable().get(), name);
  return names;
}

//===--- loading ---===//

// All names, those of shared parts and tied parameters too: PyTorch writes each of them.
static void collectState(const ModuleState &state, const std::string &prefix, StateDict &found) {
  for (const auto &[name, parameter] : state.parameters)
    if (parameter.defined())
      found.set(join(prefix, name), parameter.value());
  for (const auto &[name, buffer] : state.buffers)
    if (buffer.defined() && buffer.persistent())
      found.set(join(prefix, name), buffer.value());
  for (const auto &[name, child] : state.children)
    collectState(*child, join(prefix, name), found);
}
StateDict Module::state_dict() const {
  StateDict found;
  collectState(*state_, "", found);
  return found;
}

static std::string quoted(const std::vector<std::string> &names) {
  return fmt::format("\"{}\"", fmt::join(names, "\", \""));
}

LoadResult Module::load_state_dict(const StateDict &state, bool strict) const {
  StateDict mine = state_dict();
  LoadResult result;
  std::vector<std::string> problems;
  for (const auto &[name, array] : mine)
    if (!state.find(name))
      result.missing_keys.push_back(name);
  for (const auto &[name, array] : state)
    if (!mine.find(name))
      result.unexpected_keys.push_back(name);
  if (strict && !result.missing_keys.empty())
    problems.push_back("missing keys: " + quoted(result.missing_keys));
  if (strict && !result.unexpected_keys.empty())
    problems.push_back("unexpected keys: " + quoted(result.unexpected_keys));
  for (const auto &[name, array] : mine)
    if (const Array *given = state.find(name); given && given->shape() != array.shape())
      problems.push_back(
          fmt::format("\"{}\": expected {}, got {}", name, toString(array.shape()), toString(given->shape())));
  if (!problems.empty())
    throw Error(fmt::format("load_state_dict: {}: {}", type_name(), fmt::join(problems, "; ")));
  for (const auto &[name, array] : mine)
    if (const Array *given = state.find(name); given && !given->sharesDataWith(array))
      Array(array).copyFrom(given->dtype() == array.dtype() ? *given : given->to(array.dtype()));
  return result;
}

//===--- calls and hooks ---===//

int64_t Module::register_forward_pre_hook(ForwardPreHook hook) const {
  state_->preHooks.emplace_back(++state_->lastHook, std::move(hook));
  return state_->lastHook;
}
int64_t Module::register_forward_hook(ForwardHook hook) const {
  state_->hooks.emplace_back(++state_->lastHook, std::move(hook));
  return state_->lastHook;
}
void Module::remove_hook(int64_t number) const {
  auto same = [&](const auto &hook) { return hook.first == number; };
  std::erase_if(state_->preHooks, same);
  std::erase_if(state_->hooks, same);
}

bool detail::hasHooks(const ModuleState &state) { return !state.preHooks.empty() || !state.hooks.empty(); }
void detail::runPreHooks(const Module &module, const ModuleState &state, std::vector<Tensor> &inputs) {
  for (const auto &[number, hook] : state.preHooks)
    hook(module, inputs);
}
void detail::runHooks(const Module &module, const ModuleState &state, const std::vector<Tensor> &inputs,
                      std::vector<Tensor> &outputs) {
  for (const auto &[number, hook] : state.hooks)
    hook(module, inputs, outputs);
}

detail::CallScope::CallScope(const ModuleState &state, Where where) {
  if (state.kind.empty())
    return;
  std::string path = state.path();
  scope_.emplace(path.empty() ? state.kind : fmt::format("{} '{}'", state.kind, path), where);
}

void detail::failCall(const ModuleState &state, size_t inputs) {
  throw Error(fmt::format("{}: forward does not take {} tensor{} and return tensors", state.type, inputs,
                          inputs == 1 ? "" : "s"));
}

std::shared_ptr<Module> AnyModule::restore() const { return state_->self ? state_->self->restore(state_) : nullptr; }
std::vector<Tensor> AnyModule::operator()(const std::vector<Tensor> &inputs, Where where) const {
  if (!state_->self)
    detail::failCall(*state_, inputs.size());
  return state_->self->call(state_, inputs, where);
}
Tensor AnyModule::operator()(Tensor x, Where where) const {
  std::vector<Tensor> outputs = (*this)(std::vector<Tensor>{x}, where);
  if (outputs.size() != 1)
    throw Error(fmt::format("{}: expected forward to return one tensor, got {}", state_->type, outputs.size()));
  return outputs[0];
}

//===--- printing ---===//

const std::string &Module::type_name() const {
  // a model nobody erased yet is known by its dynamic type
  if (!state_->self && state_->kind.empty() && typeid(*this) != typeid(Module) && typeid(*this) != typeid(AnyModule))
    state_->type = className(typeid(*this));
  return state_->type;
}
std::string Module::path() const { return state_->path(); }

static std::string indented(const std::string &text) {
  std::string out;
  for (char c : text) {
    out += c;
    if (c == '\n')
      out += "  ";
  }
  return out;
}

std::string ModuleState::print() const {
  if (printer)
    return printer(*this);
  std::vector<std::string> lines;
  for (size_t i = 0; i < children.size(); ++i) {
    const auto &[name, child] = children[i];
    std::string text = child->print();
    size_t last = i;
    while (collapses && last + 1 < children.size() && children[last + 1].second->print() == text)
      ++last;
    if (last > i)
      lines.push_back(indented(fmt::format("({}-{}): {} x {}", name, children[last].first, last - i + 1, text)));
    else
      lines.push_back(indented(fmt::format("({}): {}", name, text)));
    i = last;
  }
  if (lines.empty())
    return fmt::format("{}({})", type, options);
  std::string head = options.empty() ? "" : options + "\n  ";
  return fmt::format("{}(\n  {}{}\n)", type, head, fmt::join(lines, "\n  "));
}

std::string Module::str() const {
  type_name();
  return state_->print();
}
std::ostream &operator<<(std::ostream &out, const Module &module) { return out << module.str(); }

} // namespace nnc::nn
