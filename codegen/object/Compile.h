// The compiler as one call: a module at any level -> a loaded shared object, or a shared object and its C header in
// files. Both are the same object, linked by the same code. Needs no MLIR header.
#pragma once
#include "nnc/runtime/SharedObject.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
}

namespace nnc::codegen {

/// A value put into the object, for the parameter or buffer of that name. `data` must live until the call returns.
struct EmbeddedWeight {
  std::string name;
  int32_t dtype = 0; // nnc_dtype
  std::vector<int64_t> dims;
  const void *data = nullptr;
};

struct CompileReport {
  struct Stage {
    std::string name; // "linalg", "kernels", "buffers", "code", "link"
    double milliseconds = 0;
  };
  struct Kernel {
    std::string name, target;
    double milliseconds = 0; // of one thread; 0 when it came from the cache
    int64_t bytes = 0;
    bool cached = false;
  };
  std::vector<Stage> stages;
  std::vector<Kernel> kernels;
  int64_t objectBytes = 0;
  double milliseconds = 0;
};

struct CompileOptions {
  /// Of the library: a C identifier, the prefix of all exported names.
  std::string name = "model";
  /// As Target::parse takes them. Empty: native just in time; x86-64-v3 and x86-64-v4 into a file.
  std::vector<std::string> targets = {};
  /// False: every op is a kernel of its own. Slow, and right by simpler means: for differential tests.
  bool fuse = true;
  bool cache = true;
  /// Empty: ObjectCache::defaultDirectory().
  std::string cacheDirectory = {};
  /// That compile kernels; 0: one a processor.
  unsigned threads = 0;
  std::vector<EmbeddedWeight> weights = {};
  /// Whether every parameter and buffer must be among `weights`.
  bool allWeights = false;
  /// Like torch.jit.freeze: functions compute with the values that parameters and buffers have now, and do not see
  /// later ones. Whatever depends on them alone is computed once, here, not in each call, and what is only read then is
  /// neither an argument any more nor held. Batch norms that use running statistics are folded into the convolution or
  /// product before them, which changes rounding; all else has the same bits, but for multiply-adds whose product is
  /// known. A variable that the function itself updates stays as it is, so a training step is not changed.
  bool freeze = false;
  /// Sees the text at the end of each stage ("linalg", "kernels", "buffers").
  std::function<void(const std::string &level, const std::string &text)> dump = {};
  CompileReport *report = nullptr;
};

/// Compiles all public functions of `module`, which is not changed, and loads them. Throws nnc::Error with the location
/// of the user's mistake. An object that was compiled before from the same module in the same way is shared while it
/// lives, and else read from the cache, unless there are `weights`, `dump` or `report`. With `freeze` but without
/// `weights`, the object holds for each function `f` that has something to prepare `f.prepare`, of the weights, whose
/// results are the constants among the arguments of `f`, by name; it is for callers to run it and to keep its results.
std::shared_ptr<runtime::SharedObject> compile(mlir::ModuleOp module, const CompileOptions &options = {});

/// The bytes of the shared object that `compile` would load.
std::vector<char> compileToBytes(mlir::ModuleOp module, const CompileOptions &options = {});

/// Writes the shared object to `path` and, unless `headerPath` is empty, its C header. Old files are replaced as a
/// whole or not at all.
void compileToFile(mlir::ModuleOp module, const CompileOptions &options, const std::string &path,
                   const std::string &headerPath);

} // namespace nnc::codegen
