// Optimizers, learning-rate schedules, gradient clipping and whole training runs against PyTorch.
#include "Layer.h"
#include "nnc/nnc.h"

#include <catch2/catch.hpp>
#include <optional>

using namespace nnc;

namespace {

//===--- from a case's words to optimizers and schedules ---===//

// Options by PyTorch's names; `set(name, option)` takes what the case gives.
template <class Set> void read(optim::SGDOptions &o, Set set) {
  set("lr", o.lr);
  set("momentum", o.momentum);
  set("dampening", o.dampening);
  set("weight_decay", o.weight_decay);
  set("nesterov", o.nesterov);
  set("maximize", o.maximize);
}
template <class Options, class Set> void readAdam(Options &o, Set set) {
  set("lr", o.lr);
  set("betas", o.betas);
  set("eps", o.eps);
  set("weight_decay", o.weight_decay);
  set("amsgrad", o.amsgrad);
  set("maximize", o.maximize);
}
template <class Set> void read(optim::AdamOptions &o, Set set) {
  readAdam(o, set);
  set("decoupled_weight_decay", o.decoupled_weight_decay);
}
template <class Set> void read(optim::AdamWOptions &o, Set set) { readAdam(o, set); }

using Named = std::map<std::string, VariableRef>;

template <class O, class Options> optim::Optimizer make(const golden::Case &c, const Named &parameters) {
  Options defaults;
  read(defaults, [&](const char *name, auto &option) { c.set(name, option); });
  CHECK(c.unread() == "");
  const std::vector<golden::Value> &rows = c.line.find("groups")->list;
  if (rows.size() == 1 && rows[0].names.size() == 1) // all parameters, no options of their own
    return O(defaults);
  std::vector<optim::Group<Options>> groups;
  for (const golden::Value &row : rows) {
    optim::Group<Options> group{{}, defaults};
    read(group.options, [&](const char *name, auto &option) {
      if (const golden::Value *value = row.find(name))
        value->get(option);
    });
    for (const golden::Value &name : row.find("params")->list)
      group.parameters.push_back(
          parameters.at(name.kind == golden::Value::String ? name.string : std::to_string(name.asInteger())));
    groups.push_back(group);
  }
  return O(defaults, groups);
}
optim::Optimizer makeOptimizer(const golden::Case &c, const Named &parameters) {
  if (c.layer == "SGD")
    return make<optim::SGD, optim::SGDOptions>(c, parameters);
  if (c.layer == "Adam")
    return make<optim::Adam, optim::AdamOptions>(c, parameters);
  REQUIRE(c.layer == "AdamW");
  return make<optim::AdamW, optim::AdamWOptions>(c, parameters);
}

std::shared_ptr<optim::Schedule> makeSchedule(const golden::Case &c, const optim::Optimizer &optimizer) {
  using namespace optim;
  if (c.layer == "StepLR")
    return std::make_shared<StepLR>(optimizer, c.get<int64_t>("step_size"), c.get<double>("gamma", 0.1));
  if (c.layer == "MultiStepLR")
    return std::make_shared<MultiStepLR>(optimizer, c.get<std::vector<int64_t>>("milestones"),
                                         c.get<double>("gamma", 0.1));
  if (c.layer == "ExponentialLR")
    return std::make_shared<ExponentialLR>(optimizer, c.get<double>("gamma"));
  if (c.layer == "CosineAnnealingLR")
    return std::make_shared<CosineAnnealingLR>(optimizer, c.get<int64_t>("T_max"), c.get<double>("eta_min", 0));
  if (c.layer == "CosineAnnealingWarmRestarts")
    return std::make_shared<CosineAnnealingWarmRestarts>(optimizer, c.get<int64_t>("T_0"), c.get<int64_t>("T_mult", 1),
                                                         c.get<double>("eta_min", 0));
  if (c.layer == "LinearLR")
    return std::make_shared<LinearLR>(optimizer, c.get<double>("start_factor", 1.0 / 3), c.get<double>("end_factor", 1),
                                      c.get<int64_t>("total_iters", 5));
  if (c.layer == "ConstantLR")
    return std::make_shared<ConstantLR>(optimizer, c.get<double>("factor", 1.0 / 3), c.get<int64_t>("total_iters", 5));
  REQUIRE(c.layer == "SequentialLR");
  int64_t warmUp = c.get<int64_t>("warm_up");
  std::vector<std::shared_ptr<Schedule>> parts = {
      std::make_shared<LinearLR>(optimizer, 0.1, 1.0, warmUp),
      std::make_shared<CosineAnnealingLR>(optimizer, c.get<int64_t>("T_max"), c.get<double>("eta_min", 0))};
  return std::make_shared<SequentialLR>(optimizer, parts, std::vector<int64_t>{warmUp});
}
// The schedule of an optimizer's case, or null.
std::shared_ptr<optim::Schedule> scheduleOf(const golden::Case &c, const optim::Optimizer &optimizer) {
  const golden::Value *value = c.line.find("scheduler");
  if (!value)
    return nullptr;
  golden::Case own;
  own.layer = value->find("layer")->string;
  own.args = *value->find("args");
  auto schedule = makeSchedule(own, optimizer);
  CHECK(own.unread() == "");
  return schedule;
}

//===--- comparing ---===//

void compare(const golden::Case &c, const std::string &key, const Array &actual, double tolerance) {
  INFO(key);
  const golden::Array &expected = c.at(key);
  CHECK(actual.shape() == expected.shape);
  std::vector<double> values = actual.toDoubles();
  if (expected.isReal())
    CHECK(golden::mismatch(expected, std::span<const double>(values), tolerance) == "");
  else
    CHECK(values == std::vector<double>(expected.integers.begin(), expected.integers.end()));
}
// The optimizer's state under PyTorch's names, and no other. PyTorch counts steps for each parameter, and only where
// there is other state.
void compareState(const golden::Case &c, const optim::Optimizer &optimizer, double tolerance) {
  std::map<std::string, VariableRef> mine;
  for (auto &[name, variable] : optimizer.state())
    mine[name] = variable;
  size_t found = 0;
  for (auto &[name, array] : c.under("state.")) {
    if (name.ends_with(".step")) {
      CHECK(optimizer.step()->value.item() == array->reals.at(0));
      continue;
    }
    INFO(name);
    REQUIRE(mine.count(name));
    compare(c, "state." + name, mine[name]->value, tolerance);
    ++found;
  }
  CHECK(mine.size() == found + 1); // and `step`
}
void compareRates(const golden::Case &c, const std::vector<double> &rates) {
  if (const golden::Array *expected = c.find("lr"))
    CHECK(golden::mismatch(*expected, std::span<const double>(rates), c.f64) == "");
}

} // namespace

