// Modules written by hand against PyTorch: names, printing, values, shared parts, hooks, modes, loading.
#include "nnc/nn/Module.h"
#include "Layer.h"
#include "nnc/nnc.h"

#include <catch2/catch.hpp>

using namespace nnc;

namespace {

struct TwoLayers : nn::Callable<TwoLayers> {
  nn::Linear first = module("first", nn::Linear(4, 6));
  nn::ReLU act = module("act", nn::ReLU());
  nn::Linear second = module("second", nn::Linear(6, 3, {.bias = false}));
  nn::Parameter scale = parameter("scale", Array::full({3}, 1));
  Tensor forward(Tensor x) const { return second(act(first(x))) * scale; }
};
struct Buffers : nn::Callable<Buffers> {
  nn::Parameter weight = parameter("weight", Array({2, 3}));
  nn::Parameter frozen = parameter("frozen", Array({3}), false);
  nn::Parameter bias = parameter("bias", nn::Parameter());
  nn::Buffer mean = buffer("mean", Array({3}));
  nn::Buffer cache = buffer("cache", Array({4}), false);
  nn::Buffer nothing = buffer("nothing", nn::Buffer());
  nn::BatchNorm1d norm = module("norm", nn::BatchNorm1d(3));
  Tensor forward(Tensor x) const { return matmul(norm((x - mean) * frozen), transpose(weight, 0, 1)); }
};
struct Tied : nn::Callable<Tied> {
  nn::Embedding embedding = module("embedding", nn::Embedding(7, 4));
  nn::Linear middle = module("middle", nn::Linear(4, 4));
  nn::Linear head = module("head", nn::Linear(4, 7, {.bias = false}));
  Tied() { head.weight.tie(embedding.weight); }
  Tensor forward(Tensor x) const { return head(tanh(middle(embedding(x)))); }
};
struct SharedModule : nn::Callable<SharedModule> {
  nn::Linear a = module("a", nn::Linear(3, 3));
  nn::Sequential b = module("b", nn::Sequential(a, nn::ReLU()));
  nn::Linear c = module("c", a);
  Tensor forward(Tensor x) const { return c(b(a(x))); }
};
struct Block : nn::Callable<Block> {
  explicit Block(int64_t width)
      : conv(module("conv", nn::Conv2d(width, width, 3, {.padding = {1, 1}, .bias = false}))),
        norm(module("norm", nn::BatchNorm2d(width))) {}
  nn::Conv2d conv;
  nn::BatchNorm2d norm;
  Tensor forward(Tensor x) const { return relu(norm(conv(x))) + x; }
};
struct Residual : nn::Callable<Residual> {
  nn::Conv2d stem = module("stem", nn::Conv2d(2, 4, 3));
  nn::ModuleList blocks = module("blocks", nn::ModuleList({Block(4), Block(4)}));
  nn::ModuleDict heads = module("heads", nn::ModuleDict({{"classes", nn::Linear(4, 3)}, {"box", nn::Linear(4, 2)}}));
  std::pair<Tensor, Tensor> forward(Tensor x) const {
    x = stem(x);
    for (auto &block : blocks)
      x = block(x);
    x = mean(x, {2, 3});
    return {heads["classes"](x), heads["box"](x)};
  }
};

TwoLayers hooked(const std::string &where) {
  TwoLayers m;
  if (where == "hook_pre")
    m.second.register_forward_pre_hook([](const nn::Module &, std::vector<Tensor> &x) { x[0] = x[0] * 2; });
  if (where == "hook_after")
    m.first.register_forward_hook(
        [](const nn::Module &, const std::vector<Tensor> &x, std::vector<Tensor> &y) { y[0] = y[0] + sum(x[0]); });
  if (where == "hook_both") {
    using Tensors = std::vector<Tensor>;
    m.act.register_forward_pre_hook([](const nn::Module &, Tensors &x) { x[0] = x[0] - 1; });
    m.act.register_forward_hook([](const nn::Module &, const Tensors &, Tensors &y) { y[0] = y[0] * 3; });
    int64_t wrong = m.act.register_forward_hook([](const nn::Module &, const Tensors &, Tensors &y) { y[0] = -y[0]; });
    m.act.register_forward_hook([](const nn::Module &, const Tensors &, Tensors &y) { y[0] = y[0] + 1; });
    m.act.remove_hook(wrong);
  }
  return m;
}

const std::map<std::string, std::function<test::Subject(const std::string &)>> made = {
    {"TwoLayers", [](const std::string &what) { return test::Subject(hooked(what)); }},
    {"Buffers", [](const std::string &) { return test::Subject(Buffers()); }},
    {"Tied", [](const std::string &) { return test::Subject(Tied()); }},
    {"SharedModule", [](const std::string &) { return test::Subject(SharedModule()); }},
    {"Residual", [](const std::string &) { return test::Subject(Residual()); }},
};

std::vector<std::string> strings(const golden::Value *list) {
  std::vector<std::string> found;
  for (const golden::Value &value : list->list)
    found.push_back(value.string);
  return found;
}

} // namespace

