// Update rules, written with the vocabulary.
#include "nnc/nn/optim/Optimizer.h"
#include "nnc/runtime/Error.h"
#include <algorithm>
#include <cctype>
#include <cmath>
#include <fmt/format.h>

namespace nnc::optim {

// A scalar of the graph in a parameter's own type, as PyTorch multiplies a tensor by a Python number.
static Tensor as(Tensor scalar, Tensor like) { return convert(scalar, like.dtype()); }

namespace {
struct Slot {
  std::string what; // PyTorch's name
  VariableRef variable;
};
struct State {
  std::string name; // of the parameter
  size_t group = 0;
  std::vector<Slot> slots;

  const VariableRef &operator[](std::string_view what) const {
    for (const Slot &slot : slots)
      if (slot.what == what)
        return slot.variable;
    throw Error(fmt::format("optimizer: '{}' has no state '{}'", name, what));
  }
};
/// What a rule sees: the gradient, the rate, the number of this step (f64, from 1), and the parameter's state.
struct Update {
  Tensor parameter, gradient, lr, step;
  const State &state;
};
} // namespace

struct Optimizer::Impl {
  Impl(std::string kind, Where where) : kind(std::move(kind)), where(where) {}
  virtual ~Impl() = default;
  virtual std::vector<std::string> slots(size_t group) const = 0;
  /// The parameter's new value; new moments are written through Graph::update.
  virtual Tensor rule(size_t group, const Update &update) const = 0;
  virtual double initialLr(size_t group) const = 0;

  std::string kind;                              // "adam": names it in locations
  Where where;                                   // where it was made
  std::vector<std::vector<VariableRef>> members; // of the groups given at construction
  std::vector<VariableRef> rates;
  std::map<size_t, double> initial; // rates that schedules start from
  std::map<const Variable *, State> states;
  std::vector<VariableRef> order; // of preparation
  VariableRef step = std::make_shared<Variable>(Variable{Array::scalar<int64_t>(0), Kind::step, "step"});

