#include "nnc/codegen/ErrorCollector.h"
#include "mlir/IR/Location.h"
#include "nnc/runtime/Error.h"

using namespace mlir;

namespace nnc::codegen {

// "model.cpp:41:20" of the first place in a file.
static std::string sourceOf(Location location) {
  std::string source;
  location->walk([&](Location inner) {
    auto file = dyn_cast<FileLineColLoc>(inner);
    if (!file || !file.getLine()) // without a line it is no place
      return WalkResult::advance();
    source = (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" + Twine(file.getColumn())).str();
    return WalkResult::interrupt();
  });
  return source;
}

ErrorCollector::ErrorCollector(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
          return failure();
        if (first.empty()) {
          std::string source = sourceOf(diagnostic.getLocation());
          first = (source.empty() ? "" : source + ": ") + "error: " + diagnostic.str();
        }
        return success();
      }) {}

void ErrorCollector::raise() const { throw Error(first.empty() ? "error: compilation failed" : first); }

} // namespace nnc::codegen
