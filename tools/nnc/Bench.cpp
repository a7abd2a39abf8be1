// nnc bench: how long a function takes, in all and by kernel.
#include "Profile.h"
#include "Trace.h"
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
static Option<bool> profile("profile", cl::desc("Also the time of each launch, beside what the machine could do"),
                            cl::sub(benchCommand), cl::cat(category()));
static Option<std::string> trace("trace", cl::value_desc("file.json"),
                                 cl::desc("Write what happens in three calls, for Perfetto or chrome://tracing"),
                                 cl::sub(benchCommand), cl::cat(category()));
static CompileFlags flags(benchCommand);

// In a trace, and to see which threads have work.
static constexpr int recordedCalls = 3;

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
  if (!*profile && trace->empty())
    return 0;
  Roofline roofline = measureRoofline(count, computesInDoubles(info), flags);
  call.run(); // the machine was measured with its caches
  Recording recording = record(call, recordedCalls);
  if (*profile)
    printProfile(*object, info, timeLaunches(call, *runs), middle * 1e3, recording, roofline);
  llvm::outs().flush(); // the trace may go there too
  if (!trace->empty())
    writeTrace(*trace, *object, info, recording, roofline);
  return 0;
}

} // namespace nnc::tool
