// Shared objects: values, the same bits just in time and ahead of time with any number of threads and on every target,
// what the file depends on and exports, errors.
#include "nnc/codegen/object/Compile.h"
#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/Pool.h"
#include "object_model.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

using namespace nnc;
using namespace nnc::test;

namespace {

struct Folder {
  llvm::SmallString<128> path;
  Folder() { REQUIRE(!llvm::sys::fs::createUniqueDirectory("nnc-object", path)); }
  ~Folder() { llvm::sys::fs::remove_directories(path); }
  std::string operator/(const std::string &name) const { return (path + "/" + name).str(); }
};

codegen::CompileOptions options(const Folder &folder) {
  codegen::CompileOptions options;
  options.cacheDirectory = folder / "cache";
  return options;
}

// The arguments and results of one function, filled from a counter.
struct Call {
  const runtime::SharedObject &object;
  int32_t number;
  std::vector<runtime::Buffer> arguments, results;
  runtime::Buffer workspace;

  Call(const runtime::SharedObject &object, const std::string &name)
      : object(object), number(object.function(name)), workspace(info().workspace_bytes) {
    uint32_t random = 1;
    for (int32_t i = 0; i < info().argument_count; ++i) {
      const nnc_value &value = info().arguments[i];
      arguments.emplace_back(value.bytes);
      std::memset(arguments.back().data(), 0, value.bytes);
      for (int64_t k = 0; value.dtype == NNC_F32 && k < value.bytes / 4; ++k) {
        random = random * 1664525 + 1013904223;
        floats(arguments.back())[k] = float(random >> 8) / float(1 << 24) - 0.5f;
      }
    }
    for (int32_t i = 0; i < info().result_count; ++i)
      results.emplace_back(info().results[i].bytes);
  }
  const nnc_function &info() const { return object.functions()[number]; }
  static float *floats(runtime::Buffer &buffer) { return static_cast<float *>(buffer.data()); }
  float *argument(int i) { return floats(arguments[i]); }
  float *result(int i) {
    int32_t updates = info().results[i].updates;
    return floats(updates < 0 ? results[i] : arguments[updates]);
  }
  void run(nnc_pool *pool = nullptr) {
    std::vector<void *> in, out;
    for (auto &buffer : arguments)
      in.push_back(buffer.data());
    for (int32_t i = 0; i < info().result_count; ++i)
      out.push_back(info().results[i].updates < 0 ? results[i].data() : nullptr);
    nnc_options options = {pool, nullptr, nullptr};
    object.invoke(number, in.data(), out.data(), workspace.data(), &options);
  }
  // all results, as bytes
  std::string bits() {
    std::string text;
    for (int32_t i = 0; i < info().result_count; ++i)
      text.append(reinterpret_cast<const char *>(result(i)), info().results[i].bytes);
    return text;
  }
};

std::string errorOf(const std::function<void()> &run) {
  try {
    run();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

} // namespace

TEST_CASE("a layer computes what plain loops do") {
  Folder folder;
  for (bool fuse : {true, false}) {
    auto with = options(folder);
    with.fuse = fuse;
    auto object = codegen::compile(*parseModel(), with);
    Call call(*object, "forward");
    call.run();
    double worst = 0;
    for (int i = 0; i < 64; ++i)
      for (int j = 0; j < 32; ++j) {
        double sum = call.argument(2)[j];
        for (int k = 0; k < 96; ++k)
          sum += double(call.argument(0)[i * 96 + k]) * call.argument(1)[k * 32 + j];
        worst = std::max(worst, std::abs(std::max(sum, 0.0) - call.result(0)[i * 32 + j]));
      }
    CHECK(worst < 1e-5);
  }
}

TEST_CASE("a training step updates its arguments and lowers the loss") {
  Folder folder;
  auto object = codegen::compile(*parseModel(), options(folder));
  Call call(*object, "train_step");
  call.argument(2)[0] = 1e-2f;
  call.run();
  float first = call.result(0)[0];
  for (int i = 0; i < 20; ++i)
    call.run();
  CHECK(call.result(0)[0] < 0.2f * first);
  CHECK(*static_cast<int64_t *>(call.arguments[5].data()) == 21);
}

TEST_CASE("a scan runs its loop over rows") {
  Folder folder;
  auto object = codegen::compile(*parseModel(), options(folder));
  Call call(*object, "sums");
  call.run();
  float h[40] = {};
  for (int t = 4; t >= 0; --t)
    for (int k = 0; k < 40; ++k) {
      h[k] = std::fma(h[k], 0.5f, call.argument(0)[t * 40 + k]);
      CHECK(call.result(0)[t * 40 + k] == h[k]);
    }
  CHECK(std::memcmp(h, call.result(1), sizeof h) == 0);
  bool repeated = false;
  for (int32_t i = 0; i < call.info().launch_count; ++i)
    repeated |= call.info().launches[i].times == 5;
  CHECK(repeated);
}

TEST_CASE("an index out of range is a message, and nothing is aborted") {
  Folder folder;
  auto object = codegen::compile(*parseModel(), options(folder));
  Call call(*object, "pick");
  auto *index = static_cast<int64_t *>(call.arguments[0].data());
  for (int i = 0; i < 6; ++i)
    index[i] = 9 - i;
  call.run();
  for (int i = 0; i < 6; ++i)
    CHECK(call.result(0)[i] == call.argument(1)[9 - i]);
  index[4] = -3;
  CHECK(errorOf([&] { call.run(); }) == "embedding 'emb': input: index -3 at [1, 1] is out of range [0, 10)");
  index[1] = 10;
  CHECK(errorOf([&] { call.run(); }) == "embedding 'emb': input: index 10 at [0, 1] is out of range [0, 10)");
}

// Large enough for several tasks a kernel: a product, its column sums (a tree) and its row maxima.
static const char *wide = R"(
func.func @wide(%x: tensor<512x96xf32>, %w: tensor<96x256xf32>) -> (tensor<512x256xf32>, tensor<256xf32>, tensor<512xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<512x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<512x256xf32>) -> tensor<512x256xf32>
  %y = linalg.matmul ins(%x, %w : tensor<512x96xf32>, tensor<96x256xf32>) outs(%f : tensor<512x256xf32>) -> tensor<512x256xf32>
  %c = tensor.empty() : tensor<256xf32>
  %d = linalg.fill ins(%zero : f32) outs(%c : tensor<256xf32>) -> tensor<256xf32>
  %sums = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]}
      ins(%y : tensor<512x256xf32>) outs(%d : tensor<256xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<256xf32>
  %r = tensor.empty() : tensor<512xf32>
  %q = linalg.fill ins(%zero : f32) outs(%r : tensor<512xf32>) -> tensor<512xf32>
  %most = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%y : tensor<512x256xf32>) outs(%q : tensor<512xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.maximumf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<512xf32>
  return %y, %sums, %most : tensor<512x256xf32>, tensor<256xf32>, tensor<512xf32>
})";

