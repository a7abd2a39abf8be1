// The messages of shape rules.
#include "nnc/ir/Check.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Dialect.h"
#include <fmt/format.h>

using namespace mlir;
namespace nnc::ir {

std::string shapeText(ArrayRef<int64_t> shape) { return nnc::toString(Shape(shape)); }
std::string shapeText(Type type) { return shapeText(cast<RankedTensorType>(type).getShape()); }
std::string elementText(Type type) {
  return std::string(nnc::toString(dtypeOf(cast<RankedTensorType>(type).getElementType())));
}

bool isOfPossibleSize(RankedTensorType type) {
  int64_t rest = mostElements;
  for (int64_t size : type.getShape())
    if (size)
      rest /= size;
  return rest > 0;
}

int64_t windowSize(int64_t kernel, int64_t dilation) {
  return kernel - 1 > mostElements / dilation ? INT64_MAX : dilation * (kernel - 1) + 1;
}

LogicalResult Check::fail(const Twine &message) const { return emitOptionalError(location_, op_, ": ", message); }

LogicalResult Check::rank(StringRef argument, Type type, int64_t expected) const {
  int64_t rank = cast<RankedTensorType>(type).getRank();
  if (rank == expected)
    return success();
  return fail(argument + ": expected " + Twine(expected) + " dimensions, got " + Twine(rank) + " in " +
              shapeText(type));
}
LogicalResult Check::shape(StringRef argument, Type type, ArrayRef<int64_t> expected) const {
  if (cast<RankedTensorType>(type).getShape() == expected)
    return success();
  return fail(argument + ": expected shape " + shapeText(expected) + ", got " + shapeText(type));
}
LogicalResult Check::element(StringRef argument, Type type, StringRef other, Type expected) const {
  if (cast<RankedTensorType>(type).getElementType() == cast<RankedTensorType>(expected).getElementType())
    return success();
  return fail(argument + ": expected " + elementText(expected) + " as " + other + ", got " + elementText(type));
}
LogicalResult Check::same(StringRef argument, Type type, StringRef other, Type expected) const {
  if (type == expected)
    return success();
  return fail(argument + ": expected " + shapeText(expected) + " of " + elementText(expected) + " as " + other +
              ", got " + shapeText(type) + " of " + elementText(type));
}
LogicalResult Check::integers(StringRef argument, ArrayRef<int64_t> values, int64_t count, int64_t least) const {
  if (int64_t(values.size()) != count)
    return fail(argument + ": expected " + Twine(count) + " values, got " + Twine(values.size()));
  for (int64_t value : values)
    if (value < least)
      return fail(argument + ": expected at least " + Twine(least) + ", got " + Twine(value));
  for (int64_t value : values)
    if (value > mostElements)
      return fail(argument + ": expected at most " + Twine(mostElements) + ", got " + Twine(value));
  return success();
}
LogicalResult Check::dims(StringRef argument, ArrayRef<int64_t> dims, int64_t rank, bool sorted) const {
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (dim < 0 || dim >= rank)
      return fail(argument + ": dimension " + Twine(dim) + " is out of range for " + Twine(rank) + " dimensions");
    if (llvm::is_contained(dims.take_front(i), dim))
      return fail(argument + ": dimension " + Twine(dim) + " is given twice");
    if (sorted && i && dims[i - 1] > dim)
      return fail(argument + ": expected ascending dimensions, got " + fmt::format("{}", fmt::join(dims, ", ")));
  }
  return success();
}

} // namespace nnc::ir
