/* A thread pool for kernels: a launch is cut into chunks of contiguous tasks, claimed one by one by whoever is awake,
 * the caller included. The caller and half of the workers claim from the first chunk on, the others from the last one
 * down: so of two threads each mostly finds in its caches what it computed in the launch before, and what it computed
 * in the call before. Idle workers spin for a short while, since the next launch of a schedule follows within
 * microseconds, and then sleep.
 *
 * All claiming goes through one word, the ticket: the number of the job, its first unclaimed chunk, and how many are
 * unclaimed from there on. A worker reads the ticket, then the job's fields, then takes a chunk by compare-and-swap of
 * the ticket; success proves that the fields were those of that job, as they change only after all chunks are claimed
 * and done. So a worker that wakes late does no harm, and the caller never waits for a sleeper. */
#include "nnc/runtime/embedded/core.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

enum { chunks_per_thread = 8, spin_nanoseconds = 60000, most_threads = 1024 };

typedef struct {
  nnc_pool base; /* first: a nnc_pool * is a Pool * */
  int32_t threads;
  int64_t spin; /* nanoseconds */
  pthread_t *workers;
  /* the job; written only while no chunk is left of the one before */
  _Atomic(nnc_kernel) kernel;
  _Atomic(void **) buffers;
  _Atomic int64_t tasks;
  _Atomic uint32_t chunks;
  _Atomic bool busy; /* a caller owns the pool */
  _Atomic bool stop;
  _Atomic uint32_t started;             /* workers */
  _Alignas(64) _Atomic uint64_t ticket; /* job number << 32 | first unclaimed chunk << 16 | unclaimed chunks */
  _Alignas(64) _Atomic uint32_t done;   /* finished chunks of the job; the caller sleeps on it */
  _Atomic uint32_t waiting;             /* the caller sleeps, or is about to */
  _Alignas(64) _Atomic uint32_t epoch;  /* idle workers sleep on it */
  _Atomic uint32_t sleepers;
} Pool;

#if defined(__linux__)

/* A bare futex: condition variables exist in two versions in glibc, which objects linked without version information
 * would mix up. */
static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, (void *)word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}
static void wake(_Atomic uint32_t *word, int32_t count) {
  syscall(SYS_futex, (void *)word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

#else

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
  pthread_mutex_lock(&mutex);
  if (atomic_load(word) == value)
    pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
}
static void wake(_Atomic uint32_t *word, int32_t count) {
  (void)word, (void)count;
  pthread_mutex_lock(&mutex);
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&mutex);
}

#endif

static void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Spins until `ready` holds, at most for the pool's time. */
#define SPIN_UNTIL(pool, ready)                                                                                        \
  do {                                                                                                                 \
    int64_t spin_end_ = (pool)->spin ? now() + (pool)->spin : 0;                                                       \
    while (!(ready) && spin_end_) {                                                                                    \
      for (int spin_i_ = 0; spin_i_ < 32 && !(ready); ++spin_i_)                                                       \
        pause_cpu();                                                                                                   \
      if (now() > spin_end_)                                                                                           \
        break;                                                                                                         \
    }                                                                                                                  \
  } while (0)

static uint32_t unclaimed_of(uint64_t ticket) { return (uint32_t)ticket & 0xffff; }
static uint32_t first_of(uint64_t ticket) { return (uint32_t)ticket >> 16; }
static uint32_t unclaimed(const Pool *pool) { return unclaimed_of(atomic_load(&pool->ticket)); }

/* Claims and runs chunks until none is left. */
NNC_CALLS_COMPILED_CODE static void work(Pool *pool, bool from_last) {
  uint64_t ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
  while (unclaimed_of(ticket)) {
    nnc_kernel kernel = atomic_load_explicit(&pool->kernel, memory_order_relaxed);
    void **buffers = atomic_load_explicit(&pool->buffers, memory_order_relaxed);
    int64_t tasks = atomic_load_explicit(&pool->tasks, memory_order_relaxed);
    uint32_t chunks = atomic_load_explicit(&pool->chunks, memory_order_relaxed);
    uint64_t taken = from_last ? ticket - 1 : ticket - 1 + (1 << 16);
    if (!atomic_compare_exchange_weak_explicit(&pool->ticket, &ticket, taken, memory_order_acq_rel,
                                               memory_order_acquire))
      continue;
    int64_t chunk = first_of(ticket) + (from_last ? unclaimed_of(ticket) - 1 : 0);
    int64_t each = tasks / chunks, rest = tasks % chunks;
    int64_t begin = chunk * each + (chunk < rest ? chunk : rest);
    kernel(buffers, begin, begin + each + (chunk < rest));
    if (atomic_fetch_add(&pool->done, 1) + 1 == chunks && atomic_load(&pool->waiting))
      wake(&pool->done, 1);
    ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
  }
}

static void *worker(void *argument) {
  Pool *pool = argument;
  bool from_last = atomic_fetch_add(&pool->started, 1) % 2 == 0;
  while (!atomic_load(&pool->stop)) {
    work(pool, from_last);
    SPIN_UNTIL(pool, unclaimed(pool) || atomic_load(&pool->stop));
    if (unclaimed(pool))
      continue;
    /* Counted before the last look at the ticket, as the caller looks for sleepers after it has set the ticket: one
     * sees the other. */
    atomic_fetch_add(&pool->sleepers, 1);
    uint32_t epoch = atomic_load(&pool->epoch);
    if (!unclaimed(pool) && !atomic_load(&pool->stop))
      sleep_while(&pool->epoch, epoch);
    atomic_fetch_sub(&pool->sleepers, 1);
  }
  return NULL;
}

