// Loading compiled objects and calling them through the ABI: what is checked, what is reported, what state survives.
#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/File.h"
#include "nnc/runtime/Pool.h"
#include "nnc/runtime/SafeTensors.h"
#include "nnc/runtime/SharedObject.h"
#include "temporary.h"
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <thread>

using namespace nnc::runtime;
using namespace nnc::test;

static std::string object(const std::string &name) { return std::string(NNC_TEST_OBJECTS "/") + name + ".so"; }

static const nnc_services &services(const SharedObject &o) { return *o.module().services; }

namespace {
/// Arguments of the toy's train_step.
struct State {
  std::vector<float> x = std::vector<float>(1024, 0.25f), weight = std::vector<float>(1024, 1),
                     momentum = std::vector<float>(1024);
  int64_t step = 0;
  float loss = 0;
  void *arguments[4] = {x.data(), weight.data(), momentum.data(), &step};
  void *results[4] = {&loss, nullptr, nullptr, nullptr};
};
} // namespace

TEST_CASE("what a module tells about itself") {
  SharedObject toy(object("toy"));
  CHECK(toy.module().name == std::string("toy"));
  REQUIRE(toy.functions().size() == 4);
  CHECK(toy.function("train_step") == 1);
  CHECK_THROWS_WITH(toy.function("loss"),
                    object("toy") + ": no function 'loss', there are: forward, train_step, lookup, threads");
  CHECK(toy.symbol("nnc_module_v1") != nullptr);
  CHECK(toy.symbol("nnc_invoke") == nullptr); // the embedded runtime is hidden
  CHECK(toy.symbol("nnc_pool_create") == nullptr);
}

TEST_CASE("objects that cannot be used") {
  TemporaryFolder folder;
  CHECK_THROWS_WITH(SharedObject(object("version7")),
                    object("version7") + ": ABI version 7, this runtime understands 1");
  CHECK_THROWS_WITH(SharedObject(object("foreign")),
                    object("foreign") + ": not an object made by nnc: it does not export nnc_module_v1");
  CHECK_THROWS_WITH(SharedObject(folder / "none.so"),
                    (folder / "none.so") + ": cannot load: cannot open shared object file: No such file or directory");
  put(folder / "text.so", "this is text");
  CHECK_THROWS_WITH(SharedObject(folder / "text.so"), (folder / "text.so") + ": cannot load: file too short");
  put(folder / "long.so", std::string(1000, 'x'));
  CHECK_THROWS_WITH(SharedObject(folder / "long.so"), (folder / "long.so") + ": cannot load: invalid ELF header");
  CHECK_THROWS_WITH(SharedObject::fromBytes("memory", bytesOf(std::string(1000, 'x'))),
                    "memory: cannot load: invalid ELF header");
  // a name without a slash is a file here, not in the system's folders
  CHECK_THROWS_WITH(SharedObject("libm.so.6"), Catch::StartsWith("libm.so.6: cannot load: "));
}

TEST_CASE("the lines that launches come from") {
  SharedObject toy(object("toy")), older(object("older"));
  CHECK(toy.sources(toy.functions()[0].launches[0]) == std::string("toy.cpp:41, toy.cpp:42"));
  CHECK(toy.sources(toy.functions()[1].launches[0]) == std::string());
  nnc_launch beyond = {};
  for (int32_t row : {-1, 2, 1000}) {
    beyond.source = row;
    CHECK(toy.sources(beyond) == std::string());
  }
  beyond.source = 1;
  CHECK(older.sources(beyond) == std::string());
}

