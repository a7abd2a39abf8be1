// Lowering of the ops that stay in the schedule: what a kernel can do of them is linalg, the rest are schedule ops and
// loops.
#include "nnc/codegen/lower/Control.h"
#include "nnc/codegen/schedule/Schedule.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Dialect.h"
#include "nnc/ir/Linalg.h"
#include <fmt/format.h>

using namespace mlir;
namespace nnc::codegen {

bool isControl(Operation *op) { return op->hasTrait<ir::Control>(); }

// A reduction to the first position out of range, and a check of it by the schedule. The indices themselves pass
// unchanged.
static Value lowerCheck(ImplicitLocOpBuilder &builder, ir::CheckIndexOp op, Value indices) {
  auto type = cast<RankedTensorType>(indices.getType());
  if (type.getNumElements() == 0)
    return indices;
  int64_t size = op.getSize();
  Value flat = ir::lin::reshape(builder, indices, {type.getNumElements()});
  Type i64 = builder.getI64Type();
  auto constant = [&](OpBuilder &at, int64_t number) -> Value {
    return arith::ConstantOp::create(at, builder.getLoc(), builder.getI64IntegerAttr(number));
  };
  Value none = ir::lin::filled(builder, RankedTensorType::get({}, i64), constant(builder, INT64_MAX));
  SmallVector<AffineMap> maps{ir::lin::identity(builder, 1), ir::lin::pick(builder, 1, {})};
  auto first = linalg::GenericOp::create(
      builder, TypeRange{none.getType()}, ValueRange{flat}, ValueRange{none}, maps, {utils::IteratorType::reduction},
      [&](OpBuilder &inner, Location location, ValueRange arguments) {
        ImplicitLocOpBuilder at(location, inner);
        ir::Scalar index(at, arguments[0]), found(at, arguments[1]);
        index = ir::convert(index, i64);
        ir::Scalar bad = ir::compare("lt", index, ir::Scalar(at, constant(at, 0))) |
                         ir::compare("ge", index, ir::Scalar(at, constant(at, size)));
        if (auto ignore = op.getIgnore())
          bad = bad & ir::compare("ne", index, ir::Scalar(at, constant(at, int64_t(*ignore))));
        ir::Scalar here(at, arith::IndexCastOp::create(at, i64, linalg::IndexOp::create(at, 0)));
        ir::Scalar position = ir::select(bad, here, ir::Scalar(at, constant(at, INT64_MAX)));
        linalg::YieldOp::create(at, ir::minimum(found, position).value());
      });
  std::string source = ir::sourceOf(op.getLoc()), layer = ir::layerOf(op.getLoc()).str();
  std::string message =
      (source.empty() ? "" : source + ": error: ") + (layer.empty() ? "" : layer + ": ") + op.getWhat().str();
  CheckOp::create(builder, first.getResult(0), indices, 0, size, message);
  return indices;
}

static SmallVector<OpFoldResult> sizes(OpBuilder &builder, ArrayRef<int64_t> shape) {
  return llvm::map_to_vector(shape, [&](int64_t size) -> OpFoldResult { return builder.getIndexAttr(size); });
}
namespace {
// Step `t` of a sequence as a slice: one row, whose dimension the element does not have.
struct Step {
  SmallVector<OpFoldResult> offsets, extents, strides;
  Step(OpBuilder &builder, Value t, RankedTensorType sequence) {
    offsets = sizes(builder, SmallVector<int64_t>(sequence.getRank(), 0)),
    extents = sizes(builder, sequence.getShape());
    strides = sizes(builder, SmallVector<int64_t>(sequence.getRank(), 1));
    offsets[0] = t, extents[0] = builder.getIndexAttr(1);
  }
};
} // namespace

// A loop in the schedule. It carries the carries and every stacked output, of which each step writes its row.
static LogicalResult lowerScan(ImplicitLocOpBuilder &builder, ir::ScanOp op, ValueRange operands, IRMapping &mapping) {
  unsigned carries = op.getCarries().size(), sequences = op.getSequences().size();
  Block &body = op.getBody().front();
  auto constant = [&](int64_t number) { return ir::lin::index(builder, number); };
  Value zero = constant(0), one = constant(1), length = constant(op.getLength()), last = constant(op.getLength() - 1);
  SmallVector<Value> carried(operands.take_front(carries));
  for (Value output : op.getResults().drop_front(carries))
    carried.push_back(ir::lin::empty(builder, ir::lin::storageOf(output.getType())));
  auto loop = scf::ForOp::create(builder, zero, length, one, carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value t = loop.getInductionVar();
  if (op.getReverse())
    t = arith::SubIOp::create(builder, last, t);

  IRMapping inner;
  for (unsigned i = 0; i < body.getNumArguments(); ++i) {
    Value value = i < carries ? loop.getRegionIterArg(i) : operands[i];
    if (i >= carries && i < carries + sequences) {
      Step step(builder, t, cast<RankedTensorType>(value.getType()));
      auto element = ir::lin::storageOf(body.getArgument(i).getType());
      value = tensor::ExtractSliceOp::create(builder, element, value, step.offsets, step.extents, step.strides);
    }
    inner.map(body.getArgument(i), value);
  }
  if (failed(lowerBlock(builder, body, inner)))
    return failure();
  SmallVector<Value> next;
  for (auto [i, yielded] : llvm::enumerate(body.getTerminator()->getOperands())) {
    Value value = inner.lookup(yielded);
    if (i >= carries) {
      Value rows = loop.getRegionIterArg(i);
      Step step(builder, t, cast<RankedTensorType>(rows.getType()));
      value = tensor::InsertSliceOp::create(builder, value, rows, step.offsets, step.extents, step.strides);
    }
    next.push_back(value);
  }
  scf::YieldOp::create(builder, next);
  mapping.map(op.getResults(), loop.getResults());
  return success();
}

static LogicalResult lowerCollective(Operation *op, ValueRange operands, IRMapping &mapping) {
  auto ranks = op->getAttrOfType<IntegerAttr>("ranks");
  if (!ranks)
    return op->emitOpError("has no lowering");
  if (ranks.getInt() != 1)
    return op->emitOpError("cannot be compiled for ") << ranks.getInt() << " ranks: expected 1";
  mapping.map(op->getResult(0), operands[0]);
  return success();
}

LogicalResult lowerControl(ImplicitLocOpBuilder &builder, Operation *op, ValueRange operands, IRMapping &mapping) {
  if (auto check = dyn_cast<ir::CheckIndexOp>(op)) {
    mapping.map(check.getResult(), lowerCheck(builder, check, operands[0]));
    return success();
  }
  if (auto scan = dyn_cast<ir::ScanOp>(op))
    return lowerScan(builder, scan, operands, mapping);
  if (isa<ir::YieldOp>(op)) // its operands are read by the loop
    return success();
  return lowerCollective(op, operands, mapping);
}

} // namespace nnc::codegen
