// nnc: compile, run, inspect and measure models. Messages go to standard error. Exit status: 0, 1 when something
// failed, 2 when the command line is wrong.
#include "Tool.h"
#include "nnc/runtime/Error.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

using namespace nnc;

static const struct {
  llvm::cl::SubCommand &command;
  int (*main)();
} commands[] = {{tool::compileCommand, tool::compileMain},
                {tool::runCommand, tool::runMain},
                {tool::inspectCommand, tool::inspectMain},
                {tool::benchCommand, tool::benchMain}};

static void printUsage(llvm::raw_ostream &stream) {
  stream << "usage: nnc <command> [options]\n\ncommands:\n";
  for (auto &entry : commands)
    stream << "  " << llvm::left_justify(entry.command.getName(), 9) << entry.command.getDescription() << "\n";
  stream << "\n`nnc <command> --help` lists the options of a command.\n";
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::StringRef first = argc > 1 ? argv[1] : "";
  if (first == "--help" || first == "-h" || first == "help") {
    printUsage(llvm::outs());
    return 0;
  }
  if (first.empty()) {
    printUsage(llvm::errs());
    return 2;
  }
  bool known = false;
  for (auto &entry : commands) {
    known |= entry.command.getName() == first;
    llvm::cl::HideUnrelatedOptions(tool::category(), entry.command);
  }
  if (!known) {
    llvm::errs() << "nnc: error: unknown command '" << first << "': expected compile, run, inspect or bench\n";
    return 2;
  }
  if (!llvm::cl::ParseCommandLineOptions(argc, argv, "", &llvm::errs()))
    return 2;
  try {
    for (auto &entry : commands)
      if (entry.command)
        return entry.main();
  } catch (const Error &error) {
    llvm::StringRef message(error.what());
    // a message that begins with a place in a file needs no more
    if (message.contains(": error: "))
      llvm::errs() << message << "\n";
    else
      llvm::errs() << "nnc: error: " << (message.consume_front("error: "), message) << "\n";
  }
  return 1;
}
