// The scratch of a kernel: buffers between its ops, of constant size, in its stack frame. The frame is entered once, so
// they are allocas of the entry block whatever loop they are used in. Where they are many or large, those that never
// live at once share memory.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "nnc/codegen/cpu/Cpu.h"
#include "nnc/codegen/cpu/Nest.h"

using namespace mlir;

namespace nnc::codegen::cpu {

// Up to here each buffer has memory of its own, which tells LLVM most about them.
static constexpr int64_t separateBytes = 64 << 10;
// A thread's stack is 8 MB on the systems we run on, and the caller has used some of it.
static constexpr int64_t maxBytes = 4 << 20;

namespace {

struct Scratch {
  memref::AllocOp alloc;
  int64_t bytes = 0, offset = 0;
  unsigned first = 0, last = 0; // positions of ops in the kernel's text between which it lives
};

} // namespace

// The last op of the kernel's text that touches the buffer; none if it goes where uses are not followed.
static std::optional<unsigned> lastUse(memref::AllocOp alloc, const DenseMap<Operation *, unsigned> &ends) {
  unsigned last = ends.lookup(alloc);
  SmallVector<Value> views = {alloc.getResult()};
  while (!views.empty()) {
    Value view = views.pop_back_val();
    for (Operation *user : view.getUsers()) {
      if (isa<ViewLikeOpInterface>(user))
        views.push_back(user->getResult(0));
      else if (!isa<linalg::LinalgOp, memref::LoadOp, memref::StoreOp, memref::CopyOp, memref::DimOp,
                    memref::DeallocOp>(user))
        return std::nullopt;
      // inside a loop of the buffer's block: to the loop's end
      Operation *ancestor = alloc->getBlock()->findAncestorOpInBlock(*user);
      if (!ancestor)
        return std::nullopt;
      last = std::max(last, ends.lookup(ancestor));
    }
  }
  return last;
}

LogicalResult placeScratch(func::FuncOp kernel) {
  DenseMap<Operation *, unsigned> starts, ends;
  unsigned position = 0;
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) { starts[op] = position++; });
  // an op ends where the last op inside it does
  kernel.walk([&](Operation *op) {
    unsigned end = starts[op];
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Operation &inner : block)
          end = std::max(end, ends[&inner]);
    ends[op] = end;
  });

  SmallVector<Scratch> buffers;
  int64_t total = 0;
  WalkResult walk = kernel.walk([&](memref::AllocOp alloc) -> WalkResult {
    MemRefType type = alloc.getType();
    if (!type.hasStaticShape())
      return alloc.emitError("expected scratch of static size, got ") << type;
    Scratch buffer{alloc};
    buffer.bytes = llvm::alignTo(std::max<int64_t>(type.getNumElements() * elementBytes(type.getElementType()), 1), 64);
    std::optional<unsigned> last = lastUse(alloc, ends);
    buffer.first = last ? starts[alloc] : 0;
    buffer.last = last ? *last : position;
    total += buffer.bytes;
    buffers.push_back(buffer);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  kernel.walk([](memref::DeallocOp dealloc) { dealloc.erase(); });

  IRRewriter rewriter(kernel.getContext());
  Block &entry = kernel.getBody().front();
  if (total <= separateBytes) {
    for (Scratch &buffer : buffers) {
      rewriter.setInsertionPointToStart(&entry);
      auto alloca = memref::AllocaOp::create(rewriter, buffer.alloc.getLoc(), buffer.alloc.getType(),
                                             rewriter.getI64IntegerAttr(64));
      rewriter.replaceOp(buffer.alloc, alloca);
    }
    return success();
  }

  // largest first, each at the lowest place free of those it lives with
  SmallVector<Scratch *> order;
  for (Scratch &buffer : buffers)
    order.push_back(&buffer);
  llvm::sort(order, [](Scratch *a, Scratch *b) { return a->bytes != b->bytes ? a->bytes > b->bytes : a < b; });
  int64_t frame = 0;
  SmallVector<Scratch *> placed;
  for (Scratch *buffer : order) {
    llvm::sort(placed, [](Scratch *a, Scratch *b) { return a->offset < b->offset; });
    int64_t offset = 0;
    for (Scratch *other : placed)
      if (buffer->first <= other->last && other->first <= buffer->last && offset + buffer->bytes > other->offset)
        offset = std::max(offset, other->offset + other->bytes);
    buffer->offset = offset;
    frame = std::max(frame, offset + buffer->bytes);
    placed.push_back(buffer);
  }
  if (frame > maxBytes)
    return kernel.emitError("needs ") << frame << " bytes of scratch a task, more than the " << maxBytes
                                      << " it may take from the stack";
  rewriter.setInsertionPointToStart(&entry);
  Value memory = memref::AllocaOp::create(rewriter, kernel.getLoc(), MemRefType::get({frame}, rewriter.getI8Type()),
                                          rewriter.getI64IntegerAttr(64));
  SmallVector<Value> views;
  for (Scratch &buffer : buffers) {
    Value offset = arith::ConstantIndexOp::create(rewriter, kernel.getLoc(), buffer.offset);
    views.push_back(
        memref::ViewOp::create(rewriter, buffer.alloc.getLoc(), buffer.alloc.getType(), memory, offset, ValueRange()));
  }
  for (auto [buffer, view] : llvm::zip(buffers, views))
    rewriter.replaceOp(buffer.alloc, view);
  return success();
}

} // namespace nnc::codegen::cpu
