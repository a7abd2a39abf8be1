// Prototypes with shapes in their types, structures of the weights and of each function's state, sizes, and short
// inline functions around the services of the object. C11, and C++ too.
#include "nnc/codegen/object/Header.h"
#include "nnc/codegen/object/Table.h"
#include "nnc/runtime/EmbeddedObject.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace nnc::codegen {

std::string identifier(StringRef name) {
  std::string result;
  for (char c : name)
    result += llvm::isAlnum(c) ? c : '_';
  if (result.empty() || llvm::isDigit(result[0]))
    result = "_" + result;
  return result;
}

namespace {

bool isReserved(StringRef word) {
  static const llvm::StringSet<> words = {
      "auto",   "break",    "case",     "char",     "const",     "continue", "default",   "do",      "double",
      "else",   "enum",     "extern",   "float",    "for",       "goto",     "if",        "inline",  "int",
      "long",   "register", "restrict", "return",   "short",     "signed",   "sizeof",    "static",  "struct",
      "switch", "typedef",  "union",    "unsigned", "void",      "volatile", "while",     "class",   "delete",
      "new",    "operator", "private",  "public",   "protected", "template", "this",      "throw",   "try",
      "catch",  "typename", "using",    "virtual",  "namespace", "bool",     "true",      "false",   "and",
      "or",     "not",      "xor",      "friend",   "explicit",  "export",   "workspace", "weights", "state",
      "module", "nullptr",  "concept",  "requires", "mutable",   "asm",      "typeof"};
  return words.contains(word);
}

// Distinct identifiers within one scope.
class Scope {
public:
  std::string add(StringRef name) {
    std::string word = identifier(name);
    if (isReserved(word))
      word += "_";
    std::string result = word;
    for (unsigned i = 2; !taken.insert(result).second; ++i)
      result = word + "_" + std::to_string(i);
    return result;
  }

private:
  llvm::StringSet<> taken;
};

StringRef cType(nnc_dtype dtype) {
  switch (dtype) {
  case NNC_F32:
    return "float";
  case NNC_F64:
    return "double";
  case NNC_I64:
    return "int64_t";
  case NNC_I32:
    return "int32_t";
  case NNC_I8:
    return "int8_t";
  case NNC_U8:
  case NNC_BOOL:
    return "uint8_t";
  default: // bf16 and f16 as bits
    return "uint16_t";
  }
}

std::string comment(StringRef text) { // of names that come from a file
  std::string result;
  for (char c : text)
    result += llvm::isPrint(c) ? c : '?';
  for (size_t at; (at = result.find("*/")) != std::string::npos;)
    result.replace(at, 2, "* ");
  return result;
}

class HeaderWriter {
public:
  explicit HeaderWriter(const Signature &signature)
      : signature(signature), lib(signature.name), upper(StringRef(signature.name).upper()), out(text) {}
  std::string write();

private:
  void intro();
  void weights();
  void function(const SignatureFunction &function, int32_t number);
  void state(const SignatureFunction &function, int32_t number);
  std::string parameter(const SignatureValue &value, const std::string &name, bool constant);