NNC_CALLS_COMPILED_CODE static void run(nnc_pool *self, nnc_kernel kernel, void **buffers, int64_t tasks) {
  Pool *pool = (Pool *)self;
  if (tasks <= 0)
    return;
  /* Nested, or beside another caller: the pool's threads have work already. */
  if (tasks == 1 || pool->threads == 1 || atomic_exchange_explicit(&pool->busy, true, memory_order_acquire)) {
    kernel(buffers, 0, tasks);
    return;
  }
  uint32_t chunks = (uint32_t)pool->threads * chunks_per_thread;
  if (tasks < chunks)
    chunks = (uint32_t)tasks;
  atomic_store_explicit(&pool->kernel, kernel, memory_order_relaxed);
  atomic_store_explicit(&pool->buffers, buffers, memory_order_relaxed);
  atomic_store_explicit(&pool->tasks, tasks, memory_order_relaxed);
  atomic_store_explicit(&pool->chunks, chunks, memory_order_relaxed);
  atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
  uint64_t job = (atomic_load_explicit(&pool->ticket, memory_order_relaxed) >> 32) + 1;
  atomic_store(&pool->ticket, job << 32 | chunks);
  if (atomic_load(&pool->sleepers)) {
    atomic_fetch_add(&pool->epoch, 1);
    wake(&pool->epoch, (int32_t)chunks - 1);
  }
  work(pool, false);
  SPIN_UNTIL(pool, atomic_load(&pool->done) == chunks);
  if (atomic_load(&pool->done) != chunks) {
    atomic_store(&pool->waiting, 1);
    for (uint32_t done; (done = atomic_load(&pool->done)) != chunks;)
      sleep_while(&pool->done, done);
    atomic_store(&pool->waiting, 0);
  }
  atomic_store_explicit(&pool->busy, false, memory_order_release);
}

int32_t nnc_cpu_count(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return CPU_COUNT(&set);
#endif
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 && count < most_threads ? (int32_t)count : 1;
}

static void stop_workers(Pool *pool, int32_t started) {
  atomic_store(&pool->stop, true);
  atomic_fetch_add(&pool->epoch, 1);
  wake(&pool->epoch, most_threads);
  for (int32_t i = 0; i < started; ++i)
    pthread_join(pool->workers[i], NULL);
}

static void release(Pool *pool) {
  free(pool->workers);
  free(pool);
}

int32_t nnc_pool_create(int32_t threads, nnc_pool **result) {
  *result = NULL;
  if (threads < 1 || threads > most_threads)
    return nnc_fail(NNC_INVALID_ARGUMENT, "pool: expected 1 to %d threads, got %d", most_threads, threads);
  Pool *pool = aligned_alloc(_Alignof(Pool), sizeof(Pool));
  if (!pool)
    return nnc_fail(NNC_NO_MEMORY, "pool: out of memory");
  memset((void *)pool, 0, sizeof *pool);
  pool->base.run = run;
  pool->threads = threads;
  /* With more threads than CPUs a spinning worker keeps a working one from its CPU. */
  pool->spin = threads <= nnc_cpu_count() ? spin_nanoseconds : 0;
  pool->workers = calloc((size_t)threads, sizeof(pthread_t));
  if (!pool->workers) {
    release(pool);
    return nnc_fail(NNC_NO_MEMORY, "pool: out of memory");
  }
  /* Signals belong to the program's own threads. */
  sigset_t every, before;
  sigfillset(&every);
  pthread_sigmask(SIG_SETMASK, &every, &before);
  int error = 0;
  int32_t started = 0;
  for (; started < threads - 1 && !error; started += !error)
    error = pthread_create(&pool->workers[started], NULL, worker, pool);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error) {
    stop_workers(pool, started);
    release(pool);
    return nnc_fail(NNC_NO_MEMORY, "pool: cannot start thread %d of %d: %s", started + 2, threads, strerror(error));
  }
  *result = &pool->base;
  return NNC_OK;
}

void nnc_pool_destroy(nnc_pool *self) {
  if (!self)
    return;
  Pool *pool = (Pool *)self;
  stop_workers(pool, pool->threads - 1);
  release(pool);
}

/* The object's own pool: lent by the caller, or made by set_threads and then `owned`. */
static _Atomic(nnc_pool *) current;
static _Atomic(nnc_pool *) owned;

void nnc_set_pool(nnc_pool *pool) {
  atomic_store(&current, pool);
  nnc_pool_destroy(atomic_exchange(&owned, NULL));
}

int32_t nnc_set_threads(int32_t threads) {
  nnc_pool *pool = NULL;
  int32_t status = NNC_OK;
  if (threads != 1 && (status = nnc_pool_create(threads, &pool)) != NNC_OK)
    return status;
  atomic_store(&current, pool);
  nnc_pool_destroy(atomic_exchange(&owned, pool));
  return NNC_OK;
}

nnc_pool *nnc_get_pool(void) { return atomic_load(&current); }
