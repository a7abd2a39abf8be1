// Compiled functions, evaluation, and shared objects.
#include "nnc/frontend/Function.h"
#include "nnc/codegen/object/Signature.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "nnc/frontend/AbiTypes.h"
#include "nnc/frontend/Tracing.h"
#include "nnc/ir/Builder.h"
#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/Pool.h"
#include <filesystem>
#include <fmt/format.h>
#include <set>

using namespace mlir;
namespace nnc {

struct Function::Impl {
  // An argument after the inputs: of a variable, or a constant; neither where the object has it embedded.
  struct Bound {
    VariableRef variable;
    Array constant;
  };
  Traced traced;
  std::shared_ptr<runtime::SharedObject> object;
  int32_t index = 0;
  runtime::Buffer workspace;
  std::vector<Bound> bound;
};

static const nnc_function &functionOf(const Function::Impl &impl) {
  return impl.object->functions()[size_t(impl.index)];
}

// An array for a result, all of which a function writes: zeroing it first would be a pass over memory of its own.
static Array resultArray(Shape shape, DType type) {
  int64_t bytes = elementCount(shape) * byteSize(type);
  std::shared_ptr<void> memory = runtime::reusedMemory(bytes);
  return Array::view(std::move(shape), type, memory.get(), memory);
}

std::vector<Array> Function::operator()(const std::vector<Array> &inputs) const {
  if (!impl_)
    throw Error("a function that was never compiled was called");
  const Traced::Impl &traced = impl_->traced.impl();
  if (inputs.size() != traced.inputs.size())
    throw Error(fmt::format("{}: expected {} inputs, got {}", traced.name, traced.inputs.size(), inputs.size()));
  std::vector<void *> arguments, results;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Spec &spec = traced.inputs[i];
    if (!inputs[i].defined())
      throw Error(fmt::format("{}: {}: expected an array, got none", traced.name, spec.name));
    if (inputs[i].dtype() != spec.type || inputs[i].shape() != spec.shape)
      throw Error(fmt::format("{}: {}: expected {} of {}, got {} of {}", traced.name, spec.name, toString(spec.shape),
                              toString(spec.type), toString(inputs[i].shape()), toString(inputs[i].dtype())));
    arguments.push_back(inputs[i].raw());
  }
  for (const Impl::Bound &bound : impl_->bound)
    arguments.push_back(bound.variable ? bound.variable->value.raw() : bound.constant.raw());
  std::vector<Array> outputs;
  for (const Spec &spec : traced.outputs) {
    outputs.push_back(resultArray(spec.shape, spec.type));
    results.push_back(outputs.back().raw());
  }
  for (int64_t index : traced.updated)
    results.push_back(traced.variables[size_t(index)]->value.raw());
  auto pool = runtime::defaultPool();
  nnc_options options{pool->handle(), nullptr, nullptr};
  impl_->object->invoke(impl_->index, arguments.data(), results.data(), impl_->workspace.data(), &options);
  return outputs;
}
const Traced &Function::traced() const { return impl_->traced; }
int64_t Function::workspaceBytes() const { return functionOf(*impl_).workspace_bytes; }
int64_t Function::peakBytes() const { return functionOf(*impl_).peak_bytes; }
const runtime::SharedObject &Function::object() const { return *impl_->object; }

// The function with frozen weights: what is left of its variables are those that are not.
static Traced frozen(const Traced &traced) {
  const Traced::Impl &from = traced.impl();
  auto impl = std::make_shared<Traced::Impl>();
  impl->name = from.name, impl->inputs = from.inputs, impl->outputs = from.outputs;
  impl->module = OwningOpRef<ModuleOp>(from.module.get().clone());
  codegen::freezeArguments(*impl->module);
  auto function = *impl->module->getOps<func::FuncOp>().begin();
  std::vector<int64_t> kept(from.variables.size(), -1);
  for (size_t i = 0; i < from.variables.size(); ++i)
    if (!function.getArgAttr(unsigned(from.inputs.size() + i), codegen::frozenAttr)) {
      kept[i] = int64_t(impl->variables.size());
      impl->variables.push_back(from.variables[i]);
      impl->variableNames.push_back(from.variableNames[i]);
    }
  for (int64_t index : from.updated)
    impl->updated.push_back(kept[size_t(index)]);
  return Traced(impl);
}

