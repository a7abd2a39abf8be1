// Losses.
#include "nnc/nn/Loss.h"
#include "nnc/runtime/Error.h"
#include <fmt/format.h>

namespace nnc::nn {
namespace functional {

static Tensor reduced(Tensor loss, Reduction reduction, Where where) {
  switch (reduction) {
  case Reduction::mean:
    return mean(loss, {}, false, where);
  case Reduction::sum:
    return sum(loss, {}, false, where);
  case Reduction::none:
    break;
  }
  return loss;
}
static void expectSame(std::string_view op, Tensor x, Tensor target, Where where) {
  if (x.shape() != target.shape())
    fail(op, fmt::format("target: expected {} as input, got {}", toString(x.shape()), toString(target.shape())), where);
}

static void expectBroadcasts(std::string_view op, std::string_view argument, Tensor value, Tensor x, Where where) {
  if (!value)
    return;
  Shape from = value.shape(), to = x.shape();
  bool fits = from.size() <= to.size();
  for (size_t i = 0; fits && i < from.size(); ++i)
    fits = from[from.size() - 1 - i] == 1 || from[from.size() - 1 - i] == to[to.size() - 1 - i];
  if (!fits)
    fail(op, fmt::format("{}: expected a shape that broadcasts to {}, got {}", argument, toString(to), toString(from)),
         where);
}

Tensor l1_loss(Tensor x, Tensor target, Reduction reduction, Where where) {
  expectSame("l1_loss", x, target, where);
  return reduced(abs(x - target, where), reduction, where);
}
Tensor mse_loss(Tensor x, Tensor target, Reduction reduction, Where where) {
  expectSame("mse_loss", x, target, where);
  return reduced(square(x - target, where), reduction, where);
}
Tensor smooth_l1_loss(Tensor x, Tensor target, Reduction reduction, double beta, Where where) {
  expectSame("smooth_l1_loss", x, target, where);
  if (beta < 0)
    fail("smooth_l1_loss", fmt::format("beta: expected at least 0, got {}", beta), where);
  if (beta == 0)
    return l1_loss(x, target, reduction, where);
  Tensor d = abs(x - target, where);
  return reduced(select(d < beta, square(d, where) * (0.5 / beta), d - 0.5 * beta), reduction, where);
}
Tensor huber_loss(Tensor x, Tensor target, Reduction reduction, double delta, Where where) {
  expectSame("huber_loss", x, target, where);
  if (!(delta > 0))
    fail("huber_loss", fmt::format("delta: expected more than 0, got {}", delta), where);
  Tensor d = abs(x - target, where);
  return reduced(select(d <= delta, square(d, where) * 0.5, (d - 0.5 * delta) * delta), reduction, where);
}

namespace {
// Class scores as (N, C, rest) with their targets to be (N, rest).
struct Classes {
  Tensor x;
  Shape target; // of the targets
  Shape shape;  // of the loss with reduction none
  int64_t count = 0;
};
} // namespace

static Classes classesOf(std::string_view op, Tensor x, Tensor target, Where where) {
  Shape shape = x.shape();
  if (shape.empty())
    fail(op, "input: expected at least 1 dimension (classes), got a scalar", where);
  bool unbatched = shape.size() == 1;
  Classes classes;
  classes.count = unbatched ? shape[0] : shape[1];
  classes.shape = shape;
  classes.shape.erase(classes.shape.begin() + (unbatched ? 0 : 1));
  if (target.shape() != classes.shape)
    fail(op,
         fmt::format("target: expected {} labels for {}, got {}", toString(classes.shape), toString(shape),
                     toString(target.shape())),
         where);
  int64_t batch = unbatched ? 1 : shape[0], rest = batch ? elementCount(classes.shape) / batch : 0;
  classes.x = reshape(x, {batch, classes.count, rest}, where);
  classes.target = {batch, rest};
  return classes;
}
static void checkWeight(std::string_view op, Tensor weight, int64_t count, Where where) {
  if (weight && (weight.rank() != 1 || weight.size(0) != count))
    fail(op, fmt::format("weight: expected {} values, one a class, got {}", count, toString(weight.shape())), where);
}

// The loss of classes as targets, given log-probabilities.
static Tensor ofClasses(std::string_view op, Tensor logits, Tensor target, const CrossEntropyOptions &options,
                        Where where) {
  expectFloat(op, "input", logits, where);
  if (target.dtype() != DType::i64 && target.dtype() != DType::i32)
    fail(op, fmt::format("target: expected i64 or i32 class numbers, got {}", toString(target.dtype())), where);
  Classes classes = classesOf(op, logits, target, where);
  checkWeight(op, options.weight, classes.count, where);
  Tensor x = classes.x;
  // Checked in the user's shape, which is what the message speaks of.
  Tensor checked = check_index(target, classes.count, "target", options.ignore_index, where);
  checked = reshape(checked, classes.target, where);
  Tensor counts = checked != options.ignore_index;
  Tensor label = select(counts, checked, zerosLike(checked));
  Tensor picked = squeeze(take_along(x, unsqueeze(label, 1, where), 1, where), 1, where);
  Tensor weight = convert(counts, x.dtype(), where);
  if (options.weight)
    weight = weight * take(options.weight, label, 0, where);
  // A weight of 0 must silence infinities too.
  Tensor nll = select(counts, -(picked * weight), zerosLike(picked));
  Tensor smooth;
  double smoothing = options.label_smoothing;
  if (smoothing > 0) {
    Tensor all = options.weight ? x * reshape(options.weight, {1, classes.count, 1}, where) : x;
    smooth = select(counts, -sum(all, 1, false, where), zerosLike(picked));
  }
  auto mixed = [&](Tensor ofLabel, Tensor ofAll) {
    return smoothing > 0 ? ofLabel * (1 - smoothing) + ofAll * (smoothing / double(classes.count)) : ofLabel;
  };
  switch (options.reduction) {
  case Reduction::none:
    return reshape(mixed(nll, smooth), classes.shape, where);
  case Reduction::sum:
    return mixed(sum(nll), smooth ? sum(smooth) : smooth);
  case Reduction::mean:
    break;
  }
  Tensor total = sum(weight);
  return mixed(sum(nll) / total, smooth ? sum(smooth) / total : smooth);
}

Tensor nll_loss(Tensor x, Tensor target, CrossEntropyOptions options, Where where) {
  options.label_smoothing = 0;
  return ofClasses("nll_loss", x, target, options, where);
}

Tensor cross_entropy(Tensor x, Tensor target, CrossEntropyOptions options, Where where) {
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1))
    fail("cross_entropy", fmt::format("label_smoothing: expected a value in [0, 1], got {}", options.label_smoothing),
         where);
  if (x.rank() < 1)
    fail("cross_entropy", "input: expected at least 1 dimension (classes), got a scalar", where);
  expectFloat("cross_entropy", "input", x, where);
  int64_t dim = x.rank() == 1 ? 0 : 1;
  Tensor logs = log_softmax(x, dim, where);
  if (!isFloat(target.dtype()))
    return ofClasses("cross_entropy", logs, target, options, where);
  expectSame("cross_entropy", x, target, where);
  int64_t count = x.size(dim);
  checkWeight("cross_entropy", options.weight, count, where);
  if (options.label_smoothing > 0)
    target = target * (1 - options.label_smoothing) + options.label_smoothing / double(count);
  Tensor terms = logs * target;
  if (options.weight) {
    Shape shape(size_t(x.rank()), 1);
    shape[size_t(dim)] = count;
    terms = terms * reshape(options.weight, shape, where);
  }
  Tensor loss = -sum(terms, dim, false, where);
  if (options.reduction == Reduction::mean)
    return sum(loss) * (double(count) / double(x.numel()));
  return reduced(loss, options.reduction, where);
}

