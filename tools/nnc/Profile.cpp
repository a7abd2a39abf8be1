#include "Profile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <numeric>

namespace nnc::tool {

namespace {

// What was measured and counted of one launch or of all launches of one kernel, in one call.
struct Sum {
  double time = 0, least = 0; // nanoseconds
  double flops = 0, bytes = 0;
  double arithmetic = 0; // of `least`, what is bound by arithmetic
  double ceiling = 0;    // bytes a nanosecond, summed with the weight of the bytes
  int64_t executions = 0, tasks = 0;
  int threads = 0;               // that took part, at most
  double busy = 0, recorded = 0; // nanoseconds of all threads at work, and of the recorded executions

  bool isCounted() const { return flops > 0 || bytes > 0; }
  double lost() const { return isCounted() ? std::max(0.0, time - least) : 0; }
  double percent() const { return isCounted() && time > 0 ? 100 * least / time : NAN; }
  bool isArithmetic() const { return arithmetic > least / 2; }
};

class Report {
public:
  Report(const runtime::SharedObject &object, const nnc_function &function, const std::vector<double> &times,
         const Recording &recording, const Roofline &roofline);
  void printLaunches();
  void printBetween(double callTime);
  void printWorst();

private:
  void add(Sum &sum, int32_t launch);
  std::string reasonOf(const Sum &sum);

  const runtime::SharedObject &object;
  const nnc_function &function;
  const std::vector<double> &times;
  const Roofline &roofline;
  std::vector<double> busy, recorded; // by launch
  std::vector<int> threads;
  double total;
};

} // namespace

Report::Report(const runtime::SharedObject &object, const nnc_function &function, const std::vector<double> &times,
               const Recording &recording, const Roofline &roofline)
    : object(object), function(function), times(times), roofline(roofline), busy(times.size()), recorded(times.size()),
      threads(times.size()), total(std::accumulate(times.begin(), times.end(), 0.0)) {
  for (const Recording::Execution &execution : recording.executions) {
    threads[execution.launch] = std::max(threads[execution.launch], execution.threads());
    busy[execution.launch] += double(execution.work());
    recorded[execution.launch] += double(execution.time.length());
  }
}

void Report::add(Sum &sum, int32_t number) {
  const nnc_launch &launch = function.launches[number];
  auto executions = double(launch.times);
  double least = roofline.leastTime(launch) * executions;
  sum.time += times[number];
  sum.least += least;
  sum.arithmetic += roofline.isArithmetic(launch) ? least : 0;
  sum.flops += double(launch.flops) * executions;
  sum.bytes += double(launch.bytes) * executions;
  sum.ceiling += roofline.bandwidthOf(double(launch.bytes)) * double(launch.bytes) * executions;
  sum.executions += launch.times;
  sum.tasks = std::max(sum.tasks, launch.tasks);
  sum.threads = std::max(sum.threads, threads[number]);
  sum.busy += busy[number];
  sum.recorded += recorded[number];
}

static std::string percentText(double percent) {
  return std::isnan(percent) ? "-" : llvm::formatv("{0:F1}", percent).str();
}

void Report::printLaunches() {
  std::vector<int32_t> order(times.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int32_t a, int32_t b) { return times[a] != times[b] ? times[a] > times[b] : a < b; });
  llvm::outs() << "     us a call      %   GFLOP/s      GB/s  roofline %  bound       kernel (layers) source\n";
  for (int32_t number : order) {
    Sum sum;
    add(sum, number);
    double time = std::max(sum.time, 1.0);
    llvm::outs() << llvm::format("  %12.2f %6.1f %9.2f %9.2f %11s  %-10s  ", sum.time / 1e3,
                                 total > 0 ? 100 * sum.time / total : 0.0, sum.flops / time, sum.bytes / time,
                                 percentText(sum.percent()).c_str(),
                                 !sum.isCounted() ? "-" : boundText(sum.isArithmetic()))
                 << placeText(object, function.launches[number]) << "\n";
  }
}

