// Random tensors.
#include "nnc/nn/Random.h"

namespace nnc {

Tensor rand(Shape shape, DType type, Where where) {
  Graph &graph = Graph::current();
  return random_uniform(std::move(shape), type, graph.random(), graph.nextStream(), where);
}
Tensor randn(Shape shape, DType type, Where where) {
  Graph &graph = Graph::current();
  return random_normal(std::move(shape), type, graph.random(), graph.nextStream(), where);
}
Tensor categorical(Tensor scores, int64_t dim, Where where) {
  expectFloat("categorical", "scores", scores, where);
  // u = 0 gives -inf, which is never the largest but where all scores are
  Tensor noise = -log(-log(rand(scores.shape(), scores.dtype(), where), where), where);
  return argmax(scores + noise, dim, false, where);
}

} // namespace nnc
