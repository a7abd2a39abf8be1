// The index family: vocabulary, then each op's shape rule, gradient and lowering.
#include "nnc/ir/ops/Index.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Check.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/Linalg.h"
#include "nnc/ir/ops/Elementwise.h"
#include "nnc/ir/ops/Reduce.h"
#include "nnc/ir/ops/Shape.h"
#include <fmt/format.h>

using namespace mlir;
namespace nnc {

//===--- vocabulary ---===//

// Whether every element is known to lie in [0, size), or to have been checked already.
static bool isChecked(Value indices, int64_t size) {
  Operation *op = indices.getDefiningOp();
  if (!op)
    return false;
  if (auto check = dyn_cast<ir::CheckIndexOp>(op))
    return int64_t(check.getSize()) <= size;
  if (auto sort = dyn_cast<ir::SortOp>(op))
    return indices == sort.getPositions() && sort.getInput().getType().getDimSize(sort.getDim()) <= size;
  if (auto constant = dyn_cast<ir::ConstantOp>(op))
    if (auto elements = dyn_cast<DenseIntElementsAttr>(constant.getValue()))
      return llvm::all_of(elements.getValues<APInt>(),
                          [&](const APInt &i) { return !i.isNegative() && i.getSExtValue() < size; });
  if (auto select = dyn_cast<ir::SelectOp>(op))
    return isChecked(select.getOnTrue(), size) && isChecked(select.getOnFalse(), size);
  if (isa<ir::ReshapeOp, ir::BroadcastOp, ir::TransposeOp, ir::SliceOp, ir::ConvertOp>(op))
    return isChecked(op->getOperand(0), size);
  return false;
}

static void expectIndices(std::string_view op, Tensor indices, Where where) {
  if (indices && indices.dtype() != DType::i64 && indices.dtype() != DType::i32)
    fail(op, fmt::format("indices: expected i64 or i32, got {}", toString(indices.dtype())), where);
}
static void expectNumbers(std::string_view op, Tensor x, std::string_view argument, Where where) {
  if (x && (x.dtype() == DType::i1 || x.dtype() == DType::u8))
    fail(op, fmt::format("{}: expected numbers, got {}", argument, toString(x.dtype())), where);
}
// The indices of a function whose caller did not check them.
static Tensor checked(std::string_view op, Tensor indices, int64_t size, Where where) {
  expectIndices(op, indices, where);
  if (!indices || isChecked(ir::value(indices), size))
    return indices;
  bool inLayer = !ir::layerOf(ir::Builder::current().location(where)).empty();
  return check_index(indices, size, inLayer ? "indices" : fmt::format("{}: indices", op), std::nullopt, where);
}

Tensor check_index(Tensor indices, int64_t size, std::string_view what, std::optional<int64_t> ignore, Where where) {
  expectIndices(what, indices, where);
  ir::CheckIndexOp::Properties properties;
  properties.size = ir::i64(size);
  if (ignore)
    properties.ignore = ir::i64(*ignore);
  properties.what = ir::Builder::current().op().getStringAttr(what);
  return ir::tensor(ir::create<ir::CheckIndexOp>(where, {indices}, properties).getResult());
}
// The ops at indices that are checked already: for gradients too, whose indices went through the op they belong to.
template <class Op> static Tensor along(int64_t dim, ArrayRef<Tensor> operands, Where where = Where::current()) {
  typename Op::Properties properties;
  properties.dim = ir::i64(dim);
  return ir::tensor(ir::create<Op>(where, operands, properties).getResult());
}
Tensor take(Tensor x, Tensor indices, int64_t dim, Where where) {
  dim = ir::wrapDim("take", dim, x.rank(), where);
  return along<ir::TakeOp>(dim, {x, checked("take", indices, x.size(dim), where)}, where);
}
Tensor take_along(Tensor x, Tensor indices, int64_t dim, Where where) {
  dim = ir::wrapDim("take_along", dim, x.rank(), where);
  return along<ir::TakeAlongOp>(dim, {x, checked("take_along", indices, x.size(dim), where)}, where);
}
Tensor scatter_add(Tensor into, Tensor indices, Tensor updates, int64_t dim, Where where) {
  expectNumbers("scatter_add", into, "into", where);
  dim = ir::wrapDim("scatter_add", dim, into.rank(), where);
  indices = checked("scatter_add", indices, into.size(dim), where);
  return along<ir::ScatterAddOp>(dim, {into, indices, updates}, where);
}
Tensor scatter_add_along(Tensor into, Tensor indices, Tensor updates, int64_t dim, Where where) {
  expectNumbers("scatter_add_along", into, "into", where);
  dim = ir::wrapDim("scatter_add_along", dim, into.rank(), where);
  indices = checked("scatter_add_along", indices, into.size(dim), where);
  return along<ir::ScatterAddAlongOp>(dim, {into, indices, updates}, where);
}
Tensor one_hot(Tensor indices, int64_t classes, DType type, Where where) {
  expectIndices("one_hot", indices, where);
  if (classes < 1)
    fail("one_hot", fmt::format("classes: expected at least 1, got {}", classes), where);
  Shape shape = indices.shape();
  shape.push_back(classes);
  Tensor position = iota(shape, -1, indices.dtype(), where);
  Tensor hit = Operand(unsqueeze(indices, -1, where), where) == Operand(position, where);
  return convert(hit, type, where);
}
std::pair<Tensor, Tensor> sort(Tensor x, int64_t dim, bool descending, Where where) {
  expectNumbers("sort", x, "input", where);
  ir::SortOp::Properties properties;
  properties.dim = ir::i64(ir::wrapDim("sort", dim, x.rank(), where));
  properties.descending = ir::Builder::current().op().getBoolAttr(descending);
  auto op = ir::create<ir::SortOp>(where, {x}, properties);
  return {ir::tensor(op.getOutput()), ir::tensor(op.getPositions())};
}
std::pair<Tensor, Tensor> topk(Tensor x, int64_t k, int64_t dim, bool largest, Where where) {
  expectNumbers("topk", x, "input", where);
  dim = ir::wrapDim("topk", dim, x.rank(), where);
  if (k < 0 || k > x.size(dim))
    fail("topk", fmt::format("k: expected a number in [0, {}] for {}, got {}", x.size(dim), toString(x.shape()), k),
         where);
  auto [values, positions] = sort(x, dim, largest, where);
  return {slice(values, dim, 0, k, 1, where), slice(positions, dim, 0, k, 1, where)};
}

namespace ir {

//===--- what the ops share ---===//

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

// `input`'s shape with `dim` replaced by the dimensions of `indices`.
static SmallVector<int64_t> takenShape(RankedTensorType input, RankedTensorType indices, int64_t dim) {
  SmallVector<int64_t> shape(input.getShape().take_front(dim));
  llvm::append_range(shape, indices.getShape());
  llvm::append_range(shape, input.getShape().drop_front(dim + 1));
  return shape;
}
static LogicalResult checkAlong(const Check &check, StringRef argument, RankedTensorType input,
                                RankedTensorType indices, int64_t dim) {
  if (failed(check.dims("dim", dim, input.getRank())) || failed(check.rank("indices", indices, input.getRank())))
    return failure();
  for (int64_t d = 0; d < input.getRank(); ++d)
    if (d != dim && indices.getDimSize(d) > input.getDimSize(d))
      return check.fail("indices: expected at most size " + Twine(input.getDimSize(d)) + " in dimension " + Twine(d) +
                        " (" + argument + " is " + shapeText(input) + "), got " + shapeText(indices));
  return success();
}
static LogicalResult checkNotEmpty(const Check &check, StringRef argument, RankedTensorType input,
                                   RankedTensorType indices, int64_t dim) {
  if (input.getDimSize(dim) == 0 && indices.getNumElements() != 0)
    return check.fail(argument + ": expected at least one element along dimension " + Twine(dim) + ", got " +
                      shapeText(input));
  return success();
}

// The position that an index names, at least 0 and below `size`.
static Value clamped(ImplicitLocOpBuilder &at, Value position, int64_t size) {
  Scalar i(at, position);
  Scalar inside = minimum(maximum(i, i.of(0)), i.of(double(size - 1)));
  return arith::IndexCastOp::create(at, at.getIndexType(), inside.value());
}

namespace {
// A ready-made kernel being written: nested loops whose bodies each return the carried tensors.
struct Loops {
  ImplicitLocOpBuilder &builder;

