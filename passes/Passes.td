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

def FoldScales : Pass<"nnc-fold-scales", "::mlir::func::FuncOp"> {
  let summary = "fold what scales and shifts the result of a product into its frozen weight";
  let description = [{
    Why: a batch norm of running statistics is a scale and a shift of each channel. Behind a convolution or product whose weight
    is frozen, as everything of the norm is, the weight is scaled once instead of each result in each call, and what is left is
    a bias. It changes rounding, so it is done for frozen arguments (`nn.frozen`) alone. At least one factor must be of a
    weight; floats of 32 and 64 bits only.

    ```mlir
    %0 = nn.conv %x, %w ... : (tensor<8x3x9x9xf32>, tensor<6x3x3x3xf32>) -> tensor<8x6x7x7xf32>
    %1 = nn.broadcast %s {dims = array<i64: 1>} : (tensor<6xf32>) -> tensor<8x6x7x7xf32>
    %2 = nn.mul %0, %1 : (tensor<8x6x7x7xf32>, tensor<8x6x7x7xf32>) -> tensor<8x6x7x7xf32>
    // becomes
    %0 = nn.broadcast %s {dims = array<i64: 0>} : (tensor<6xf32>) -> tensor<6x3x3x3xf32>
    %1 = nn.mul %w, %0 : (tensor<6x3x3x3xf32>, tensor<6x3x3x3xf32>) -> tensor<6x3x3x3xf32>
    %2 = nn.conv %x, %1 ... : (tensor<8x3x9x9xf32>, tensor<6x3x3x3xf32>) -> tensor<8x6x7x7xf32>
    ```
  }];
  let dependentDialects = ["::nnc::ir::NncDialect"];
}

#endif // NNC_PASSES_PASSES_TD