Tensor binary_cross_entropy_with_logits(Tensor x, Tensor target, Tensor weight, Reduction reduction, Tensor pos_weight,
                                        Where where) {
  const char *op = "binary_cross_entropy_with_logits";
  expectSame(op, x, target, where);
  expectBroadcasts(op, "weight", weight, x, where);
  expectBroadcasts(op, "pos_weight", pos_weight, x, where);
  Tensor falloff = softplus(-x, where);
  if (pos_weight)
    falloff = falloff * ((pos_weight - 1.0) * target + 1.0);
  Tensor loss = (1.0 - target) * x + falloff;
  if (weight)
    loss = loss * weight;
  return reduced(loss, reduction, where);
}

} // namespace functional

static CrossEntropyOptions traced(const ClassLossOptions &options, const Buffer &weight) {
  return {weight ? weight.tensor() : Tensor(), options.ignore_index, options.reduction, options.label_smoothing};
}
NLLLoss::NLLLoss(ClassLossOptions options) : Layer("nll_loss"), options_(options) {
  if (options.weight.defined())
    weight = buffer("weight", options.weight);
}
Tensor NLLLoss::forward(Tensor x, Tensor target) const {
  return functional::nll_loss(x, target, traced(options_, weight));
}
CrossEntropyLoss::CrossEntropyLoss(ClassLossOptions options) : Layer("cross_entropy"), options_(options) {
  if (options.weight.defined())
    weight = buffer("weight", options.weight);
}
Tensor CrossEntropyLoss::forward(Tensor x, Tensor target) const {
  return functional::cross_entropy(x, target, traced(options_, weight));
}
BCEWithLogitsLoss::BCEWithLogitsLoss(BCEWithLogitsOptions options)
    : Layer("binary_cross_entropy_with_logits"), reduction_(options.reduction) {
  if (options.weight.defined())
    weight = buffer("weight", options.weight);
  if (options.pos_weight.defined())
    pos_weight = buffer("pos_weight", options.pos_weight);
}
Tensor BCEWithLogitsLoss::forward(Tensor x, Tensor target) const {
  return functional::binary_cross_entropy_with_logits(x, target, weight ? weight.tensor() : Tensor(), reduction_,
                                                      pos_weight ? pos_weight.tensor() : Tensor());
}

} // namespace nnc::nn