TEST_CASE("objects that were cut") {
  TemporaryFolder folder;
  std::string whole = slurp(object("toy")), cut = folder / "cut.so";
  for (size_t size : {size_t(0), size_t(1), size_t(63), size_t(64), size_t(200), whole.size() / 4, whole.size() / 2}) {
    put(cut, whole.substr(0, size));
    INFO(size << " of " << whole.size() << " bytes");
    CHECK_THROWS_WITH(SharedObject(cut), Catch::StartsWith(cut + ": cannot load: "));
  }
  CHECK_THROWS_WITH(SharedObject(cut),
                    Catch::StartsWith(cut + ": cannot load: truncated: the object takes at least ") &&
                        Catch::EndsWith(" bytes, the file has " + std::to_string(whole.size() / 2)));
  std::string half = whole.substr(0, whole.size() / 2);
  CHECK_THROWS_WITH(SharedObject::fromBytes("half", bytesOf(half)),
                    Catch::StartsWith("half: cannot load: truncated: "));
}

TEST_CASE("objects in memory") {
  auto bytes = readFile(object("toy")), other = readFile(object("version7"));
  {
    // many at once: each is an object of its own, whatever the descriptor's number was
    std::vector<SharedObject> loaded;
    for (int i = 0; i < 5; ++i) {
      loaded.push_back(SharedObject::fromBytes("toy", bytes));
      CHECK_THROWS_WITH(SharedObject::fromBytes("seven", other), "seven: ABI version 7, this runtime understands 1");
    }
    std::set<const nnc_module *> tables;
    for (const SharedObject &o : loaded)
      tables.insert(&o.module());
    CHECK(tables.size() == 5);
  }
  for (int i = 0; i < 100; ++i) // and one after another
    CHECK(SharedObject::fromBytes("toy", bytes).functions().size() == 4);
}

TEST_CASE("forward: embedded weights, variants, any number of threads") {
  SharedObject toy(object("toy"));
  std::vector<float> x(1024, 2), y(1024);
  Buffer workspace(4096);
  void *arguments[] = {x.data(), nullptr}, *results[] = {y.data()};
  toy.invoke(0, arguments, results, workspace.data());
  const float plus = services(toy).cpu_level() >= 4 ? 4 : 0;
  CHECK(y[0] == 2 + plus);
  CHECK(y[3] == 8 + plus);
  CHECK(y[4] == plus);
  const std::vector<float> expected = y;
  for (int threads : {1, 2, 3, 8}) {
    Pool pool(threads);
    nnc_options options{pool.handle(), nullptr, nullptr};
    std::fill(y.begin(), y.end(), -1.0f);
    toy.invoke(0, arguments, results, workspace.data(), &options);
    CHECK(y == expected);
  }
  // a weight of the caller's instead of the embedded one
  std::vector<float> weight(1024, 10);
  arguments[1] = weight.data();
  toy.invoke(0, arguments, results, workspace.data());
  CHECK(y[1023] == 20 + plus);
}

TEST_CASE("calls that are refused") {
  SharedObject toy(object("toy"));
  std::vector<float> x(1024), y(1024, 7);
  Buffer workspace(4096 + 64);
  void *arguments[] = {x.data(), nullptr}, *results[] = {y.data()};
  auto misaligned = static_cast<char *>(workspace.data()) + 4;
  CHECK_THROWS_WITH(toy.invoke(9, arguments, results, workspace.data()), "toy: function 9 does not exist, there are 4");
  CHECK_THROWS_WITH(toy.invoke(-1, arguments, results, workspace.data()),
                    "toy: function -1 does not exist, there are 4");
  CHECK_THROWS_WITH(toy.invoke(0, nullptr, results, workspace.data()), "forward: the array of arguments is null");
  CHECK_THROWS_WITH(toy.invoke(0, arguments, nullptr, workspace.data()), "forward: the array of results is null");
  CHECK_THROWS_WITH(toy.invoke(0, arguments, results, nullptr),
                    "forward: workspace: expected 4096 bytes aligned to 64, got null");
  CHECK_THROWS_WITH(toy.invoke(0, arguments, results, misaligned),
                    "forward: workspace: expected 4096 bytes aligned to 64, got a misaligned pointer");
  arguments[0] = nullptr;
  CHECK_THROWS_WITH(toy.invoke(0, arguments, results, workspace.data()), "forward: argument 'x' is null");
  arguments[0] = misaligned - 3;
  CHECK_THROWS_WITH(toy.invoke(0, arguments, results, workspace.data()),
                    Catch::Matches("forward: argument 'x' at 0x[0-9a-f]+ is not aligned to its elements of 4 bytes"));
  arguments[0] = x.data();
  results[0] = nullptr;
  CHECK_THROWS_WITH(toy.invoke(0, arguments, results, workspace.data()), "forward: result 'y' is null");
  CHECK(std::count(y.begin(), y.end(), 7.0f) == 1024);

  State s;
  s.arguments[1] = nullptr; // it is updated: the embedded weight cannot stand in
  CHECK_THROWS_WITH(toy.invoke(1, s.arguments, s.results, nullptr), "train_step: argument 'fc.weight' is null");
  s.arguments[1] = s.weight.data();
  s.results[1] = s.x.data();
  CHECK_THROWS_WITH(toy.invoke(1, s.arguments, s.results, nullptr),
                    "train_step: result 'fc.weight' is written to argument 'fc.weight': expected null or its pointer");
  CHECK(s.step == 0);
}

