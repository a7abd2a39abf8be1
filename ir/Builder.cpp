// The current builder, locations and the way from a diagnostic to an exception.
#include "nnc/ir/Builder.h"
#include "mlir/IR/Diagnostics.h"
#include "nnc/ir/Dialect.h"
#include "nnc/runtime/Error.h"
#include <fmt/format.h>

using namespace mlir;
namespace nnc {

std::string_view toString(DType type) {
  static constexpr std::string_view names[] = {"f32", "f64", "bf16", "f16", "i64", "i32", "i8", "u8", "i1"};
  return names[size_t(type)];
}
std::string toString(const Shape &shape) { return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x")); }
int64_t byteSize(DType type) {
  static constexpr int64_t sizes[] = {4, 8, 2, 2, 8, 4, 1, 1, 1};
  return sizes[size_t(type)];
}
int64_t elementCount(const Shape &shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    if (size == 0) // whatever the others are: their product may be more than fits
      return 0;
  for (int64_t size : shape)
    count *= size;
  return count;
}

static RankedTensorType checkedType(const Tensor &tensor) {
  if (!tensor)
    throw Error("a tensor without a value was used: it was never assigned");
  return ir::typeOf(tensor);
}
DType Tensor::dtype() const { return ir::dtypeOf(checkedType(*this).getElementType()); }
Shape Tensor::shape() const { return Shape(checkedType(*this).getShape()); }
int64_t Tensor::rank() const { return checkedType(*this).getRank(); }
int64_t Tensor::numel() const { return checkedType(*this).getNumElements(); }
int64_t Tensor::size(int64_t dim) const {
  auto type = checkedType(*this);
  int64_t index = dim < 0 ? dim + type.getRank() : dim;
  if (index < 0 || index >= type.getRank())
    throw Error(fmt::format("size: dim: expected a dimension in [{}, {}], got {} for {}", -type.getRank(),
                            type.getRank() - 1, dim, toString(shape())));
  return type.getDimSize(index);
}

namespace {
struct Layer {
  std::string display;
  Where where;
};
thread_local std::vector<Layer> layers;
thread_local ir::Builder *currentBuilder = nullptr;
} // namespace

LayerScope::LayerScope(std::string display, Where where) { layers.push_back({std::move(display), where}); }
LayerScope::~LayerScope() { layers.pop_back(); }

// The innermost layer's name at the outermost layer's call: the line that the user wrote.
static std::string describe(StringRef op, Where where, const std::string &message) {
  if (!layers.empty())
    where = layers.front().where;
  op.consume_front("nn.");
  std::string subject = layers.empty() ? op.str() : layers.back().display;
  if (!where.line()) // called by the library itself, for the user
    return fmt::format("{}: {}", subject, message);
  return fmt::format("{}:{}:{}: error: {}: {}", where.file_name(), where.line(), where.column(), subject, message);
}

void fail(std::string_view op, const std::string &message, Where where) { throw Error(describe(op, where, message)); }
void expectFloat(std::string_view op, std::string_view argument, Tensor x, Where where) {
  if (!isFloat(x.dtype()))
    fail(op, fmt::format("{}: expected a float tensor, got {}", argument, toString(x.dtype())), where);
}

namespace ir {

DType dtypeOf(Type element) {
  if (element.isF32())
    return DType::f32;
  if (element.isF64())
    return DType::f64;
  if (element.isBF16())
    return DType::bf16;
  if (element.isF16())
    return DType::f16;
  if (element.isUnsignedInteger(8))
    return DType::u8;
  switch (element.getIntOrFloatBitWidth()) {
  case 64:
    return DType::i64;
  case 32:
    return DType::i32;
  case 8:
    return DType::i8;
  default:
    return DType::i1;
  }
}

Type elementType(DType type, MLIRContext *context) {
  switch (type) {
  case DType::f32:
    return Float32Type::get(context);
  case DType::f64:
    return Float64Type::get(context);
  case DType::bf16:
    return BFloat16Type::get(context);
  case DType::f16:
    return Float16Type::get(context);
  case DType::i64:
    return IntegerType::get(context, 64);
  case DType::i32:
    return IntegerType::get(context, 32);
  case DType::i8:
    return IntegerType::get(context, 8);
  case DType::u8:
    return IntegerType::get(context, 8, IntegerType::Unsigned);
  case DType::i1:
    return IntegerType::get(context, 1);
  }
  llvm_unreachable("all element types are listed");
}

RankedTensorType tensorType(DType type, const Shape &shape, MLIRContext *context) {
  return RankedTensorType::get(shape, elementType(type, context));
}

Builder::Builder(OpBuilder builder, std::optional<Location> fixed)
    : builder_(builder), fixed_(fixed), outer_(currentBuilder) {
  currentBuilder = this;
}
Builder::~Builder() { currentBuilder = outer_; }
bool Builder::exists() { return currentBuilder != nullptr; }
Builder &Builder::current() {
  if (!currentBuilder)
    throw Error("a tensor operation was used outside a graph: call it inside a function that is traced "
                "(evaluate, compile, train_step)");
  return *currentBuilder;
}

Location Builder::location(Where where) const {
  if (fixed_)
    return *fixed_;
  MLIRContext *context = builder_.getContext();
  if (!layers.empty())
    where = layers.front().where;
  Location source = FileLineColLoc::get(context, where.file_name(), where.line(), where.column());
  return layers.empty() ? source : NameLoc::get(StringAttr::get(context, layers.back().display), source);
}

StringRef layerOf(Location location) {
  StringRef found;
  location->walk([&](Location inner) {
    if (auto name = dyn_cast<NameLoc>(inner)) {
      found = name.getName().getValue();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return found;
}

std::string sourceOf(Location location) {
  std::string found;
  location->walk([&](Location inner) {
    if (auto file = dyn_cast<FileLineColLoc>(inner); file && file.getLine()) {
      found = fmt::format("{}:{}:{}", file.getFilename().str(), file.getLine(), file.getColumn());
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return found;
}

namespace detail {

void inferOrThrow(StringRef op, Location location, Where where,
                  function_ref<LogicalResult(SmallVectorImpl<Type> &)> infer, SmallVectorImpl<Type> &types) {
  std::string message;
  ScopedDiagnosticHandler handler(location.getContext(), [&](Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
    return success();
  });
  if (succeeded(infer(types)))
    return;
  // A rule's message begins with the op's name; the layer's name says it better.
  StringRef text = message, mnemonic = op;
  mnemonic.consume_front("nn.");
  if (text.consume_front(mnemonic))
    text.consume_front(": ");
  fail(op, text.str(), where);
}

void checkOperands(StringRef op, ArrayRef<Tensor> operands, Where where) {
  Region *here = Builder::current().op().getInsertionBlock()->getParent();
  for (Tensor operand : operands) {
    if (!operand)
      fail(op, "a tensor without a value was used: it was never assigned", where);
    Region *from = value(operand).getParentRegion();
    if (from != here && !from->isProperAncestor(here))
      fail(op, "a tensor of another graph was used: pass it as an argument of the traced function", where);
  }
}

// What no shape rule has noticed (an element type that the op is not for) is noticed here, at the user's line.
Operation *createOp(OperationState &state, Where where) {
  for (Type type : state.types) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && !isOfPossibleSize(tensor))
      fail(state.name.getStringRef().str(),
           fmt::format("expected a result of at most 2^40 elements, got {}", toString(Shape(tensor.getShape()))),
           where);
  }
  Operation *op = Builder::current().op().create(state);
  std::string message;
  {
    ScopedDiagnosticHandler handler(op->getContext(), [&](Diagnostic &diagnostic) {
      if (message.empty())
        message = diagnostic.str();
      return success();
    });
    if (succeeded(op->getName().verifyInvariants(op)))
      return op;
  }
  std::string name = op->getName().getStringRef().str();
  StringRef text = message, mnemonic = name;
  mnemonic.consume_front("nn.");
  if (text.consume_front("'" + name + "' op ") || text.consume_front((mnemonic + ": ").str()))
    message = text.str();
  op->erase();
  fail(name, message, where);
}

} // namespace detail

int64_t wrapDim(StringRef op, int64_t dim, int64_t rank, Where where) {
  int64_t index = dim < 0 ? dim + rank : dim;
  if (index < 0 || index >= rank)
    fail(op, fmt::format("dim: expected a dimension in [{}, {}], got {}", -rank, rank - 1, dim), where);
  return index;
}
SmallVector<int64_t> wrapDims(StringRef op, ArrayRef<int64_t> dims, int64_t rank, Where where) {
  SmallVector<int64_t> wrapped;
  for (int64_t dim : dims) {
    int64_t index = wrapDim(op, dim, rank, where);
    if (llvm::is_contained(wrapped, index))
      fail(op, fmt::format("dim: dimension {} is given twice", dim), where);
    wrapped.push_back(index);
  }
  return wrapped;
}

} // namespace ir
} // namespace nnc
