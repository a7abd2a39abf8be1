#include "object_model.h"
#include "mlir/Parser/Parser.h"
#include "nnc/codegen/Dialects.h"
#include <fstream>
#include <sstream>

namespace nnc::test {

std::string modelText() {
  std::ifstream file(NNC_SOURCE_DIR "/tests/codegen/object-model.mlir");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

mlir::MLIRContext &modelContext() {
  static mlir::MLIRContext *context = [] {
    auto *result = new mlir::MLIRContext;
    codegen::loadDialects(*result);
    return result;
  }();
  return *context;
}

mlir::OwningOpRef<mlir::ModuleOp> parseModel(const std::string &text) {
  return mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&modelContext()), "model.mlir");
}

} // namespace nnc::test