TEST_CASE("optimizers agree with PyTorch: parameters after each step, state after the last", "[nn]") {
  struct Run {
    const golden::Case &c;
    DType type;
    Named parameters;
    std::optional<optim::Optimizer> optimizer;
    std::shared_ptr<optim::Schedule> schedule;
    std::vector<double> rates;
    int64_t steps() const { return c.line.find("steps")->asInteger(); }
    std::string title() const { return c.name + " in " + std::string(toString(type)); }
    double tolerance() const { return type == DType::f64 ? c.f64 : c.f32; }
    Array gradient(int64_t step, const std::string &name) const {
      return test::toArray(c.at("gradient." + std::to_string(step) + "." + name), type);
    }
  };
  std::vector<Run> runs; // all in one compiled function
  std::vector<Spec> specs;
  TraceOptions options;
  for (const golden::Case &c : Golden::open("optim").cases())
    for (DType type : {DType::f64, DType::f32}) {
      if (!c.has("param.0"))
        continue; // a schedule
      Run run{c, type, {}, {}, {}, {}};
      INFO(run.title());
      optim::NamedVariables named;
      for (auto &[name, array] : c.under("param.")) {
        named.emplace_back(name, nn::Parameter(test::toArray(*array, type)).variable());
        run.parameters.insert(named.back());
        specs.push_back({type, array->shape, ""});
      }
      run.optimizer = makeOptimizer(c, run.parameters);
      run.optimizer->prepare(named);
      run.schedule = scheduleOf(c, *run.optimizer);
      for (auto &[variable, name] : run.optimizer->names())
        options.names[variable] = std::to_string(runs.size()) + "." + name;
      runs.push_back(run);
    }
  Function step = compile(
      [&](const std::vector<Tensor> &x) {
        size_t next = 0;
        for (Run &run : runs) {
          std::vector<VariableRef> parameters;
          std::vector<Tensor> gradients;
          for (auto &[name, variable] : run.parameters) {
            parameters.push_back(variable);
            gradients.push_back(x[next++]);
          }
          run.optimizer->apply(parameters, gradients);
        }
        return std::vector<Tensor>{x[0]};
      },
      specs, options);
  for (int64_t s = 0, more = 1; more; ++s) {
    std::vector<Array> gradients;
    for (Run &run : runs) {
      for (size_t group = 0; s < run.steps() && group < run.c.line.find("groups")->list.size(); ++group)
        run.rates.push_back(run.optimizer->lr(group));
      for (auto &[name, variable] : run.parameters)
        gradients.push_back(run.gradient(std::min(s, run.steps() - 1), name));
    }
    step(gradients);
    more = 0;
    for (Run &run : runs) {
      INFO(run.title());
      if (s >= run.steps())
        continue; // others take more steps
      more = 1;
      for (auto &[name, variable] : run.parameters)
        compare(run.c, "step." + std::to_string(s) + ".param." + name, variable->value, run.tolerance());
      if (run.schedule)
        run.schedule->step();
      if (s + 1 < run.steps())
        continue;
      CHECK(run.optimizer->step()->value.item() == double(run.steps()));
      compareState(run.c, *run.optimizer, run.tolerance());
      compareRates(run.c, run.rates);
    }
  }
}

