// The collective family: vocabulary, then each op's shape rule and gradient. Lowering is in codegen/lower/Control.cpp.
#include "nnc/ir/ops/Collective.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Check.h"
#include "nnc/ir/Dialect.h"
#include <fmt/format.h>

using namespace mlir;
namespace nnc {

//===--- vocabulary ---===//

template <class Op>
static Tensor collective(std::string_view name, Tensor x, typename Op::Properties properties, int64_t ranks,
                         Where where) {
  if (x)
    expectFloat(name, "input", x, where);
  properties.ranks = ir::i64(ranks);
  return ir::tensor(ir::create<Op>(where, {x}, properties).getResult());
}
template <class Op> static Tensor alongDim(std::string_view name, Tensor x, int64_t ranks, int64_t dim, Where where) {
  typename Op::Properties properties;
  properties.dim = ir::i64(ir::wrapDim(name, dim, x.rank(), where));
  return collective<Op>(name, x, properties, ranks, where);
}
template <class Op> static Tensor withRoot(std::string_view name, Tensor x, int64_t ranks, int64_t root, Where where) {
  typename Op::Properties properties;
  properties.root = ir::i64(root);
  return collective<Op>(name, x, properties, ranks, where);
}
Tensor all_reduce(Tensor x, int64_t ranks, Where where) {
  return collective<ir::AllReduceOp>("all_reduce", x, {}, ranks, where);
}
Tensor all_gather(Tensor x, int64_t ranks, int64_t dim, Where where) {
  return alongDim<ir::AllGatherOp>("all_gather", x, ranks, dim, where);
}
Tensor reduce_scatter(Tensor x, int64_t ranks, int64_t dim, Where where) {
  return alongDim<ir::ReduceScatterOp>("reduce_scatter", x, ranks, dim, where);
}
Tensor broadcast_from(Tensor x, int64_t ranks, int64_t root, Where where) {
  return withRoot<ir::BroadcastFromOp>("broadcast_from", x, ranks, root, where);
}
Tensor reduce_to(Tensor x, int64_t ranks, int64_t root, Where where) {
  return withRoot<ir::ReduceToOp>("reduce_to", x, ranks, root, where);
}

namespace ir {

static LogicalResult checkRanks(const Check &check, int64_t ranks) {
  return ranks < 1 ? check.fail("ranks: expected at least 1, got " + Twine(ranks)) : success();
}
static LogicalResult checkRoot(const Check &check, int64_t ranks, int64_t root) {
  if (failed(checkRanks(check, ranks)))
    return failure();
  return root < 0 || root >= ranks
             ? check.fail("root: expected a rank in [0, " + Twine(ranks) + "), got " + Twine(root))
             : success();
}

//===--- all_reduce ---===//

LogicalResult AllReduceOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return checkRanks(Check(location, "all_reduce"), adaptor.getRanks());
}
SmallVector<Tensor> AllReduceOp::vjp(ArrayRef<Tensor> cotangents) { return {all_reduce(cotangents[0], getRanks())}; }

//===--- all_gather ---===//

LogicalResult AllGatherOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  Check check(location, "all_gather");
  int64_t dim = adaptor.getDim();
  if (failed(checkRanks(check, adaptor.getRanks())) || failed(check.dims("dim", dim, type.getRank())))
    return failure();
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] *= adaptor.getRanks();
  types.push_back(type.clone(shape));
  return success();
}
SmallVector<Tensor> AllGatherOp::vjp(ArrayRef<Tensor> cotangents) {
  return {reduce_scatter(cotangents[0], getRanks(), getDim())};
}

//===--- reduce_scatter ---===//

LogicalResult ReduceScatterOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  Check check(location, "reduce_scatter");
  int64_t dim = adaptor.getDim(), ranks = adaptor.getRanks();
  if (failed(checkRanks(check, ranks)) || failed(check.dims("dim", dim, type.getRank())))
    return failure();
  SmallVector<int64_t> shape(type.getShape());
  if (shape[dim] % ranks)
    return check.fail("input: expected a multiple of " + Twine(ranks) + " ranks in dimension " + Twine(dim) + ", got " +
                      shapeText(type));
  shape[dim] /= ranks;
  types.push_back(type.clone(shape));
  return success();
}
SmallVector<Tensor> ReduceScatterOp::vjp(ArrayRef<Tensor> cotangents) {
  return {all_gather(cotangents[0], getRanks(), getDim())};
}

//===--- broadcast_from, reduce_to ---===//

LogicalResult BroadcastFromOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return checkRoot(Check(location, "broadcast_from"), adaptor.getRanks(), adaptor.getRoot());
}
SmallVector<Tensor> BroadcastFromOp::vjp(ArrayRef<Tensor> cotangents) {
  return {reduce_to(cotangents[0], getRanks(), getRoot())};
}
LogicalResult ReduceToOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return checkRoot(Check(location, "reduce_to"), adaptor.getRanks(), adaptor.getRoot());
}
SmallVector<Tensor> ReduceToOp::vjp(ArrayRef<Tensor> cotangents) {
  return {broadcast_from(cotangents[0], getRanks(), getRoot())};
}

} // namespace ir
} // namespace nnc
