// What this machine can do at most: floating-point operations a second, and bytes a second by how many there are.
// Measured each time, in a fraction of a second, with kernels of our own compiler.
#pragma once
#include "Tool.h"

namespace nnc::tool {

struct Roofline {
  /// So many bytes that are read and written over and over pass at this rate: small ones from the nearest cache, many
  /// from memory. By growing bytes and falling rate.
  struct Point {
    double bytes = 0, rate = 0; // GB/s
  };
  int threads = 1;
  bool doubles = false; // of f64, else of f32
  double flops = 0;     // GFLOP/s: independent fused multiply-adds, two operations each
  std::vector<Point> bandwidth;

  /// The rate at which a launch that has to move so many bytes can move them.
  double bandwidthOf(double bytes) const;
  /// The least time a launch can take, in nanoseconds.
  double leastTime(const nnc_launch &launch) const;
  /// Is it the arithmetic that makes it so long?
  bool isArithmetic(const nnc_launch &launch) const;
  /// "2 threads: 190 GFLOP/s (f32), 85 GB/s up to 0.3 MB, 20 GB/s from 100 MB"
  std::string text() const;
};

/// "arithmetic", "bandwidth"
inline const char *boundText(bool arithmetic) { return arithmetic ? "arithmetic" : "bandwidth"; }

/// The element type decides the peak: f64 where a function has no f32 value.
bool computesInDoubles(const nnc_function &function);

/// With so many threads, but no more than the process has CPUs: more do not run at once.
Roofline measureRoofline(int threads, bool doubles, const CompileFlags &flags);

} // namespace nnc::tool
