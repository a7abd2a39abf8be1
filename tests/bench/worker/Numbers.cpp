#include "Numbers.h"

namespace bench {

static uint64_t fnv1a(const std::string &name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (unsigned char c : name)
    hash = (hash ^ c) * 0x100000001b3u;
  return hash;
}
static uint64_t splitmix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

void uniform(const std::string &name, std::span<float> out, double scale) {
  uint64_t seed = fnv1a(name);
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = float((double(splitmix64(seed + i) >> 40) / 8388608 - 1) * scale);
}
void integers(const std::string &name, std::span<int64_t> out, int64_t limit) {
  uint64_t seed = fnv1a(name);
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = int64_t(splitmix64(seed + i) >> 33) % limit;
}

} // namespace bench
