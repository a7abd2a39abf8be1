// The order of the operations of a schedule, chosen before memory is planned.
#pragma once
#include "nnc/codegen/schedule/InPlace.h"

namespace nnc::codegen {

/// Loop counters and run-time checks first (so that no argument is written before the last check), then the given
/// order, or another one if fewer bytes are alive in it.
void orderSchedule(mlir::func::FuncOp function, InPlace &inPlace);

} // namespace nnc::codegen
