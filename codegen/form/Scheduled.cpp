// What stays in a schedule beside launches: loops over tensors, contiguous views, constants, and index arithmetic.
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "nnc/codegen/form/Form.h"
#include "nnc/codegen/form/Traits.h"
#include "nnc/codegen/schedule/Schedule.h"

using namespace mlir;
using namespace nnc;

static bool isConstantIndex(Value value) { return value.getDefiningOp<arith::ConstantOp>() != nullptr; }

// Is each carried tensor the one before it, with something written into it? Only such a loop can be straight code: a
// swap needs the schedule's copies.
static bool carriesInPlace(scf::ForOp loop) {
  return llvm::all_of(llvm::zip(loop.getYieldedValues(), loop.getRegionIterArgs()), [](auto pair) {
    Value value = std::get<0>(pair), argument = std::get<1>(pair);
    while (value != argument) {
      Operation *maker = value.getDefiningOp();
      if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(maker))
        value = insert.getDest();
      else if (auto store = dyn_cast_or_null<tensor::InsertOp>(maker))
        value = store.getDest();
      else if (auto inner = dyn_cast_or_null<scf::ForOp>(maker))
        value = inner.getInitArgs()[cast<OpResult>(value).getResultNumber()];
      else
        return false;
    }
    return true;
  });
}

bool codegen::isScheduleLoop(Operation *op) {
  auto loop = dyn_cast<scf::ForOp>(op);
  if (!loop || loop.getInitArgs().empty())
    return false;
  if (!llvm::all_of(ValueRange{loop.getLowerBound(), loop.getUpperBound(), loop.getStep()}, isConstantIndex))
    return false;
  for (Type type : loop.getResultTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type); !tensor || !tensor.hasStaticShape())
      return false;
  return !carriesInPlace(loop) || llvm::any_of(*loop.getBody(), [](Operation &inner) {
    return isa<linalg::LinalgOp, scf::ForallOp, codegen::LaunchOp>(inner) || isScheduleLoop(&inner);
  });
}

static void addBlocks(Block &block, SmallVector<Block *> &blocks) {
  blocks.push_back(&block);
  for (Operation &op : block)
    if (codegen::isScheduleLoop(&op))
      addBlocks(*cast<scf::ForOp>(op).getBody(), blocks);
}

SmallVector<Block *> codegen::scheduleBlocks(func::FuncOp function) {
  SmallVector<Block *> blocks;
  if (!function.isExternal())
    addBlocks(function.getBody().front(), blocks);
  return blocks;
}

// Constants, counters of schedule loops, and integer arithmetic of these.
static bool isCounter(Value value) {
  if (!isa<IndexType>(value.getType()) && !value.getType().isInteger(64))
    return false;
  Operation *op = value.getDefiningOp();
  if (!op) {
    Operation *parent = value.getParentBlock()->getParentOp();
    return isa<IndexType>(value.getType()) && isa<scf::ForOp>(parent) && codegen::isScheduleLoop(parent);
  }
  if (op->hasTrait<OpTrait::ConstantLike>())
    return true;
  return isa<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp, arith::AddIOp, arith::SubIOp,
             arith::MulIOp, arith::IndexCastOp, arith::MinSIOp, arith::MaxSIOp>(op) &&
         llvm::all_of(op->getOperands(), isCounter);
}

static bool areCounters(OperandRange values) { return llvm::all_of(values, isCounter); }

bool codegen::isViewInKernels(Operation *op) {
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op))
    return !isContiguousSlice(slice) || !areCounters(slice.getOffsets());
  auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(op);
  return expand && isViewInKernels(expand.getSrc().getDefiningOp());
}

bool codegen::staysInSchedule(Operation *op) {
  if (op->hasTrait<OpTrait::IsTerminator>() || op->hasTrait<OpTrait::ConstantLike>() || isScheduleLoop(op))
    return true;
  if (isa<LaunchOp, CheckOp, tensor::EmptyOp, tensor::CollapseShapeOp>(op))
    return true;
  if (isa<tensor::ExtractSliceOp, tensor::ExpandShapeOp>(op))
    return !isViewInKernels(op);
  // static parts of a tensor are written by kernels; a row at a loop counter is written by the launch that makes it
  if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
    return isContiguousSlice(slice) && !slice.getOffsets().empty() && areCounters(slice.getOffsets());
  if (auto scalar = dyn_cast<tensor::FromElementsOp>(op)) // a loop counter handed to a kernel
    return scalar.getType().getRank() == 0 && isCounter(scalar.getElements().front());
  return op->getNumResults() == 1 && isCounter(op->getResult(0));
}
