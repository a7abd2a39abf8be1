// Dropout: a mask of counter-based random numbers, and a select.
#include "nnc/nn/Dropout.h"
#include "nnc/nn/Axes.h"
#include "nnc/nn/Check.h"
#include "nnc/nn/Print.h"
#include <fmt/format.h>

namespace nnc::nn {

// `mask` is the shape of the random numbers: x's, or sizes of 1 where elements share one.
static Tensor drop(Tensor x, Shape mask, double p, Where where) {
  expectFloat("dropout", "input", x, where);
  if (p == 0)
    return x;
  if (p == 1)
    return zerosLike(x, where);
  Graph &graph = Graph::current();
  Tensor random = random_uniform(mask, DType::f32, graph.random(), graph.nextStream(), where);
  Tensor kept = Operand(random, where) >= Operand(p, where);
  if (mask != x.shape())
    kept = broadcast_to(kept, x.shape(), where);
  return select(kept, Operand(Operand(x, where) * Operand(1 / (1 - p), where), where), Operand(0.0, where));
}

Tensor functional::dropout(Tensor x, double p, bool training, Where where) {
  detail::expectProbability("dropout", "p", p, where);
  return training ? drop(x, x.shape(), p, where) : x;
}

Tensor functional::feature_dropout(Tensor x, double p, bool training, Where where) {
  detail::expectProbability("feature_dropout", "p", p, where);
  if (x.rank() < 2)
    fail("feature_dropout",
         fmt::format("input: expected at least 2 dimensions (batch, channels), got {} in {}", x.rank(),
                     toString(x.shape())),
         where);
  Shape mask(size_t(x.rank()), 1);
  mask[0] = x.size(0), mask[1] = x.size(1);
  return training ? drop(x, mask, p, where) : x;
}

static std::string describeDropout(const char *layer, double p, Where where) {
  detail::expectProbability(layer, "p", p, where);
  return fmt::format("p={}, inplace=False", detail::number(p)); // results never share memory that anyone could see
}

Dropout::Dropout(double p, Where where) : Layer("dropout"), p_(p) { describe(describeDropout("Dropout", p, where)); }
Tensor Dropout::forward(Tensor x) const { return functional::dropout(x, p_, training()); }

static Tensor dropChannels(const char *layer, size_t spatial, Tensor x, double p, bool training) {
  bool unbatched = false;
  x = detail::batched(layer, x, spatial, unbatched, Where::current());
  Tensor y = functional::feature_dropout(x, p, training);
  return unbatched ? squeeze(y, 0) : y;
}

Dropout1d::Dropout1d(double p, Where where) : Layer("dropout1d"), p_(p) {
  describe(describeDropout("Dropout1d", p, where));
}
Tensor Dropout1d::forward(Tensor x) const { return dropChannels("dropout1d", 1, x, p_, training()); }

Dropout2d::Dropout2d(double p, Where where) : Layer("dropout2d"), p_(p) {
  describe(describeDropout("Dropout2d", p, where));
}
Tensor Dropout2d::forward(Tensor x) const {
  if (x.rank() != 3 && x.rank() != 4)
    fail("dropout2d",
         fmt::format("input: expected 3 or 4 dimensions (batch, channels, spatial), got {} in {}", x.rank(),
                     toString(x.shape())),
         Where::current());
  return functional::feature_dropout(x, p_, training());
}

Dropout3d::Dropout3d(double p, Where where) : Layer("dropout3d"), p_(p) {
  describe(describeDropout("Dropout3d", p, where));
}
Tensor Dropout3d::forward(Tensor x) const { return dropChannels("dropout3d", 3, x, p_, training()); }

} // namespace nnc::nn
