// Executes functions of linalg, tensor, scf, arith and math on tensors, and planned schedules on memrefs, element by
// element in double precision: what formation and planning must not change. Tasks run in a shuffled order and read
// memory when they run, so that a task which overwrites what another one still reads is found.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include <memory>
#include <string>
#include <vector>

namespace nnc::test {

/// Elements in memory, one cell a byte: the element at byte b is in cell b, and the cells it covers beside are poison.
struct View {
  std::shared_ptr<std::vector<double>> cells;
  int64_t offset = 0, elementBytes = 4;
  llvm::SmallVector<int64_t> shape, strides;

  static View make(llvm::ArrayRef<int64_t> shape, mlir::Type element, double value);
  int64_t size() const;
  double &at(llvm::ArrayRef<int64_t> index) const;
  void set(llvm::ArrayRef<int64_t> index, double value) const;
  View copy() const;
  void assign(const View &from) const;
};

/// Calls `visit` with every index of a shape, in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape, llvm::function_ref<void(llvm::ArrayRef<int64_t>)> visit);

/// Runs a function on tensors; its results.
std::vector<View> interpret(mlir::func::FuncOp function, const std::vector<View> &arguments);
/// Runs a planned schedule on `arguments` (results and arena included). True unless a check failed.
bool interpretSchedule(mlir::func::FuncOp schedule, const std::vector<View> &arguments);

} // namespace nnc::test