TEST_CASE("an index out of range") {
  SharedObject toy(object("toy"));
  int64_t indices[4][3] = {}, last = -5;
  void *arguments[] = {indices}, *results[] = {&last};
  toy.invoke(2, arguments, results, nullptr);
  CHECK(last == 0);
  indices[3][2] = 1000;
  CHECK(services(toy).invoke(&toy.module(), 2, arguments, results, nullptr, nullptr) == NNC_INDEX_OUT_OF_RANGE);
  CHECK(services(toy).last_error() ==
        std::string("embedding 'emb': input: index 1000 at [3, 2] is out of range [0, 1000)"));
  indices[1][0] = -1;
  CHECK_THROWS_WITH(toy.invoke(2, arguments, results, nullptr),
                    "embedding 'emb': input: index -1 at [1, 0] is out of range [0, 1000)");
}

TEST_CASE("the last error is each thread's own") {
  SharedObject toy(object("toy"));
  CHECK_THROWS(toy.invoke(9, nullptr, nullptr, nullptr));
  std::string other = "unset";
  std::thread([&] { other = services(toy).last_error(); }).join();
  CHECK(other.empty());
  CHECK(services(toy).last_error() == std::string("toy: function 9 does not exist, there are 4"));
}

/// Different threads that ran the 64 tasks of the toy's function `threads`.
static size_t threadsSeen(const SharedObject &toy, const nnc_options *options) {
  void *ids[64], *results[] = {ids};
  size_t most = 0;
  for (int attempt = 0; attempt < 50 && most < 2; ++attempt) { // a worker may come too late
    toy.invoke(3, nullptr, results, nullptr, options);
    most = std::max(most, std::set<void *>(ids, ids + 64).size());
  }
  return most;
}

TEST_CASE("threads only when set or lent") {
  SharedObject toy(object("toy"));
  CHECK(threadsSeen(toy, nullptr) == 1);
  Pool pool(3);
  nnc_options options{pool.handle(), nullptr, nullptr};
  CHECK(threadsSeen(toy, &options) > 1);
  CHECK(threadsSeen(toy, nullptr) == 1);
  services(toy).set_pool(pool.handle());
  CHECK(threadsSeen(toy, nullptr) > 1);
  services(toy).set_pool(nullptr);
  CHECK(threadsSeen(toy, nullptr) == 1);
  CHECK(services(toy).set_threads(2) == NNC_OK);
  CHECK(threadsSeen(toy, nullptr) > 1);
  CHECK(services(toy).set_threads(0) == NNC_INVALID_ARGUMENT);
  CHECK(services(toy).last_error() == std::string("pool: expected 1 to 1024 threads, got 0"));
  CHECK(services(toy).set_threads(1) == NNC_OK);
  CHECK(threadsSeen(toy, nullptr) == 1);
}

