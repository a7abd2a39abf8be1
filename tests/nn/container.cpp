// Containers against PyTorch: names, printing, order, and what they compute.
#include "nnc/nn/Container.h"
#include "Layer.h"
#include "nnc/nn/Activation.h"
#include "nnc/nn/Conv.h"
#include "nnc/nn/Linear.h"

#include <catch2/catch.hpp>

using namespace nnc;
using nn::AnyModule;

namespace {

struct Lists : nn::Callable<Lists> {
  explicit Lists(DType type = DType::f32)
      : list(module("list", nn::ParameterList({nn::Parameter(Array({2, 3}, type)), nn::Parameter(Array({4}, type))}))),
        dict(module("dict", nn::ParameterDict({{"left", nn::Parameter(Array({3}, type))},
                                               {"right", nn::Parameter(Array({3}, type))}}))) {
    list.append(nn::Parameter(Array({1}, type)));
  }
  nn::ParameterList list;
  nn::ParameterDict dict;
  Tensor forward(Tensor x) const {
    return matmul(x, transpose(list[0], 0, 1)) * list[2] + sum(dict["left"] * dict["right"]) + sum(list[1]);
  }
};

nn::Parameter zeros(Shape shape) { return nn::Parameter(Array(std::move(shape))); }
nn::Linear linear(int64_t in, int64_t out) { return {in, out}; }

const std::map<std::string, std::function<AnyModule()>> built = {
    {"Lists/names", [] { return Lists(); }},
    {"Sequential/plain", [] { return nn::Sequential(linear(4, 8), nn::ReLU(), linear(8, 2)); }},
    {"Sequential/empty", [] { return nn::Sequential(); }},
    {"Sequential/named",
     [] { return nn::Sequential({{"conv", nn::Conv2d(1, 4, 3)}, {"relu", nn::ReLU()}, {"flat", nn::Flatten()}}); }},
    {"Sequential/nested",
     [] {
       nn::Sequential one(linear(3, 1));
       return nn::Sequential(nn::Sequential(linear(2, 3), nn::Tanh()), nn::Sequential(std::vector<AnyModule>{one}));
     }},
    {"Sequential/append_insert_extend",
     [] {
       nn::Sequential m(linear(1, 2), linear(2, 3));
       m.append(nn::ReLU());
       m.insert(1, nn::Tanh());
       m.extend({linear(3, 4), nn::Identity()});
       return m;
     }},
    {"Sequential/pop_delete_set",
     [] {
       nn::Sequential m(linear(1, 2), linear(2, 3), linear(3, 4), linear(4, 5));
       m.pop(-1);
       m.pop(0);
       m.set(1, nn::Sigmoid());
       return m;
     }},
    {"Sequential/slice", [] { return nn::Sequential(linear(1, 2), nn::ReLU(), linear(2, 3), nn::Tanh()).slice(1, 3); }},
    {"Sequential/slice_negative",
     [] { return nn::Sequential(linear(1, 2), nn::ReLU(), linear(2, 3), nn::Tanh()).slice(-3); }},
    {"Sequential/slice_step",
     [] { return nn::Sequential(linear(1, 2), nn::ReLU(), linear(2, 3), nn::Tanh()).slice({}, {}, 2); }},
    {"Sequential/sum", [] { return nn::Sequential(linear(1, 2)) + nn::Sequential(nn::ReLU(), linear(2, 1)); }},
    {"ModuleList/equal_children", [] { return nn::ModuleList({linear(4, 4), linear(4, 4), linear(4, 4)}); }},
    {"ModuleList/runs_of_equal_children",
     [] { return nn::ModuleList({linear(4, 4), linear(4, 4), linear(4, 2), linear(2, 2), linear(2, 2)}); }},
    {"ModuleList/empty", [] { return nn::ModuleList(); }},
    {"ModuleList/append_insert_extend",
     [] {
       nn::ModuleList m(std::vector<AnyModule>{linear(1, 2)});
       m.append(linear(2, 3));
       m.insert(0, nn::ReLU());
       m.extend({linear(3, 4), linear(4, 5)});
       return m;
     }},
    {"ModuleList/pop_slice",
     [] {
       nn::ModuleList m;
       for (int64_t i = 1; i < 7; ++i)
         m.append(linear(i, i + 1));
       m.pop(2);
       return m.slice(1, 4);
     }},
    {"ModuleDict/order",
     [] {
       nn::ModuleDict m({{"conv", nn::Conv1d(1, 2, 3)}, {"act", nn::ReLU()}});
       m.set("last", linear(2, 2));
       m.update({{"more", linear(1, 1)}, {"act", nn::Tanh()}});
       m.pop("conv");
       return m;
     }},
    {"ModuleDict/empty", [] { return nn::ModuleDict(); }},
    {"ParameterList/plain",
     [] {
       nn::ParameterList m({zeros({2, 3}), zeros({4})});
       m.append(zeros({1}));
       m.extend({zeros({2})});
       m.set(1, zeros({5, 5}));
       return m;
     }},
    {"ParameterDict/plain",
     [] {
       nn::ParameterDict m({{"left", zeros({2})}, {"right", zeros({3, 2})}});
       m.set("more", zeros({1}));
       m.pop("left");
       return m;
     }},
};

} // namespace

