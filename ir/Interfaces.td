// What the compiler knows about an op, as three interfaces and one trait; passes ask these and never list ops.
#ifndef NNC_IR_INTERFACES_TD
#define NNC_IR_INTERFACES_TD
include "mlir/IR/OpBase.td"

def Nnc_Differentiable : OpInterface<"Differentiable"> {
  let cppNamespace = "::nnc::ir";
  let description = "An op with a vector-Jacobian product, written with the same vocabulary as models.";
  let methods = [InterfaceMethod<[{
      The cotangent of each operand, given one for each result. An undefined tensor stands for zero, in both directions;
      at least one of `cotangents` is defined. New ops go to the thread's current builder.
    }], "::llvm::SmallVector<::nnc::Tensor>", "vjp", (ins "::llvm::ArrayRef<::nnc::Tensor>":$cotangents)>];
}

def Nnc_Pointwise : OpInterface<"Pointwise"> {
  let cppNamespace = "::nnc::ir";
  let description = "An op whose every element depends on the same element of its operands alone.";
  let methods = [InterfaceMethod<"The value of one element, from one element of each operand.", "::mlir::Value", "element",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder, "::mlir::ValueRange":$elements)>];
}

def Nnc_LowersToLinalg : OpInterface<"LowersToLinalg"> {
  let cppNamespace = "::nnc::ir";
  let description = "An op that can be written as structured loops on tensors.";
  let methods = [InterfaceMethod<[{
      The op's results as linalg on tensors. `operands` are the op's operands, lowered; booleans and bytes are i8 there, and
      such results are i8 too (see ir/Linalg.h).
    }], "::llvm::SmallVector<::mlir::Value>", "lower",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder, "::mlir::ValueRange":$operands)>];
}

def Nnc_Product : OpInterface<"Product"> {
  let cppNamespace = "::nnc::ir";
  let description = "An op that is linear in each of its first two operands.";
  let methods = [InterfaceMethod<[{
      The dimension of operand `operand` along which to scale it is to scale the result along its dimension `result`, each
      index by a factor of its own; nothing where there is none.
    }], "::std::optional<int64_t>", "scaledDim", (ins "unsigned":$operand, "int64_t":$result)>];
}

// Said of an op that has no gradient, so that a forgotten one is an error.
def Nnc_NotDifferentiable : NativeOpTrait<"NotDifferentiable"> { let cppNamespace = "::nnc::ir"; }

// Said of an op that concerns the schedule and not a kernel (checks, loops, collectives): codegen/lower/Control.cpp lowers it.
def Nnc_Control : NativeOpTrait<"Control"> { let cppNamespace = "::nnc::ir"; }

#endif
