// The whole training step as one compiled function: forward, backward, clipping, optimizer.
#pragma once
#include "nnc/frontend/Function.h"
#include "nnc/nn/Module.h"
#include "nnc/nn/optim/Optimizer.h"

namespace nnc {

struct TrainOptions {
  /// Clip the gradients to this total norm first (clip_grad_norm_).
  std::optional<double> max_norm = {};
  double norm_type = 2.0;
  bool error_if_nonfinite = false; // a norm that is infinite or NaN is an error, and nothing is updated
  /// Seed of dropout masks and other random numbers; by default the process's (manual_seed).
  std::optional<uint64_t> seed = {};
  std::string name = "train_step";
  CompileOptions compile = {};
};

/// What a step gives back: the loss before the update, and where clipping was asked for the gradients' total norm
/// before it.
struct StepOutput {
  Array loss, total_norm;
  std::vector<Array> outputs; // what the loss function returned besides
};

/// A compiled training step, bound to the model's own arrays. A handle.
class TrainStep {
public:
  StepOutput operator()(const std::vector<Array> &inputs) const;
  template <class... A>
    requires(std::same_as<std::remove_cvref_t<A>, Array> && ...)
  StepOutput operator()(const A &...inputs) const {
    return (*this)(std::vector<Array>{inputs...});
  }
  const Function &function() const { return function_; }
  const Traced &traced() const { return function_.traced(); }
  operator const Traced &() const { return traced(); }
  const optim::Optimizer &optimizer() const { return optimizer_; }
  const nn::Module &module() const { return module_; }
  /// Steps taken.
  int64_t steps() const { return optimizer_.step()->value.item<int64_t>(); }
  /// Model, optimizer, step and seed by name: all that a run is resumed from.
  optim::NamedVariables state() const;

private:
  friend TrainStep train_step(const nn::Module &, const optim::Optimizer &, const TensorFunction &, std::vector<Spec>,
                              TrainOptions, Where);
  TrainStep(nn::Module module, optim::Optimizer optimizer)
      : module_(std::move(module)), optimizer_(std::move(optimizer)) {}
  nn::Module module_;
  optim::Optimizer optimizer_;
  VariableRef seed_;
  Function function_;
  bool clips_ = false;
};

/// Compiles a step that lowers the first (scalar) result of `loss`, a function of tensors of `inputs`, with respect to
/// the parameters of `module` that it uses and that require a gradient. The module is traced in training mode.
TrainStep train_step(const nn::Module &module, const optim::Optimizer &optimizer, const TensorFunction &loss,
                     std::vector<Spec> inputs, TrainOptions options = {}, Where where = Where::current());
template <class F>
  requires(!std::convertible_to<F, const TensorFunction &>)
TrainStep train_step(const nn::Module &module, const optim::Optimizer &optimizer, F loss, std::vector<Spec> inputs,
                     TrainOptions options = {}, Where where = Where::current()) {
  return train_step(module, optimizer, asTensorFunction(std::move(loss), where), std::move(inputs), std::move(options),
                    where);
}

namespace detail {
[[noreturn]] void wrongInputs(size_t count, Where where);

template <class M, class... T>
concept Called = requires(M &model, T... x) { model(x...); };
template <class M, class... T>
concept Forwarded = requires(M &model, T... x) { model.forward(x...); };

/// A model is called, with its hooks, where it can be; otherwise its forward is.
template <class M, class... T>
  requires(Called<M, T...> || Forwarded<M, T...>)
auto runModel(M &model, Where where, T... x) {
  if constexpr (Called<M, T...>)
    return callAt(model, where, x...);
  else
    return model.forward(x...);
}
template <class M, class... T>
concept Runs = Called<M, T...> || Forwarded<M, T...>;
} // namespace detail

/// The usual case: the last of `inputs` is the target, and the loss is loss(model(the others...), target).
template <std::derived_from<nn::Module> M, class Loss>
  requires(!std::derived_from<Loss, optim::Optimizer>)
TrainStep train_step(M model, Loss loss, const optim::Optimizer &optimizer, std::vector<Spec> inputs,
                     TrainOptions options = {}, Where where = Where::current()) {
  auto function = [model, loss, where](const std::vector<Tensor> &x) mutable -> std::vector<Tensor> {
    if constexpr (detail::Runs<M, Tensor>)
      if (x.size() == 2)
        return {detail::callAt(loss, where, detail::runModel(model, where, x[0]), x[1])};
    if constexpr (detail::Runs<M, Tensor, Tensor>)
      if (x.size() == 3)
        return {detail::callAt(loss, where, detail::runModel(model, where, x[0], x[1]), x[2])};
    detail::wrongInputs(x.size(), where);
  };
  return train_step(static_cast<const nn::Module &>(model), optimizer, function, std::move(inputs), std::move(options),
                    where);
}

/// A traced forward of a model, in the mode it is in: for compile and compile_ahead.
template <std::derived_from<nn::Module> M>
Traced trace_forward(M model, std::vector<Spec> inputs, TraceOptions options = {}, Where where = Where::current()) {
  options.names.merge(nn::variableNames(model));
  return trace([model, where](Tensor x) mutable { return detail::runModel(model, where, x); }, std::move(inputs),
               std::move(options));
}

} // namespace nnc
