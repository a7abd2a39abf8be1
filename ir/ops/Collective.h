// Functions over all ranks of a data-parallel program; `ranks` is their number. Every rank calls the same functions in
// the same order.
#pragma once
#include "nnc/ir/ops/Shape.h"

namespace nnc {

/// The sum over all ranks, on every rank.
Tensor all_reduce(Tensor x, int64_t ranks, Where where = Where::current());
/// All ranks' tensors one behind another along `dim`, on every rank.
Tensor all_gather(Tensor x, int64_t ranks, int64_t dim = 0, Where where = Where::current());
/// Part r of the sum over all ranks, cut along `dim`, on rank r.
Tensor reduce_scatter(Tensor x, int64_t ranks, int64_t dim = 0, Where where = Where::current());
/// The tensor of rank `root`, on every rank.
Tensor broadcast_from(Tensor x, int64_t ranks, int64_t root = 0, Where where = Where::current());
/// The sum over all ranks on rank `root`, zeros on the others.
Tensor reduce_to(Tensor x, int64_t ranks, int64_t root = 0, Where where = Where::current());

} // namespace nnc