TEST_CASE("same bits in every way to run") {
  Folder folder;
  std::vector<std::string> targets = {"x86-64-v3"};
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    targets.push_back("x86-64-v4");
  for (std::string function : {"forward", "train_step", "sums", "wide"}) {
    std::string text = function == "wide" ? wide : modelText();
    auto native = codegen::compile(*parseModel(text), options(folder));
    Call reference(*native, function);
    reference.run();
    std::string expected = reference.bits();
    int64_t tasks = 0;
    for (int32_t i = 0; i < reference.info().launch_count; ++i)
      tasks = std::max(tasks, reference.info().launches[i].tasks);
    CHECK((function != "wide" || tasks > 8));
    auto check = [&](const runtime::SharedObject &object, const std::string &what) {
      for (int threads : {1, 2, 3, 8}) {
        runtime::Pool pool(threads);
        Call call(object, function);
        call.run(pool.handle());
        INFO(function << " " << what << " with " << threads << " threads");
        CHECK(call.bits() == expected);
      }
    };
    check(*native, "native");
    for (const std::string &target : targets) {
      auto with = options(folder);
      with.targets = {target};
      check(*codegen::compile(*parseModel(text), with), target);
    }
    auto with = options(folder);
    codegen::compileToFile(*parseModel(text), with, folder / "model.so", "");
    check(runtime::SharedObject(folder / "model.so"), "ahead of time");
  }
}