TEST_CASE("learning-rate schedules agree with PyTorch: the rate of every group in every epoch", "[nn]") {
  for (const golden::Case &c : Golden::open("optim").cases()) {
    const golden::Value *bases = c.line.find("base_lr");
    if (!bases)
      continue; // an optimizer
    INFO(c.name);
    std::vector<optim::Group<optim::SGDOptions>> groups;
    for (const golden::Value &base : bases->list)
      groups.push_back({{}, {.lr = base.asNumber()}});
    optim::SGD optimizer({}, groups);
    auto schedule = makeSchedule(c, optimizer);
    CHECK(c.unread() == "");
    std::vector<double> rates;
    for (int64_t epoch = 0; epoch < c.at("lr").shape[0]; ++epoch, schedule->step())
      for (size_t group = 0; group < groups.size(); ++group)
        rates.push_back(optimizer.lr(group));
    compareRates(c, rates);
  }
}

TEST_CASE("clip_grad_norm_ agrees with PyTorch", "[nn]") {
  struct Run {
    const golden::Case *c;
    DType type;
    size_t first; // of its gradients
  };
  std::vector<Run> runs; // all in one compiled function, but those that end the call
  std::vector<Array> all;
  auto clipped = [](const golden::Case &c, std::vector<Tensor> gradients) {
    Tensor total = nn::clip_grad_norm_(gradients, c.get<double>("max_norm"), c.get<double>("norm_type", 2),
                                       c.get<bool>("error_if_nonfinite"));
    gradients.insert(gradients.begin(), total);
    return gradients;
  };
  for (const golden::Case *c : Golden::open("utils").of("clip_grad_norm_"))
    for (DType type : {DType::f64, DType::f32}) {
      std::vector<Array> gradients;
      for (size_t i = 0; i < c->inputs.size(); ++i)
        gradients.push_back(test::toArray(c->at("input." + std::to_string(i)), type));
      if (c->line.find("raises")) {
        INFO(c->name << " in " << toString(type));
        CHECK(test::errorOf([&] {
                evaluateAll([&](const std::vector<Tensor> &x) { return clipped(*c, x); }, gradients);
              }).find("clip_grad_norm_: total norm: expected a finite number") != std::string::npos);
        continue;
      }
      runs.push_back({c, type, all.size()});
      all.insert(all.end(), gradients.begin(), gradients.end());
    }
  std::vector<Array> results = evaluateAll(
      [&](const std::vector<Tensor> &x) {
        std::vector<Tensor> results;
        for (const Run &run : runs)
          for (Tensor result :
               clipped(*run.c, {x.begin() + int64_t(run.first), x.begin() + int64_t(run.first + run.c->inputs.size())}))
            results.push_back(result);
        return results;
      },
      all);
  size_t next = 0;
  for (const Run &run : runs) {
    INFO(run.c->name << " in " << toString(run.type));
    CHECK(run.c->unread() == "");
    for (size_t i = 0; i < run.c->outputs.size(); ++i)
      compare(*run.c, "output." + std::to_string(i), results.at(next++),
              run.type == DType::f64 ? run.c->f64 : run.c->f32);
  }
}

//===--- whole training ---===//