  SmallVector<OpFoldResult> fold(ArrayRef<int64_t> values) const {
    return llvm::map_to_vector(values, [&](int64_t value) -> OpFoldResult { return builder.getIndexAttr(value); });
  }
  Value constant(int64_t value) const { return lin::index(builder, value); }

  // for i in [0, count): carried = body(i, carried)
  ValueRange loop(Value count, ValueRange start, function_ref<SmallVector<Value>(Value, ValueRange)> body) const {
    auto loop = scf::ForOp::create(builder, constant(0), count, constant(1), start);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(builder, body(loop.getInductionVar(), loop.getRegionIterArgs()));
    return loop.getResults();
  }

  // One task for each position below `tasks`; task p owns the slice of every destination at `offsets(p)`, gets these
  // slices and returns their new values.
  ValueRange tasks(ArrayRef<int64_t> tasks, ValueRange destinations, ArrayRef<int64_t> sizes,
                   function_ref<SmallVector<OpFoldResult>(ValueRange)> offsets,
                   function_ref<SmallVector<Value>(ValueRange, ValueRange)> body) const {
    SmallVector<OpFoldResult> lower = fold(SmallVector<int64_t>(tasks.size(), 0)),
                              step = fold(SmallVector<int64_t>(tasks.size(), 1));
    auto forall = scf::ForallOp::create(builder, lower, fold(tasks), step, destinations, std::nullopt);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(forall.getBody());
    auto at = offsets(forall.getInductionVars());
    SmallVector<OpFoldResult> extent = fold(sizes), stride = fold(SmallVector<int64_t>(sizes.size(), 1));
    SmallVector<Value> slices;
    for (Value destination : forall.getRegionIterArgs())
      slices.push_back(
          tensor::ExtractSliceOp::create(builder, tensorOf(destination).clone(sizes), destination, at, extent, stride));
    SmallVector<Value> written = body(forall.getInductionVars(), slices);
    builder.setInsertionPointToEnd(forall.getTerminator().getBody());
    for (auto [value, destination] : llvm::zip(written, forall.getRegionIterArgs()))
      tensor::ParallelInsertSliceOp::create(builder, value, destination, at, extent, stride);
    return forall.getResults();
  }
};
} // namespace

// The sum of two elements in one expression, with the position known to be inside where `inside` holds; a loop of no
// step else.
static Value onlyIf(ImplicitLocOpBuilder &builder, Scalar inside, int64_t count) {
  return select(inside, Scalar(builder, lin::index(builder, count)), Scalar(builder, lin::index(builder, 0))).value();
}

//===--- take ---===//

LogicalResult TakeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  auto input = tensorOf(adaptor.getInput()), indices = tensorOf(adaptor.getIndices());
  int64_t dim = adaptor.getDim();
  Check check(location, "take");
  if (failed(check.dims("dim", dim, input.getRank())) || failed(checkNotEmpty(check, "input", input, indices, dim)))
    return failure();
  types.push_back(input.clone(takenShape(input, indices, dim)));
  return success();
}
SmallVector<Tensor> TakeOp::vjp(ArrayRef<Tensor> cotangents) {
  return {along<ScatterAddOp>(getDim(), {zerosLike(tensor(getInput())), tensor(getIndices()), cotangents[0]}),
          Tensor()};
}
SmallVector<Value> TakeOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto type = lin::storageOf(getOutput().getType());
  auto input = tensorOf(operands[0]);
  int64_t dim = getDim(), spread = tensorOf(operands[1]).getRank();
  if (type.getNumElements() == 0)
    return {lin::empty(builder, type)};
  AffineMap map = lin::pick(builder, type.getRank(), llvm::to_vector(llvm::seq<int64_t>(dim, dim + spread)));
  return {lin::map(builder, type, operands[1], map, [&](ImplicitLocOpBuilder &at, ValueRange elements) -> Value {
    SmallVector<Value> position;
    for (int64_t d = 0; d < input.getRank(); ++d)
      position.push_back(d == dim ? clamped(at, elements[0], input.getDimSize(dim))
                                  : linalg::IndexOp::create(at, d < dim ? d : d - 1 + spread).getResult());
    return tensor::ExtractOp::create(at, operands[0], position);
  })};
}

