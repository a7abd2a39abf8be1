// Lives and bytes of the buffers in an arena, read from the finished schedule and not from the plan that made it.
#include "nnc/codegen/schedule/Verify.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "nnc/codegen/schedule/Storage.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

namespace {
struct Buffer {
  int64_t begin = INT64_MAX, end = 0;   // bytes
  int64_t first = INT64_MAX, last = -1; // on the timeline
  SmallVector<OpOperand *> uses;
  memref::ViewOp view; // for the message
};
} // namespace

// Uses through all views of a memref.
static void addUses(Value memref, SmallVector<OpOperand *> &uses) {
  for (OpOperand &use : memref.getUses()) {
    Operation *user = use.getOwner();
    if (isa<memref::SubViewOp, memref::CollapseShapeOp, memref::ExpandShapeOp, memref::ReinterpretCastOp>(user))
      addUses(user->getResult(0), uses);
    else
      uses.push_back(&use);
  }
}

static bool reads(OpOperand &use) {
  if (auto launch = dyn_cast<LaunchOp>(use.getOwner()))
    return use.getOperandNumber() < launch.getInputs().size();
  if (auto copy = dyn_cast<CopyOp>(use.getOwner()))
    return &use == &copy.getSourceMutable();
  return !isa<memref::StoreOp>(use.getOwner());
}

static void findLife(Buffer &buffer, const Timeline &timeline) {
  if (buffer.uses.empty())
    return;
  // the innermost block that has all uses
  Block *block = buffer.uses.front()->getOwner()->getBlock();
  while (!llvm::all_of(buffer.uses, [&](OpOperand *use) { return block->findAncestorOpInBlock(*use->getOwner()); }))
    block = block->getParentOp()->getBlock();
  int64_t firstWrite = INT64_MAX, firstRead = INT64_MAX;
  for (OpOperand *use : buffer.uses) {
    Operation *op = block->findAncestorOpInBlock(*use->getOwner());
    buffer.first = std::min(buffer.first, timeline.at(op));
    buffer.last = std::max(buffer.last, timeline.endOf(op));
    int64_t &earliest = reads(*use) ? firstRead : firstWrite;
    earliest = std::min(earliest, timeline.at(use->getOwner()));
  }
  if (auto loop = dyn_cast<scf::ForOp>(block->getParentOp()); loop && firstRead <= firstWrite) {
    buffer.first = std::min(buffer.first, timeline.at(loop)); // carried from one iteration to the next
    buffer.last = std::max(buffer.last, timeline.endOf(loop));
  }
}

LogicalResult codegen::verifyBuffers(func::FuncOp schedule) {
  Timeline timeline(schedule);
  Value arena = schedule.getArguments().back();
  int64_t arenaBytes = bytesOf(arena.getType());
  std::map<int64_t, Buffer> buffers;
  for (Operation *user : arena.getUsers()) {
    auto view = dyn_cast<memref::ViewOp>(user);
    auto number = user->getAttrOfType<IntegerAttr>(ScheduleDialect::bufferAttr);
    APInt offset;
    if (!view || !number || !matchPattern(view.getByteShift(), m_ConstantInt(&offset)))
      return user->emitError("expected a view of the arena at a constant offset, with the attribute '")
             << ScheduleDialect::bufferAttr << "'";
    Buffer &buffer = buffers[number.getInt()];
    buffer.view = view;
    buffer.begin = std::min(buffer.begin, offset.getSExtValue());
    buffer.end = std::max(buffer.end, offset.getSExtValue() + bytesOf(view.getType()));
    addUses(view, buffer.uses);
  }
  SmallVector<Buffer *> order;
  for (auto &[number, buffer] : buffers) {
    if (buffer.begin < 0 || buffer.end > arenaBytes)
      return buffer.view->emitError("buffer ends at byte ") << buffer.end << " of an arena of " << arenaBytes;
    findLife(buffer, timeline);
    order.push_back(&buffer);
  }
  llvm::sort(order, [](Buffer *a, Buffer *b) { return a->first < b->first; });
  for (size_t i = 0; i < order.size(); ++i)
    for (size_t j = i + 1; j < order.size() && order[j]->first <= order[i]->last; ++j)
      if (order[i]->begin < order[j]->end && order[j]->begin < order[i]->end) {
        InFlightDiagnostic error = order[j]->view->emitError("buffer shares bytes ")
                                   << order[j]->begin << " to " << order[j]->end
                                   << " with one that lives at the same time";
        error.attachNote(order[i]->view->getLoc()) << "bytes " << order[i]->begin << " to " << order[i]->end;
        return error;
      }
  return success();
}