static std::map<std::string, VariableRef> byName(const Traced &traced) {
  std::map<std::string, VariableRef> variables;
  for (size_t i = 0; i < traced.variables().size(); ++i)
    variables.emplace(traced.variableNames()[i], traced.variables()[i]);
  return variables;
}

static Array arrayFor(const nnc_value &value) {
  return resultArray(Shape(value.dims, value.dims + value.rank), fromAbiType(value.dtype, value.name));
}

// The constants that a function of the object takes, by name: computed from the weights, where it says how.
static std::map<std::string, Array> prepared(const runtime::SharedObject &object, const std::string &name,
                                             const std::map<std::string, VariableRef> &variables) {
  std::map<std::string, Array> made;
  for (const auto &[index, function] : llvm::enumerate(object.functions())) {
    if (function.name != name + codegen::prepareSuffix.str())
      continue;
    std::vector<void *> arguments, results;
    for (int32_t i = 0; i < function.argument_count; ++i)
      arguments.push_back(variables.at(function.arguments[i].name)->value.raw());
    for (int32_t i = 0; i < function.result_count; ++i)
      results.push_back(made.emplace(function.results[i].name, arrayFor(function.results[i])).first->second.raw());
    runtime::Buffer workspace(std::max<int64_t>(function.workspace_bytes, 1));
    auto pool = runtime::defaultPool();
    nnc_options options{pool->handle(), nullptr, nullptr};
    object.invoke(int32_t(index), arguments.data(), results.data(), workspace.data(), &options);
  }
  return made;
}

Function compile(const Traced &traced, CompileOptions options) {
  bool freeze = options.freeze;
  auto impl = std::make_shared<Function::Impl>(Function::Impl{freeze ? frozen(traced) : traced, nullptr, 0, {}, {}});
  options.freeze = false; // the module says which
  impl->object = codegen::compile(*impl->traced.impl().module, options);
  impl->index = impl->object->function(traced.name());
  std::map<std::string, VariableRef> variables = byName(traced);
  std::map<std::string, Array> constants = prepared(*impl->object, traced.name(), variables);
  const nnc_function &function = functionOf(*impl);
  for (int32_t i = int32_t(traced.inputs().size()); i < function.argument_count; ++i) {
    const nnc_value &value = function.arguments[i];
    Function::Impl::Bound &bound = impl->bound.emplace_back();
    if (value.kind != NNC_CONSTANT) {
      bound.variable = variables.at(value.name);
    } else if (auto made = constants.find(value.name); made != constants.end()) {
      bound.constant = made->second;
    } else if (!impl->object->module().weights[value.weight].data) { // a weight as it is, but what it is now
      bound.constant = arrayFor(value);
      bound.constant.copyFrom(variables.at(value.name)->value);
    }
  }
  impl->workspace = runtime::Buffer(std::max<int64_t>(functionOf(*impl).workspace_bytes, 1));
  return Function(impl);
}

std::vector<Array> evaluateAll(const TensorFunction &function, const std::vector<Array> &inputs,
                               const CompileOptions &options) {
  std::vector<Spec> specs;
  for (const Array &input : inputs) {
    if (!input.defined())
      throw Error("evaluate: expected an array, got none");
    specs.push_back({input.dtype(), input.shape(), ""});
  }
  return compile(trace(function, specs), options)(inputs);
}

