// A group of operations that become one kernel: which loops are cut into tasks, who is computed inside a task, and how
// large a task is. All of it follows from shapes and indexing maps.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/MapVector.h"

namespace nnc::codegen {

/// Elements of an elementwise or row-wise task: some microseconds of work, and in the first cache levels.
constexpr int64_t taskElements = 16384;
/// Rows from which a sum over rows is a tree.
constexpr int64_t splitRows = 256;
/// On the first level of a reduction tree (unit attribute, gone when its kernel is built).
constexpr llvm::StringLiteral partialAttr = "sched.partial";
/// On a transposition between two orders of dimensions in memory (Layout.cpp): a kernel of its own.
constexpr llvm::StringLiteral reorderedAttr = "sched.reordered";

/// For each loop of an operation, which task dimension it runs over, -1 for a loop that a task runs whole.
using Labels = llvm::SmallVector<int>;

struct Group {
  llvm::SmallVector<int64_t> ranges; // of the task dimensions; none: one task
  llvm::SmallVector<int64_t> tiles;  // how many indices of each a task takes; the last task may have fewer
  llvm::MapVector<mlir::Operation *, Labels> members;

  bool contains(mlir::Operation *op) const { return members.contains(op); }
  int64_t tasks() const;
  /// Does every task compute its own part of this member?
  bool isPartitioned(mlir::Operation *op) const;
};

/// The group whose last operation is `root`: a linalg operation or an insert_slice. Without `fuse` only fills are
/// taken.
Group groupOf(mlir::Operation *root, bool fuse = true);

/// Labels of a producer's loops so that it makes just what `use`, in a member with labels `labels`, reads; none if the
/// parts do not match.
std::optional<Labels> labelsThrough(mlir::OpOperand &use, const Labels &labels);

/// The dimensions of a root that are cut into tasks.
llvm::SmallVector<bool> taskDims(mlir::Operation *root);
/// Choose `tiles` by the work in the group.
void chooseTiles(Group &group, mlir::Operation *root);

/// Loops of a member (an insert_slice loops over its source).
llvm::SmallVector<int64_t> loopRanges(mlir::Operation *op);

} // namespace nnc::codegen
