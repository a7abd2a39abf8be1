// Thread pools for running compiled functions, and the one that the process uses unless told otherwise.
#pragma once
#include "nnc/runtime/abi.h"
#include <memory>

namespace nnc::runtime {

/// A pool of threads (the calling one included). Idle threads spin for some 60 us, then sleep. One pool may be used by
/// several threads at once and from within its own tasks: whoever finds it busy works alone.
class Pool {
public:
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  int threads() const { return count; }
  /// For nnc_options.pool; lives as long as this.
  nnc_pool *handle() const { return pool; }
  void run(nnc_kernel kernel, void **buffers, int64_t tasks) const { pool->run(pool, kernel, buffers, tasks); }

private:
  nnc_pool *pool = nullptr;
  int count;
};

/// The process-wide pool, started at the first use: NNC_NUM_THREADS threads, or as many as this process has CPUs.
std::shared_ptr<Pool> defaultPool();
/// Replaces it; calls that are running keep the old one until they end. Zero: back to the environment's choice.
void setThreads(int threads);
/// CPUs this process may run on.
int availableCpus();

} // namespace nnc::runtime