void Report::printBetween(double callTime) {
  double least = 0;
  for (int32_t i = 0; i < function.launch_count; ++i)
    least += roofline.leastTime(function.launches[i]) * double(function.launches[i].times);
  llvm::outs() << llvm::formatv(
      "{0:F2} us in launches of {1:F2} us a call; at the roofline they would take {2:F2} us\n", total / 1e3,
      callTime / 1e3, least / 1e3);
}

// Why the kernel is slower than it could be, as far as the counts tell.
std::string Report::reasonOf(const Sum &sum) {
  std::string text;
  if (sum.isArithmetic())
    text = llvm::formatv("bound by arithmetic, at {0:F1} of {1:F1} GFLOP/s", sum.flops / sum.time, roofline.flops);
  else
    text = llvm::formatv("bound by bandwidth, at {0:F1} of {1:F1} GB/s", sum.bytes / sum.time, sum.ceiling / sum.bytes);
  // of what its threads could have done while it ran
  double idle = sum.recorded > 0 ? 1 - sum.busy / (sum.recorded * roofline.threads) : 0;
  if (sum.threads < roofline.threads)
    text += llvm::formatv("; {0} task{1} on {2} of {3} threads", sum.tasks, sum.tasks == 1 ? "" : "s", sum.threads,
                          roofline.threads);
  else if (idle > 0.2)
    text += llvm::formatv("; threads idle for {0:F0} % of it", 100 * idle);
  // starting a launch takes some ten nanoseconds, on several threads about a microsecond
  double each = sum.time / double(sum.executions);
  if (each < (sum.threads > 1 ? 5e3 : 300))
    text += llvm::formatv("; {0} execution{1} of {2:F2} us, so short that starting counts", sum.executions,
                          sum.executions == 1 ? "" : "s", each / 1e3);
  return text;
}

void Report::printWorst() {
  struct Kernel {
    Sum sum;
    int32_t first = -1; // launch
    int32_t launches = 0;
  };
  std::vector<Kernel> kernels(object.module().kernel_count);
  for (int32_t i = 0; i < function.launch_count; ++i) {
    Kernel &kernel = kernels[function.launches[i].kernel];
    kernel.first = kernel.launches++ ? kernel.first : i;
    add(kernel.sum, i);
  }
  llvm::sort(kernels, [](const Kernel &a, const Kernel &b) {
    return a.sum.lost() != b.sum.lost() ? a.sum.lost() > b.sum.lost() : a.first < b.first;
  });
  llvm::erase_if(kernels, [&](const Kernel &kernel) { return !(kernel.sum.lost() > 0.01 * total); });
  if (kernels.size() > 3)
    kernels.resize(3);
  if (kernels.empty()) {
    llvm::outs() << "no kernel loses more than 1 % of the time against the roofline\n";
    return;
  }
  llvm::outs() << "most worth improving (time lost against the roofline):\n";
  for (auto [number, kernel] : llvm::enumerate(kernels)) {
    llvm::outs() << llvm::formatv("  {0}. {1:F2} us of {2:F2} us a call, at {3} % of the roofline: ", number + 1,
                                  kernel.sum.lost() / 1e3, kernel.sum.time / 1e3, percentText(kernel.sum.percent()))
                 << placeText(object, function.launches[kernel.first]);
    if (kernel.launches > 1)
      llvm::outs() << " and " << kernel.launches - 1 << " more launch" << (kernel.launches > 2 ? "es" : "");
    llvm::outs() << "\n     " << reasonOf(kernel.sum) << "\n";
  }
}

void printProfile(const runtime::SharedObject &object, const nnc_function &function, const std::vector<double> &times,
                  double callTime, const Recording &recording, const Roofline &roofline) {
  Report report(object, function, times, recording, roofline);
  llvm::outs() << roofline.text() << "\n";
  report.printLaunches();
  report.printBetween(callTime);
  report.printWorst();
}

} // namespace nnc::tool