//===--- take_along ---===//

LogicalResult TakeAlongOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto input = tensorOf(adaptor.getInput()), indices = tensorOf(adaptor.getIndices());
  Check check(location, "take_along");
  if (failed(checkAlong(check, "input", input, indices, adaptor.getDim())) ||
      failed(checkNotEmpty(check, "input", input, indices, adaptor.getDim())))
    return failure();
  types.push_back(input.clone(indices.getShape()));
  return success();
}
SmallVector<Tensor> TakeAlongOp::vjp(ArrayRef<Tensor> cotangents) {
  Tensor x = tensor(getInput()), indices = tensor(getIndices()), g = cotangents[0];
  int64_t dim = getDim();
  Shape row = x.shape();
  row[dim] = 1;
  // One position a row: no two elements meet, and a comparison fuses where a scatter would not.
  if (indices.shape() == row)
    return {select(indices == iota(x.shape(), dim, indices.dtype()), g, zerosLike(x)), Tensor()};
  return {along<ScatterAddAlongOp>(dim, {zerosLike(x), indices, g}), Tensor()};
}
SmallVector<Value> TakeAlongOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto type = lin::storageOf(getOutput().getType());
  auto input = tensorOf(operands[0]);
  int64_t dim = getDim();
  if (type.getNumElements() == 0)
    return {lin::empty(builder, type)};
  return {lin::map(builder, type, operands[1], [&](ImplicitLocOpBuilder &at, ValueRange elements) -> Value {
    SmallVector<Value> position;
    for (int64_t d = 0; d < input.getRank(); ++d)
      position.push_back(d == dim ? clamped(at, elements[0], input.getDimSize(dim))
                                  : linalg::IndexOp::create(at, d).getResult());
    return tensor::ExtractOp::create(at, operands[0], position);
  })};
}

