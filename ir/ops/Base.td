// What the records of every op family share: the base class of ops and the tensor types.
#ifndef NNC_IR_OPS_BASE_TD
#define NNC_IR_OPS_BASE_TD
include "nnc/ir/Dialect.td"
include "nnc/ir/Interfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// `description` completes "operand #0 must be ...".
class Nnc_TensorOf<list<Type> types, string description> : Type<
    And<[StaticShapeTensorOf<types>.predicate, CPred<"::nnc::ir::isOfPossibleSize(::llvm::cast<::mlir::RankedTensorType>($_self))">]>,
    description # ", of static shape and at most 2^40 elements", "::mlir::RankedTensorType">;
def Nnc_Unsigned8 : Type<CPred<"$_self.isUnsignedInteger(8)">, "8-bit unsigned integer", "::mlir::IntegerType">;
def Nnc_Tensor : Nnc_TensorOf<[F32, F64, BF16, F16, I64, I32, I8, Nnc_Unsigned8, I1],
                              "a tensor of f32, f64, bf16, f16, i64, i32, i8, ui8 or i1">;
def Nnc_FloatTensor : Nnc_TensorOf<[F32, F64, BF16, F16], "a tensor of f32, f64, bf16 or f16">;
def Nnc_NumberTensor : Nnc_TensorOf<[F32, F64, BF16, F16, I64, I32, I8], "a tensor of f32, f64, bf16, f16, i64, i32 or i8">;
def Nnc_NumberOrByteTensor : Nnc_TensorOf<[F32, F64, BF16, F16, I64, I32, I8, Nnc_Unsigned8],
                                          "a tensor of f32, f64, bf16, f16, i64, i32, i8 or ui8">;
def Nnc_IndexTensor : Nnc_TensorOf<[I64, I32], "a tensor of i64 or i32">;
def Nnc_PositionTensor : Nnc_TensorOf<[I64], "a tensor of i64">;
def Nnc_IntTensor : Nnc_TensorOf<[I64, I32, I8], "a tensor of i64, i32 or i8">;
def Nnc_BitsTensor : Nnc_TensorOf<[I64, I32, I8, Nnc_Unsigned8, I1], "a tensor of i64, i32, i8, ui8 or i1">;
def Nnc_BoolTensor : Nnc_TensorOf<[I1], "a tensor of i1">;

// Methods whose bodies are in the family's .cpp, op by op: shape rule, gradient, lowering.
class Nnc_Op<string mnemonic, list<Trait> traits = []> : Op<Nnc_Dialect, mnemonic, traits> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

// The usual op of a family: pure, with a shape rule, a gradient and a lowering in the .cpp.
class Nnc_DifferentiableOp<string mnemonic, list<Trait> traits = []> : Nnc_Op<mnemonic, !listconcat([
    Pure, InferTypeOpAdaptor, DeclareOpInterfaceMethods<Nnc_Differentiable>,
    DeclareOpInterfaceMethods<Nnc_LowersToLinalg>], traits)>;

class Nnc_InactiveOp<string mnemonic, list<Trait> traits = []> : Nnc_Op<mnemonic, !listconcat([
    Pure, InferTypeOpAdaptor, Nnc_NotDifferentiable, DeclareOpInterfaceMethods<Nnc_LowersToLinalg>], traits)>;

#endif
