// What tests of whole operations need besides them: arrays of numbers that are neither alike nor large, and the levels
// of x86-64 to compile for.
#pragma once
#include "nnc/nnc.h"
#include <cmath>
#include <string>
#include <vector>

namespace nnc::test {

/// 1.5 sin(0.7371 i + phase) at element i.
template <class T = float> Array numbers(Shape shape, double phase = 0, DType type = DType::f32) {
  Array array(shape, type);
  for (int64_t i = 0; i < elementCount(shape); ++i)
    static_cast<T *>(array.raw())[i] = T(std::sin(double(i) * 0.7371 + phase) * 1.5);
  return array;
}

/// x86-64-v3, and v4 where this machine has it.
inline std::vector<std::string> targets() {
  std::vector<std::string> all = {"x86-64-v3"};
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw"))
    all.push_back("x86-64-v4");
  return all;
}

} // namespace nnc::test
