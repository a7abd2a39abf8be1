// nnc-differentiate: a function's gradient as a function beside it.
#include "nnc/passes/Differentiate.h"
#include "nnc/ir/Builder.h"
#include "nnc/passes/Passes.h"
#include "nnc/runtime/Error.h"

using namespace mlir;
namespace nnc::passes {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "nnc-generated/passes/Passes.h.inc"

static bool isFloatTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa<FloatType>(tensor.getElementType());
}

// The numbers chosen, checked, or those of all float types.
static FailureOr<SmallVector<unsigned>> choose(func::FuncOp function, StringRef what, ArrayRef<unsigned> chosen,
                                               ArrayRef<Type> types) {
  for (unsigned number : chosen)
    if (number >= types.size() || !isFloatTensor(types[number]))
      return function.emitError() << what << " " << number << " of '" << function.getName()
                                  << "' is not a float tensor";
  SmallVector<unsigned> numbers(chosen);
  if (numbers.empty())
    for (auto [i, type] : llvm::enumerate(types))
      if (isFloatTensor(type))
        numbers.push_back(i);
  return numbers;
}

namespace {
struct Differentiate : impl::DifferentiateBase<Differentiate> {
  using DifferentiateBase::DifferentiateBase;

  void runOnOperation() override {
    func::FuncOp function;
    for (auto candidate : getOperation().getOps<func::FuncOp>())
      if (!function && !candidate.isExternal() && (this->function.empty() || candidate.getName() == this->function))
        function = candidate;
    if (!function) {
      getOperation().emitError() << "no function '" << this->function << "' to differentiate";
      return signalPassFailure();
    }
    auto by =
        choose(function, "argument", SmallVector<unsigned>(inputs.begin(), inputs.end()), function.getArgumentTypes());
    auto of =
        choose(function, "result", SmallVector<unsigned>(outputs.begin(), outputs.end()), function.getResultTypes());
    if (failed(by) || failed(of) || failed(addGradient(function, *by, *of)))
      signalPassFailure();
  }

  LogicalResult addGradient(func::FuncOp function, ArrayRef<unsigned> by, ArrayRef<unsigned> of) {
    func::FuncOp gradient = function.clone();
    gradient.setName((function.getName() + "_grad").str());
    gradient.removeResAttrsAttr();
    SymbolTable(getOperation()).insert(gradient, std::next(Block::iterator(function)));
    Block &body = gradient.getBody().front();
    auto ret = cast<func::ReturnOp>(body.getTerminator());
    std::vector<Tensor> results, cotangents, arguments;
    for (unsigned number : of) {
      results.push_back(ir::tensor(ret.getOperand(number)));
      if (failed(gradient.insertArgument(gradient.getNumArguments(), ret.getOperand(number).getType(), {},
                                         function.getLoc())))
        return failure();
      cotangents.push_back(ir::tensor(body.getArguments().back()));
    }
    for (unsigned number : by)
      arguments.push_back(ir::tensor(body.getArgument(number)));
    OpBuilder builder(ret);
    try {
      auto gradients = differentiate(builder, results, cotangents, arguments);
      ret.getOperandsMutable().assign(llvm::map_to_vector(gradients, ir::value));
    } catch (const Error &error) {
      return function.emitError() << error.what();
    }
    gradient.setType(builder.getFunctionType(gradient.getArgumentTypes(), ret.getOperandTypes()));
    return success();
  }
};
} // namespace

} // namespace nnc::passes
