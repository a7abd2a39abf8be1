// Where every tensor of a schedule lives: in an argument, in a result, in a constant or in the arena, and for how long.
#pragma once
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "nnc/codegen/schedule/Schedule.h"

namespace nnc::codegen {

/// Order of the operations of a schedule. A loop begins before and ends after its body.
class Timeline {
public:
  explicit Timeline(mlir::func::FuncOp function);
  int64_t at(mlir::Operation *op) const { return begin.lookup(op); }
  int64_t endOf(mlir::Operation *op) const { return end.lookup(op); }
  /// When the tensor, or any view of it, is used for the last time; a use in a loop further in lasts until the loop
  /// ends.
  int64_t lastUse(mlir::Value value) const;
  static constexpr int64_t forever = INT64_MAX / 2;

private:
  void number(mlir::Block &block);
  int64_t next = 0;
  llvm::DenseMap<mlir::Operation *, int64_t> begin, end;
};

/// The tensor of which this is a view (collapse_shape, expand_shape, extract_slice), or the tensor itself.
mlir::Value baseOf(mlir::Value tensor);

struct Storage {
  enum Place { Argument, Result, Constant, Arena } place;
  int64_t number = 0; // of the argument or result
  int64_t bytes = 0;
  int64_t first = 0, last = 0; // life, on the timeline
  int64_t offset = -1;         // in the arena
  mlir::Value holds;           // the tensor it holds at the point the walk has come to
  bool carried = false;        // belongs to a loop that the walk is in
};

/// A copy the schedule needs, from a tensor (or the spare storage it was saved in) to a storage.
struct Copy {
  mlir::Value from;
  int64_t to;
  int64_t saved = -1;
};

/// The assignment for one schedule function.
struct Placement {
  std::vector<Storage> storages;
  llvm::DenseMap<mlir::Value, int64_t> of;                              // storage of a tensor that is no view
  llvm::DenseMap<mlir::Value, mlir::tensor::InsertSliceOp> forwarded;   // written straight to its place in a larger one
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<Copy, 1>> before; // copies before a launch, a loop, an insertion
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<Copy, 1>> atEnd;  // at a terminator, all at once
  llvm::DenseSet<mlir::Operation *> inPlace;                            // launches that write over an input

  Storage &storageOf(mlir::Value tensor) { return storages[of.lookup(baseOf(tensor))]; }
};

Placement placeTensors(mlir::func::FuncOp function, const Timeline &timeline, mlir::ModuleOp module);

/// The argument that a result of a schedule function is the new value of (`nn.updates`), if it is one.
std::optional<int64_t> updatedArgument(mlir::func::FuncOp function, unsigned result);

/// Choose offsets of the storages in the arena, 64-byte aligned. Returns its size.
int64_t chooseOffsets(Placement &placement);
/// The most bytes that live at once: no arena can be smaller.
int64_t lowerBound(const Placement &placement);

} // namespace nnc::codegen
