// The contract of every op of the nn dialect: a description, a shape rule, a gradient or the statement that there is
// none, a lowering, and two test files. The ops are those that are registered, so a new one is checked from its first
// day and no list is kept.
#include "mlir/IR/MLIRContext.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "nnc/codegen/Dialects.h"
#include "nnc/ir/Dialect.h"
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

using namespace mlir;
namespace fs = std::filesystem;

static std::string contents(const fs::path &path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
static bool holds(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

namespace {
// Where what is not in the op itself is found.
struct Tree {
  fs::path tests;        // the folder of <op>.mlir and <op>-invalid.mlir
  std::string reference; // docs/ops.md, which another test holds equal to the records
};
const Tree &tree() {
  static const Tree tree{fs::path(NNC_SOURCE_DIR) / "tests/ops", contents(fs::path(NNC_SOURCE_DIR) / "docs/ops.md")};
  return tree;
}
MLIRContext &context() {
  static MLIRContext *context = [] {
    auto *result = new MLIRContext(MLIRContext::Threading::DISABLED);
    nnc::codegen::loadDialects(*result);
    return result;
  }();
  return *context;
}
} // namespace

// What the op lacks, in words.
static std::vector<std::string> lacks(RegisteredOperationName op, const Tree &tree) {
  std::vector<std::string> missing;
  auto require = [&](bool there, const std::string &what) {
    if (!there)
      missing.push_back(what);
  };
  std::string name = op.stripDialect().str();

  size_t heading = tree.reference.find("\n### " + op.getStringRef().str() + "\n\n_");
  require(heading != std::string::npos, "a summary in docs/ops.md");

  bool differentiable = op.hasInterface<nnc::ir::Differentiable>(),
       notDifferentiable = op.hasTrait<nnc::ir::NotDifferentiable>();
  require(differentiable || notDifferentiable, "a gradient or the statement that there is none");
  require(!(differentiable && notDifferentiable), "a decision whether it has a gradient");
  bool pointwise = op.hasInterface<nnc::ir::Pointwise>(), lowers = op.hasInterface<nnc::ir::LowersToLinalg>(),
       control = op.hasTrait<nnc::ir::Control>(); // lowered by the schedule's side, not as a kernel
  require(pointwise + lowers + control == 1, "one lowering: of an element, to linalg, or as control");

  fs::path good = tree.tests / (name + ".mlir"), bad = tree.tests / (name + "-invalid.mlir");
  std::string test = contents(good), messages = contents(bad);
  std::string use = op.getStringRef().str() + " ";
  require(holds(test, "// RUN: ") && holds(test, use), "tests/ops/" + name + ".mlir");
  require(holds(messages, "// RUN: ") && holds(messages, use) && holds(messages, "expected-error"),
          "tests/ops/" + name + "-invalid.mlir");
  if (!test.empty()) {
    require(holds(test, "// CHECK"), "a pinned round trip in tests/ops/" + name + ".mlir");
    require(holds(test, "--to=linalg"), "its lowering in tests/ops/" + name + ".mlir");
    if (differentiable)
      require(holds(test, "--nnc-differentiate"), "its gradient in tests/ops/" + name + ".mlir");
  }
  // An op that does not infer its results checks them in a verifier, whose messages begin with the op's name; one whose
  // operands are any tensors (the end of a loop's body) is checked by its parent.
  if (!op.hasInterface<InferTypeOpInterface>() && !messages.empty())
    require(op.hasTrait<OpTrait::IsTerminator>() || holds(messages, "{{" + name + ": "),
            "a shape rule, whose messages tests/ops/" + name + "-invalid.mlir pins");
  return missing;
}

TEST_CASE("every op is complete") {
  size_t ops = 0;
  for (RegisteredOperationName op : context().getRegisteredOperations()) {
    if (op.getDialectNamespace() != "nn")
      continue;
    ++ops;
    for (const std::string &what : lacks(op, tree()))
      FAIL_CHECK(op.getStringRef().str() << " lacks " << what);
  }
  CHECK(ops >= 60); // a walk over nothing proves nothing
}

TEST_CASE("every file in tests/ops belongs to an op") {
  for (const fs::directory_entry &entry : fs::directory_iterator(tree().tests)) {
    std::string name = entry.path().stem().string(), suffix = "-invalid";
    if (name.size() > suffix.size() && name.ends_with(suffix))
      name.resize(name.size() - suffix.size());
    INFO(entry.path().string());
    CHECK(RegisteredOperationName::lookup("nn." + name, &context()).has_value());
  }
}

TEST_CASE("what is missing is noticed") {
  auto opOf = [](const char *name) { return *RegisteredOperationName::lookup(name, &context()); };
  fs::path folder = fs::temp_directory_path() / ("nnc-registry-" + std::to_string(::getpid()));
  fs::create_directory(folder);
  auto write = [&](const std::string &file, const std::string &text) { std::ofstream(folder / file) << text; };
  using Missing = std::vector<std::string>;

  Tree nothing{folder, ""};
  CHECK(lacks(opOf("nn.exp"), nothing) ==
        Missing{"a summary in docs/ops.md", "tests/ops/exp.mlir", "tests/ops/exp-invalid.mlir"});

  // A file that tests something else, or does not run, is none.
  write("exp.mlir", "// RUN: nnc-opt --to=linalg --nnc-differentiate\n// CHECK: nn.tanh \n");
  write("exp-invalid.mlir", "nn.exp expected-error");
  CHECK(lacks(opOf("nn.exp"), {folder, tree().reference}) ==
        Missing{"tests/ops/exp.mlir", "tests/ops/exp-invalid.mlir"});
  write("exp.mlir", "// RUN: nnc-opt\n nn.exp \n");
  write("exp-invalid.mlir", "// RUN: nnc-opt --verify-diagnostics\n nn.exp expected-error");
  CHECK(lacks(opOf("nn.exp"), {folder, tree().reference}) == Missing{"a pinned round trip in tests/ops/exp.mlir",
                                                                     "its lowering in tests/ops/exp.mlir",
                                                                     "its gradient in tests/ops/exp.mlir"});
  write("iota.mlir", "// RUN: nnc-opt --to=linalg\n// CHECK: nn.iota \n");
  write("iota-invalid.mlir", "// RUN: nnc-opt --verify-diagnostics\n nn.iota expected-error");
  CHECK(lacks(opOf("nn.iota"), {folder, tree().reference}) ==
        Missing{"a shape rule, whose messages tests/ops/iota-invalid.mlir pins"});
  fs::remove_all(folder);

  // An op that says nothing of gradients and lowering.
  Missing other = lacks(opOf("arith.addf"), tree());
  auto has = [&](const char *what) { return std::find(other.begin(), other.end(), what) != other.end(); };
  CHECK(has("a gradient or the statement that there is none"));
  CHECK(has("one lowering: of an element, to linalg, or as control"));
  CHECK(lacks(opOf("nn.exp"), tree()).empty());
}
