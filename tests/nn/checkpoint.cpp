// Checkpoints: resuming is as if one had not stopped; names; what happens to a file that does not fit or is not
// finished.
#include "../runtime/temporary.h"
#include "Layer.h"
#include "nnc/nnc.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace nnc;

namespace {

using Folder = test::TemporaryFolder;

// Everything a run has state in: a tied parameter, dropout, running statistics, a frozen parameter.
struct Net : nn::Callable<Net> {
  nn::Linear first = module("first", nn::Linear(4, 4));
  nn::BatchNorm1d norm = module("norm", nn::BatchNorm1d(4));
  nn::Dropout dropout = module("dropout", nn::Dropout(0.5));
  nn::Linear second = module("second", nn::Linear(4, 4, {.bias = false}));
  nn::Parameter frozen = parameter("frozen", Array::full({4}, 0.5), false);
  nn::Buffer cache = buffer("cache", Array({2}), false);
  Net() { second.weight.tie(first.weight); }
  Tensor forward(Tensor x) const { return second(dropout(norm(first(x)))) * frozen; }
};

struct Training {
  Net model;
  optim::AdamW optimizer{{.lr = 0.1, .amsgrad = true}};
  optim::CosineAnnealingLR schedule{optimizer, 10};
  TrainStep step;
  explicit Training(uint64_t seed)
      : model((manual_seed(seed), Net())),
        step(train_step(model, nn::MSELoss(), optimizer, {f32({6, 4}), f32({6, 4})}, {.max_norm = 1.0})) {}
  double run(int64_t from, int64_t to) {
    double loss = 0;
    for (int64_t s = from; s < to; ++s) {
      schedule.seek(s);
      loss = step(test::randomArray({6, 4}, uint64_t(s), DType::f32),
                  test::randomArray({6, 4}, uint64_t(100 + s), DType::f32))
                 .loss.item();
    }
    return loss;
  }
};

std::vector<std::string> keys(const nn::StateDict &state) {
  std::vector<std::string> found;
  for (auto &[name, array] : state)
    found.push_back(name);
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace

TEST_CASE("a resumed run is bit for bit the one that was not stopped", "[nn]") {
  Folder folder;
  Training whole(1);
  whole.run(0, 3);
  save(whole.step, folder / "at3", {{"epoch", "3"}});
  CHECK(keys(load_file(folder / "at3")) == std::vector<std::string>{"first.bias",
                                                                    "first.bias.exp_avg",
                                                                    "first.bias.exp_avg_sq",
                                                                    "first.bias.max_exp_avg_sq",
                                                                    "first.weight",
                                                                    "first.weight.exp_avg",
                                                                    "first.weight.exp_avg_sq",
                                                                    "first.weight.max_exp_avg_sq",
                                                                    "frozen",
                                                                    "norm.bias",
                                                                    "norm.bias.exp_avg",
                                                                    "norm.bias.exp_avg_sq",
                                                                    "norm.bias.max_exp_avg_sq",
                                                                    "norm.num_batches_tracked",
                                                                    "norm.running_mean",
                                                                    "norm.running_var",
                                                                    "norm.weight",
                                                                    "norm.weight.exp_avg",
                                                                    "norm.weight.exp_avg_sq",
                                                                    "norm.weight.max_exp_avg_sq",
                                                                    "seed",
                                                                    "step"});
  double loss = whole.run(3, 6);
  save(whole.step, folder / "whole");

  Training resumed(2); // other weights, another seed of dropout
  resumed.run(0, 1);
  CHECK(load(resumed.step, folder / "at3") == Metadata{{"epoch", "3"}});
  CHECK(resumed.step.steps() == 3);
  CHECK(resumed.run(3, 6) == loss);
  save(resumed.step, folder / "resumed");
  CHECK(test::slurp(folder / "resumed") == test::slurp(folder / "whole"));
}

TEST_CASE("weights of a module: PyTorch's names, a tied one once, any of its names when loading", "[nn]") {
  Folder folder;
  Net model, other;
  save(model, folder / "x");
  CHECK(keys(load_file(folder / "x")) == std::vector<std::string>{"first.bias", "first.weight", "frozen", "norm.bias",
                                                                  "norm.num_batches_tracked", "norm.running_mean",
                                                                  "norm.running_var", "norm.weight"});
  load(other, folder / "x");
  CHECK(other.second.weight.value().toDoubles() == model.first.weight.value().toDoubles());
  CHECK(other.second.weight.variable() == other.first.weight.variable());

  save_file(model.state_dict(), folder / "both"); // as PyTorch's state_dict has them
  load(Net(), folder / "both");
  nn::StateDict second = model.state_dict();
  second.erase("first.weight");
  save_file(second, folder / "second");
  Net third;
  load(third, folder / "second");
  CHECK(third.first.weight.value().toDoubles() == model.first.weight.value().toDoubles());
}

TEST_CASE("a checkpoint that does not fit is refused in words, and nothing is taken from it", "[nn]") {
  Folder folder;
  std::string path = folder / "x";
  Net model;
  nn::StateDict state = Net().state_dict();
  state.erase("first.bias");
  state.erase("norm.weight");
  state.set("third.weight", Array({2}));
  save_file(state, path);
  Array before = model.first.weight.value().clone();
  CHECK(test::errorOf([&] { load(model, path); }) == path + ": does not fit the model\n"
                                                            "  missing keys:\n"
                                                            "    first.bias\n"
                                                            "    norm.weight\n"
                                                            "  unexpected keys:\n"
                                                            "    third.weight");
  CHECK(model.first.weight.value().toDoubles() == before.toDoubles());
  load(model, path, false);
  CHECK(model.first.weight.value().toDoubles() == state.at("first.weight").toDoubles());

  state = Net().state_dict();
  state.set("first.bias", Array({5}));
  state.set("frozen", Array({4}, DType::f64));
  save_file(state, path);
  for (bool strict : {true, false})
    CHECK(test::errorOf([&] { load(model, path, strict); }) == path +
                                                                   ": does not fit the model\n"
                                                                   "  misshapen keys:\n"
                                                                   "    frozen: expected 4 of f32, got 4 of f64\n"
                                                                   "    first.bias: expected 4 of f32, got 5 of f32");
  CHECK(model.first.weight.value().toDoubles() != state.at("first.weight").toDoubles());

  struct Named : nn::Callable<Named> {
    nn::Parameter step = parameter("step", Array({2}));
    Tensor forward(Tensor x) const { return x * step; }
  } named;
  auto training = train_step(named, nn::MSELoss(), optim::SGD(), {f32({2}), f32({2})});
  CHECK(test::errorOf([&] { save(training, path); }) == path + ": two arrays are called 'step'");
}

TEST_CASE("a crash while saving leaves the old checkpoint", "[nn]") {
  Folder folder;
  std::string path = folder / "x";
  auto filled = [](double value) { return nn::StateDict{{"x", Array::full({1 << 18}, value)}}; };
  save_file(filled(0), path);

  // No room: an error, the old file as it was, nothing left beside it.
  std::string old = test::slurp(path);
  rlimit limit{}, small{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &limit) == 0);
  small = {4096, limit.rlim_max};
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string error = test::errorOf([&] { save_file(filled(1), path); });
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK(error.find(path) != std::string::npos);
  CHECK(error.find("File too large") != std::string::npos);
  CHECK(test::slurp(path) == old);
  CHECK(folder.files() == 1);

  // Killed at any time: the file is whole, the old one or the new one.
  for (useconds_t after : {3000, 7000, 20000}) {
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        for (double value = 1;; ++value)
          save_file(filled(value), path);
      } catch (...) { // not into the rest of the tests
      }
      _exit(1);
    }
    usleep(after);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::vector<double> values = load_file(path).at("x").toDoubles();
    CHECK(std::set<double>(values.begin(), values.end()).size() == 1);
  }
}
