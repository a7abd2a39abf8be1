// Checkpoints.
#include "nnc/nn/Checkpoint.h"
#include "nnc/frontend/AbiTypes.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/Npy.h"
#include "nnc/runtime/SafeTensors.h"
#include <fmt/format.h>
#include <set>

namespace nnc {

using Arrays = std::vector<std::pair<std::string, Array>>;

static void write(const std::string &path, const Arrays &arrays, const Metadata &metadata) {
  std::map<std::string, runtime::TensorView, std::less<>> views;
  for (auto &[name, array] : arrays) {
    if (!array.defined())
      throw Error(fmt::format("{}: cannot write: '{}': expected an array, got none", path, name));
    runtime::TensorView view{abiType(array.dtype()), array.shape(),
                             std::span(static_cast<const std::byte *>(array.raw()), size_t(array.bytes()))};
    if (!views.emplace(name, view).second) // a parameter of the model that is called "step", say
      throw Error(fmt::format("{}: two arrays are called '{}'", path, name));
  }
  runtime::writeSafeTensors(path, views, {metadata.begin(), metadata.end()});
}

static std::string listed(const char *what, const std::vector<std::string> &names) {
  if (names.empty())
    return "";
  std::string text = fmt::format("\n  {}:", what);
  for (const std::string &name : names)
    text += "\n    " + name;
  return text;
}

static Metadata read(const std::string &path, const Arrays &arrays, bool strict) {
  runtime::SafeTensors file(path);
  std::vector<std::string> missing, unexpected, misshapen;
  std::set<std::string> known;
  std::set<const void *> given; // a tied parameter has several names: any of them is enough
  for (auto &[name, array] : arrays)
    if (file.find(name))
      given.insert(array.raw());
  for (auto &[name, array] : arrays) {
    known.insert(name);
    const runtime::TensorView *view = file.find(name);
    if (!view) {
      if (!given.count(array.raw()))
        missing.push_back(name);
      continue;
    }
    if (view->dims != array.shape() || view->dtype != abiType(array.dtype())) {
      std::string type = "another element type";
      for (DType candidate :
           {DType::f32, DType::f64, DType::bf16, DType::f16, DType::i64, DType::i32, DType::i8, DType::u8, DType::i1})
        if (abiType(candidate) == view->dtype)
          type = toString(candidate);
      misshapen.push_back(fmt::format("{}: expected {} of {}, got {} of {}", name, toString(array.shape()),
                                      toString(array.dtype()), toString(view->dims), type));
    }
  }
  for (auto &[name, view] : file.tensors())
    if (!known.count(name))
      unexpected.push_back(name);
  if (!misshapen.empty() || (strict && (!missing.empty() || !unexpected.empty())))
    throw Error(fmt::format("{}: does not fit the model", path) + listed("misshapen keys", misshapen) +
                (strict ? listed("missing keys", missing) + listed("unexpected keys", unexpected) : std::string()));
  for (auto &[name, array] : arrays)
    if (const runtime::TensorView *view = file.find(name); view && !view->data.empty())
      std::memcpy(array.raw(), view->data.data(), view->data.size());
  return {file.metadata().begin(), file.metadata().end()};
}

// Each once, under its first name.
static Arrays stateOf(const nn::Module &module) {
  Arrays arrays;
  for (auto &[name, parameter] : module.named_parameters())
    arrays.emplace_back(name, parameter.value());
  for (auto &[name, buffer] : module.named_buffers())
    if (buffer.persistent())
      arrays.emplace_back(name, buffer.value());
  return arrays;
}
static Arrays stateOf(const TrainStep &step) {
  Arrays arrays;
  for (auto &[name, variable] : step.state())
    arrays.emplace_back(name, variable->value);
  return arrays;
}

void save(const nn::Module &module, const std::string &path, const Metadata &metadata) {
  write(path, stateOf(module), metadata);
}
Metadata load(const nn::Module &module, const std::string &path, bool strict) {
  nn::StateDict all = module.state_dict(); // with every name of what has several
  return read(path, {all.begin(), all.end()}, strict);
}
void save(const TrainStep &step, const std::string &path, const Metadata &metadata) {
  write(path, stateOf(step), metadata);
}
Metadata load(const TrainStep &step, const std::string &path) { return read(path, stateOf(step), true); }

nn::StateDict load_file(const std::string &path, Metadata *metadata) {
  runtime::SafeTensors file(path);
  nn::StateDict arrays;
  for (auto &[name, view] : file.tensors()) {
    Array array(view.dims, fromAbiType(view.dtype, path + ": " + name));
    if (!view.data.empty())
      std::memcpy(array.raw(), view.data.data(), view.data.size());
    arrays.set(name, array);
  }
  if (metadata)
    *metadata = {file.metadata().begin(), file.metadata().end()};
  return arrays;
}
void save_file(const nn::StateDict &arrays, const std::string &path, const Metadata &metadata) {
  write(path, {arrays.begin(), arrays.end()}, metadata);
}

Array load_npy(const std::string &path) {
  auto data = std::make_shared<runtime::TensorData>(runtime::readNpy(path));
  return Array::view(data->dims, fromAbiType(data->dtype, path), data->data.data(), data);
}
void save_npy(const Array &array, const std::string &path) {
  if (!array.defined())
    throw Error(path + ": cannot write: expected an array, got none");
  runtime::writeNpy(path, abiType(array.dtype()), array.shape(), array.raw());
}

} // namespace nnc
