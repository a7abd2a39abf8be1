// One scan over the text, knowing only brackets, strings, comments and aliases.
#include "nnc/codegen/ModuleText.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace nnc::codegen {

namespace {

// What an alias stands for, with the aliases inside it expanded.
struct Extent {
  unsigned nesting = 0;
  uint64_t size = 0;
};

struct Scanner {
  Scanner(StringRef text, std::string &message, const char *&at, const TextLimits &limits)
      : text(text), message(message), at(at), limits(limits) {}
  StringRef text;
  std::string &message;
  const char *&at;
  const TextLimits &limits;

  std::string open;   // the brackets around the current position
  size_t element = 0; // where the current element began
  llvm::StringMap<Extent> aliases;
  std::string defining; // the alias whose definition is being read
  Extent extent;        // of that definition, or of the whole text

  bool fail(size_t position, const Twine &what) {
    message = what.str();
    at = text.data() + std::min(position, text.size()); // a string or comment may be cut by the end
    return false;
  }

  // `extra` is what an alias at this place adds.
  bool enter(size_t position, unsigned extra) {
    extent.nesting = std::max<unsigned>(extent.nesting, open.size() + extra);
    if (open.size() + extra > limits.nesting)
      return fail(position, "nested more than " + Twine(limits.nesting) + " deep");
    return true;
  }

  void define(StringRef name) {
    if (!defining.empty())
      aliases[defining] = extent;
    defining = name.str();
    extent = {};
  }

  static bool isWord(char c) { return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$'; }

  bool endElement(size_t position) {
    bool bounded = !open.empty() && open.back() != '{';
    if (bounded && position - element > limits.element)
      return fail(element, "expression of more than " + Twine(limits.element) + " characters");
    element = position + 1;
    return true;
  }

  bool alias(size_t &i) {
    size_t end = i + 1;
    while (end < text.size() && isWord(text[end]))
      ++end;
    StringRef name = text.slice(i, end);
    size_t next = text.find_first_not_of(" \t\r\n", end);
    // the `=` of `#name = ...`, not of `==`
    if (open.empty() && next != StringRef::npos && text[next] == '=' && !text.substr(next).starts_with("==")) {
      define(name);
    } else if (auto known = aliases.find(name); known != aliases.end()) {
      if (!enter(i, known->second.nesting))
        return false;
      extent.size += known->second.size;
      if (extent.size > limits.expanded)
        return fail(i, "aliases expand to more than " + Twine(limits.expanded) + " characters");
    }
    i = end - 1;
    return true;
  }

  bool scan() {
    for (size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      ++extent.size;
      switch (c) {
      case '"': // to the end of the string; a line break ends it too, and the parser complains
        for (++i; i < text.size() && text[i] != '"' && text[i] != '\n'; ++i)
          i += text[i] == '\\';
        element = i + 1;
        break;
      case '/':
        if (text.substr(i).starts_with("//")) {
          i = std::min(text.find('\n', i), text.size());
          element = i + 1;
        }
        break;
      case '-':
        if (text.substr(i).starts_with("->"))
          ++i;
        break;
      case '(':
      case '[':
      case '{':
      case '<':
        if (!endElement(i))
          return false;
        // `a < b` of an affine set is no bracket, but counting it does no harm: `>=` closes it below
        open.push_back(c);
        if (!enter(i, 0))
          return false;
        break;
      case ')':
      case ']':
      case '}':
      case '>':
        if (!endElement(i))
          return false;
        if (!open.empty())
          open.pop_back();
        break;
      case ',':
        if (!endElement(i))
          return false;
        break;
      case '#':
      case '!':
        if (!alias(i))
          return false;
        break;
      }
    }
    return endElement(text.size());
  }
};

} // namespace

bool checkText(StringRef text, std::string &message, const char *&at, const TextLimits &limits) {
  return Scanner(text, message, at, limits).scan();
}

OwningOpRef<ModuleOp> parseModule(std::unique_ptr<llvm::MemoryBuffer> buffer, MLIRContext &context) {
  llvm::SourceMgr sources;
  StringRef text = buffer->getBuffer();
  std::string message, name = buffer->getBufferIdentifier().str();
  if (text.starts_with("ML\xefR")) {
    emitError(FileLineColLoc::get(&context, name, 1, 1)) << "expected text, got MLIR bytecode";
    return nullptr;
  }
  const char *at = nullptr;
  if (!checkText(text, message, at)) {
    size_t position = at - text.data();
    unsigned line = 1 + text.take_front(position).count('\n');
    unsigned column = 1 + position - (text.take_front(position).rfind('\n') + 1);
    emitError(FileLineColLoc::get(&context, name, line, column)) << message;
    return nullptr;
  }
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  return parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
}

OwningOpRef<ModuleOp> readModule(StringRef path, MLIRContext &context) {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/false);
  if (!buffer) {
    emitError(UnknownLoc::get(&context)) << "cannot read '" << path << "': " << buffer.getError().message();
    return nullptr;
  }
  return parseModule(std::move(*buffer), context);
}

} // namespace nnc::codegen
