// The driver of golden cases: state in, compiled call and gradients, comparison.
#include "Layer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <random>

namespace nnc::test {

nnc::Array toArray(const golden::Array &array, DType type) {
  if (array.isReal())
    return nnc::Array::of(array.shape, array.reals).to(type);
  nnc::Array integers = nnc::Array::of(array.shape, array.integers);
  return array.dtype == "BOOL" ? integers.to(DType::i1) : integers;
}

nnc::Array randomArray(Shape shape, uint64_t seed, DType type) {
  std::mt19937_64 generator(seed);
  std::vector<double> values(size_t(elementCount(shape)));
  for (double &value : values) // the distributions of the standard library differ between libraries, its engines do not
    value = double(generator() >> 40) / double(1 << 23) - 1;
  return nnc::Array::of(std::move(shape), values).to(type);
}

std::string errorOf(const std::function<void()> &function) {
  try {
    function();
  } catch (const std::exception &error) {
    return error.what();
  }
  return "";
}

std::string messageOf(const std::function<void()> &function) {
  std::string text = errorOf(function), end = ": error: ";
  size_t at = text.find(end);
  return at == std::string::npos ? text : text.substr(at + end.size());
}

// What differs, in words; "" if nothing does.
static std::string compare(const golden::Array &expected, const nnc::Array &actual, double tolerance) {
  if (actual.shape() != expected.shape)
    return fmt::format("expected shape {}, got {}", toString(expected.shape), toString(actual.shape()));
  if (expected.isReal() != isFloat(actual.dtype()))
    return fmt::format("expected {}, got {}", expected.dtype, toString(actual.dtype()));
  if (actual.dtype() == DType::f32)
    return golden::mismatch(expected, std::span<const float>(actual.data<float>()), tolerance);
  std::vector<double> values = actual.toDoubles();
  if (expected.isReal())
    return golden::mismatch(expected, std::span<const double>(values), tolerance);
  std::vector<int64_t> integers(values.begin(), values.end());
  return golden::mismatch(expected, std::span<const int64_t>(integers));
}

static bool startsWith(const std::string &text, std::string_view prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

namespace {

// One case in one type: made, given its state and inputs; traced as a part of a compiled function; compared.
class Run {
public:
  Run(const golden::Case &c, const MakeSubject &make, DType type)
      : c(c), type(type), tolerance(type == DType::f64 ? c.f64 : c.f32), subject(make(c, type)) {
    INFO(title());
    CHECK(c.unread() == "");
    if (!c.repr.empty())
      CHECK(subject.module.str() == c.repr);
    subject.module.train(c.train);

    // Its state: every parameter and buffer of the module is in the case, and the other way round.
    for (const auto &[name, parameter] : subject.module.named_parameters())
      state.emplace("param." + name, parameter);
    for (const auto &[name, buffer] : subject.module.named_buffers())
      state.emplace("buffer." + name, buffer);
    for (const char *kind : {"param.", "buffer."})
      for (const auto &[name, array] : c.under(kind))
        if (!state.count(kind + name))
          FAIL("the module has no " << kind << name);
    for (const auto &[name, handle] : state) {
      const golden::Array *array = c.find(name);
      if (!array)
        FAIL("the module has " << name << ", the case has not");
      handle.assign(toArray(*array, handle.dtype()));
      before.emplace(name, handle.value().clone());
    }

    // The case's inputs, then a cotangent for each differentiable result.
    for (size_t k = 0; k < c.inputs.size(); ++k)
      arguments.push_back(toArray(c.at(fmt::format("input.{}", k)), type));
    for (size_t k = 0; k < c.outputs.size(); ++k)
      if (const golden::Array *cotangent = c.find(fmt::format("cotangent.{}", k))) {
        differentiable.push_back(k);
        arguments.push_back(toArray(*cotangent, type));
      }
    for (size_t k = 0; k < c.outputs.size(); ++k)
      keys.push_back(fmt::format("output.{}", k));
    for (const auto &[name, array] : c.under("grad."))
      keys.push_back("grad." + name);
  }

  std::string title() const {
    return c.name + " in " + std::string(toString(type)) + (c.note.empty() ? "" : "; " + c.note);
  }

  // Results and gradients, in the order of `keys`.
  std::vector<Tensor> trace(const std::vector<Tensor> &x) const {
    std::vector<Tensor> inputs(x.begin(), x.begin() + int64_t(c.inputs.size()));
    std::vector<Tensor> cotangents(x.begin() + int64_t(c.inputs.size()), x.end());
    std::vector<Tensor> results = subject.forward(inputs), outputs, wrt;
    if (results.size() != c.outputs.size())
      throw std::runtime_error(fmt::format("expected {} results, got {}", c.outputs.size(), results.size()));
    for (size_t k : differentiable)
      outputs.push_back(results[k]);
    for (const auto &[name, array] : c.under("grad."))
      wrt.push_back(startsWith(name, "input.") ? inputs.at(size_t(std::stoi(name.substr(6))))
                                               : state.at(name).tensor());
    if (!wrt.empty())
      for (Tensor gradient : vjp(outputs, cotangents, wrt))
        results.push_back(gradient);
    return results;
  }

  void check(std::span<const nnc::Array> results) const {
    INFO(title());
    for (size_t i = 0; i < keys.size(); ++i) {
      INFO(keys[i]);
      CHECK(compare(c.at(keys[i]), results[i], tolerance) == "");
    }
    // A call changes the state that the case says, and no bit of any other.
    for (const auto &[name, handle] : state) {
      INFO("after." << name);
      if (const golden::Array *after = c.find("after." + name))
        CHECK(compare(*after, handle.value(), tolerance) == "");
      else
        CHECK(std::memcmp(handle.value().raw(), before.at(name).raw(), size_t(handle.value().bytes())) == 0);
    }
  }

  const golden::Case &c;
  DType type;
  double tolerance;
  Subject subject;
  std::map<std::string, VariableHandle> state;
  std::map<std::string, nnc::Array> before;
  std::vector<nnc::Array> arguments;
  std::vector<std::string> keys;

private:
  std::vector<size_t> differentiable;
};

// Many cases in one compiled function, since compiling has a price of its own.
void checkTogether(std::span<const std::unique_ptr<Run>> runs) {
  std::vector<nnc::Array> arguments;
  std::vector<Spec> specs;
  TraceOptions options;
  for (size_t i = 0; i < runs.size(); ++i) {
    for (const nnc::Array &argument : runs[i]->arguments) {
      arguments.push_back(argument);
      specs.push_back({argument.dtype(), argument.shape(), ""});
    }
    for (const auto &[variable, name] : nn::variableNames(runs[i]->subject.module))
      options.names.emplace(variable, runs.size() == 1 ? name : fmt::format("{}.{}", i, name));
  }
  auto function = [&](const std::vector<Tensor> &x) {
    std::vector<Tensor> results;
    auto from = x.begin();
    for (const auto &run : runs) {
      auto to = from + int64_t(run->arguments.size());
      for (Tensor result : run->trace(std::vector<Tensor>(from, to)))
        results.push_back(result);
      from = to;
    }
    return results;
  };
  std::vector<nnc::Array> results;
  try {
    results = compile(function, specs, options)(arguments);
  } catch (const std::exception &error) {
    if (runs.size() > 1) { // whose fault is it?
      for (size_t i = 0; i < runs.size(); ++i)
        checkTogether(runs.subspan(i, 1));
      return;
    }
    INFO(runs[0]->title());
    FAIL_CHECK(error.what());
    return;
  }
  size_t next = 0;
  for (const auto &run : runs) {
    REQUIRE(next + run->keys.size() <= results.size());
    run->check(std::span(results).subspan(next, run->keys.size()));
    next += run->keys.size();
  }
}

} // namespace

void checkCase(const golden::Case &c, const MakeSubject &make, DType type) {
  auto run = std::make_unique<Run>(c, make, type);
  checkTogether(std::span(&run, 1));
}

void checkSection(const std::string &section, const std::map<std::string, MakeSubject> &makers) {
  const size_t together = 40;
  std::vector<std::unique_ptr<Run>> runs;
  for (const golden::Case &c : Golden::open(section).cases()) {
    auto make = makers.find(c.layer.empty() ? c.function : c.layer);
    if (make == makers.end()) {
      FAIL_CHECK(c.name << ": nobody makes this layer");
      continue;
    }
    for (DType type : {DType::f64, DType::f32})
      runs.push_back(std::make_unique<Run>(c, make->second, type));
    if (runs.size() >= together) {
      checkTogether(runs);
      runs.clear();
    }
  }
  if (!runs.empty())
    checkTogether(runs);
}

// The strings of a list of names, or of [name, more] lists as "name more".
static std::vector<std::string> listed(const golden::Case &c, std::string_view field) {
  std::vector<std::string> found;
  for (const golden::Value &value : c.line.find(field)->list)
    if (value.kind != golden::Value::List)
      found.push_back(value.string);
    else if (value.list[1].kind == golden::Value::Boolean)
      found.push_back(value.list[0].string + (value.list[1].boolean ? " true" : " false"));
    else {
      Shape shape;
      value.list[1].get(shape);
      found.push_back(value.list[0].string + " " + toString(shape));
    }
  return found;
}

void checkNames(const golden::Case &c, const nn::AnyModule &module) {
  INFO(c.name);
  CHECK(module.str() == c.repr);
  std::vector<std::string> state, parameters;
  for (const auto &[name, array] : module.state_dict())
    state.push_back(name + " " + toString(array.shape()));
  for (const auto &[name, parameter] : module.named_parameters())
    parameters.push_back(name + (parameter.requires_grad() ? " true" : " false"));
  CHECK(state == listed(c, "state_dict"));
  CHECK(parameters == listed(c, "named_parameters"));
  CHECK(firsts(module.named_buffers()) == listed(c, "named_buffers"));
  CHECK(firsts(module.named_modules()) == listed(c, "named_modules"));
  CHECK(firsts(module.named_children()) == listed(c, "named_children"));
}

void checkFiniteDifferences(const Subject &subject, const std::vector<nnc::Array> &inputs, double tolerance) {
  auto parameters = subject.module.parameters();
  std::vector<nnc::Array> state; // what a call may change
  for (const nn::Buffer &buffer : subject.module.buffers())
    state.push_back(buffer.value().clone());
  std::vector<Spec> specs;
  for (const nnc::Array &input : inputs)
    specs.push_back({input.dtype(), input.shape(), ""});

  // One function gives the scalar and every gradient.
  auto function = [&](const std::vector<Tensor> &x) {
    Tensor loss;
    uint64_t seed = 1;
    for (Tensor y : subject.forward(x))
      if (isFloat(y.dtype())) {
        Tensor part = sum(y * constant(y.shape(), randomArray(y.shape(), seed++).toDoubles(), y.dtype()));
        loss = loss ? loss + part : part;
      }
    std::vector<Tensor> wrt;
    for (Tensor input : x)
      if (isFloat(input.dtype()))
        wrt.push_back(input);
    for (const nn::Parameter &parameter : parameters)
      wrt.push_back(parameter);
    std::vector<Tensor> results = grad(loss, wrt);
    results.insert(results.begin(), loss);
    return results;
  };
  TraceOptions options;
  options.names = nn::variableNames(subject.module);
  Function compiled = compile(function, specs, options);

  std::vector<nnc::Array> points, directions;
  for (const nnc::Array &input : inputs)
    if (isFloat(input.dtype()))
      points.push_back(input.clone());
  for (const nn::Parameter &parameter : parameters)
    points.push_back(parameter.value().clone());
  for (size_t i = 0; i < points.size(); ++i) {
    REQUIRE(points[i].dtype() == DType::f64);
    directions.push_back(randomArray(points[i].shape(), 100 + i));
  }
  auto at = [&](double step) {
    std::vector<nnc::Array> arguments, moved;
    for (size_t i = 0; i < points.size(); ++i) {
      moved.push_back(points[i].clone());
      for (size_t j = 0; j < size_t(points[i].numel()); ++j)
        moved[i].data<double>()[j] += step * directions[i].data<double>()[j];
    }
    size_t next = 0;
    for (const nnc::Array &input : inputs)
      arguments.push_back(isFloat(input.dtype()) ? moved[next++] : input);
    for (const nn::Parameter &parameter : parameters)
      parameter.assign(moved[next++]);
    size_t i = 0;
    for (const nn::Buffer &buffer : subject.module.buffers())
      buffer.assign(state[i++]);
    return compiled(arguments);
  };
  const double step = 1e-5;
  std::vector<nnc::Array> results = at(0);
  double numeric = (at(step)[0].item() - at(-step)[0].item()) / (2 * step), analytic = 0, scale = 1;
  for (size_t i = 0; i < points.size(); ++i)
    for (size_t j = 0; j < size_t(points[i].numel()); ++j) {
      double term = results[i + 1].data<double>()[j] * directions[i].data<double>()[j];
      analytic += term;
      scale = std::max(scale, std::abs(term));
    }
  INFO("central difference " << numeric << ", gradient " << analytic);
  CHECK(std::abs(numeric - analytic) <= tolerance * scale);
  at(0);
}

} // namespace nnc::test
