// The expectations shape rules are written with, so that all messages speak alike:
// `conv: input: expected 64 channels (weight is 128x64x3x3), got 32 in 8x32x28x28`.
#pragma once
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "nnc/ir/Tensor.h"

namespace nnc::ir {

std::string shapeText(mlir::Type type); // "8x32x28x28"
std::string shapeText(llvm::ArrayRef<int64_t> shape);
std::string elementText(mlir::Type type); // "f32"

/// Of a tensor, so that no size, number of bytes or sum of a few of them overflows.
inline constexpr int64_t mostElements = int64_t(1) << 40;
/// What a kernel covers of an input: dilation * (kernel - 1) + 1, or INT64_MAX where that is more than any input has.
int64_t windowSize(int64_t kernel, int64_t dilation);

class Check {
public:
  Check(std::optional<mlir::Location> location, llvm::StringRef op) : location_(location), op_(op) {}

  /// `<op>: <message>`.
  mlir::LogicalResult fail(const llvm::Twine &message) const;
  mlir::LogicalResult rank(llvm::StringRef argument, mlir::Type type, int64_t expected) const;
  mlir::LogicalResult shape(llvm::StringRef argument, mlir::Type type, llvm::ArrayRef<int64_t> expected) const;
  /// Same element type.
  mlir::LogicalResult element(llvm::StringRef argument, mlir::Type type, llvm::StringRef other,
                              mlir::Type expected) const;
  /// Same type as another argument.
  mlir::LogicalResult same(llvm::StringRef argument, mlir::Type type, llvm::StringRef other, mlir::Type expected) const;
  /// `count` integers, each at least `least` and at most mostElements.
  mlir::LogicalResult integers(llvm::StringRef argument, llvm::ArrayRef<int64_t> values, int64_t count,
                               int64_t least) const;
  /// Distinct dimensions of a tensor of that rank, ascending if `sorted`.
  mlir::LogicalResult dims(llvm::StringRef argument, llvm::ArrayRef<int64_t> dims, int64_t rank,
                           bool sorted = false) const;

private:
  std::optional<mlir::Location> location_;
  llvm::StringRef op_;
};

} // namespace nnc::ir
