// nnc bench: how long a function takes, in all and by kernel.
#include "Tool.h"
#include "nnc/runtime/Error.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <chrono>

namespace cl = llvm::cl;

namespace nnc::tool {

cl::SubCommand benchCommand("bench", "Measure a function on made-up data");

static Option<std::string> path(cl::Positional, cl::Required, cl::desc("<model.so|model.mlir>"), cl::sub(benchCommand),
                                cl::cat(category()));
static Option<std::string> function(cl::Positional, cl::desc("[function]"), cl::sub(benchCommand), cl::cat(category()));
static Option<int> runs("runs", cl::init(20), cl::desc("Calls that are measured (20)"), cl::sub(benchCommand),
                        cl::cat(category()));
static Option<int> warmup("warmup", cl::init(3), cl::desc("Calls before (3)"), cl::sub(benchCommand),
                          cl::cat(category()));
static Option<int> threads("threads", cl::init(0), cl::desc("Threads (default: one a CPU)"), cl::sub(benchCommand),
                           cl::cat(category()));
static Option<bool> profile("profile", cl::desc("Also the time of each launch"), cl::sub(benchCommand),
                            cl::cat(category()));
static CompileFlags flags(benchCommand);

static double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

static void printProfile(const nnc_module &module, const nnc_function &info, const std::vector<int64_t> &nanoseconds) {
  int64_t total = 0;
  for (int64_t time : nanoseconds)
    total += time;
  std::vector<int32_t> order;
  for (int32_t i = 0; i < info.launch_count; ++i)
    order.push_back(i);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return nanoseconds[a] != nanoseconds[b] ? nanoseconds[a] > nanoseconds[b] : a < b;
  });
  llvm::outs() << "       us a call      %   GFLOP/s      GB/s  kernel (layers)\n";
  for (int32_t i : order) {
    const nnc_launch &launch = info.launches[i];
    double time = double(nanoseconds[i]) / *runs;
    double perNanosecond = time > 0 ? double(launch.times) / time : 0;
    llvm::outs() << llvm::format(
        "  %14.2f %6.1f %9.2f %9.2f  %s", time / 1e3, total ? 100.0 * double(nanoseconds[i]) / double(total) : 0.0,
        double(launch.flops) * perNanosecond, double(launch.bytes) * perNanosecond, module.kernel_names[launch.kernel]);
    if (*launch.layers)
      llvm::outs() << " (" << launch.layers << ")";
    llvm::outs() << "\n";
  }
}

int benchMain() {
  if (*runs < 1 || *warmup < 0)
    throw Error("--runs: expected at least 1, and --warmup at least 0");
  auto object = openModel(*path, flags);
  int count = threadCount(*threads);
  Call call(*object, chooseFunction(*object, *function), count);
  call.fillRandom();
  for (int i = 0; i < *warmup; ++i)
    call.run();
  std::vector<double> times;
  for (int i = 0; i < *runs; ++i) {
    auto start = std::chrono::steady_clock::now();
    call.run();
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  const nnc_function &info = call.info();
  double middle = median(times), flops = 0;
  for (int32_t i = 0; i < info.launch_count; ++i)
    flops += double(info.launches[i].flops) * double(info.launches[i].times);
  llvm::outs() << info.name
               << llvm::format(": median %.2f us, least %.2f us, most %.2f us of %d runs on %d threads, %.2f GFLOP/s\n",
                               middle, *std::min_element(times.begin(), times.end()),
                               *std::max_element(times.begin(), times.end()), *runs, count, flops / middle / 1e3);
  if (*profile) {
    std::vector<int64_t> nanoseconds(info.launch_count);
    nnc_options options = {};
    options.profile_data = &nanoseconds;
    options.profile = [](void *data, int32_t launch, int64_t time) {
      (*static_cast<std::vector<int64_t> *>(data))[launch] += time;
    };
    for (int i = 0; i < *runs; ++i)
      call.run(options);
    printProfile(object->module(), info, nanoseconds);
  }
  return 0;
}

} // namespace nnc::tool
