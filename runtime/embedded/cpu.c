/* Which level of x86-64 this CPU and operating system offer. `__builtin_cpu_supports` is not used: it would bring a
 * constructor of libgcc into every object. The answer is cached, since cpuid traps in a virtual machine. */
#include "nnc/runtime/embedded/core.h"
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__x86_64__)

typedef struct {
  uint32_t a, b, c, d;
} Registers;

static Registers cpuid(uint32_t leaf) {
  Registers r;
  __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(0));
  return r;
}

/* The register sets that the operating system saves. */
static uint32_t enabled_state(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

static bool all(uint32_t bits, uint32_t wanted) { return (bits & wanted) == wanted; }

static int32_t detect(void) {
  uint32_t last = cpuid(0).a;
  Registers one = cpuid(1);
  Registers seven = last >= 7 ? cpuid(7) : (Registers){0, 0, 0, 0};
  Registers extended = cpuid(0x80000000u).a >= 0x80000001u ? cpuid(0x80000001u) : (Registers){0, 0, 0, 0};
  /* SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; LAHF */
  if (!all(one.c, 1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 23) || !all(extended.c, 1u << 0))
    return 1;
  /* FMA, MOVBE, XSAVE, OSXSAVE, AVX, F16C; BMI1, AVX2, BMI2; LZCNT; xmm and ymm saved */
  if (!all(one.c, 1u << 12 | 1u << 22 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 29) ||
      !all(seven.b, 1u << 3 | 1u << 5 | 1u << 8) || !all(extended.c, 1u << 5) || !all(enabled_state(), 0x6))
    return 2;
  /* AVX512 F, DQ, CD, BW, VL; mask and zmm registers saved */
  if (!all(seven.b, 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31) || !all(enabled_state(), 0xe6))
    return 3;
  return 4;
}

#else

static int32_t detect(void) { return 0; }

#endif

int32_t nnc_cpu_level(void) {
  static _Atomic int32_t cached = -1;
  int32_t level = atomic_load_explicit(&cached, memory_order_relaxed);
  if (level >= 0)
    return level;
  level = detect();
  const char *limit = getenv("NNC_CPU_LEVEL");
  if (limit && limit[0] >= '0' && limit[0] <= '9' && limit[1] == '\0' && limit[0] - '0' < level)
    level = limit[0] - '0';
  atomic_store_explicit(&cached, level, memory_order_relaxed);
  return level;
}
