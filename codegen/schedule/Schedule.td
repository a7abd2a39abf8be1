// The schedule dialect: what a function is below linalg. A line of kernel launches, run-time checks and copies, first on
// tensors (level kernels), then on memrefs in one arena (level buffers). Everything else in a schedule is scf.for, views
// (collapse_shape, expand_shape, contiguous slices) and index arithmetic of loop counters.
#ifndef NNC_CODEGEN_SCHEDULE_TD
#define NNC_CODEGEN_SCHEDULE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def ScheduleDialect : Dialect {
  let name = "sched";
  let cppNamespace = "::nnc::codegen";
  let summary = "kernel launches, run-time checks and copies of a compiled function";
  let description = [{
    Attributes of a kernel function: `sched.kernel` (unit: it is one) and `sched.may_alias` (unit: some launch gives it one
    buffer as input and as output, so its arguments are not `noalias`), `sched.given` (arguments that in some launch are a result of
    the function, in memory of its caller). Attributes of a planned schedule function:
    `sched.prepare` (unit: it computes what another function takes, whose name is its name without `.prepare`, once and for
    all calls), `sched.peak_bytes` (size of the arena) and `sched.lower_bound_bytes` (most bytes live at once; no plan can be smaller
    in this order), and `sched.results` (for each result the function had, the argument that holds it now).
    A view of the arena carries `sched.buffer`, the number of the buffer it is (views of one number share their bytes).
  }];
  let extraClassDeclaration = [{
    static constexpr llvm::StringLiteral kernelAttr = "sched.kernel";
    static constexpr llvm::StringLiteral mayAliasAttr = "sched.may_alias";
    static constexpr llvm::StringLiteral givenAttr = "sched.given";
    static constexpr llvm::StringLiteral prepareAttr = "sched.prepare";
    static constexpr llvm::StringLiteral peakBytesAttr = "sched.peak_bytes";
    static constexpr llvm::StringLiteral lowerBoundAttr = "sched.lower_bound_bytes";
    static constexpr llvm::StringLiteral bufferAttr = "sched.buffer";
    // On a contraction that reads an image inside of zeros: the operand's number, then low and size of the image in
    // each of its dimensions. Steps outside may be left out of sums: they add a product with zero.
    static constexpr llvm::StringLiteral insideAttr = "sched.inside";
    static constexpr llvm::StringLiteral resultsAttr = "sched.results";
  }];
  // the attributes above are the dialect's own
  let hasOperationAttrVerify = 1;
}

class Sched_Op<string mnemonic, list<Trait> traits = []> : Op<ScheduleDialect, mnemonic, traits>;

def Sched_Buffer : AnyTypeOf<[AnyStaticShapeTensor, AnyStaticShapeMemRef], "static tensor or memref">;

def LaunchOp : Sched_Op<"launch", [AttrSizedOperandSegments, DestinationStyleOpInterface,
                                   DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
                                   DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "run all tasks of a kernel";
  let description = [{
    Runs tasks 0 to `tasks` of `kernel` in any order and on any number of threads. The kernel's arguments are `ins` followed
    by `outs`. On tensors, result i is `outs` i after the kernel has written it (all of it, or a part if the kernel says so;
    the rest keeps its value). On memrefs there are no results; an input that is also an output is updated in place.
    `layers` are the paths of the layers the launch works for.

    ```mlir
    %y = sched.launch @dot_bias_gelu_3f2a tasks(16) ins(%x, %w, %b : tensor<128x512xf32>, tensor<512x256xf32>, tensor<256xf32>)
                                          outs(%e : tensor<128x256xf32>) layers ["mlp.0", "mlp.1"]
    sched.launch @dot_bias_gelu_3f2a tasks(16) ins(%x, %w, %b : memref<128x512xf32>, memref<512x256xf32>, memref<256xf32>)
                                     outs(%e : memref<128x256xf32>) layers ["mlp.0", "mlp.1"]
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, ConfinedAttr<I64Attr, [IntPositive]>:$tasks,
                       Variadic<Sched_Buffer>:$inputs, Variadic<Sched_Buffer>:$outputs,
                       DefaultValuedAttr<StrArrayAttr, "{}">:$layers);
  let results = (outs Variadic<AnyStaticShapeTensor>:$results);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$kernel, "int64_t":$tasks, "::mlir::ValueRange":$inputs,
                                 "::mlir::ValueRange":$outputs, "::llvm::ArrayRef<std::string>":$layers)>];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutputsMutable(); }
    bool onBuffers() { return getResults().empty(); }
  }];
}

def CheckOp : Sched_Op<"check", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "stop the call when an index is out of range";
  let description = [{
    `position` holds the linear position of the first index of `indices` outside of `lower <= index < upper`, or any value not
    below the number of indices when all are in range. In the first case the call ends with an error that says `message`, the
    bounds, the index and its position, before any argument of the function has been written.

    ```mlir
    sched.check %first, %targets bounds(0, 10) "cross_entropy 'loss': target" : tensor<i64>, tensor<64xi64>
    ```
  }];
  let arguments = (ins Sched_Buffer:$position, Sched_Buffer:$indices, I64Attr:$lower, I64Attr:$upper, StrAttr:$message);
  let assemblyFormat = [{
    $position `,` $indices `bounds` `(` $lower `,` $upper `)` $message attr-dict `:` type($position) `,` type($indices)
  }];
  let hasVerifier = 1;
}

def CopyOp : Sched_Op<"copy", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "copy one contiguous buffer to another";
  let description = [{
    Both are contiguous and of one shape and element type; they are the same buffer or do not overlap.

    ```mlir
    sched.copy %new to %w : memref<784x128xf32>, memref<784x128xf32>
    ```
  }];
  let arguments = (ins AnyStaticShapeMemRef:$source, AnyStaticShapeMemRef:$target);
  let assemblyFormat = "$source `to` $target attr-dict `:` type($source) `,` type($target)";
  let hasVerifier = 1;
}

#endif // NNC_CODEGEN_SCHEDULE_TD
