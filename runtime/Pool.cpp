#include "nnc/runtime/Pool.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/embedded/core.h"
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace nnc::runtime {

Pool::Pool(int threads) : count(threads) {
  if (nnc_pool_create(threads, &pool) != NNC_OK)
    throw Error(nnc_last_error());
}

Pool::~Pool() { nnc_pool_destroy(pool); }

int availableCpus() { return nnc_cpu_count(); }

static int threadsFromEnvironment() {
  const char *text = std::getenv("NNC_NUM_THREADS");
  if (!text || !*text)
    return availableCpus();
  int threads = 0;
  auto [end, error] = std::from_chars(text, text + std::strlen(text), threads);
  if (error != std::errc() || *end || threads < 1)
    throw Error("NNC_NUM_THREADS: expected a positive number, got '" + std::string(text) + "'");
  return threads;
}

namespace {
struct Default {
  std::mutex mutex;
  std::shared_ptr<Pool> pool;
};
} // namespace

// Never destroyed: threads of the program may still be computing while static objects are taken down.
static Default &state() {
  static auto *state = new Default;
  return *state;
}

std::shared_ptr<Pool> defaultPool() {
  Default &d = state();
  std::lock_guard lock(d.mutex);
  if (!d.pool)
    d.pool = std::make_shared<Pool>(threadsFromEnvironment());
  return d.pool;
}

void setThreads(int threads) {
  auto pool = threads == 0 ? nullptr : std::make_shared<Pool>(threads);
  Default &d = state();
  std::lock_guard lock(d.mutex);
  d.pool.swap(pool);
}

} // namespace nnc::runtime
