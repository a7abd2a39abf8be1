// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011) as arith ops on i32.
#pragma once
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <array>

namespace nnc::ir {

/// The four words of the block that `counter` names under `key`.
std::array<mlir::Value, 4> philox4x32(mlir::ImplicitLocOpBuilder &builder, std::array<mlir::Value, 4> counter,
                                      std::array<mlir::Value, 2> key);

} // namespace nnc::ir
