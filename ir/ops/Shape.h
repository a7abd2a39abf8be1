// Functions that move elements, and tensors made from nothing. Negative dimensions count from the end.
#pragma once
#include "nnc/ir/ops/Reduce.h"

namespace nnc {

/// One size may be -1: it is what the others leave.
Tensor reshape(Tensor x, Shape shape, Where where = Where::current());
/// Dimensions start..end as one.
Tensor flatten(Tensor x, int64_t start = 0, int64_t end = -1, Where where = Where::current());
Tensor unsqueeze(Tensor x, int64_t dim, Where where = Where::current());
/// Without the given dimensions, which must have size 1; without any given, without all of size 1.
Tensor squeeze(Tensor x, Dims dims = {}, Where where = Where::current());
/// Two dimensions exchanged.
Tensor transpose(Tensor x, int64_t dim0, int64_t dim1, Where where = Where::current());
Tensor permute(Tensor x, std::vector<int64_t> order, Where where = Where::current());
/// To a shape of at least as many dimensions, as NumPy: aligned at the end, sizes of 1 stretched.
Tensor broadcast_to(Tensor x, Shape shape, Where where = Where::current());
Tensor broadcast_like(Tensor x, Tensor like, Where where = Where::current());
/// Dimension i of `x` becomes dimension dims[i] (ascending) of a tensor of `shape`; `x` is repeated along the others.
Tensor broadcast(Tensor x, Shape shape, std::vector<int64_t> dims, Where where = Where::current());
/// Elements start, start + step, ... below stop along `dim`; negative bounds count from the end, bounds are clamped as
/// in Python, step is positive.
Tensor slice(Tensor x, int64_t dim, int64_t start, int64_t stop = std::numeric_limits<int64_t>::max(), int64_t step = 1,
             Where where = Where::current());
/// One element along `dim`, which is dropped.
Tensor pick(Tensor x, int64_t dim, int64_t index, Where where = Where::current());
/// `low[i]` copies of `value` before and `high[i]` behind along dimension i, `interior[i]` between neighbours; negative
/// low and high crop.
Tensor pad(Tensor x, std::vector<int64_t> low, std::vector<int64_t> high, double value = 0,
           std::vector<int64_t> interior = {}, Where where = Where::current());
Tensor cat(std::vector<Tensor> tensors, int64_t dim = 0, Where where = Where::current());
Tensor stack(std::vector<Tensor> tensors, int64_t dim = 0, Where where = Where::current());
/// Parts of `size` along `dim`, the last possibly smaller.
std::vector<Tensor> split(Tensor x, int64_t size, int64_t dim = 0, Where where = Where::current());
std::vector<Tensor> split(Tensor x, std::vector<int64_t> sizes, int64_t dim = 0, Where where = Where::current());
/// `count` parts of equal size (the last possibly smaller), as torch.chunk.
std::vector<Tensor> chunk(Tensor x, int64_t count, int64_t dim = 0, Where where = Where::current());
Tensor flip(Tensor x, Dims dims, Where where = Where::current());

Tensor full(Shape shape, double value, DType type = DType::f32, Where where = Where::current());
Tensor zeros(Shape shape, DType type = DType::f32, Where where = Where::current());
Tensor ones(Shape shape, DType type = DType::f32, Where where = Where::current());
Tensor zerosLike(Tensor x, Where where = Where::current());
Tensor onesLike(Tensor x, Where where = Where::current());
/// 0, 1, ... along `dim`.
Tensor iota(Shape shape, int64_t dim, DType type = DType::i64, Where where = Where::current());
Tensor arange(int64_t count, DType type = DType::i64, Where where = Where::current());
/// A tensor of the given elements, in row-major order. `bytes` holds them in the element type (i1 as one byte each).
Tensor constant(Shape shape, DType type, const void *bytes, Where where = Where::current());
Tensor constant(Shape shape, const std::vector<double> &values, DType type = DType::f32,
                Where where = Where::current());

} // namespace nnc
