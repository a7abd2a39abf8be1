// The training step's graph.
#include "nnc/nn/Train.h"
#include "nnc/nn/optim/Clip.h"

namespace nnc {

StepOutput TrainStep::operator()(const std::vector<Array> &inputs) const {
  std::vector<Array> results = function_(inputs);
  StepOutput output;
  output.loss = results[0];
  size_t rest = 1;
  if (clips_)
    output.total_norm = results[rest++];
  output.outputs.assign(results.begin() + int64_t(rest), results.end());
  return output;
}

optim::NamedVariables TrainStep::state() const {
  optim::NamedVariables all;
  for (auto &[name, parameter] : module_.named_parameters())
    all.emplace_back(name, parameter.variable());
  for (auto &[name, buffer] : module_.named_buffers())
    if (buffer.persistent())
      all.emplace_back(name, buffer.variable());
  for (auto &each : optimizer_.state())
    all.push_back(each);
  all.emplace_back("seed", seed_);
  return all;
}

void detail::wrongInputs(size_t count, Where where) {
  fail("train_step",
       "inputs: expected those of the model and then the target, got " + std::to_string(count) + " in all", where);
}

TrainStep train_step(const nn::Module &module, const optim::Optimizer &optimizer, const TensorFunction &loss,
                     std::vector<Spec> inputs, TrainOptions options, Where where) {
  TrainStep step(module, optimizer);
  step.clips_ = options.max_norm.has_value();
  uint64_t seed = options.seed.value_or(initialSeed());
  step.seed_ = std::make_shared<Variable>(Variable{Array::scalar<int64_t>(int64_t(seed)), Kind::seed, "seed"});

  optim::NamedVariables parameters;
  for (auto &[name, parameter] : module.named_parameters())
    parameters.emplace_back(name, parameter.variable());
  optimizer.prepare(parameters);

  TraceOptions trace;
  trace.name = options.name;
  trace.names = nn::variableNames(module);
  trace.names.merge(optimizer.names());
  trace.seed = step.seed_;
  trace.step = optimizer.step();
  trace.outputs = {"loss"};
  if (step.clips_)
    trace.outputs.push_back("total_norm");

  auto whole = [&](const std::vector<Tensor> &x) {
    std::vector<Tensor> results = loss(x);
    if (results.empty() || results[0].numel() != 1)
      fail("train_step",
           "loss: expected a scalar, got " + (results.empty() ? std::string("nothing") : toString(results[0].shape())),
           where);
    Graph &graph = Graph::current();
    std::vector<VariableRef> trained;
    std::vector<Tensor> values;
    for (auto &[name, variable] : parameters)
      if (variable->requiresGrad && graph.uses(variable)) {
        trained.push_back(variable);
        values.push_back(graph.use(variable));
      }
    std::vector<Tensor> gradients = grad(results[0], values, where);
    if (options.max_norm)
      results.insert(results.begin() + 1, nn::clip_grad_norm_(gradients, *options.max_norm, options.norm_type,
                                                              options.error_if_nonfinite, where));
    optimizer.apply(trained, gradients);
    return results;
  };
  bool mode = module.training();
  module.train();
  try {
    step.function_ = compile(nnc::trace(whole, std::move(inputs), trace), options.compile);
  } catch (...) {
    module.train(mode);
    throw;
  }
  module.train(mode);
  return step;
}

} // namespace nnc