//===--- scatter_add ---===//

LogicalResult ScatterAddOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  auto into = tensorOf(adaptor.getInto()), indices = tensorOf(adaptor.getIndices()),
       updates = tensorOf(adaptor.getUpdates());
  int64_t dim = adaptor.getDim();
  Check check(location, "scatter_add");
  if (failed(check.dims("dim", dim, into.getRank())) || failed(check.element("updates", updates, "into", into)) ||
      failed(check.shape("updates", updates, takenShape(into, indices, dim))) ||
      failed(checkNotEmpty(check, "into", into, indices, dim)))
    return failure();
  types.push_back(into);
  return success();
}
SmallVector<Tensor> ScatterAddOp::vjp(ArrayRef<Tensor> cotangents) {
  return {cotangents[0], Tensor(), along<TakeOp>(getDim(), {cotangents[0], tensor(getIndices())})};
}
// The largest divisor of `number` that is at most `limit`.
static int64_t divisor(int64_t number, int64_t limit) {
  for (int64_t d = std::min(number, limit); d > 1; --d)
    if (number % d == 0)
      return d;
  return 1;
}
// A ready-made kernel. Destination and updates are (outer, rows, columns); a task owns a block of rows and columns at
// one outer position and goes over all indices in order, so that no two tasks write one element and every sum has one
// order. Blocks of columns are at least a cache line wide; rows are cut only where columns give too few tasks and the
// work is worth it.
SmallVector<Value> ScatterAddOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto type = tensorOf(operands[0]);
  auto indexType = tensorOf(operands[1]);
  int64_t dim = getDim(), count = indexType.getNumElements(), rows = type.getDimSize(dim), outer = 1, columns = 1;
  for (int64_t d = 0; d < type.getRank(); ++d)
    (d < dim ? outer : columns) *= d == dim ? 1 : type.getDimSize(d);
  if (type.getNumElements() == 0 || count == 0)
    return {operands[0]};
  Value into = lin::reshape(builder, operands[0], {outer, rows, columns}),
        indices = lin::reshape(builder, operands[1], {count}),
        updates = lin::reshape(builder, operands[2], {outer, count, columns});

  constexpr int64_t enoughTasks = 16, smallWork = 1 << 15;
  int64_t lineElements = std::max<int64_t>(1, 64 / (type.getElementTypeBitWidth() / 8));
  int64_t columnBlocks = 1, rowBlocks = 1;
  if (outer * count * columns > smallWork) {
    columnBlocks =
        divisor(columns, std::clamp<int64_t>(columns / lineElements, 1, std::max<int64_t>(1, enoughTasks / outer)));
    rowBlocks = divisor(rows, std::max<int64_t>(1, enoughTasks / (outer * columnBlocks)));
  }
  int64_t width = columns / columnBlocks, height = rows / rowBlocks;
  Loops loops{builder};
  auto scale = [&](Value block, int64_t size) -> Value {
    return arith::MulIOp::create(builder, block, loops.constant(size));
  };
  Value firstRow, firstColumn;
  ValueRange done = loops.tasks(
      {outer, rowBlocks, columnBlocks}, into, {1, height, width},
      [&](ValueRange task) -> SmallVector<OpFoldResult> {
        firstRow = scale(task[1], height), firstColumn = scale(task[2], width);
        return {task[0], firstRow, firstColumn};
      },
      [&](ValueRange task, ValueRange owned) -> SmallVector<Value> {
        return loops.loop(loops.constant(count), owned, [&](Value n, ValueRange carried) -> SmallVector<Value> {
          Value raw = tensor::ExtractOp::create(builder, indices, n);
          Scalar row = Scalar(builder, arith::IndexCastOp::create(builder, builder.getIndexType(), raw)) -
                       Scalar(builder, firstRow);
          Scalar inside = compare("ge", row, row.of(0)) & compare("lt", row, row.of(double(height)));
          return loops.loop(
              onlyIf(builder, inside, width), carried, [&](Value c, ValueRange slice) -> SmallVector<Value> {
                Value at = arith::AddIOp::create(builder, firstColumn, c);
                Value zero = loops.constant(0);
                Scalar update(builder, tensor::ExtractOp::create(builder, updates, ValueRange{task[0], n, at}));
                Scalar old(builder, tensor::ExtractOp::create(builder, slice[0], ValueRange{zero, row.value(), c}));
                return {tensor::InsertOp::create(builder, (old + update).value(), slice[0],
                                                 ValueRange{zero, row.value(), c})};
              });
        });
      });
  return {lin::reshape(builder, done[0], type.getShape())};
}

