// What the subcommands of nnc share: their options, how a model is opened, how the values of a call are filled.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "nnc/codegen/object/Compile.h"
#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/Pool.h"
#include "nnc/runtime/SafeTensors.h"
#include "nnc/runtime/SharedObject.h"
#include "llvm/Support/CommandLine.h"
#include <memory>
#include <string>
#include <vector>

namespace nnc::tool {

// Each subcommand: its options are registered by these, and run by the functions below. All throw nnc::Error.
extern llvm::cl::SubCommand compileCommand, runCommand, inspectCommand, benchCommand;
int compileMain();
int runMain();
int inspectMain();
int benchMain();

/// The category of our options: everything else, which LLVM brings, is hidden in --help.
llvm::cl::OptionCategory &category();

/// An option that keeps what the command line said. LLVM's own forget it: linking in process (LLD) sets all options of
/// the process back to their defaults.
template <class T> class Option {
public:
  template <class... Modifiers>
  explicit Option(const Modifiers &...modifiers)
      : parsed(modifiers..., llvm::cl::callback([this](const T &given) { value = given; })), value(parsed.getValue()) {}
  const T &operator*() const { return value; }
  const T *operator->() const { return &value; }

private:
  llvm::cl::opt<T> parsed;
  T value;
};

/// The same for one that may be given several times.
template <class T> class OptionList {
public:
  template <class... Modifiers>
  explicit OptionList(const Modifiers &...modifiers)
      : parsed(modifiers..., llvm::cl::callback([this](const T &given) { values.push_back(given); })) {}
  auto begin() const { return values.begin(); }
  auto end() const { return values.end(); }

private:
  llvm::cl::list<T> parsed;
  std::vector<T> values;
};

/// Options of the compiler, in every subcommand that may compile.
struct CompileFlags {
  explicit CompileFlags(llvm::cl::SubCommand &command);
  codegen::CompileOptions options() const;
  OptionList<std::string> targets;
  Option<bool> noFuse, noCache, freeze;
};

/// Parses a file; throws nnc::Error with the first mistake in it.
mlir::OwningOpRef<mlir::ModuleOp> readModule(const std::string &path, mlir::MLIRContext &context);

/// A .so is loaded, anything else is text to be compiled for this CPU, with the weights of a safetensors file where it
/// is given and they are frozen.
std::shared_ptr<runtime::SharedObject> openModel(const std::string &path, const CompileFlags &flags,
                                                 const std::string &weights = "");

/// The tensors of a safetensors file are embedded: all weights must be there. It must live until that is done.
void embedFile(const runtime::SafeTensors &file, codegen::CompileOptions &options);

/// The function of that name; without a name the only one, or the one called forward.
int32_t chooseFunction(const runtime::SharedObject &object, const std::string &name);

/// What --threads asks for: 0 is one for each CPU.
int threadCount(int asked);

/// Memory for one call: arguments, results, workspace. State comes from the weights embedded in the object, or from
/// a safetensors file.
class Call {
public:
  Call(const runtime::SharedObject &object, int32_t function, int threads);
  const nnc_function &info() const { return object.functions()[function]; }
  /// Arguments that a caller gives anew for each call: inputs and scalars, in order.
  std::vector<int32_t> inputs() const;
  /// Fills the state from a file. Keys that the function does not have are ignored.
  void loadState(const std::string &path);
  /// Fills what is neither given nor embedded with numbers that depend on nothing but the signature.
  void fillRandom();
  /// Throws when a part of the state has no value.
  void checkState() const;
  void setArgument(int32_t argument, const void *data);
  /// On the call's own pool unless the options bring one.
  void run(nnc_options options = {});
  const runtime::Pool &threads() const { return pool; }

  const void *argument(int32_t number) const { return arguments[number].data(); }
  const void *result(int32_t number) const;
  std::vector<void *> argumentPointers();

private:
  void prepareConstants();

  const runtime::SharedObject &object;
  int32_t function;
  runtime::Pool pool;
  std::vector<runtime::Buffer> arguments, results;
  std::vector<bool> given;
  runtime::Buffer workspace;
};

/// "64x96 f32"
std::string typeText(const nnc_value &value);
/// "12.3 MB"
std::string bytesText(int64_t bytes);
/// "parameter"
const char *kindText(int32_t kind);
/// "net.cpp:41, :44, loss.cpp:7 and 3 more": the first of a list joined by ", ", paths below the current folder without
/// it, each file named once in a row.
std::string shortened(llvm::StringRef list);
/// "dot_bias_relu_3f2a (fc1, act) net.cpp:41"
std::string placeText(const runtime::SharedObject &object, const nnc_launch &launch);

} // namespace nnc::tool
