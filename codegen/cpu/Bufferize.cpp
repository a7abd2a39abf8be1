// A kernel on tensors in destination-passing form -> the same on memrefs: result i is computed in the i-th of the last
// arguments, and the function returns nothing.
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "nnc/codegen/cpu/Cpu.h"

using namespace mlir;

namespace nnc::codegen::cpu {

// Whether `value` is certainly `destination` after in-place bufferization: a chain of ops that write into it.
static bool isWrittenInPlace(Value value, Value destination) {
  while (value != destination) {
    auto result = dyn_cast<OpResult>(value);
    if (!result)
      return false;
    Operation *op = result.getOwner();
    if (auto forall = dyn_cast<scf::ForallOp>(op))
      value = forall.getOutputs()[result.getResultNumber()];
    else if (auto loop = dyn_cast<scf::ForOp>(op))
      value = loop.getInitArgs()[result.getResultNumber()];
    else if (auto dps = dyn_cast<DestinationStyleOpInterface>(op))
      value = dps.getTiedOpOperand(result)->get();
    else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      value = insert.getDest();
    else if (auto insert = dyn_cast<tensor::InsertOp>(op))
      value = insert.getDest();
    else
      return false;
  }
  return true;
}

// A value returned that need not live in its destination is stored there, the last thing the kernel does.
static LogicalResult storeResults(func::FuncOp kernel) {
  auto ret = cast<func::ReturnOp>(kernel.getBody().front().getTerminator());
  unsigned arguments = kernel.getNumArguments(), results = ret.getNumOperands();
  if (results > arguments)
    return kernel.emitError("expected a destination argument for each of ") << results << " results, got " << arguments;
  OpBuilder builder(ret);
  for (unsigned i = 0; i < results; ++i) {
    Value value = ret.getOperand(i), destination = kernel.getArgument(arguments - results + i);
    if (value.getType() != destination.getType())
      return kernel.emitError("result ") << i << ": expected the type of its destination " << destination.getType()
                                         << ", got " << value.getType();
    if (isWrittenInPlace(value, destination))
      continue;
    auto store = bufferization::MaterializeInDestinationOp::create(builder, ret.getLoc(), destination.getType(), value,
                                                                   destination);
    ret.setOperand(i, store.getResult());
  }
  return success();
}

LogicalResult bufferize(ModuleOp module) {
  func::FuncOp kernel = *module.getOps<func::FuncOp>().begin();
  MLIRContext *context = module.getContext();
  if (!kernel.getBody().hasOneBlock())
    return kernel.emitError("expected a kernel of one block");
  for (Type type : kernel.getArgumentTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type); !tensor || !tensor.hasStaticShape())
      return kernel.emitError("expected arguments of static tensor type, got ") << type;
  {
    RewritePatternSet patterns(context);
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    (void)applyPatternsGreedily(kernel, std::move(patterns));
  }
  if (failed(storeResults(kernel)))
    return failure();

  // A private function nobody calls could be dropped or have its arguments treated as read-only.
  kernel.setPublic();
  unsigned arguments = kernel.getNumArguments(), results = kernel.getNumResults();
  bufferization::OneShotBufferizationOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.setFunctionBoundaryTypeConversion(bufferization::LayoutMapOption::IdentityLayoutMap);
  bufferization::BufferizationState state;
  if (failed(bufferization::runOneShotModuleBufferize(module, options, state)))
    return failure();

  // The results now are buffers equal to the destinations; where they are not, they are copied there.
  kernel = *module.getOps<func::FuncOp>().begin();
  auto ret = cast<func::ReturnOp>(kernel.getBody().front().getTerminator());
  OpBuilder builder(ret);
  for (unsigned i = 0; i < results; ++i) {
    Value value = ret.getOperand(i), destination = kernel.getArgument(arguments - results + i);
    while (auto cast = value.getDefiningOp<memref::CastOp>())
      value = cast.getSource();
    if (value != destination)
      memref::CopyOp::create(builder, ret.getLoc(), value, destination);
  }
  ret->setOperands({});
  kernel.setType(FunctionType::get(context, kernel.getArgumentTypes(), {}));
  kernel.removeResAttrsAttr();
  cleanUp(module);

  // Copies become linalg, so that one path makes loops of them (memref.copy of a strided view would call a runtime
  // function).
  IRRewriter rewriter(context);
  kernel.walk([&](memref::CopyOp copy) {
    rewriter.setInsertionPoint(copy);
    if (copy.getSource() != copy.getTarget())
      linalg::makeMemRefCopyOp(rewriter, copy.getLoc(), copy.getSource(), copy.getTarget());
    rewriter.eraseOp(copy);
  });
  return success();
}

} // namespace nnc::codegen::cpu
