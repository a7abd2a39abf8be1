// A kernel is printed without its name and locations; that text is what is hashed, and what is compiled: in a context
// of its own, so that nothing else in the process can change the result.
#include "nnc/codegen/object/Kernels.h"
#include "mlir/Parser/Parser.h"
#include "nnc-generated/codegen/Version.h"
#include "nnc/codegen/Dialects.h"
#include "nnc/codegen/Pipelines.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Threading.h"
#include "llvm/Support/thread.h"
#include <atomic>
#include <chrono>
#include <dlfcn.h>
#include <mutex>
#include <thread>

using namespace mlir;

namespace nnc::codegen {

std::string compilerVersion() {
  static const std::string version = [] {
    std::string text = "nnc " NNC_VERSION_STRING " llvm " LLVM_VERSION_STRING;
    // a rebuilt compiler is another compiler
    Dl_info info;
    llvm::sys::fs::file_status status;
    if (dladdr(reinterpret_cast<void *>(&compilerVersion), &info) && info.dli_fname &&
        !llvm::sys::fs::status(info.dli_fname, status))
      text += " " + std::to_string(status.getSize()) + " " +
              std::to_string(status.getLastModificationTime().time_since_epoch().count());
    return text;
  }();
  return version;
}

static std::string textOf(func::FuncOp kernel) {
  OwningOpRef<func::FuncOp> copy = kernel.clone();
  copy->setName("kernel");
  std::string text;
  llvm::raw_string_ostream stream(text);
  // printing in full whatever the process's options say: the text is compiled
  OpPrintingFlags flags;
  flags.enableDebugInfo(false).useLocalScope().elideLargeElementsAttrs(INT64_MAX).elideLargeResourceString(INT64_MAX);
  copy->print(stream, flags);
  return text;
}

//===--- contexts ---===//

namespace {

// Contexts are made once and lent to one thread at a time. They never forget a type or attribute, so each is dropped
// after a number of kernels.
class ContextPool {
public:
  struct Loan {
    std::unique_ptr<MLIRContext> context;
    unsigned uses = 0;
  };

  Loan take() {
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Loan loan = std::move(idle.back());
        idle.pop_back();
        return loan;
      }
    }
    Loan loan{std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED)};
    loadDialects(*loan.context);
    return loan;
  }

  void give(Loan loan) {
    if (++loan.uses >= 200)
      return;
    std::lock_guard lock(mutex);
    idle.push_back(std::move(loan));
  }

  // never destroyed: a thread may still compile while the process ends
  static ContextPool &shared() {
    static ContextPool *pool = new ContextPool;
    return *pool;
  }

private:
  std::mutex mutex;
  std::vector<Loan> idle;
};

} // namespace

// Compiles a text; returns what went wrong, or nothing.
static std::string compileText(const std::string &text, const Target &target, KernelCode &code) {
  auto start = std::chrono::steady_clock::now();
  ContextPool::Loan loan = ContextPool::shared().take();
  std::string errors;
  bool good = false;
  {
    ScopedDiagnosticHandler handler(loan.context.get(), [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        errors += (errors.empty() ? "" : "; ") + diagnostic.str();
      return success();
    });
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, ParserConfig(loan.context.get()));
    llvm::SmallVector<char> object;
    good = module && succeeded(compileKernel(*module, code.symbol, target, object));
    code.object.assign(object.begin(), object.end());
  }
  ContextPool::shared().give(std::move(loan));
  std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  code.milliseconds = elapsed.count();
  return good ? "" : errors.empty() ? "unknown error" : errors;
}

FailureOr<std::vector<Kernel>> compileKernels(ModuleOp module, ArrayRef<Target> targets, ObjectCache &cache,
                                              unsigned threads) {
  struct Work {
    func::FuncOp function;
    const std::string *text;
    std::string key;
    const Target *target;
    KernelCode *code;
    std::string error;
  };
  std::vector<Kernel> kernels;
  std::vector<func::FuncOp> functions;
  for (auto function : module.getOps<func::FuncOp>())
    if (isKernel(function))
      functions.push_back(function);
  std::vector<std::string> texts;
  for (func::FuncOp function : functions) {
    kernels.push_back({function.getName().str(), std::vector<KernelCode>(targets.size())});
    texts.push_back(textOf(function));
  }

  std::vector<Work> work;
  for (auto [function, text, kernel] : llvm::zip(functions, texts, kernels))
    for (auto [target, code] : llvm::zip(targets, kernel.code)) {
      std::string key = sha256({text, target.triple, target.cpu, target.features, compilerVersion()});
      code.symbol = "k_" + key.substr(0, 24);
      if (auto object = cache.load(key)) {
        code.object = std::move(*object);
        code.cached = true;
      } else {
        work.push_back({function, &text, key, &target, &code, ""});
      }
    }
  // long ones first, so that no thread is left with one at the end
  llvm::sort(work, [](const Work &a, const Work &b) {
    return std::pair(a.text->size(), a.key) > std::pair(b.text->size(), b.key);
  });

  std::atomic<size_t> next{0};
  auto run = [&] {
    for (size_t i; (i = next++) < work.size();) {
      Work &item = work[i];
      item.error = compileText(*item.text, *item.target, *item.code);
      if (item.error.empty())
        cache.store(item.key, item.code->object);
    }
  };
  if (threads == 0)
    threads = llvm::heavyweight_hardware_concurrency().compute_thread_count();
  std::vector<llvm::thread> helpers;
  // the stack of a plain thread is what the system says; passes recurse on regions, so ask for the main thread's
  for (size_t i = 1; i < std::min<size_t>(threads, work.size()); ++i)
    helpers.emplace_back(std::optional<unsigned>(8 << 20), run);
  run();
  for (llvm::thread &helper : helpers)
    helper.join();

  for (Work &item : work)
    if (!item.error.empty())
      return item.function.emitError("kernel '")
             << item.function.getName() << "' for " << item.target->cpu << ": " << item.error;
  return kernels;
}

} // namespace nnc::codegen
