// Detection of the CPU's level, against what the compiler's own library says.
#include "nnc/runtime/embedded/core.h"
#include <catch2/catch.hpp>
#include <cstdlib>

TEST_CASE("level of the CPU") {
  const int32_t level = nnc_cpu_level();
  CHECK(nnc_cpu_level() == level);
#if defined(__x86_64__)
  if (std::getenv("NNC_CPU_LEVEL"))
    return;
  int32_t expected = 1;
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))
    expected = 2;
  if (expected == 2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
    expected = 3;
  if (expected == 3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    expected = 4;
  CHECK(level == expected);
#else
  CHECK(level == 0);
#endif
}