  const Signature &signature;
  std::string lib, upper, text;
  llvm::raw_string_ostream out;
  std::vector<std::string> weightNames;
};

// `const float x[1][28][28]`, `float *loss`
std::string HeaderWriter::parameter(const SignatureValue &value, const std::string &name, bool constant) {
  std::string result = (constant ? "const " : "") + cType(value.dtype).str() + " ";
  bool plain = value.dims.empty() || llvm::is_contained(value.dims, 0); // C has no arrays of nothing
  if (plain)
    return result + "*" + name;
  result += name;
  for (int64_t dim : value.dims)
    result += "[" + std::to_string(dim) + "]";
  return result;
}

void HeaderWriter::intro() {
  out << "/* " << lib << ": made by nnc. Functions:\n";
  for (const SignatureFunction &function : signature.functions)
    out << " *   " << lib << "_" << identifier(function.name) << ": " << function.launches.size()
        << " kernel launches, workspace of " << function.workspaceBytes << " bytes\n";
  out << " * Every function returns NNC_OK or another nnc_status; after the latter " << lib
      << "_last_error() says what was wrong.\n"
         " * The rules for pointers, threads and workspaces are in the text of the ABI below. */\n";
  out << "#ifndef NNC_" << upper << "_H\n#define NNC_" << upper << "_H\n\n";
  out << "/*===--- the ABI, the same in every header made by nnc ---===*/\n\n";
  StringRef abi(runtime::abiHeader().data(), runtime::abiHeader().size());
  out << abi.rtrim() << "\n\n";
  out << "#include <string.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  out << "/*===--- " << lib << " ---===*/\n\n";
  out << "/* The table of all that is inside. */\nconst nnc_module *" << lib << "_module(void);\n\n";
  out << "static inline const char *" << lib << "_last_error(void) { return " << lib
      << "_module()->services->last_error(); }\n";
  out << "/* Threads of the object's own pool, the caller included; 1: none. */\n";
  out << "static inline int32_t " << lib << "_set_threads(int32_t threads) { return " << lib
      << "_module()->services->set_threads(threads); }\n";
  out << "/* Lends a pool; null takes it back. */\n";
  out << "static inline void " << lib << "_set_pool(nnc_pool *pool) { " << lib
      << "_module()->services->set_pool(pool); }\n\n";
}

void HeaderWriter::weights() {
  auto rows = llvm::ArrayRef(signature.weights).drop_back(signature.constants);
  if (rows.empty())
    return;
  Scope scope;
  int64_t bytes = 0;
  bool embedded = true;
  for (const SignatureWeight &weight : rows) {
    weightNames.push_back(scope.add(weight.name));
    bytes += weight.bytes;
    embedded &= weight.data != nullptr;
  }
  out << "/* Parameters and buffers, " << bytes << " bytes. "
      << (embedded ? "All are embedded in the object: a null pointer stands for the embedded value, also in place of\n"
                     " * the structure."
                   : "Point the fields to your own memory, or open a safetensors file.")
      << " */\n";
  out << "typedef struct " << lib << "_weights {\n";
  for (auto [weight, name] : llvm::zip(rows, weightNames))
    out << "  const " << cType(weight.dtype) << " *" << name << "; /* " << comment(weight.name) << ": "
        << describe(weight.dtype, weight.dims) << " */\n";
  out << "} " << lib << "_weights;\n\n";
  out << "/* Maps a safetensors file that holds all of them. `file` is closed with " << lib
      << "_weights_close when no call uses\n * the weights any more. */\n";
  out << "static inline int32_t " << lib << "_weights_open(const char *path, " << lib
      << "_weights *weights, nnc_weights **file) {\n"
      << "  const nnc_services *services = " << lib << "_module()->services;\n"
      << "  int32_t status = services->weights_open(" << lib << "_module(), path, file);\n"
      << "  if (status == NNC_OK)\n"
      << "    memcpy((void *)weights, services->weights_data(*file), sizeof *weights);\n"
      << "  return status;\n}\n";
  out << "static inline void " << lib << "_weights_close(nnc_weights *file) { " << lib
      << "_module()->services->weights_close(file); }\n\n";
}

void HeaderWriter::state(const SignatureFunction &function, int32_t number) {
  std::string name = lib + "_" + identifier(function.name), macro = StringRef(name).upper();
  std::vector<int32_t> rows = stateArguments(function);
  Scope scope;
  std::vector<std::string> fields;
  std::vector<int64_t> offsets;
  int64_t bytes = 0;
  out << "/* The state of " << function.name << ". What is not const is updated by each call. */\n";
  out << "typedef struct " << name << "_state {\n";
  for (int32_t row : rows) {
    const SignatureValue &value = function.arguments[row];
    fields.push_back(scope.add(value.name));
    offsets.push_back(bytes);
    bytes += llvm::alignTo(value.bytes, NNC_ALIGNMENT);
    out << "  " << (value.updates < 0 ? "const " : "") << cType(value.dtype) << " *" << fields.back() << "; /* "
        << comment(value.name) << ": " << describe(value.dtype, value.dims) << " */\n";
  }
  out << "} " << name << "_state;\n\n";
  out << "#define " << macro << "_STATE_BYTES " << bytes << "\n\n";
  out << "/* Lays the state out in " << macro
      << "_STATE_BYTES bytes of memory, aligned to NNC_ALIGNMENT: embedded weights\n"
      << " * have their values, all else is zero. */\n";
  out << "static inline void " << name << "_state_init(" << name << "_state *state, void *memory) {\n"
      << "  char *bytes = (char *)memory;\n"
      << "  const nnc_weight *weights = " << lib << "_module()->weights;\n"
      << "  memset(bytes, 0, " << macro << "_STATE_BYTES);\n";
  bool any = false;
  for (auto [row, field, offset] : llvm::zip(rows, fields, offsets)) {
    const SignatureValue &value = function.arguments[row];
    out << "  state->" << field << " = (" << (value.updates < 0 ? "const " : "") << cType(value.dtype) << " *)(bytes + "
        << offset << ");\n";
    if (value.weight >= 0) {
      any = true;
      out << "  if (weights[" << value.weight << "].data)\n    memcpy(bytes + " << offset << ", weights["
          << value.weight << "].data, " << value.bytes << ");\n";
    }
  }
  if (!any)
    out << "  (void)weights;\n";
  out << "}\n";
  auto gather = [&] {
    out << "  void *arguments[" << function.arguments.size() << "] = {0};\n";
    for (auto [row, field] : llvm::zip(rows, fields))
      out << "  arguments[" << row << "] = (void *)state->" << field << ";\n";
  };
  out << "/* Saves the state as safetensors: beside `path` first, then renamed. */\n"
      << "static inline int32_t " << name << "_state_save(const " << name << "_state *state, const char *path) {\n";
  gather();
  out << "  return " << lib << "_module()->services->state_save(" << lib << "_module(), " << number
      << ", path, arguments);\n}\n";
  out << "/* Loads it; on failure nothing is changed. `flags`: 0 or NNC_IGNORE_UNEXPECTED. */\n"
      << "static inline int32_t " << name << "_state_load(const " << name
      << "_state *state, const char *path, int32_t flags) {\n";
  gather();
  out << "  return " << lib << "_module()->services->state_load(" << lib << "_module(), " << number
      << ", path, arguments, flags);\n}\n\n";
}

void HeaderWriter::function(const SignatureFunction &function, int32_t number) {
  std::string name = lib + "_" + identifier(function.name), macro = StringRef(name).upper();
  std::vector<TypedArgument> typed = typedArguments(function);
  out << "/*===--- " << comment(function.name) << " ---===*/\n\n";
  if (typed.front().passing == TypedArgument::State)
    state(function, number);
  int64_t constants = 0;
  for (const SignatureValue &value : function.arguments)
    constants += value.kind == NNC_CONSTANT ? value.bytes : 0;
  if (constants)
    out << "/* Its weights are frozen: what it reads, " << constants << " bytes, is in the object. */\n";
  out << "#define " << macro << " " << number << " /* its number, for services->invoke */\n";
  out << "#define " << macro << "_WORKSPACE_BYTES " << function.workspaceBytes << "\n\n";

  Scope scope;
  SmallVector<std::string> parameters, notes;
  for (const TypedArgument &argument : typed) {
    switch (argument.passing) {
    case TypedArgument::Weights:
      parameters.push_back("const " + lib + "_weights *weights");
      break;
    case TypedArgument::State:
      parameters.push_back("const " + name + "_state *state");
      break;
    case TypedArgument::Value: {
      const SignatureValue &value = function.arguments[argument.number];
      parameters.push_back(cType(value.dtype).str() + " " + scope.add(value.name));
      break;
    }
    case TypedArgument::Pointer: {
      const SignatureValue &value =
          argument.result ? function.results[argument.number] : function.arguments[argument.number];
      std::string word = scope.add(value.name);
      parameters.push_back(parameter(value, word, !argument.result && value.updates < 0));
      notes.push_back(word + ": " + describe(value.dtype, value.dims) + (argument.result ? ", result" : ""));
      break;
    }
    case TypedArgument::Workspace:
      parameters.push_back("void *workspace");
    }
  }
  out << "/* " << llvm::join(notes, "; ") << (notes.empty() ? "" : "; ") << "workspace: "
      << (function.workspaceBytes ? macro + "_WORKSPACE_BYTES bytes, aligned to NNC_ALIGNMENT" : "may be null")
      << " */\n";
  out << "int32_t " << name << "(" << llvm::join(parameters, ", ") << ");\n\n";
}

std::string HeaderWriter::write() {
  intro();
  weights();
  for (auto [number, row] : llvm::enumerate(signature.functions))
    function(row, number);
  out << "#ifdef __cplusplus\n} /* extern \"C\" */\n#endif\n\n#endif\n";
  return text;
}

} // namespace

std::string generateHeader(const Signature &signature) { return HeaderWriter(signature).write(); }

} // namespace nnc::codegen