TEST_CASE("a pool of the caller's own making") {
  struct Backwards : nnc_pool {
    int launches = 0;
  } pool;
  pool.run = [](nnc_pool *self, nnc_kernel kernel, void **buffers, int64_t tasks) {
    ++static_cast<Backwards *>(self)->launches;
    for (int64_t i = tasks; i-- > 0;)
      kernel(buffers, i, i + 1);
  };
  SharedObject toy(object("toy"));
  State s, t;
  nnc_options options{&pool, nullptr, nullptr};
  toy.invoke(1, s.arguments, s.results, nullptr, &options);
  toy.invoke(1, t.arguments, t.results, nullptr);
  CHECK(pool.launches == 1); // the other launch has one task
  CHECK(s.weight == t.weight);
  CHECK(s.loss == t.loss);
}

TEST_CASE("profile of a call") {
  SharedObject toy(object("toy"));
  std::vector<std::pair<int32_t, int64_t>> rows;
  nnc_options options{nullptr,
                      [](void *data, int32_t launch, int64_t nanoseconds) {
                        static_cast<decltype(rows) *>(data)->emplace_back(launch, nanoseconds);
                      },
                      &rows};
  State s;
  toy.invoke(1, s.arguments, s.results, nullptr, &options);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].first == 0);
  CHECK(rows[1].first == 1);
  CHECK(rows[0].second >= 0);
}

TEST_CASE("state is saved and loaded through the ABI") {
  TemporaryFolder folder;
  const std::string path = folder / "state.safetensors";
  SharedObject toy(object("toy"));
  const nnc_services &s = services(toy);
  State straight, saved, resumed;
  for (int i = 0; i < 5; ++i)
    toy.invoke(1, straight.arguments, straight.results, nullptr);
  for (int i = 0; i < 2; ++i)
    toy.invoke(1, saved.arguments, saved.results, nullptr);
  REQUIRE(s.state_save(&toy.module(), 1, path.c_str(), saved.arguments) == NNC_OK);
  {
    SafeTensors file(path);
    CHECK(file.tensors().size() == 3);
    CHECK(file.find("fc.weight.momentum")->dims == std::vector<int64_t>{1024});
    CHECK(file.find("x") == nullptr);
    CHECK(file.metadata().at("format") == "pt");
  }
  REQUIRE(s.state_load(&toy.module(), 1, path.c_str(), resumed.arguments, 0) == NNC_OK);
  CHECK(resumed.step == 2);
  for (int i = 0; i < 3; ++i)
    toy.invoke(1, resumed.arguments, resumed.results, nullptr);
  CHECK(resumed.step == 5);
  CHECK(resumed.weight == straight.weight);
  CHECK(resumed.momentum == straight.momentum);
  CHECK(resumed.loss == straight.loss);

  // a training state given to forward
  std::vector<float> weight(1024);
  void *arguments[] = {nullptr, weight.data()};
  CHECK(s.state_load(&toy.module(), 0, path.c_str(), arguments, 0) == NNC_MISMATCH);
  CHECK(s.last_error() == path + ": unexpected key 'fc.weight.momentum'");
  CHECK(weight[0] == 0);
  CHECK(s.state_load(&toy.module(), 0, path.c_str(), arguments, NNC_IGNORE_UNEXPECTED) == NNC_OK);
  CHECK(weight == saved.weight);

  arguments[1] = nullptr;
  CHECK(s.state_save(&toy.module(), 0, path.c_str(), arguments) == NNC_INVALID_ARGUMENT);
  CHECK(s.last_error() == std::string("forward: argument 'fc.weight' is null"));
  CHECK(s.state_save(&toy.module(), 1, "/dev/full", saved.arguments) == NNC_IO);
  CHECK(s.last_error() == std::string("/dev/full: cannot write: No space left on device"));
  CHECK(s.state_load(&toy.module(), 1, (folder / "none").c_str(), saved.arguments, 0) == NNC_IO);
  put(folder / "short", "1234");
  CHECK(s.state_load(&toy.module(), 1, (folder / "short").c_str(), saved.arguments, 0) == NNC_FORMAT);
  CHECK(s.last_error() == (folder / "short") + ": truncated: expected at least 8 bytes, got 4");
}

