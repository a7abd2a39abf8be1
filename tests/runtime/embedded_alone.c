/* The embedded object with nothing beside it but libc: pool, errors, safetensors, a call. Plain C11, returns 0 when all
 * is well. */
#include "nnc/runtime/embedded/core.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures;
#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: failed: %s (last error: %s)\n", __FILE__, __LINE__, #condition, nnc_last_error());       \
      ++failures;                                                                                                      \
    }                                                                                                                  \
  } while (0)

static void count(void **buffers, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    atomic_fetch_add((atomic_int *)buffers[0] + i, 1);
}

static int32_t schedule(const nnc_call *call, void **arguments, void **results, void *workspace) {
  (void)arguments, (void)workspace;
  nnc_run(call, 0, results);
  return NNC_OK;
}

static void check_pool(void) {
  static atomic_int seen[1000];
  void *buffers[] = {seen};
  for (int32_t threads = 1; threads <= 8; ++threads) {
    nnc_pool *pool;
    CHECK(nnc_pool_create(threads, &pool) == NNC_OK);
    memset((void *)seen, 0, sizeof seen);
    for (int round = 0; round < 100; ++round)
      pool->run(pool, count, buffers, 1000);
    for (int i = 0; i < 1000; ++i)
      CHECK(seen[i] == 100);
    nnc_pool_destroy(pool);
  }
}

static void check_call(void) {
  static atomic_int seen[50];
  const int64_t dims[] = {50};
  const nnc_value result = {.name = "y",
                            .dims = dims,
                            .bytes = 200,
                            .dtype = NNC_I32,
                            .kind = NNC_OUTPUT,
                            .rank = 1,
                            .updates = -1,
                            .weight = -1};
  const nnc_launch launch = {.layers = "", .tasks = 50, .times = 1};
  const nnc_function function = {
      .name = "f", .results = &result, .result_count = 1, .launches = &launch, .launch_count = 1, .schedule = schedule};
  const nnc_kernel kernels[] = {count};
  nnc_variant variant = {.target = "any", .kernels = kernels};
  const nnc_module module = {.abi_version = NNC_ABI_VERSION,
                             .bytes = sizeof module,
                             .name = "m",
                             .services = &nnc_core_services,
                             .functions = &function,
                             .variants = &variant,
                             .function_count = 1,
                             .variant_count = 1,
                             .kernel_count = 1};
  void *results[] = {seen};
  CHECK(module.services->set_threads(3) == NNC_OK);
  CHECK(module.services->invoke(&module, 0, NULL, results, NULL, NULL) == NNC_OK);
  CHECK(module.services->set_threads(1) == NNC_OK);
  CHECK(module.services->invoke(&module, 0, NULL, results, NULL, NULL) == NNC_OK);
  for (int i = 0; i < 50; ++i)
    CHECK(seen[i] == 2);
  variant.level = 5;
  CHECK(module.services->invoke(&module, 0, NULL, results, NULL, NULL) == NNC_UNSUPPORTED_CPU);
  CHECK(strncmp(nnc_last_error(), "m: compiled for any and better, this CPU is x86-64-v", 52) == 0);
}

static void check_files(void) {
  char path[] = "/tmp/nnc-embedded-XXXXXX";
  int file = mkstemp(path);
  CHECK(file >= 0);
  close(file);
  const float weight[] = {1, 2, 3};
  const int64_t dims[] = {3};
  const nnc_tensor tensor = {"w", dims, weight, sizeof weight, NNC_F32, 1};
  const nnc_tensor twice[] = {tensor, tensor};
  CHECK(nnc_safetensors_write(path, twice, 2, NULL, 0) == NNC_INVALID_ARGUMENT);
  CHECK(strstr(nnc_last_error(), ": tensor 'w': name given twice"));
  CHECK(nnc_safetensors_write(path, &tensor, 1, NULL, 0) == NNC_OK);
  const nnc_safetensors *read;
  CHECK(nnc_safetensors_open(path, &read) == NNC_OK);
  const nnc_tensor *got = read ? nnc_safetensors_find(read, "w") : NULL;
  CHECK(got && got->bytes == 12 && memcmp(got->data, weight, 12) == 0);
  nnc_safetensors_close(read);
  unlink(path);
  CHECK(nnc_safetensors_open(path, &read) == NNC_IO && read == NULL);
}

int main(void) {
  check_pool();
  check_call();
  check_files();
  CHECK(nnc_cpu_level() >= 0 && nnc_cpu_level() <= 4);
  puts(failures ? "failed" : "passed");
  return failures != 0;
}