namespace {

struct TiedTransformer : nn::Callable<TiedTransformer> {
  nn::Embedding embedding = module("embedding", nn::Embedding(11, 6));
  nn::LayerNorm norm = module("norm", nn::LayerNorm(6));
  nn::MultiheadAttention attention = module("attention", nn::MultiheadAttention(6, 2, {.batch_first = true}));
  nn::Linear head = module("head", nn::Linear(6, 11, {.bias = false}));
  TiedTransformer() { head.weight.tie(embedding.weight); }
  Tensor forward(Tensor x) const {
    Tensor h = norm(embedding(x));
    h = h + attention(h, h, h, {.need_weights = false, .is_causal = true}).first;
    return flatten(head(h), 0, 1);
  }
};
struct Lstm : nn::Callable<Lstm> {
  nn::Embedding embedding = module("embedding", nn::Embedding(9, 5));
  nn::LSTM lstm = module("lstm", nn::LSTM(5, 7, {.num_layers = 2, .batch_first = true}));
  nn::Linear head = module("head", nn::Linear(7, 9));
  Tensor forward(Tensor x) const { return flatten(head(std::get<0>(lstm(embedding(x)))), 0, 1); }
};

const std::map<std::string, std::function<nn::AnyModule()>> models = {
    {"mlp", [] { return nn::Sequential(nn::Linear(6, 8), nn::Tanh(), nn::Linear(8, 3)); }},
    {"mlp_adamw_clip_cosine", [] { return nn::Sequential(nn::Linear(6, 8), nn::GELU(), nn::Linear(8, 3)); }},
    {"conv_batch_norm_nesterov",
     [] {
       return nn::Sequential(nn::Conv2d(1, 4, 3, {.padding = {1, 1}}), nn::BatchNorm2d(4), nn::SiLU(), nn::MaxPool2d(2),
                             nn::Flatten(), nn::Linear(24, 5));
     }},
    {"tied_transformer", [] { return TiedTransformer(); }},
    {"lstm", [] { return Lstm(); }},
};

} // namespace

TEST_CASE("whole training agrees with PyTorch: losses, norms, rates, and all state in the end", "[nn]") {
  for (const golden::Case &c : Golden::open("training").cases())
    for (DType type : {DType::f64, DType::f32}) {
      INFO(c.name << " in " << toString(type));
      double tolerance = type == DType::f64 ? c.f64 : c.f32;
      REQUIRE(models.count(c.name));
      nn::AnyModule model = models.at(c.name)();
      model.to(type);
      Named parameters;
      for (auto &[name, parameter] : model.named_parameters()) {
        parameter.assign(test::toArray(c.at("param." + name), type));
        parameters[name] = parameter.variable();
      }
      for (auto &[name, buffer] : model.named_buffers())
        buffer.assign(test::toArray(c.at("buffer." + name), type));
      optim::Optimizer optimizer = makeOptimizer(c, parameters);
      auto schedule = scheduleOf(c, optimizer);
      nn::ClassLossOptions lossOptions;
      if (const golden::Value *smoothing = c.line.find("loss")->find("label_smoothing"))
        smoothing->get(lossOptions.label_smoothing);
      nn::CrossEntropyLoss loss(lossOptions);
      TrainOptions options;
      c.line.find("clip")->get(options.max_norm);
      Array x = test::toArray(c.at("batch.0.input"), type), y = test::toArray(c.at("batch.0.target"), type);
      auto step = train_step(model, loss, optimizer, {{x.dtype(), x.shape(), ""}, {y.dtype(), y.shape(), ""}}, options);
      std::vector<double> rates;
      for (int64_t s = 0; s < c.line.find("steps")->asInteger(); ++s) {
        std::string at = std::to_string(s);
        for (size_t g = 0; g < c.line.find("groups")->list.size(); ++g)
          rates.push_back(optimizer.lr(g));
        StepOutput output = step(test::toArray(c.at("batch." + at + ".input"), type),
                                 test::toArray(c.at("batch." + at + ".target"), type));
        compare(c, "step." + at + ".loss", output.loss, tolerance);
        if (options.max_norm)
          compare(c, "step." + at + ".total_norm", output.total_norm, tolerance);
        if (schedule)
          schedule->step();
      }
      for (auto &[name, parameter] : model.named_parameters())
        compare(c, "after.param." + name, parameter.value(), tolerance);
      for (auto &[name, buffer] : model.named_buffers())
        compare(c, "after.buffer." + name, buffer.value(), tolerance);
      compareState(c, optimizer, tolerance);
      compareRates(c, rates);
    }
}
