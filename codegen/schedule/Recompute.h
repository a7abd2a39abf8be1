// Values that are computed again instead of kept, to lower the peak of a schedule.
#pragma once
#include "nnc/codegen/schedule/InPlace.h"

namespace nnc::codegen {

/// Results that live across the peak are made again in front of those who need them behind it, where what they are made
/// from lives that long anyway and the time is little beside that of the whole function. True if there were any.
bool recomputeAcrossPeak(mlir::func::FuncOp function, InPlace &inPlace, mlir::SymbolTable &symbols);

} // namespace nnc::codegen
