// The passes from graph to graph: what each does, why it exists, and the graph before and after.
#ifndef NNC_PASSES_PASSES_TD
#define NNC_PASSES_PASSES_TD
include "mlir/Pass/PassBase.td"

def Differentiate : Pass<"nnc-differentiate", "::mlir::ModuleOp"> {
  let summary = "add the gradient of a function beside it";
  let description = [{
    Why: reverse-mode differentiation is how training works, and as a pass it can be seen and tested alone; the frontend calls the
    same walk (ir/Differentiate.h) on the graph it traces.

    `<name>_grad` takes the function's arguments and a cotangent for each of `outputs`, and returns the gradient of each of `inputs`.

    ```mlir
    func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
      %y = nn.exp %x : (tensor<4xf32>) -> tensor<4xf32>
      return %y : tensor<4xf32>
    }
    // beside it
    func.func @f_grad(%x: tensor<4xf32>, %g: tensor<4xf32>) -> tensor<4xf32> {
      %y = nn.exp %x : (tensor<4xf32>) -> tensor<4xf32>
      %d = nn.mul %g, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      return %d : tensor<4xf32>
    }
    ```
  }];
  let options = [
    Option<"function", "function", "std::string", "", "Name of the function; the module's first where empty">,
    ListOption<"inputs", "inputs", "unsigned", "Arguments to differentiate by (default: all of float type)">,
    ListOption<"outputs", "outputs", "unsigned", "Results to differentiate (default: all of float type)">
  ];
  let dependentDialects = ["::nnc::ir::NncDialect"];
}

def Simplify : Pass<"nnc-simplify", "::mlir::func::FuncOp"> {
  let summary = "fold constants, remove what repeats and what nobody uses";
  let description = [{
    Why: gradients are written for the general case and traced models repeat themselves; a smaller graph is less to fuse, to plan
    and to read. Runs each op's own folding and canonicalisation, evaluates elementwise ops of constants (splats of any size,
    others up to `max-elements`; only where the arithmetic is exact in every compiler, so no exp or log), and then removes
    common subexpressions and dead values, until nothing changes.

    ```mlir
    %two = nn.constant {value = dense<2.0> : tensor<4xf32>} : () -> tensor<4xf32>
    %three = nn.constant {value = dense<3.0> : tensor<4xf32>} : () -> tensor<4xf32>
    %six = nn.mul %two, %three : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %dead = nn.exp %six : (tensor<4xf32>) -> tensor<4xf32>
    // becomes
    %six = nn.constant {value = dense<6.0> : tensor<4xf32>} : () -> tensor<4xf32>
    ```
  }];
  let options = [
    Option<"maxElements", "max-elements", "int64_t", "1024", "Largest constant made by folding that is not a splat">
  ];
  let dependentDialects = ["::nnc::ir::NncDialect"];
}

#endif // NNC_PASSES_PASSES_TD
