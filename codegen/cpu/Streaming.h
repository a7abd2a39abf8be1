// Results that go past the caches: a tensor that no cache holds until it is read is stored without its lines being read
// first, and without pushing out what is read. See Streaming.cpp.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "nnc/codegen/Target.h"
#include "nnc/codegen/cpu/Nest.h"

namespace nnc::codegen::cpu {

/// Marks operations whose results may be streamed: large arguments of the kernel that nothing in it reads. Before any
/// operation is lowered.
void markStreamedResults(mlir::func::FuncOp kernel, const Target &target);

/// Sets `streamed` of the accesses that a nest writes in whole lines, as far as they are marked: its results, or those
/// of its epilogue. `width` elements along loop `lane` are stored one after another, and if `complete` no element
/// twice.
void chooseStreams(Nest &nest, unsigned lane, int64_t width, bool complete);

} // namespace nnc::codegen::cpu
