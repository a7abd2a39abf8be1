// Reductions along dimensions. Negative dimensions count from the end; no dimensions given means all; `keepdim` keeps
// the reduced dimensions with size 1.
#pragma once
#include "nnc/ir/Tensor.h"

namespace nnc {

/// One dimension, several, or (none given) all.
class Dims {
public:
  Dims() = default;
  template <std::integral T> Dims(T dim) : values{int64_t(dim)} {}
  Dims(std::initializer_list<int64_t> dims) : values(dims) {}
  Dims(std::vector<int64_t> dims) : values(std::move(dims)) {}
  std::vector<int64_t> values;
};

Tensor sum(Tensor x, Dims dims = {}, bool keepdim = false, Where where = Where::current());
Tensor mean(Tensor x, Dims dims = {}, bool keepdim = false, Where where = Where::current());
/// Mean of squared deviations (two passes, so that a large mean does not cancel), divided by count - correction.
Tensor var(Tensor x, Dims dims = {}, int64_t correction = 1, bool keepdim = false, Where where = Where::current());
/// Largest and smallest elements; ties share the gradient evenly (torch.amax, torch.amin).
Tensor amax(Tensor x, Dims dims = {}, bool keepdim = false, Where where = Where::current());
Tensor amin(Tensor x, Dims dims = {}, bool keepdim = false, Where where = Where::current());
Tensor prod(Tensor x, Dims dims = {}, bool keepdim = false, Where where = Where::current());
Tensor any(Tensor x, Dims dims = {}, bool keepdim = false, Where where = Where::current());
Tensor all(Tensor x, Dims dims = {}, bool keepdim = false, Where where = Where::current());
/// i64 positions; the first of equals.
Tensor argmax(Tensor x, int64_t dim, bool keepdim = false, Where where = Where::current());
Tensor argmin(Tensor x, int64_t dim, bool keepdim = false, Where where = Where::current());
Tensor cumsum(Tensor x, int64_t dim, bool reverse = false, Where where = Where::current());
Tensor softmax(Tensor x, int64_t dim, Where where = Where::current());
Tensor log_softmax(Tensor x, int64_t dim, Where where = Where::current());
Tensor logsumexp(Tensor x, int64_t dim, bool keepdim = false, Where where = Where::current());

} // namespace nnc
