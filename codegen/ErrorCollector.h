// Diagnostics of MLIR -> one exception, at the border to callers that know nothing of MLIR.
#pragma once
#include "mlir/IR/Diagnostics.h"
#include <string>

namespace nnc::codegen {

/// While it lives, errors of the context are kept instead of printed. The first is what the user did; what follows from
/// it is noise.
class ErrorCollector {
public:
  explicit ErrorCollector(mlir::MLIRContext *context);
  /// Throws nnc::Error: "model.cpp:41:20: error: ...", with no place where none is known.
  [[noreturn]] void raise() const;

private:
  std::string first;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace nnc::codegen
