// The cache of compiled kernels: hits, misses, damage, size, many writers.
#include "nnc/codegen/object/Cache.h"
#include "nnc/codegen/object/Compile.h"
#include "object_model.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

using namespace nnc;
using namespace nnc::test;
using codegen::ObjectCache;

namespace {

struct Folder {
  llvm::SmallString<128> path;
  Folder() { REQUIRE(!llvm::sys::fs::createUniqueDirectory("nnc-cache", path)); }
  ~Folder() { llvm::sys::fs::remove_directories(path); }
  std::string string() const { return path.str().str(); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    std::error_code code;
    for (llvm::sys::fs::directory_iterator i(path, code), end; !code && i != end; i.increment(code))
      names.push_back(i->path());
    std::sort(names.begin(), names.end());
    return names;
  }
};

std::string textOf(const std::optional<llvm::SmallVector<char, 0>> &bytes) {
  return bytes ? std::string(bytes->data(), bytes->size()) : "<none>";
}

llvm::ArrayRef<char> bytesOf(const std::string &text) { return {text.data(), text.size()}; }

std::pair<int, int> compiledAndCached(const Folder &folder) {
  codegen::CompileReport report;
  codegen::CompileOptions options;
  options.cacheDirectory = folder.string();
  options.report = &report;
  codegen::compile(*parseModel(), options);
  int cached = 0;
  for (auto &kernel : report.kernels)
    cached += kernel.cached;
  return {int(report.kernels.size()) - cached, cached};
}

} // namespace

TEST_CASE("what is stored is found, by any cache of the directory") {
  Folder folder;
  ObjectCache cache(folder.string());
  CHECK(textOf(cache.load("a")) == "<none>");
  cache.store("a", bytesOf("one"));
  cache.store("b", bytesOf(""));
  CHECK(textOf(cache.load("a")) == "one");
  CHECK(textOf(ObjectCache(folder.string()).load("a")) == "one");
  CHECK(folder.files().size() == 2);
}

TEST_CASE("a damaged entry is a miss and goes away") {
  Folder folder;
  ObjectCache cache(folder.string());
  for (std::string damage : {"", "nnc object 1\n", "short", "flip", "cut", "renamed"}) {
    cache.store("a", bytesOf("some object code"));
    std::string path = folder.files().at(0);
    std::ifstream in(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    if (damage == "flip")
      text.back() ^= 1;
    else if (damage == "cut")
      text.pop_back();
    else if (damage != "renamed")
      text = damage;
    std::ofstream(path, std::ios::binary) << text;
    std::string key = "a";
    if (damage == "renamed") { // the content of another key
      llvm::sys::fs::rename(path, folder.string() + "/b.o");
      key = "b";
    }
    INFO(damage);
    CHECK(textOf(cache.load(key)) == "<none>");
    CHECK(folder.files().empty());
  }
}

TEST_CASE("the size is bounded, and what was used lately stays") {
  Folder folder;
  ObjectCache cache(folder.string(), 100000);
  std::string block(5000, 'x');
  cache.store("kept", bytesOf(block));
  auto old = std::chrono::system_clock::now() - std::chrono::hours(2);
  for (int i = 0; i < 60; ++i) {
    cache.store("k" + std::to_string(i), bytesOf(block));
    for (const std::string &path : folder.files()) { // file times are too coarse for a test this fast
      int descriptor;
      if (path.find("kept") == std::string::npos && !llvm::sys::fs::openFileForRead(path, descriptor)) {
        llvm::sys::fs::setLastAccessAndModificationTime(descriptor, old + std::chrono::seconds(i));
        llvm::sys::Process::SafelyCloseFileDescriptor(descriptor);
      }
    }
  }
  CHECK(folder.files().size() <= 22);
  CHECK(textOf(cache.load("kept")) == block);
}

TEST_CASE("a directory that cannot be used is no cache") {
  ObjectCache nowhere("");
  nowhere.store("a", bytesOf("one"));
  CHECK(textOf(nowhere.load("a")) == "<none>");
  ObjectCache file("/dev/null/nnc");
  file.store("a", bytesOf("one"));
  CHECK(textOf(file.load("a")) == "<none>");
}

TEST_CASE("many writers and readers of one key see all or nothing") {
  Folder folder;
  std::vector<std::thread> threads;
  std::atomic<int> bad{0};
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      ObjectCache cache(folder.string());
      std::string mine(20000, char('a' + t));
      for (int i = 0; i < 50; ++i) {
        cache.store("shared", bytesOf(mine));
        std::string seen = textOf(cache.load("shared"));
        bad += seen != "<none>" && seen != std::string(20000, seen[0]);
      }
    });
  for (auto &thread : threads)
    thread.join();
  CHECK(bad == 0);
  CHECK(folder.files().size() == 1);
}

