// Random tensors of the graph being traced (torch.rand, torch.randn). They come from its seed and step: another draw at
// every use and in every call, the same ones in every run.
#pragma once
#include "nnc/frontend/Graph.h"

namespace nnc {

/// Uniform in [0, 1).
Tensor rand(Shape shape, DType type = DType::f32, Where where = Where::current());
/// Standard normal.
Tensor randn(Shape shape, DType type = DType::f32, Where where = Where::current());
/// Along `dim`, a number drawn with the probabilities softmax(scores): the i64 positions of the largest of
/// scores - log(-log(u)), u uniform (Gumbel's trick). Without gradient.
Tensor categorical(Tensor scores, int64_t dim = -1, Where where = Where::current());

} // namespace nnc