TEST_CASE("containers: names, order and printing agree with PyTorch", "[nn]") {
  for (const golden::Case &c : Golden::open("module").cases()) {
    std::string container = c.name.substr(0, c.name.find('/'));
    if ((container != "Lists" && container != "Sequential" && container != "ModuleList" && container != "ModuleDict" &&
         container != "ParameterList" && container != "ParameterDict") ||
        !c.line.find("state_dict"))
      continue; // modules written by hand and runs
    INFO(c.name);
    auto build = built.find(c.name);
    if (build == built.end()) {
      FAIL_CHECK("nobody builds it");
      continue;
    }
    test::checkNames(c, build->second());
  }
}

TEST_CASE("containers of parameters agree with PyTorch in value and gradient", "[nn]") {
  const golden::Case &c = Golden::open("module").at("Lists/run");
  // it prints the element type, which is f64 there
  test::checkCase(c, [](const golden::Case &, DType type) { return test::Subject(Lists(type)); }, DType::f64);
}

TEST_CASE("containers: iteration, access and shared modules", "[nn]") {
  nn::Sequential net(linear(2, 2), nn::ReLU(), linear(2, 2));
  std::vector<std::string> types;
  for (auto &module : net)
    types.push_back(module.type_name());
  CHECK(types == std::vector<std::string>{"Linear", "ReLU", "Linear"});
  REQUIRE(net[-1].as<nn::Linear>());
  CHECK(net[-1].as<nn::Linear>()->is(net[2]));
  CHECK(!net[1].as<nn::Linear>());
  CHECK(net[2].path() == "2");
  AnyModule last = net.pop();
  CHECK(last.path() == "");

  nn::Linear twice = linear(3, 3);
  nn::Sequential shared(twice, twice);
  CHECK(shared.size() == 2);
  CHECK(shared.parameters().size() == 2);
  CHECK(shared.state_dict().size() == 4);

  nn::Sequential tail = nn::Sequential(linear(1, 2), nn::ReLU(), linear(2, 3)).slice(1);
  tail.append(nn::Tanh()); // "2" is taken: all are named anew
  CHECK(test::firsts(tail.named_children()) == std::vector<std::string>{"0", "1", "2"});
}

TEST_CASE("Sequential computes what its modules do", "[nn]") {
  test::checkFiniteDifferences(test::Subject(nn::Sequential(nn::Linear(3, 4, {.dtype = DType::f64}), nn::Tanh(),
                                                            nn::Linear(4, 2, {.dtype = DType::f64}))),
                               {test::randomArray({5, 3}, 1)});
}

TEST_CASE("containers: errors name container, argument, what was expected and what came", "[nn]") {
  nn::ModuleList list({linear(1, 1), linear(1, 1)});
  CHECK(test::errorOf([&] { list[2]; }) == "ModuleList: index: expected a position in [-2, 1], got 2");
  CHECK(test::errorOf([&] { list.insert(4, nn::ReLU()); }) ==
        "ModuleList: index: expected a position in [-2, 2], got 4");
  CHECK(test::errorOf([&] { list.slice(0, 1, 0); }) == "ModuleList: step: expected a number other than 0, got 0");
  CHECK(test::errorOf([] { nn::ModuleDict()["a"]; }) == "ModuleDict: no key 'a'");
  CHECK(test::errorOf([] { nn::ParameterDict()["a"]; }) == "ParameterDict: no key 'a'");
  CHECK(test::errorOf([] { nn::Sequential().pop(); }).find("Sequential: index: expected a position in") == 0);
}
