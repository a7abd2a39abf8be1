// Initial values against PyTorch's distributions: each function of nn::init, and what each layer begins with.
#include "nnc/nn/init.h"
#include "Layer.h"
#include "nnc/nnc.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

using namespace nnc;
using namespace nnc::nn;
using golden::Case;

namespace {

init::Fan fan(const Case &c) {
  return c.get<std::string>("mode", "fan_in") == "fan_in" ? init::Fan::in : init::Fan::out;
}
init::Nonlinearity nonlinearity(const Case &c) {
  std::string name = c.get<std::string>("nonlinearity", "leaky_relu");
  using enum init::Nonlinearity;
  static const std::map<std::string, init::Nonlinearity> all = {
      {"linear", linear}, {"sigmoid", sigmoid},       {"tanh", tanh},
      {"relu", relu},     {"leaky_relu", leaky_relu}, {"selu", selu}};
  return name.starts_with("conv") ? conv : all.at(name);
}

using Fill = std::function<Array(const Case &, const Array &)>;
const std::map<std::string, Fill> functions = {
    {"uniform_",
     [](const Case &c, const Array &x) { return init::uniform_(x, c.get<double>("a", 0), c.get<double>("b", 1)); }},
    {"normal_",
     [](const Case &c, const Array &x) { return init::normal_(x, c.get<double>("mean", 0), c.get<double>("std", 1)); }},
    {"trunc_normal_",
     [](const Case &c, const Array &x) {
       return init::trunc_normal_(x, c.get<double>("mean", 0), c.get<double>("std", 1), c.get<double>("a", -2),
                                  c.get<double>("b", 2));
     }},
    {"constant_", [](const Case &c, const Array &x) { return init::constant_(x, c.get<double>("val")); }},
    {"ones_", [](const Case &, const Array &x) { return init::ones_(x); }},
    {"zeros_", [](const Case &, const Array &x) { return init::zeros_(x); }},
    {"eye_", [](const Case &, const Array &x) { return init::eye_(x); }},
    {"dirac_", [](const Case &c, const Array &x) { return init::dirac_(x, c.get<int64_t>("groups", 1)); }},
    {"orthogonal_", [](const Case &c, const Array &x) { return init::orthogonal_(x, c.get<double>("gain", 1)); }},
    {"sparse_", [](const Case &c,
                   const Array &x) { return init::sparse_(x, c.get<double>("sparsity"), c.get<double>("std", 0.01)); }},
    {"xavier_uniform_",
     [](const Case &c, const Array &x) { return init::xavier_uniform_(x, c.get<double>("gain", 1)); }},
    {"xavier_normal_", [](const Case &c, const Array &x) { return init::xavier_normal_(x, c.get<double>("gain", 1)); }},
    {"kaiming_uniform_",
     [](const Case &c, const Array &x) {
       return init::kaiming_uniform_(x, c.get<double>("a", 0), fan(c), nonlinearity(c));
     }},
    {"kaiming_normal_",
     [](const Case &c, const Array &x) {
       return init::kaiming_normal_(x, c.get<double>("a", 0), fan(c), nonlinearity(c));
     }},
};

template <class Conv> AnyModule convolution(const Case &c) {
  ConvOptions options;
  c.set("groups", options.groups);
  std::vector<int64_t> sizes = c.get<std::vector<int64_t>>("kernel_size");
  Axes kernel = sizes.size() == 1 ? Axes(sizes[0]) : Axes(sizes);
  return Conv(c.get<int64_t>("in_channels"), c.get<int64_t>("out_channels"), kernel, options);
}
template <class Layer, class Options> AnyModule recurrent(const Case &c) {
  Options options;
  c.set("num_layers", options.num_layers);
  c.set("bidirectional", options.bidirectional);
  if constexpr (requires { options.proj_size; })
    c.set("proj_size", options.proj_size);
  return Layer(c.get<int64_t>("input_size"), c.get<int64_t>("hidden_size"), options);
}

const std::map<std::string, std::function<AnyModule(const Case &)>> layers = {
    {"Linear",
     [](const Case &c) {
       return Linear(c.get<int64_t>("in_features"), c.get<int64_t>("out_features"),
                     {.bias = c.get<bool>("bias", true)});
     }},
    {"Conv1d", convolution<Conv1d>},
    {"Conv2d", convolution<Conv2d>},
    {"Conv3d", convolution<Conv3d>},
    {"BatchNorm1d", [](const Case &c) { return BatchNorm1d(c.get<int64_t>("num_features")); }},
    {"BatchNorm2d", [](const Case &c) { return BatchNorm2d(c.get<int64_t>("num_features")); }},
    {"LayerNorm", [](const Case &c) { return LayerNorm(c.get<Shape>("normalized_shape")); }},
    {"GroupNorm",
     [](const Case &c) { return GroupNorm(c.get<int64_t>("num_groups"), c.get<int64_t>("num_channels")); }},
    {"Embedding",
     [](const Case &c) {
       EmbeddingOptions options;
       c.set("padding_idx", options.padding_idx);
       return Embedding(c.get<int64_t>("num_embeddings"), c.get<int64_t>("embedding_dim"), options);
     }},
    {"PReLU", [](const Case &c) { return PReLU(c.get<int64_t>("num_parameters", 1), c.get<double>("init", 0.25)); }},
    {"LSTM", recurrent<LSTM, LSTMOptions>},
    {"GRU", recurrent<GRU, GRUOptions>},
    {"MultiheadAttention",
     [](const Case &c) {
       MultiheadAttentionOptions options;
       c.set("kdim", options.kdim);
       c.set("vdim", options.vdim);
       c.set("add_bias_kv", options.add_bias_kv);
       return MultiheadAttention(c.get<int64_t>("embed_dim"), c.get<int64_t>("num_heads"), options);
     }},
};

// Draws until there are 5000 numbers and compares with the distribution: bounds, and the largest distance of the two
// cumulative distributions (Kolmogorov-Smirnov; by chance alone above the bound once in 1e5).
void checkDistribution(const golden::Value &d, const std::function<Array()> &draw) {
  std::string kind = d.find("kind")->string;
  auto number = [&](const char *name) { return d.find(name)->asNumber(); };
  std::vector<double> values = draw().toDoubles();
  if (kind == "constant") {
    CHECK(values == std::vector<double>(values.size(), number("value")));
    return;
  }
  while (values.size() < 5000)
    for (double value : draw().toDoubles())
      values.push_back(value);
  std::sort(values.begin(), values.end());
  auto below = [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); };
  auto cumulative = [&](double x) {
    if (kind == "uniform")
      return (x - number("low")) / (number("high") - number("low"));
    double mean = kind == "sparse" ? 0 : number("mean"), deviation = number("deviation");
    auto normal = [&](double y) { return below((y - mean) / deviation); };
    if (kind != "truncated_normal")
      return normal(x);
    return (normal(x) - normal(number("low"))) / (normal(number("high")) - normal(number("low")));
  };
  if (d.find("low")) { // bounds may be rounded to f32
    double slack = 1e-6 * (number("high") - number("low"));
    CHECK(values.front() >= number("low") - slack);
    CHECK(values.back() <= number("high") + slack);
  }
  if (kind == "uniform")
    CHECK(values.back() - values.front() > 0.99 * (number("high") - number("low")));
  if (kind == "normal") {
    double sum = 0, squares = 0, n = double(values.size());
    for (double value : values)
      sum += value, squares += (value - number("mean")) * (value - number("mean"));
    CHECK(std::abs(sum / n - number("mean")) < 0.06 * number("deviation"));
    CHECK(std::abs(std::sqrt(squares / n) / number("deviation") - 1) < 0.05);
  }
  double distance = 0, n = double(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    distance = std::max({distance, cumulative(values[i]) - double(i) / n, double(i + 1) / n - cumulative(values[i])});
  CHECK(distance < 2.5 / std::sqrt(n));
}

// Rows (or columns, where there are fewer) are orthogonal and of length gain.
void checkOrthogonal(const Array &x, double gain) {
  int64_t rows = x.size(0), columns = x.numel() / rows, count = std::min(rows, columns);
  auto at = [&](int64_t vector, int64_t i) {
    return rows <= columns ? x.at(vector * columns + i) : x.at(i * columns + vector);
  };
  for (int64_t a = 0; a < count; ++a)
    for (int64_t b = 0; b <= a; ++b) {
      double product = 0;
      for (int64_t i = 0; i < std::max(rows, columns); ++i)
        product += at(a, i) * at(b, i);
      CHECK(product == Approx(a == b ? gain * gain : 0).margin(1e-6));
    }
}

} // namespace

