// Bytes that are alive along an order of a schedule's operations, before any tensor has a place.
#pragma once
#include "nnc/codegen/schedule/InPlace.h"
#include "nnc/codegen/schedule/Storage.h"
#include <unordered_map>

namespace nnc::codegen {

/// Which tensors of a block an operation makes and reads, as numbers. A view counts as its base; what ends in an
/// argument or a result, and constants, are not counted.
class Live {
public:
  Live(mlir::Block &block, InPlace &inPlace);

  struct Uses {
    llvm::SmallVector<int, 2> made;
    llvm::SmallVector<int, 8> read; // each once
    /// For each of `made`, tensors it can be written over if they die here: a destination with content, or an input
    /// that the kernel is done with element by element.
    llvm::SmallVector<llvm::SmallVector<int, 2>, 2> over;
  };
  const Uses &of(mlir::Operation *op) const { return uses.find(op)->second; }
  int64_t bytes(int tensor) const { return sizes[tensor]; }
  size_t count() const { return sizes.size(); }
  bool counts(mlir::Value base) const { return numbers.contains(base); }
  /// Operations that read a tensor.
  int readers(int tensor) const { return reading[tensor]; }

private:
  std::optional<int> numberOf(mlir::Value base) const;
  void findOver(LaunchOp launch, InPlace &inPlace);

  std::unordered_map<mlir::Operation *, Uses> uses;
  llvm::DenseMap<mlir::Value, int> numbers;
  std::vector<int64_t> sizes;
  std::vector<int> reading;
};

/// One run along an order.
class LiveRun {
public:
  explicit LiveRun(const Live &live);
  /// Bytes that running `op` adds, less those it frees.
  int64_t change(mlir::Operation *op) const;
  void run(mlir::Operation *op);
  /// Most bytes while the last operation ran, and while any did.
  int64_t now = 0, peak = 0;

private:
  const Live &live;
  std::vector<int> pending; // reads that are to come
  int64_t alive = 0;
};

} // namespace nnc::codegen