TEST_CASE("state that does not fit changes nothing") {
  TemporaryFolder folder;
  const std::string path = folder / "f";
  SharedObject toy(object("toy"));
  std::vector<float> data(1024, 9);
  auto bytes = std::as_bytes(std::span(data));
  State s;
  auto load = [&](const std::map<std::string, TensorView, std::less<>> &tensors) -> std::string {
    writeSafeTensors(path, tensors);
    if (services(toy).state_load(&toy.module(), 1, path.c_str(), s.arguments, 0) == NNC_OK)
      return "loaded";
    return services(toy).last_error();
  };
  std::map<std::string, TensorView, std::less<>> good = {{"fc.weight", {NNC_F32, {1024}, bytes}},
                                                         {"fc.weight.momentum", {NNC_F32, {1024}, bytes}},
                                                         {"step", {NNC_I64, {}, bytes.subspan(0, 8)}}};
  auto without = good, transposed = good, wrong = good, more = good;
  without.erase("step");
  transposed["fc.weight.momentum"].dims = {32, 32};
  wrong["step"] = {NNC_F64, {}, bytes.subspan(0, 8)};
  more["fc.bias"] = {NNC_F32, {2}, bytes.subspan(0, 8)};
  CHECK(load(without) == path + ": missing key 'step'");
  CHECK(load(transposed) == path + ": key 'fc.weight.momentum': expected f32 1024, got f32 32x32");
  CHECK(load(wrong) == path + ": key 'step': expected i64 scalar, got f64 scalar");
  CHECK(load(more) == path + ": unexpected key 'fc.bias'");
  CHECK(s.weight == std::vector<float>(1024, 1));
  CHECK(s.step == 0);
  CHECK(load(good) == "loaded");
  CHECK(s.weight == data);
}

TEST_CASE("weights in a mapped file") {
  TemporaryFolder folder;
  SharedObject toy(object("toy"));
  const nnc_services &s = services(toy);
  std::vector<float> data(1024, 3), x(1024, 1), y(1024);
  Buffer workspace(4096);
  auto use = [&](const std::string &path) {
    nnc_weights *weights = nullptr;
    REQUIRE(s.weights_open(&toy.module(), path.c_str(), &weights) == NNC_OK);
    const void *weight = s.weights_data(weights)[0];
    CHECK(reinterpret_cast<uintptr_t>(weight) % 4 == 0);
    void *arguments[] = {x.data(), const_cast<void *>(weight)}, *results[] = {y.data()};
    toy.invoke(0, arguments, results, workspace.data());
    s.weights_close(weights);
    CHECK(y[5] == 3 + (s.cpu_level() >= 4 ? 4 : 0));
  };
  auto bytes = std::as_bytes(std::span(data));
  writeSafeTensors(folder / "f",
                   {{"fc.weight", {NNC_F32, {1024}, bytes}}, {"other", {NNC_U8, {3}, bytes.subspan(0, 3)}}});
  use(folder / "f");
  // another writer's file, in which the tensor lies at an odd address
  std::string header =
      R"({"fc.weight":{"dtype":"F32","shape":[1024],"data_offsets":[1,4097]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
  put(folder / "g", std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header + "x" +
                        std::string(reinterpret_cast<const char *>(data.data()), 4096));
  use(folder / "g");

  nnc_weights *weights = nullptr;
  writeSafeTensors(folder / "f", {{"fc.weight", {NNC_F32, {2}, bytes.subspan(0, 8)}}});
  CHECK(s.weights_open(&toy.module(), (folder / "f").c_str(), &weights) == NNC_MISMATCH);
  CHECK(s.last_error() == (folder / "f") + ": key 'fc.weight': expected f32 1024, got f32 2");
  CHECK(weights == nullptr);
  s.weights_close(weights);
}