TEST_CASE("nn::init has PyTorch's distributions", "[nn]") {
  manual_seed(1);
  for (const Case &c : Golden::open("init").cases()) {
    if (c.function.empty())
      continue; // a layer
    INFO(c.name);
    if (c.function == "calculate_gain") {
      init::Nonlinearity which = nonlinearity(c);
      CHECK(init::calculate_gain(which, c.get<double>("param", 0.01)) == Approx(c.at("output.0").reals[0]));
      CHECK(c.unread() == "");
      continue;
    }
    Shape shape;
    c.line.find("shape")->get(shape);
    auto draw = [&] { return functions.at(c.function)(c, Array(shape)); };
    const golden::Value &d = *c.line.find("distribution");
    std::string kind = d.find("kind")->string;
    Array x = draw();
    CHECK(c.unread() == "");
    if (kind == "exact")
      CHECK(x.toDoubles() == c.at("output.0").reals);
    else if (kind == "orthogonal")
      checkOrthogonal(x, d.find("gain")->asNumber());
    else if (kind == "sparse") {
      std::vector<int64_t> zeros(static_cast<size_t>(shape[1]));
      for (int64_t i = 0; i < x.numel(); ++i)
        zeros[size_t(i % shape[1])] += x.at(i) == 0;
      CHECK(zeros == std::vector<int64_t>(zeros.size(), d.find("zeros")->asInteger()));
      checkDistribution(d, [&] {
        std::vector<double> others = draw().toDoubles();
        std::erase(others, 0.0);
        return Array::of<double>({int64_t(others.size())}, others);
      });
    } else
      checkDistribution(d, draw);
  }
}