//===--- scatter_add_along ---===//

LogicalResult ScatterAddAlongOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                                  SmallVectorImpl<Type> &types) {
  auto into = tensorOf(adaptor.getInto()), indices = tensorOf(adaptor.getIndices()),
       updates = tensorOf(adaptor.getUpdates());
  Check check(location, "scatter_add_along");
  if (failed(checkAlong(check, "into", into, indices, adaptor.getDim())) ||
      failed(check.element("updates", updates, "into", into)) ||
      failed(check.shape("updates", updates, indices.getShape())) ||
      failed(checkNotEmpty(check, "into", into, indices, adaptor.getDim())))
    return failure();
  types.push_back(into);
  return success();
}
SmallVector<Tensor> ScatterAddAlongOp::vjp(ArrayRef<Tensor> cotangents) {
  return {cotangents[0], Tensor(), along<TakeAlongOp>(getDim(), {cotangents[0], tensor(getIndices())})};
}
// A ready-made kernel. A task owns the destination at one position of some dimensions other than `dim` (leading ones,
// until there are enough tasks) and goes over the updates there in order.
SmallVector<Value> ScatterAddAlongOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto type = tensorOf(operands[0]);
  auto extent = tensorOf(operands[1]).getShape(); // of the updates; the destination may be larger
  Value indices = operands[1], updates = operands[2];
  int64_t rank = type.getRank(), dim = getDim(), total = 1;
  if (type.getNumElements() == 0 || tensorOf(indices).getNumElements() == 0)
    return {operands[0]};
  constexpr int64_t enoughTasks = 16;
  SmallVector<int64_t> taskDims, taskCounts, innerDims, sizes(type.getShape());
  for (int64_t d = 0; d < rank; ++d) {
    if (d == dim || total >= enoughTasks) {
      innerDims.push_back(d);
      continue;
    }
    taskDims.push_back(d), taskCounts.push_back(extent[d]);
    sizes[d] = 1, total *= extent[d];
  }
  if (taskCounts.empty())
    taskCounts.push_back(1);
  Loops loops{builder};
  ValueRange done = loops.tasks(
      taskCounts, operands[0], sizes,
      [&](ValueRange task) {
        SmallVector<OpFoldResult> offsets = loops.fold(SmallVector<int64_t>(rank, 0));
        for (auto [d, position] : llvm::zip(taskDims, task)) // nothing to zip where the one task owns all
          offsets[d] = position;
        return offsets;
      },
      [&](ValueRange task, ValueRange owned) {
        // Where an update comes from, and where it goes within what the task owns.
        SmallVector<Value> from(rank), to(rank);
        for (auto [d, position] : llvm::zip(taskDims, task))
          from[d] = position, to[d] = loops.constant(0);
        std::function<SmallVector<Value>(ArrayRef<int64_t>, ValueRange)> along =
            [&](ArrayRef<int64_t> rest, ValueRange carried) -> SmallVector<Value> {
          if (!rest.empty())
            return loops.loop(loops.constant(extent[rest[0]]), carried, [&](Value i, ValueRange inner) {
              from[rest[0]] = to[rest[0]] = i;
              return along(rest.drop_front(), inner);
            });
          Value raw = tensor::ExtractOp::create(builder, indices, from);
          Scalar row(builder, arith::IndexCastOp::create(builder, builder.getIndexType(), raw));
          Scalar inside = compare("ge", row, row.of(0)) & compare("lt", row, row.of(double(type.getDimSize(dim))));
          to[dim] = row.value();
          return loops.loop(onlyIf(builder, inside, 1), carried, [&](Value, ValueRange slice) -> SmallVector<Value> {
            Scalar sum = Scalar(builder, tensor::ExtractOp::create(builder, slice[0], to)) +
                         Scalar(builder, tensor::ExtractOp::create(builder, updates, from));
            return {tensor::InsertOp::create(builder, sum.value(), slice[0], to)};
          });
        };
        return along(innerDims, owned);
      });
  return {done[0]};
}

