// Drives a layer through the golden cases of PyTorch: builds it in f64 and in f32, gives it the case's state, traces
// its call and the vector-Jacobian product with the stored cotangents as one function, compiles that and compares
// results, gradients and changed state.
//
//   TEST_CASE("nn: linear") {
//     test::checkSection("linear", {
//       {"Linear", [](const golden::Case &c, DType type) {
//         nn::LinearOptions options{.dtype = type};
//         c.set("bias", options.bias);
//         return test::Subject(nn::Linear(c.get<int64_t>("in_features"), c.get<int64_t>("out_features"), options));
//       }},
//     });
//   }
#pragma once
#include "Golden.h"
#include "nnc/frontend/Function.h"
#include "nnc/nn/Module.h"

namespace nnc::test {

/// What a case calls: a module with its forward, or a function alone.
struct Subject {
  /// A module called on all inputs of the case in order.
  template <std::derived_from<nn::Module> M>
  explicit Subject(const M &layer)
      : module(layer), forward([all = module](const std::vector<Tensor> &x) { return all(x); }) {}
  /// A module called by `forward`, which any asTensorFunction makes: for optional inputs and arguments of the call.
  template <std::derived_from<nn::Module> M, class F>
  Subject(const M &layer, F forward) : module(layer), forward(asTensorFunction(std::move(forward))) {}
  /// A function, which has no state.
  template <class F>
    requires(!std::derived_from<F, nn::Module>)
  explicit Subject(F forward) : module(nn::Module()), forward(asTensorFunction(std::move(forward))) {}

  nn::AnyModule module;
  TensorFunction forward;
};
using MakeSubject = std::function<Subject(const golden::Case &, DType)>;

/// Every case of the section, in f64 and f32; a case whose layer (or function) has no maker fails.
void checkSection(const std::string &section, const std::map<std::string, MakeSubject> &makers);
/// One case in one type.
void checkCase(const golden::Case &c, const MakeSubject &make, DType type);

/// What PyTorch prints for a module, and names, order, shapes and requires_grad of all its state and parts.
void checkNames(const golden::Case &c, const nn::AnyModule &module);

/// The names of a list of named things.
template <class List> std::vector<std::string> firsts(const List &list) {
  std::vector<std::string> found;
  for (const auto &entry : list)
    found.push_back(entry.first);
  return found;
}

/// Compares the gradient of sum(output * weights), for fixed random weights, with central differences along a random
/// direction of all inputs of floating type and all parameters, in f64. The subject must be smooth there.
void checkFiniteDifferences(const Subject &subject, const std::vector<Array> &inputs, double tolerance = 1e-6);

/// The case's array in the type the test runs in; integers and booleans stay what they are.
nnc::Array toArray(const golden::Array &array, DType type);
/// Numbers between -1 and 1 that depend on `seed` alone.
nnc::Array randomArray(Shape shape, uint64_t seed, DType type = DType::f64);

/// The error's text, or "" where `function` throws none.
std::string errorOf(const std::function<void()> &function);
/// The same without the place it begins with, where it does.
std::string messageOf(const std::function<void()> &function);

} // namespace nnc::test