  void addGroup() {
    size_t index = rates.size();
    std::string name = index ? fmt::format("lr.{}", index) : "lr";
    rates.push_back(std::make_shared<Variable>(Variable{Array::scalar<double>(initialLr(index)), Kind::scalar, name}));
  }
};

namespace {
template <class Options> struct Rule : Optimizer::Impl {
  std::vector<Options> options; // one a group; the last for parameters in none

  /// `name` and `where` are for messages: the optimizer's class and where it was made.
  Rule(std::string_view name, Options defaults, std::vector<Group<Options>> groups, Where where)
      : Impl(lower(name), where) {
    for (Group<Options> &group : groups) {
      options.push_back(group.options);
      members.push_back(std::move(group.parameters));
    }
    options.push_back(defaults);
    for (const Options &each : options)
      check(each, {name, where});
    for (size_t i = 0; i < std::max<size_t>(members.size(), 1); ++i)
      addGroup();
  }
  static std::string lower(std::string_view name) {
    std::string result(name);
    for (char &c : result)
      c = char(std::tolower(static_cast<unsigned char>(c)));
    return result;
  }
  double initialLr(size_t group) const override { return options.at(group).lr; }

  struct Expect {
    std::string_view optimizer;
    Where where;
    void operator()(bool holds, std::string_view name, double value, std::string_view expected) const {
      if (!holds)
        fail(optimizer, fmt::format("{}: expected {}, got {}", name, expected, value), where);
    }
  };
  static void check(const Options &options, const Expect &expect);
};

using Sgd = Rule<SGDOptions>;
using AdamRule = Rule<AdamOptions>;

template <> void Sgd::check(const SGDOptions &o, const Expect &expect) {
  expect(o.lr >= 0, "lr", o.lr, "at least 0");
  expect(o.momentum >= 0, "momentum", o.momentum, "at least 0");
  expect(o.weight_decay >= 0, "weight_decay", o.weight_decay, "at least 0");
  expect(!o.nesterov || o.momentum > 0, "momentum", o.momentum, "more than 0 with nesterov");
  expect(!o.nesterov || o.dampening == 0, "dampening", o.dampening, "0 with nesterov");
}
template <> void AdamRule::check(const AdamOptions &o, const Expect &expect) {
  expect(o.lr >= 0, "lr", o.lr, "at least 0");
  expect(o.eps >= 0, "eps", o.eps, "at least 0");
  expect(o.weight_decay >= 0, "weight_decay", o.weight_decay, "at least 0");
  for (double beta : o.betas)
    expect(beta >= 0 && beta < 1, "betas", beta, "a value in [0, 1)");
}

struct SgdRule final : Sgd {
  using Sgd::Sgd;
  std::vector<std::string> slots(size_t group) const override {
    return options[group].momentum != 0 ? std::vector<std::string>{"momentum_buffer"} : std::vector<std::string>{};
  }
  Tensor rule(size_t group, const Update &u) const override {
    const SGDOptions &o = options[group];
    Tensor p = u.parameter, g = o.maximize ? -u.gradient : u.gradient;
    if (o.weight_decay != 0)
      g = g + p * o.weight_decay;
    if (o.momentum != 0) {
      const VariableRef &variable = u.state["momentum_buffer"];
      Tensor before = Graph::current().use(variable);
      Tensor buffer = select(broadcast_like(u.step == 1.0, g), g, before * o.momentum + g * (1 - o.dampening));
      Graph::current().update(variable, buffer);
      g = o.nesterov ? g + buffer * o.momentum : buffer;
    }
    return p - as(u.lr, p) * g;
  }
};

struct AdamOf final : AdamRule {
  using AdamRule::AdamRule;
  std::vector<std::string> slots(size_t group) const override {
    std::vector<std::string> names{"exp_avg", "exp_avg_sq"};
    if (options[group].amsgrad)
      names.push_back("max_exp_avg_sq");
    return names;
  }
  Tensor rule(size_t group, const Update &u) const override {
    const AdamOptions &o = options[group];
    Graph &graph = Graph::current();
    Tensor p = u.parameter, g = o.maximize ? -u.gradient : u.gradient;
    if (o.weight_decay != 0) {
      if (o.decoupled_weight_decay)
        p = p * as(1.0 - u.lr * o.weight_decay, p);
      else
        g = g + p * o.weight_decay;
    }
    auto [beta1, beta2] = o.betas;
    Tensor m = graph.use(u.state["exp_avg"]), v = graph.use(u.state["exp_avg_sq"]);
    m = m + (g - m) * (1 - beta1);
    v = v * beta2 + g * g * (1 - beta2);
    graph.update(u.state["exp_avg"], m);
    graph.update(u.state["exp_avg_sq"], v);
    // Bias corrections as scalars in f64: 1 - beta^t loses too much in f32.
    auto correction = [&](double beta) { return beta == 0 ? onesLike(u.step) : -expm1(u.step * std::log(beta)); };
    Tensor rate = as(u.lr / correction(beta1), p), scale = as(sqrt(correction(beta2)), p);
    Tensor second = v;
    if (o.amsgrad) {
      second = maximum(graph.use(u.state["max_exp_avg_sq"]), v);
      graph.update(u.state["max_exp_avg_sq"], second);
    }
    return p - rate * (m / (sqrt(second) / scale + o.eps));
  }
};

AdamOptions decoupled(const AdamWOptions &o) {
  return {o.lr, o.betas, o.eps, o.weight_decay, o.amsgrad, o.maximize, true};
}
} // namespace

void Optimizer::prepare(const NamedVariables &parameters) const {
  for (auto &[name, variable] : parameters) {
    if (!variable->requiresGrad || impl_->states.count(variable.get()))
      continue;
    size_t group = impl_->members.size();
    for (size_t i = 0; i < impl_->members.size(); ++i)
      if (std::count(impl_->members[i].begin(), impl_->members[i].end(), variable))
        group = i;
    while (impl_->rates.size() <= group)
      impl_->addGroup();
    State state{name, group, {}};
    for (const std::string &what : impl_->slots(group))
      state.slots.push_back(
          {what, std::make_shared<Variable>(Variable{Array(variable->value.shape(), variable->value.dtype()),
                                                     Kind::optimizer, name + "." + what})});
    impl_->states.emplace(variable.get(), std::move(state));
    impl_->order.push_back(variable);
  }
  for (const auto &group : impl_->members)
    for (const VariableRef &member : group)
      if (!impl_->states.count(member.get()))
        throw Error(fmt::format("optimizer: a group holds a parameter of {} that is no trained parameter of the model",
                                toString(member->value.shape())));
}

void Optimizer::apply(const std::vector<VariableRef> &parameters, const std::vector<Tensor> &gradients) const {
  Graph &graph = Graph::current();
  LayerScope scope(impl_->kind, impl_->where);
  Tensor next = graph.use(impl_->step) + 1;
  Tensor step = convert(next, DType::f64);
  for (size_t i = 0; i < parameters.size(); ++i) {
    auto found = impl_->states.find(parameters[i].get());
    if (found == impl_->states.end())
      throw Error("optimizer: apply was given a parameter it was not prepared for");
    const State &state = found->second;
    LayerScope scope(fmt::format("{} '{}'", impl_->kind, state.name), impl_->where);
    Update update{graph.use(parameters[i]), gradients[i], graph.use(impl_->rates[state.group]), step, state};
    graph.update(parameters[i], impl_->rule(state.group, update));
  }
  graph.update(impl_->step, next);
}

static void checkGroup(size_t group, size_t count) {
  if (group >= count)
    throw Error(fmt::format("optimizer: group {} is out of range, there are {}", group, count));
}
size_t Optimizer::groups() const { return impl_->rates.size(); }
double Optimizer::lr(size_t group) const {
  checkGroup(group, groups());
  return impl_->rates[group]->value.item<double>();
}
void Optimizer::set_lr(double lr, size_t group, Where where) const {
  checkGroup(group, groups());
  if (!(lr >= 0))
    fail("set_lr", fmt::format("lr: expected at least 0, got {}", lr), where);
  impl_->rates[group]->value.fill(lr);
}
double Optimizer::initial_lr(size_t group) const {
  checkGroup(group, groups());
  return impl_->initial.try_emplace(group, lr(group)).first->second;
}
VariableRef Optimizer::step() const { return impl_->step; }
NamedVariables Optimizer::state() const {
  NamedVariables all{{"step", impl_->step}};
  for (const VariableRef &parameter : impl_->order)
    for (const Slot &slot : impl_->states.at(parameter.get()).slots)
      all.emplace_back(slot.variable->name, slot.variable);
  return all;
}
VariableNames Optimizer::names() const {
  VariableNames names;
  for (auto &[name, variable] : state())
    names[variable.get()] = name;
  for (const VariableRef &rate : impl_->rates)
    names[rate.get()] = rate->name;
  return names;
}

SGD::SGD(SGDOptions options, std::vector<Group<SGDOptions>> groups, Where where)
    : Optimizer(std::make_shared<SgdRule>("SGD", options, std::move(groups), where)) {}
Adam::Adam(AdamOptions options, std::vector<Group<AdamOptions>> groups, Where where)
    : Optimizer(std::make_shared<AdamOf>("Adam", options, std::move(groups), where)) {}
static std::vector<Group<AdamOptions>> decoupledGroups(const std::vector<Group<AdamWOptions>> &groups) {
  std::vector<Group<AdamOptions>> all;
  for (const auto &group : groups)
    all.push_back({group.parameters, decoupled(group.options)});
  return all;
}
AdamW::AdamW(AdamWOptions options, std::vector<Group<AdamWOptions>> groups, Where where)
    : Optimizer(std::make_shared<AdamOf>("AdamW", decoupled(options), decoupledGroups(groups), where)) {}

} // namespace nnc::optim
