// What generators outside of graphs need to know of manual_seed.
#pragma once
#include <cstdint>

namespace nnc::detail {

/// How often manual_seed was called: each call starts every sequence of random numbers anew.
uint64_t timesSeeded();

} // namespace nnc::detail