void compile_ahead(const std::string &path, const std::vector<Traced> &functions, AheadOptions options) {
  if (functions.empty())
    throw Error("compile_ahead: functions: expected at least one, got none");
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&graphContext()));
  CompileOptions compileOptions;
  std::filesystem::path file(path);
  compileOptions.name = file.stem().string();
  for (char &c : compileOptions.name)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '_';
  compileOptions.targets = options.targets;
  compileOptions.freeze = options.freeze;
  if (options.freeze && !options.embedWeights)
    throw Error("compile_ahead: freeze: expected embedWeights = true, as what is computed from weights is embedded");
  std::map<std::string, VariableRef> weights;
  std::set<std::string> names;
  for (const Traced &traced : functions) {
    if (!names.insert(traced.name()).second)
      throw Error(fmt::format("compile_ahead: two functions are named '{}'", traced.name()));
    auto func = *(*traced.impl().module).getOps<func::FuncOp>().begin();
    module->push_back(func->clone());
    for (auto [i, variable] : llvm::enumerate(traced.variables())) {
      if (variable->kind != Kind::parameter && variable->kind != Kind::buffer)
        continue;
      std::string name = func.getArgAttrOfType<StringAttr>(traced.inputs().size() + i, "nn.name").str();
      auto [at, isNew] = weights.emplace(name, variable);
      if (!isNew && at->second != variable)
        throw Error(fmt::format("compile_ahead: two different weights are named '{}'", name));
    }
  }
  if (options.embedWeights)
    for (auto &[name, variable] : weights)
      compileOptions.weights.push_back(
          {name, abiType(variable->value.dtype()), variable->value.shape(), variable->value.raw()});
  std::string header = options.header.empty() ? file.replace_extension(".h").string() : options.header;
  codegen::compileToFile(*module, compileOptions, path, header);
}

Loaded::Loaded(const std::string &path) : object_(std::make_shared<runtime::SharedObject>(path)) {}
Loaded load(const std::string &path) { return Loaded(path); }

std::vector<Array> Loaded::call(const std::string &name, const std::vector<Array> &inputs) const {
  int32_t index = object_->function(name);
  const nnc_function &function = object_->functions()[size_t(index)];
  if (int64_t(inputs.size()) > function.argument_count)
    throw Error(fmt::format("{}: expected {} arguments, got {}", name, function.argument_count, inputs.size()));
  std::set<int32_t> updated;
  for (int32_t i = 0; i < function.result_count; ++i)
    updated.insert(function.results[i].updates);
  std::vector<void *> arguments, results;
  for (int32_t i = 0; i < function.argument_count; ++i) {
    const nnc_value &value = function.arguments[i];
    Shape shape(value.dims, value.dims + value.rank);
    const Array array = size_t(i) < inputs.size() ? inputs[size_t(i)] : Array();
    if (array.defined() && value.kind == NNC_CONSTANT)
      throw Error(fmt::format("{}: {}: expected none, as it is frozen, got {} of {}", name, value.name,
                              toString(array.shape()), toString(array.dtype())));
    if (!array.defined() && value.weight >= 0 && object_->module().weights[value.weight].data && !updated.contains(i)) {
      arguments.push_back(nullptr);
      continue;
    }
    if (!array.defined() || array.shape() != shape || array.dtype() != fromAbiType(value.dtype, value.name))
      throw Error(fmt::format(
          "{}: {}: expected {} of {}, got {}", name, value.name, toString(shape),
          toString(fromAbiType(value.dtype, value.name)),
          array.defined() ? fmt::format("{} of {}", toString(array.shape()), toString(array.dtype())) : "none"));
    arguments.push_back(array.raw());
  }
  std::vector<Array> outputs;
  for (int32_t i = 0; i < function.result_count; ++i) {
    const nnc_value &value = function.results[i];
    if (value.updates >= 0) {
      results.push_back(arguments[size_t(value.updates)]);
      continue;
    }
    outputs.push_back(resultArray(Shape(value.dims, value.dims + value.rank), fromAbiType(value.dtype, value.name)));
    results.push_back(outputs.back().raw());
  }
  runtime::Buffer workspace(std::max<int64_t>(function.workspace_bytes, 1));
  auto pool = runtime::defaultPool();
  nnc_options options{pool->handle(), nullptr, nullptr};
  object_->invoke(index, arguments.data(), results.data(), workspace.data(), &options);
  return outputs;
}

} // namespace nnc
