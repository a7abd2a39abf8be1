// What happened when during some calls of a function, launch by launch and thread by thread.
#pragma once
#include "Tool.h"
#include <thread>

namespace nnc::tool {

/// Times are nanoseconds of the steady clock.
struct Recording {
  struct Span {
    int64_t begin = 0, end = 0;
    int64_t length() const { return end - begin; }
  };
  /// Tasks [first, last) of a launch, run by one thread without a stop.
  struct Range {
    Span time;
    int64_t first = 0, last = 0;
    int thread = 0; // 0 is the caller
  };
  struct Execution {
    Span time;
    int32_t launch = 0;
    std::vector<Range> ranges;
    /// Threads that took part.
    int threads() const;
    /// Nanoseconds of work of all of them.
    int64_t work() const;
  };

  std::vector<Span> calls;
  std::vector<Execution> executions;
};

/// Runs `calls` calls and records them. For that the pool is wrapped, which costs some time itself.
Recording record(Call &call, int calls);

/// For each launch the median over `calls` calls of its nanoseconds in one call, all executions together.
std::vector<double> timeLaunches(Call &call, int calls);

double median(std::vector<double> values);

} // namespace nnc::tool