//===--- sort ---===//

LogicalResult SortOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  auto type = tensorOf(adaptor.getInput());
  if (failed(Check(location, "sort").dims("dim", int64_t(adaptor.getDim()), type.getRank())))
    return failure();
  types.assign({type, RankedTensorType::get(type.getShape(), IntegerType::get(context, 64))});
  return success();
}
SmallVector<Tensor> SortOp::vjp(ArrayRef<Tensor> cotangents) {
  if (!cotangents[0])
    return {Tensor()};
  return {along<ScatterAddAlongOp>(getDim(), {zerosLike(tensor(getInput())), tensor(getPositions()), cotangents[0]})};
}
// Whether `r` has to stand before `l`, which came first: strictly, so that equals keep their order.
static Scalar isBefore(Scalar r, Scalar l, bool descending) {
  Scalar before = compare(descending ? "gt" : "lt", r, l);
  if (!r.isFloat())
    return before;
  Scalar rNan = compare("ne", r, r), lNan = compare("ne", l, l);
  return before | (descending ? rNan & !lNan : lNan & !rNan);
}
// A ready-made kernel: each task sorts the positions of one row by merging runs of 1, 2, 4, ... from one buffer to the
// other and back. Both buffers are results of the kernel (scratch of a task would have to fit its stack), the positions
// the last one written.
SmallVector<Value> SortOp::lower(ImplicitLocOpBuilder &builder, ValueRange operands) {
  auto type = tensorOf(operands[0]);
  auto positionType = RankedTensorType::get(type.getShape(), builder.getI64Type());
  int64_t dim = getDim(), size = type.getDimSize(dim), outer = 1, inner = 1;
  for (int64_t d = 0; d < type.getRank(); ++d)
    (d < dim ? outer : inner) *= d == dim ? 1 : type.getDimSize(d);
  if (type.getNumElements() == 0)
    return {operands[0], lin::empty(builder, positionType)};
  Value x = lin::reshape(builder, operands[0], {outer, size, inner});
  auto flat = tensorOf(x), flatPositions = positionType.clone({outer, size, inner});
  Loops loops{builder};
  Value zero = loops.constant(0), n = loops.constant(size);
  unsigned levels = llvm::Log2_64_Ceil(uint64_t(size));
  auto toI64 = [&](Value i) -> Value { return arith::IndexCastOp::create(builder, builder.getI64Type(), i); };
  auto toIndex = [&](Value i) -> Value { return arith::IndexCastOp::create(builder, builder.getIndexType(), i); };
  auto scalar = [&](Value value) { return Scalar(builder, value); };

  ValueRange done = loops.tasks(
      {outer, inner},
      {lin::empty(builder, flat), lin::empty(builder, flatPositions), lin::empty(builder, flatPositions)}, {1, size, 1},
      [&](ValueRange task) -> SmallVector<OpFoldResult> { return {task[0], builder.getIndexAttr(0), task[1]}; },
      [&](ValueRange task, ValueRange owned) -> SmallVector<Value> {
        auto element = [&](Value position) -> Value {
          return tensor::ExtractOp::create(builder, x, ValueRange{task[0], position, task[1]});
        };
        auto read = [&](Value buffer, Value i) -> Value {
          return toIndex(tensor::ExtractOp::create(builder, buffer, ValueRange{zero, i, zero}));
        };
        auto write = [&](Value value, Value buffer, Value i) -> Value {
          return tensor::InsertOp::create(builder, value, buffer, ValueRange{zero, i, zero});
        };
        // The last level writes the positions: with an even number of levels it starts there.
        Value from = owned[levels % 2 ? 2 : 1], to = owned[levels % 2 ? 1 : 2];
        from = loops.loop(n, from, [&](Value i, ValueRange carried) -> SmallVector<Value> {
          return {write(toI64(i), carried[0], i)};
        })[0];
        for (unsigned level = 0; level < levels; ++level) {
          Scalar run = scalar(loops.constant(int64_t(1) << level)), end = scalar(n);
          // The next of the left run, the next of the right one; both start anew with every pair of runs.
          ValueRange merged = loops.loop(n, {zero, zero, to}, [&](Value o, ValueRange carried) -> SmallVector<Value> {
            Scalar out = scalar(o);
            Scalar offset = out & scalar(loops.constant((int64_t(2) << level) - 1)), start = out - offset;
            Scalar middle = minimum(start + run, end), stop = minimum(middle + run, end);
            Scalar fresh = compare("eq", offset, scalar(zero));
            Scalar left = select(fresh, start, scalar(carried[0])), right = select(fresh, middle, scalar(carried[1]));
            // Both are read, inside the row at any rate, and one is chosen.
            Scalar last = scalar(loops.constant(size - 1));
            Value l = read(from, minimum(left, last).value()), r = read(from, minimum(right, last).value());
            Scalar hasLeft = compare("lt", left, middle), hasRight = compare("lt", right, stop);
            Scalar takeRight =
                hasRight & (!hasLeft | isBefore(scalar(element(r)), scalar(element(l)), getDescending()));
            Value next = select(takeRight, scalar(r), scalar(l)).value();
            Scalar one = scalar(loops.constant(1));
            return {select(takeRight, left, left + one).value(), select(takeRight, right + one, right).value(),
                    write(toI64(next), carried[2], o)};
          });
          to = from, from = merged[2];
        }
        Value values = loops.loop(n, owned[0], [&](Value i, ValueRange carried) -> SmallVector<Value> {
          return {write(element(read(from, i)), carried[0], i)};
        })[0];
        return {values, from, to};
      });
  return {lin::reshape(builder, done[0], type.getShape()), lin::reshape(builder, done[1], type.getShape())};
}

//===--- check_index ---===//

LogicalResult CheckIndexOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getIndices().getType());
  if (int64_t size = adaptor.getSize(); size < 0)
    return Check(location, "check_index").fail("size: expected at least 0, got " + Twine(size));
  return success();
}
// Checked before in this block for the same range, or a part of it: the first check stopped the call.
LogicalResult CheckIndexOp::canonicalize(CheckIndexOp op, PatternRewriter &rewriter) {
  auto covers = [&](CheckIndexOp other) {
    return other.getSize() <= op.getSize() && (!other.getIgnore() || other.getIgnore() == op.getIgnore());
  };
  auto replace = [&](Value by) {
    rewriter.replaceOp(op, by);
    return success();
  };
  if (auto inner = op.getIndices().getDefiningOp<CheckIndexOp>(); inner && covers(inner))
    return replace(inner.getResult());
  for (Operation *user : op.getIndices().getUsers())
    if (auto other = dyn_cast<CheckIndexOp>(user);
        other && other != op && other->getBlock() == op->getBlock() && other->isBeforeInBlock(op) && covers(other))
      return replace(other.getResult());
  return failure();
}

} // namespace ir
} // namespace nnc
