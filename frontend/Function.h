// From a traced function to one that runs: compiled just in time and bound to its variables, or written into a shared
// object with a C interface; and shared objects loaded again.
#pragma once
#include "nnc/codegen/object/Compile.h"
#include "nnc/frontend/Graph.h"

namespace nnc {

using codegen::CompileOptions;
using codegen::CompileReport;

/// A compiled function. Its state is the variables' own arrays: read before the call, updated in place after it. With
/// CompileOptions::freeze it has copies of what it reads, or of what that was prepared to, and leaves the weights to
/// others.
class Function {
public:
  Function() = default;
  /// Runs it. Inputs are checked against the signature. Not to be called from two threads at once.
  std::vector<Array> operator()(const std::vector<Array> &inputs) const;
  template <class... A>
    requires(std::same_as<std::remove_cvref_t<A>, Array> && ...)
  std::vector<Array> operator()(const A &...inputs) const {
    return (*this)(std::vector<Array>{inputs...});
  }
  const Traced &traced() const;
  /// Bytes of the workspace, and of workspace, arguments and results together: the exact peak.
  int64_t workspaceBytes() const;
  int64_t peakBytes() const;
  /// The loaded object, for inspection.
  const runtime::SharedObject &object() const;
  bool defined() const { return impl_ != nullptr; }

  struct Impl;
  explicit Function(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

private:
  std::shared_ptr<Impl> impl_;
};

Function compile(const Traced &traced, CompileOptions options = {});
template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Traced>)
Function compile(F function, std::vector<Spec> inputs, TraceOptions trace = {}, CompileOptions options = {},
                 Where where = Where::current()) {
  return compile(nnc::trace(asTensorFunction(std::move(function), where), std::move(inputs), std::move(trace)),
                 std::move(options));
}

/// Traces, compiles (cached) and runs a function once.
std::vector<Array> evaluateAll(const TensorFunction &function, const std::vector<Array> &inputs,
                               const CompileOptions &options = {});
/// The same for a function of one result.
template <class F, class... A> Array evaluate(F function, const A &...inputs) {
  return evaluateAll(asTensorFunction(std::move(function), Where()), std::vector<Array>{inputs...}).at(0);
}

struct AheadOptions {
  /// As Target::parse takes them; several give one object with a variant for each. Empty: the compiler's own choice,
  /// which runs on any machine of the last ten years.
  std::vector<std::string> targets = {};
  /// Put the variables' values into the object; otherwise callers bring them, for example from a safetensors file.
  bool embedWeights = true;
  /// As CompileOptions::freeze: the functions that only read weights take none any more. What they compute with is in
  /// the object, with what is computed from weights alone, and is not changed by loading or training. Wants
  /// embedWeights.
  bool freeze = false;
  /// Path of the C header; by default beside the object.
  std::string header = {};
};
/// Writes one shared object and its C header with all `functions`. Variables of the same name are one weight.
void compile_ahead(const std::string &path, const std::vector<Traced> &functions, AheadOptions options = {});

/// A shared object made by compile_ahead or `nnc compile`, with functions that are called by name on arrays in the
/// order of the signature: inputs, then weights and other state. Weights that are embedded and not updated may be left
/// out (at the end) or undefined, frozen ones must be. Results that update an argument are written to that array, and
/// not returned.
class Loaded {
public:
  explicit Loaded(const std::string &path);
  std::vector<Array> call(const std::string &function, const std::vector<Array> &arguments) const;
  const runtime::SharedObject &object() const { return *object_; }

private:
  std::shared_ptr<runtime::SharedObject> object_;
};
Loaded load(const std::string &path);

} // namespace nnc
