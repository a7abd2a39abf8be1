// The ops that concern the schedule and not a kernel: scan, run-time checks, collectives.
#pragma once
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace nnc::codegen {

bool isControl(mlir::Operation *op);
/// Lowers one of them and maps its results.
mlir::LogicalResult lowerControl(mlir::ImplicitLocOpBuilder &builder, mlir::Operation *op, mlir::ValueRange operands,
                                 mlir::IRMapping &mapping);
/// Lowers a block's ops one by one at `builder`; the block's arguments are already mapped.
mlir::LogicalResult lowerBlock(mlir::OpBuilder &builder, mlir::Block &block, mlir::IRMapping &mapping);

} // namespace nnc::codegen
