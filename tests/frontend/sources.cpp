// Every launch of a compiled function names the layers and the lines of this file that it comes from, those of the
// gradients and the optimizer too.
#include "nnc/nn/Activation.h"
#include "nnc/nn/Embedding.h"
#include "nnc/nn/Linear.h"
#include "nnc/nn/Loss.h"
#include "nnc/nn/Train.h"
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <span>
#include <string>

using namespace nnc;

static constexpr int hiddenLine = __LINE__ + 7, outLine = hiddenLine + 1;
namespace {
struct Model : nn::Callable<Model> {
  nn::Embedding words = module("words", nn::Embedding(1000, 32));
  nn::Linear hidden = module("hidden", nn::Linear(32, 64));
  nn::Linear out = module("out", nn::Linear(64, 16));
  Tensor forward(Tensor x) {
    x = tanh(hidden(words(x)));
    return out(x);
  }
};
} // namespace

static std::string line(int number) { return std::string(__FILE__) + ":" + std::to_string(number); }

TEST_CASE("launches name the user's lines") {
  Model model;
  const int optimizerLine = __LINE__ + 1;
  optim::Adam adam({.lr = 1e-3});
  const int stepLine = __LINE__ + 1;
  auto step = train_step(model, nn::CrossEntropyLoss(), adam, {i64({40}), i64({40})}, {.max_norm = 1.0});
  Function compiled = compile(step.traced());
  const runtime::SharedObject &object = compiled.object();
  std::set<std::string> seen, layers;
  for (const nnc_launch &launch : std::span(object.functions()[0].launches, object.functions()[0].launch_count)) {
    std::string sources = object.sources(launch);
    INFO(object.module().kernel_names[launch.kernel] << " of " << launch.layers << ": " << sources);
    CHECK(!sources.empty());
    auto split = [](const std::string &list, std::set<std::string> &into) {
      for (size_t at = 0; at < list.size();) {
        size_t end = std::min(list.find(", ", at), list.size());
        into.insert(list.substr(at, end - at));
        at = end + 2;
      }
    };
    split(sources, seen);
    split(launch.layers, layers);
  }
  CHECK(seen == std::set<std::string>{line(hiddenLine), line(outLine), line(optimizerLine), line(stepLine)});
  CHECK(layers == std::set<std::string>{"words", "hidden", "out", "words.weight", "hidden.weight", "hidden.bias",
                                        "out.weight", "out.bias"});
}