TEST_CASE("modules agree with PyTorch: names, order, printing, values, gradients", "[nn]") {
  for (const golden::Case &c : Golden::open("module").cases()) {
    size_t slash = c.name.find('/');
    auto make = made.find(c.name.substr(0, slash));
    if (make == made.end())
      continue; // containers, and what the other test cases read
    if (c.line.find("state_dict"))
      test::checkNames(c, make->second("").module);
    else
      for (DType type : {DType::f64, DType::f32})
        test::checkCase(
            c,
            [&](const golden::Case &, DType) {
              test::Subject subject = make->second(c.name.substr(slash + 1));
              subject.module.to(type);
              return subject;
            },
            type);
  }
}

TEST_CASE("modules: order of apply, modes of parts", "[nn]") {
  std::vector<std::string> visited;
  Residual m;
  m.apply([&](const nn::AnyModule &part) { visited.push_back(part.type_name()); });
  CHECK(visited == strings(Golden::open("module").at("apply/order").line.find("visited")));
  m.eval();
  m.blocks[1].train();
  std::vector<std::pair<std::string, bool>> expected, actual;
  for (const golden::Value &row : Golden::open("module").at("train/modes").line.find("training")->list)
    expected.emplace_back(row.list[0].string, row.list[1].boolean);
  for (auto &[name, part] : m.named_modules())
    actual.emplace_back(name, part.training());
  CHECK(actual == expected);
}

TEST_CASE("load_state_dict: missing, unexpected, misshapen and tied keys", "[nn]") {
  const golden::Case &c = Golden::open("module").at("load_state_dict/missing_and_unexpected");
  TwoLayers from, to;
  nn::StateDict state = from.state_dict();
  state.erase("first.bias");
  state.erase("scale");
  state.set("third.weight", Array({2}));
  Array before = to.first.weight.value().clone();
  CHECK(test::errorOf([&] { to.load_state_dict(state); }) ==
        "load_state_dict: TwoLayers: missing keys: \"scale\", \"first.bias\"; unexpected keys: \"third.weight\"");
  CHECK(to.first.weight.value().toDoubles() == before.toDoubles()); // nothing was taken
  nn::LoadResult result = to.load_state_dict(state, false);
  CHECK(result.missing_keys == strings(c.line.find("missing")));
  CHECK(result.unexpected_keys == strings(c.line.find("unexpected")));
  CHECK(to.first.weight.value().toDoubles() == from.first.weight.value().toDoubles());

  state = from.state_dict();
  state.set("first.weight", Array({6, 5}));
  for (bool strict : {true, false})
    CHECK(test::errorOf([&] { to.load_state_dict(state, strict); }) ==
          "load_state_dict: TwoLayers: \"first.weight\": expected 6x4, got 6x5");

  // Another element type is converted. The names of one tied tensor are both written and both wanted, as in PyTorch.
  to.load_state_dict(TwoLayers().to(DType::f64).state_dict());
  CHECK(to.scale.dtype() == DType::f32);
  Tied tied, other;
  CHECK(tied.state_dict().at("head.weight").sharesDataWith(tied.state_dict().at("embedding.weight")));
  other.load_state_dict(tied.state_dict());
  CHECK(other.head.weight.value().toDoubles() == tied.embedding.weight.value().toDoubles());
  CHECK(other.head.weight.variable() == other.embedding.weight.variable());
  CHECK(other.parameters().size() == 3);
}
