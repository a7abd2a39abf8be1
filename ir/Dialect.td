// The nn dialect: a neural network as a dataflow graph of pure ops on ranked, static tensors.
#ifndef NNC_IR_DIALECT_TD
#define NNC_IR_DIALECT_TD
include "mlir/IR/OpBase.td"

def Nnc_Dialect : Dialect {
  let name = "nn";
  let cppNamespace = "::nnc::ir";
  let summary = "neural networks as static dataflow graphs";
  let description = [{
    Values are ranked tensors of static shape; ops are pure; broadcasting is explicit. State (parameters, buffers, optimizer
    state) enters a function as arguments and leaves it as results marked `nn.updates = <argument>`. Every value's location
    carries the layer and the source line it came from. The dialect is closed under differentiation.

    Attributes on function arguments: `nn.name` (string) and `nn.kind` (`input`, `parameter`, `buffer`, `optimizer`,
    `scalar`, `seed`, `step`); on results: `nn.name` and `nn.updates`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::nnc::scalar::ScalarDialect", "::mlir::tensor::TensorDialect", "::mlir::func::FuncDialect"
  ];
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    // For the families' own units, each of which adds its ops.
    template <class... Ops> void add() { addOperations<Ops...>(); }
  }];
}

#endif
