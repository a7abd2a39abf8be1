// Counter-based random numbers, Philox4x32-10: each element is a function of (seed, step, stream, position) alone, the
// same on every target and for any number of threads. Every use in a graph gets a stream of its own, in the order of
// the program.
#pragma once
#include "nnc/ir/ops/Shape.h"

namespace nnc {

/// The seed and step arguments of the graph being traced (scalars i64); created by the frontend on first use.
struct RandomState {
  Tensor seed, step;
};
/// Uniform in [0, 1), 24 random bits for f32, 53 for f64. `stream` distinguishes uses under one seed and step.
Tensor random_uniform(Shape shape, DType type, RandomState state, int64_t stream, Where where = Where::current());
/// Standard normal by Box-Muller.
Tensor random_normal(Shape shape, DType type, RandomState state, int64_t stream, Where where = Where::current());

} // namespace nnc
