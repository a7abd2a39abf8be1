// Threads write down the ranges of tasks that they run in memory set aside before: the pool's threads never wait for
// each other here.
#include "Recording.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <atomic>
#include <chrono>

namespace nnc::tool {

static int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

int Recording::Execution::threads() const {
  std::vector<int> seen;
  for (const Range &range : ranges)
    if (!llvm::is_contained(seen, range.thread))
      seen.push_back(range.thread);
  return int(seen.size());
}

int64_t Recording::Execution::work() const {
  int64_t sum = 0;
  for (const Range &range : ranges)
    sum += range.time.length();
  return sum;
}

namespace {

// A pool around the call's own.
class Recorder : public nnc_pool {
public:
  Recorder(const nnc_function &function, nnc_pool *inner, Recording &recording)
      : function(function), inner(inner), recording(recording), threads{std::this_thread::get_id()} {
    run = runAll;
  }

  // After an execution, on the calling thread.
  void finish(int32_t launch, int64_t nanoseconds) {
    Recording::Execution execution;
    execution.launch = launch;
    execution.time.begin = now() - nanoseconds;
    // its own ranges know better when it began, should this thread have been held up since it ended
    for (size_t i = 0; i < used; ++i)
      execution.time.begin = std::min(execution.time.begin, rows[i].time.begin);
    execution.time.end = execution.time.begin + nanoseconds;
    for (size_t i = 0; i < used; ++i) {
      const Row &row = rows[i];
      auto thread = llvm::find(threads, row.thread);
      if (thread == threads.end())
        thread = threads.insert(thread, row.thread);
      execution.ranges.push_back({row.time, row.first, row.last, int(thread - threads.begin())});
      execution.time.end = std::max(execution.time.end, row.time.end);
    }
    if (!used) // a small one runs on the calling thread, by-passing the pool
      execution.ranges.push_back({execution.time, 0, function.launches[launch].tasks, 0});
    used = 0;
    recording.executions.push_back(std::move(execution));
  }

private:
  struct Row {
    Recording::Span time;
    int64_t first = 0, last = 0;
    std::thread::id thread;
  };

  static void runAll(nnc_pool *self, nnc_kernel kernel, void **buffers, int64_t tasks) {
    auto &recorder = *static_cast<Recorder *>(self);
    recorder.kernel = kernel;
    recorder.buffers = buffers;
    if (recorder.rows.size() < size_t(tasks)) // there are no more ranges than tasks
      recorder.rows.resize(size_t(tasks));
    recorder.inner->run(recorder.inner, runRange, static_cast<void **>(static_cast<void *>(&recorder)), tasks);
  }

  static void runRange(void **context, int64_t begin, int64_t end) {
    auto &recorder = *static_cast<Recorder *>(static_cast<void *>(context));
    Row &row = recorder.rows[recorder.used++];
    row.time.begin = now();
    recorder.kernel(recorder.buffers, begin, end);
    row.time.end = now();
    row.first = begin;
    row.last = end;
    row.thread = std::this_thread::get_id();
  }

  const nnc_function &function;
  nnc_pool *inner;
  Recording &recording;
  std::vector<std::thread::id> threads;
  nnc_kernel kernel = nullptr; // of the launch that is running
  void **buffers = nullptr;
  std::vector<Row> rows;
  std::atomic<size_t> used{0};
};

} // namespace

Recording record(Call &call, int calls) {
  Recording recording;
  Recorder recorder(call.info(), call.threads().handle(), recording);
  nnc_options options = {};
  options.pool = &recorder;
  options.profile_data = &recorder;
  options.profile = [](void *data, int32_t launch, int64_t nanoseconds) {
    static_cast<Recorder *>(data)->finish(launch, nanoseconds);
  };
  for (int i = 0; i < calls; ++i) {
    int64_t begin = now();
    call.run(options);
    recording.calls.push_back({begin, now()});
  }
  return recording;
}

std::vector<double> timeLaunches(Call &call, int calls) {
  std::vector<int64_t> current(call.info().launch_count);
  std::vector<std::vector<double>> all(current.size());
  nnc_options options = {};
  options.profile_data = current.data();
  options.profile = [](void *data, int32_t launch, int64_t nanoseconds) {
    static_cast<int64_t *>(data)[launch] += nanoseconds;
  };
  for (int i = 0; i < calls; ++i) {
    std::fill(current.begin(), current.end(), 0);
    call.run(options);
    for (auto [times, nanoseconds] : llvm::zip(all, current))
      times.push_back(double(nanoseconds));
  }
  std::vector<double> medians;
  for (const std::vector<double> &times : all)
    medians.push_back(median(times));
  return medians;
}

} // namespace nnc::tool
