// The numbers that every peer computes with: each follows from a name and an index, so that all peers, in any language,
// make the same (peers/bench_numbers.py has the same rule).
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace bench {

/// In [-scale, scale): the 24 high bits of splitmix64(fnv1a(name) + index).
void uniform(const std::string &name, std::span<float> out, double scale = 1);
/// In [0, limit), likewise.
void integers(const std::string &name, std::span<int64_t> out, int64_t limit);

} // namespace bench