TEST_CASE("what is made again to save memory has the same bits") {
  std::ifstream file(NNC_SOURCE_DIR "/tests/codegen/plan/recompute.mlir");
  std::string text{std::istreambuf_iterator<char>(file), {}}, kept = text;
  auto replaceAll = [&](const std::string &from, const std::string &to) {
    for (size_t at = 0; (at = kept.find(from, at)) != std::string::npos; at += to.size())
      kept.replace(at, from.size(), to);
  };
  // what is a result as well is kept
  replaceAll("-> tensor<96x256xf32> {", "-> (tensor<96x256xf32>, tensor<96x256xf32>) {");
  replaceAll("return %s : tensor<96x256xf32>", "return %s, %r : tensor<96x256xf32>, tensor<96x256xf32>");
  Folder folder;
  auto again = codegen::compile(*parseModel(text), options(folder)),
       once = codegen::compile(*parseModel(kept), options(folder));
  for (const std::string name : {"again", "norm"}) {
    INFO(name);
    Call first(*again, name), second(*once, name);
    CHECK(first.info().launch_count == second.info().launch_count + 1);
    first.run();
    second.run();
    CHECK(std::memcmp(first.result(0), second.result(0), size_t(first.info().results[0].bytes)) == 0);
    CHECK(first.result(0)[1] != 0);
  }
}

TEST_CASE("a file depends on libc and libm only, and exports the ABI only") {
  Folder folder;
  codegen::CompileReport report;
  auto with = options(folder);
  with.report = &report;
  codegen::compileToFile(*parseModel(), with, folder / "model.so", "");
  auto file = llvm::cantFail(llvm::object::ObjectFile::createObjectFile(folder / "model.so"));
  auto &elf = llvm::cast<llvm::object::ELF64LEObjectFile>(*file.getBinary());
  std::set<std::string> needed, exported, undefined;
  for (const auto &symbol : elf.getDynamicSymbolIterators()) {
    auto flags = llvm::cantFail(symbol.getFlags());
    std::string name = llvm::cantFail(symbol.getName()).str();
    if (name.empty())
      continue;
    (flags & llvm::object::SymbolRef::SF_Undefined ? undefined : exported).insert(name);
  }
  CHECK(exported == std::set<std::string>{"nnc_module_v1", "model_module", "model_forward", "model_train_step",
                                          "model_sums", "model_pick"});
  CHECK(undefined.count("memcpy"));
  auto strings = elf.getELFFile();
  const char *names = nullptr;
  for (const auto &entry : llvm::cantFail(strings.dynamicEntries()))
    if (entry.getTag() == llvm::ELF::DT_STRTAB)
      names = reinterpret_cast<const char *>(llvm::cantFail(strings.toMappedAddr(entry.getPtr())));
  bool constructors = false;
  for (const auto &entry : llvm::cantFail(strings.dynamicEntries())) {
    if (entry.getTag() == llvm::ELF::DT_NEEDED)
      needed.insert(names + entry.getVal());
    constructors |= entry.getTag() == llvm::ELF::DT_INIT_ARRAY || entry.getTag() == llvm::ELF::DT_INIT;
  }
  for (const std::string &name : needed) {
    INFO(name);
    // the dynamic loader is a part of libc
    CHECK((name == "libc.so.6" || name == "libm.so.6" || name.rfind("ld-linux", 0) == 0));
  }
  CHECK_FALSE(constructors);
  CHECK(report.objectBytes < 200000);
  CHECK(report.kernels.size() % 2 == 0); // two targets
}

