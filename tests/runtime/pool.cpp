// The thread pool: every task exactly once, for any counts, nested, shared, asleep and awake.
#include "nnc/runtime/Pool.h"
#include "nnc/runtime/Error.h"
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

using namespace nnc::runtime;

namespace {
/// What kernels of this file get as buffers[0].
struct Count {
  explicit Count(int64_t tasks) : seen(static_cast<size_t>(tasks)) {}
  bool eachOnce() const {
    for (const auto &n : seen)
      if (n != 1)
        return false;
    return true;
  }
  std::vector<std::atomic<int>> seen;
  const Pool *pool = nullptr;
  std::atomic<int64_t> inner{0};
};
} // namespace

static void count(void **buffers, int64_t begin, int64_t end) {
  auto *c = static_cast<Count *>(buffers[0]);
  for (int64_t i = begin; i < end; ++i)
    ++c->seen[static_cast<size_t>(i)];
}

static void countInner(void **buffers, int64_t begin, int64_t end) {
  static_cast<Count *>(buffers[0])->inner += end - begin;
}

static void nested(void **buffers, int64_t begin, int64_t end) {
  count(buffers, begin, end);
  for (int64_t i = begin; i < end; ++i)
    static_cast<Count *>(buffers[0])->pool->run(countInner, buffers, 7);
}

TEST_CASE("each task runs exactly once") {
  for (int threads : {1, 2, 3, 8}) {
    Pool pool(threads);
    CHECK(pool.threads() == threads);
    for (int64_t tasks : {0, 1, 2, 3, 7, 8, 31, 32, 33, 1000, 100003}) {
      CAPTURE(threads, tasks);
      Count c(tasks);
      void *buffers[] = {&c};
      pool.run(count, buffers, tasks);
      CHECK(c.eachOnce());
    }
  }
}

TEST_CASE("many small launches, one after another") {
  for (int threads : {2, 3, 8}) {
    Pool pool(threads);
    for (int round = 0; round < 3000; ++round) {
      int64_t tasks = 1 + round % 40;
      Count c(tasks);
      void *buffers[] = {&c};
      pool.run(count, buffers, tasks);
      REQUIRE(c.eachOnce());
    }
  }
}

// Who ran each task.
static void whoRuns(void **buffers, int64_t begin, int64_t end) {
  auto *who = static_cast<std::vector<std::thread::id> *>(buffers[0]);
  for (int64_t i = begin; i < end; ++i)
    (*who)[size_t(i)] = std::this_thread::get_id();
}

TEST_CASE("of two threads the caller runs the first tasks and the worker the last") {
  Pool pool(2);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::thread::id> who(100);
    void *buffers[] = {&who};
    pool.run(whoRuns, buffers, 100);
    auto callers = std::find_if(who.begin(), who.end(), [](auto id) { return id != std::this_thread::get_id(); });
    REQUIRE(std::find(callers, who.end(), std::this_thread::get_id()) == who.end());
  }
}

TEST_CASE("workers that went to sleep wake up again") {
  Pool pool(3);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    Count c(64);
    void *buffers[] = {&c};
    pool.run(count, buffers, 64);
    REQUIRE(c.eachOnce());
  }
}

TEST_CASE("all threads of a pool take part") {
  Pool pool(3);
  // every task waits until all three threads have one, so this ends only if they do
  std::atomic<int> inside{0};
  void *buffers[] = {&inside};
  pool.run(
      [](void **b, int64_t begin, int64_t end) {
        auto &inside = *static_cast<std::atomic<int> *>(b[0]);
        for (++inside; inside < 3;)
          std::this_thread::yield();
      },
      buffers, 3);
  CHECK(inside == 3);
}

TEST_CASE("a launch inside a task") {
  for (int threads : {1, 2, 8}) {
    Pool pool(threads);
    Count c(50);
    c.pool = &pool;
    void *buffers[] = {&c};
    pool.run(nested, buffers, 50);
    CHECK(c.eachOnce());
    CHECK(c.inner == 350);
  }
}

TEST_CASE("one pool used by several threads at once") {
  Pool pool(3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        Count c(97);
        void *buffers[] = {&c};
        pool.run(count, buffers, 97);
        wrong += !c.eachOnce();
      }
    });
  for (std::thread &t : callers)
    t.join();
  CHECK(wrong == 0);
}

TEST_CASE("pools come and go") {
  for (int round = 0; round < 100; ++round) {
    Pool pool(1 + round % 8);
    if (round % 2) {
      Count c(20);
      void *buffers[] = {&c};
      pool.run(count, buffers, 20);
      REQUIRE(c.eachOnce());
    }
  }
}

TEST_CASE("impossible numbers of threads") {
  CHECK_THROWS_WITH(Pool(0), "pool: expected 1 to 1024 threads, got 0");
  CHECK_THROWS_WITH(Pool(-3), "pool: expected 1 to 1024 threads, got -3");
  CHECK_THROWS_WITH(Pool(1025), "pool: expected 1 to 1024 threads, got 1025");
}

TEST_CASE("the default pool") {
  unsetenv("NNC_NUM_THREADS");
  setThreads(0);
  CHECK(defaultPool()->threads() == availableCpus());
  setThreads(2);
  auto before = defaultPool();
  CHECK(before->threads() == 2);
  setThreads(5);
  CHECK(defaultPool()->threads() == 5);
  CHECK(before->threads() == 2); // whoever runs on it keeps it

  setenv("NNC_NUM_THREADS", "3", 1);
  setThreads(0);
  CHECK(defaultPool()->threads() == 3);
  setenv("NNC_NUM_THREADS", "many", 1);
  setThreads(0);
  CHECK_THROWS_WITH(defaultPool(), "NNC_NUM_THREADS: expected a positive number, got 'many'");
  setenv("NNC_NUM_THREADS", "0", 1);
  CHECK_THROWS_WITH(defaultPool(), "NNC_NUM_THREADS: expected a positive number, got '0'");
  unsetenv("NNC_NUM_THREADS");
}
