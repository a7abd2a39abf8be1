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

// Tensors without elements hold nothing to read or write: they leave the kernel, all but an argument each (of a rank
// that plain pointers are made for).
static void dropEmptyTensors(func::FuncOp kernel, SmallVector<Value> &destinations) {
  auto empty = [](Type type) { return cast<RankedTensorType>(type).getNumElements() == 0; };
  auto ret = cast<func::ReturnOp>(kernel.getBody().front().getTerminator());
  OpBuilder builder(kernel.getContext());
  builder.setInsertionPointToStart(&kernel.getBody().front());
  SmallVector<Value> values, kept;
  for (auto [value, destination] : llvm::zip(ret.getOperands(), destinations))
    if (!empty(value.getType())) {
      values.push_back(value);
      kept.push_back(destination);
    }
  ret->setOperands(values);
  destinations = kept;
  for (BlockArgument argument : kernel.getArguments()) {
    if (!empty(argument.getType()))
      continue;
    auto type = cast<RankedTensorType>(argument.getType());
    argument.replaceAllUsesWith(
        tensor::EmptyOp::create(builder, kernel.getLoc(), type.getShape(), type.getElementType()));
    argument.setType(RankedTensorType::get({0}, type.getElementType()));
  }
  kernel.setType(
      FunctionType::get(kernel.getContext(), kernel.getBody().getArgumentTypes(), ValueRange(values).getTypes()));
  kernel.removeResAttrsAttr();
}

// A value returned that need not live in its destination is stored there, the last thing the kernel does.
static void storeResults(func::FuncOp kernel, ArrayRef<Value> destinations) {
  auto ret = cast<func::ReturnOp>(kernel.getBody().front().getTerminator());
  OpBuilder builder(ret);
  for (auto [i, destination] : llvm::enumerate(destinations)) {
    Value value = ret.getOperand(i);
    if (isWrittenInPlace(value, destination))
      continue;
    auto store = bufferization::MaterializeInDestinationOp::create(builder, ret.getLoc(), destination.getType(), value,
                                                                   destination);
    ret.setOperand(i, store.getResult());
  }
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
  auto ret = cast<func::ReturnOp>(kernel.getBody().front().getTerminator());
  unsigned arguments = kernel.getNumArguments(), results = ret.getNumOperands();
  if (results > arguments)
    return kernel.emitError("expected a destination argument for each of ") << results << " results, got " << arguments;
  SmallVector<Value> destinations;
  for (unsigned i = 0; i < results; ++i) {
    destinations.push_back(kernel.getArgument(arguments - results + i));
    if (ret.getOperand(i).getType() != destinations[i].getType())
      return kernel.emitError("result ") << i << ": expected the type of its destination " << destinations[i].getType()
                                         << ", got " << ret.getOperand(i).getType();
  }
  dropEmptyTensors(kernel, destinations);
  storeResults(kernel, destinations);
  SmallVector<unsigned> places;
  for (Value destination : destinations)
    places.push_back(cast<BlockArgument>(destination).getArgNumber());

  // A private function nobody calls could be dropped or have its arguments treated as read-only.
  kernel.setPublic();
  bufferization::OneShotBufferizationOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.setFunctionBoundaryTypeConversion(bufferization::LayoutMapOption::IdentityLayoutMap);
  bufferization::BufferizationState state;
  if (failed(bufferization::runOneShotModuleBufferize(module, options, state)))
    return failure();

  // The results now are buffers equal to the destinations; where they are not, they are copied there.
  kernel = *module.getOps<func::FuncOp>().begin();
  ret = cast<func::ReturnOp>(kernel.getBody().front().getTerminator());
  OpBuilder builder(ret);
  for (auto [i, place] : llvm::enumerate(places)) {
    Value value = ret.getOperand(i), destination = kernel.getArgument(place);
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