TEST_CASE("the table says what is inside") {
  Folder folder;
  auto object = codegen::compile(*parseModel(), options(folder));
  const nnc_module &module = object->module();
  CHECK(std::string(module.name) == "model");
  CHECK(std::string(module.producer).rfind("nnc ", 0) == 0);
  REQUIRE(module.weight_count == 3);
  CHECK(std::string(module.weights[0].name) == "fc.weight");
  CHECK(std::string(module.weights[2].name) == "emb.weight");
  CHECK(module.weights[1].bytes == 32 * 4);
  const nnc_function &step = object->functions()[object->function("train_step")];
  REQUIRE(step.argument_count == 6);
  REQUIRE(step.result_count == 4);
  CHECK(step.arguments[2].kind == NNC_SCALAR);
  CHECK(step.arguments[2].rank == 0);
  CHECK(step.arguments[3].weight == 0);
  CHECK(step.arguments[3].updates == 1);
  CHECK(step.results[1].updates == 3);
  CHECK(std::string(step.results[0].name) == "loss");
  CHECK(step.workspace_bytes % NNC_ALIGNMENT == 0);
  CHECK(step.peak_bytes > step.workspace_bytes);
  const nnc_function &forward = object->functions()[object->function("forward")];
  REQUIRE(forward.launch_count == 1);
  CHECK(std::string(forward.launches[0].layers) == "fc, act");
  CHECK(forward.launches[0].flops >= 2 * 64 * 96 * 32);
  CHECK(forward.launches[0].bytes == (64 * 96 + 96 * 32 + 32 + 64 * 32) * 4);
}

TEST_CASE("embedded weights stand for null arguments") {
  Folder folder;
  std::vector<float> weight(96 * 32, 0.25f), bias(32, -1);
  auto with = options(folder);
  with.weights = {{"fc.weight", NNC_F32, {96, 32}, weight.data()}, {"fc.bias", NNC_F32, {32}, bias.data()}};
  auto object = codegen::compile(*parseModel(), with);
  CHECK(reinterpret_cast<uintptr_t>(object->module().weights[0].data) % NNC_ALIGNMENT == 0);
  Call call(*object, "forward");
  void *in[] = {call.arguments[0].data(), nullptr, nullptr}, *out[] = {call.results[0].data()};
  object->invoke(call.number, in, out, call.workspace.data());
  double sum = 0;
  for (int k = 0; k < 96; ++k)
    sum += call.argument(0)[k];
  CHECK(call.result(0)[0] == Approx(std::max(0.0, 0.25 * sum - 1)).margin(1e-5));

  with.weights[0].dims = {32, 96};
  CHECK(errorOf([&] { codegen::compile(*parseModel(), with); }) ==
        "weight 'fc.weight': expected 96x32 f32, got 32x96 f32");
  with.weights[0] = {"fc.wieght", NNC_F32, {96, 32}, weight.data()};
  CHECK(errorOf([&] { codegen::compile(*parseModel(), with); }) ==
        "weight 'fc.wieght': no function has a parameter or buffer of that name");
}

TEST_CASE("mistakes are errors with a message") {
  Folder folder;
  auto with = options(folder);
  with.targets = {"i486"};
  CHECK(errorOf([&] { codegen::compile(*parseModel(), with); }).find("target 'i486'") != std::string::npos);
  with.targets = {"x86-64-v3", "native"};
  CHECK(errorOf([&] { codegen::compile(*parseModel(), with); }) ==
        "target 'native': only x86-64-v3 and x86-64-v4 can share an object");
  with.targets.clear();
  with.name = "my-model";
  CHECK(errorOf([&] { codegen::compile(*parseModel(), with); }) == "library name 'my-model': expected a C identifier");
  with.name = "model";
  CHECK(errorOf([&] {
          codegen::compileToFile(*parseModel(), with, folder / "no/such/folder.so", "");
        }).find("no/such/folder.so") != std::string::npos);
  CHECK(errorOf([&] { codegen::compile(*parseModel("module {}"), with); }) ==
        "model.mlir:1:1: error: expected at least one public function");
  CHECK(errorOf([&] {
          codegen::compile(*parseModel(R"(
func.func @f(%a: tensor<2xf32> {nn.kind = "wight"}) -> tensor<2xf32> { return %a : tensor<2xf32> })"),
                           with);
        }) == "model.mlir:2:1: error: argument 'arg0': unknown kind 'wight'");
}

TEST_CASE("a function may do nothing but hand on its argument") {
  Folder folder;
  auto object = codegen::compile(
      *parseModel("func.func @f(%a: tensor<2xf32>) -> tensor<2xf32> { return %a : tensor<2xf32> }"), options(folder));
  Call call(*object, "f");
  call.run();
  CHECK(std::memcmp(call.argument(0), call.result(0), 8) == 0);
}