TEST_CASE("a module is compiled once, and again where the cache was damaged") {
  Folder folder;
  auto [compiled, cached] = compiledAndCached(folder);
  CHECK(cached == 0);
  CHECK(compiled > 5);
  auto again = compiledAndCached(folder);
  CHECK(again.first == 0);
  CHECK(again.second == compiled);
  std::ofstream(folder.files().at(0), std::ios::binary | std::ios::trunc) << "nnc object 1\nrubbish";
  auto repaired = compiledAndCached(folder);
  CHECK(repaired.first == 1);
  CHECK(compiledAndCached(folder).first == 0);
}

TEST_CASE("a model compiled before is read as a whole") {
  Folder folder;
  codegen::CompileOptions options;
  options.cacheDirectory = folder.string();
  auto contentOf = [](const std::string &path) {
    std::ifstream in(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), {});
  };
  REQUIRE(compiledAndCached(folder).first > 5); // a report asks for kernels, and leaves only these
  std::vector<std::string> kernels = folder.files();
  auto first = codegen::compile(*parseModel(), options);
  std::vector<std::string> files = folder.files();
  REQUIRE(files.size() == kernels.size() + 1);
  auto isNew = [&](const std::string &path) { return !std::binary_search(kernels.begin(), kernels.end(), path); };
  const std::string whole = *std::find_if(files.begin(), files.end(), isNew), content = contentOf(whole);

  // in this process the object itself is shared while it lives
  CHECK(codegen::compile(*parseModel(), options) == first);
  first.reset();
  for (const std::string &path : kernels)
    llvm::sys::fs::remove(path);
  CHECK(codegen::compile(*parseModel(), options)->functions().size() == 4);
  CHECK(folder.files() == std::vector<std::string>{whole}); // nothing was compiled

  for (std::string damage : {"", "cut", "flip"}) {
    INFO(damage);
    std::string text = damage.empty() ? "" : content;
    if (damage == "cut")
      text.resize(text.size() / 2);
    else if (damage == "flip")
      text[text.size() / 2] ^= 1;
    std::ofstream(whole, std::ios::binary | std::ios::trunc) << text;
    CHECK(codegen::compile(*parseModel(), options)->functions().size() == 4);
    CHECK(folder.files() == files);
    CHECK(contentOf(whole) == content);
  }
}

TEST_CASE("another name, target, option or line of the model is another object") {
  Folder folder;
  codegen::CompileOptions options;
  options.cacheDirectory = folder.string();
  auto compileAndCount = [&](mlir::ModuleOp module) {
    codegen::compile(module, options);
    return folder.files().size();
  };
  auto module = parseModel();
  size_t before = compileAndCount(*module);
  CHECK(compileAndCount(*module) == before);
  options.name = "other";
  CHECK(compileAndCount(*module) == before + 1); // the same kernels
  options.targets = {"x86-64-v3"};
  size_t withTarget = compileAndCount(*module);
  CHECK(withTarget > before + 2);
  options.targets = {};
  options.fuse = false;
  size_t apart = compileAndCount(*module);
  CHECK(apart > withTarget + 1);
  options.fuse = true;
  module->walk(
      [](mlir::Operation *op) { op->setLoc(mlir::FileLineColLoc::get(op->getContext(), "elsewhere.cpp", 7, 1)); });
  CHECK(compileAndCount(*module) == apart + 1);
}

TEST_CASE("compiling leaves the process's signals alone") {
  Folder folder;
  std::vector<struct sigaction> before(32), after(32);
  auto look = [](std::vector<struct sigaction> &actions) {
    for (int number = 1; number < 32; ++number)
      sigaction(number, nullptr, &actions[size_t(number)]);
  };
  struct sigaction mine = {}, old = {};
  mine.sa_handler = [](int) {};
  REQUIRE(sigaction(SIGINT, &mine, &old) == 0);
  look(before);
  stack_t stackBefore = {}, stackAfter = {};
  sigaltstack(nullptr, &stackBefore);
  CHECK(compiledAndCached(folder).first > 0);
  sigaltstack(nullptr, &stackAfter);
  look(after);
  for (size_t number = 1; number < 32; ++number) {
    INFO("signal " << number);
    CHECK(before[number].sa_handler == after[number].sa_handler);
  }
  CHECK(stackBefore.ss_sp == stackAfter.ss_sp);
  sigaction(SIGINT, &old, nullptr);
}