TEST_CASE("layers begin with PyTorch's distributions", "[nn]") {
  manual_seed(2);
  for (const Case &c : Golden::open("init").cases()) {
    if (c.layer.empty())
      continue; // a function
    const golden::Value &parameters = *c.line.find("parameters");
    for (size_t i = 0; i < parameters.names.size(); ++i) {
      INFO(c.name << ": " << parameters.names[i]);
      auto draw = [&] {
        for (auto &[name, parameter] : layers.at(c.layer)(c).named_parameters())
          if (name == parameters.names[i])
            return parameter.value();
        throw std::runtime_error("the layer has no such parameter");
      };
      Array x = draw();
      CHECK(c.unread() == "");
      Shape shape;
      parameters.list[i].find("shape")->get(shape);
      CHECK(x.shape() == shape);
      if (const golden::Value *row = c.line.find("zero_row")) { // of the padding; the others are as usual
        Array zeros = x.rows(row->asInteger(), row->asInteger() + 1);
        CHECK(zeros.toDoubles() == std::vector<double>(size_t(zeros.numel())));
        checkDistribution(*parameters.list[i].find("distribution"), [&] { return draw().rows(0, row->asInteger()); });
        continue;
      }
      checkDistribution(*parameters.list[i].find("distribution"), draw);
    }
    CHECK(layers.at(c.layer)(c).parameters().size() == parameters.names.size());
  }
}

TEST_CASE("initial values depend on the seed alone", "[nn]") {
  auto values = [](uint64_t seed) {
    manual_seed(seed);
    Linear first(5, 3), second(5, 3);
    CHECK(first.weight.value().toDoubles() != second.weight.value().toDoubles());
    return second.weight.value().toDoubles();
  };
  CHECK(values(1) == values(1));
  CHECK(values(1) != values(2));
}
