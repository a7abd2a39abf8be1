#!/usr/bin/env python3
"""Fails when a file breaks the order of the folders or one of the two walls.

The rules, in the words of the README:
  chain   ir <- passes <- codegen; ir <- frontend <- nn; runtime depends on nothing. The .cpp files of frontend may call
          passes and codegen, which is how a traced model is compiled; its headers may name only the compiler as one call,
          codegen/object/Compile.h, which is a public header.
  llvm    runtime and the public headers (frontend, nn, ir/Tensor.h, ir/ops) reach no header of LLVM or MLIR.
  op      below linalg (codegen but codegen/lower) no code names an nn op.
  target  above linalg (ir, passes, frontend, nn) no code names a target.
  whole   nnc.h reaches every header of frontend and nn that is made for users.

usage: layering.py ROOT      the rules on the tree under ROOT
       layering.py --self-test   each rule on a small tree that breaks it
"""
import os
import re
import sys
import tempfile

# A file of the folder on the left may include from the folders on the right.
CHAIN = {
    "runtime": {"runtime"},
    "ir": {"ir", "runtime"},
    "passes": {"passes", "ir", "runtime"},
    "codegen": {"codegen", "passes", "ir", "runtime"},
    "frontend": {"frontend", "ir", "runtime"},
    "nn": {"nn", "frontend", "ir", "runtime"},
    "examples": {"examples", "nn", "frontend", "ir", "runtime"},
}
COMPILES = {"passes", "codegen"}  # what frontend/*.cpp may include besides
GATE = "codegen/object/Compile.h"  # what frontend/*.h may include besides
INTERNAL = {"frontend/Tracing.h"}  # headers of frontend that are not public and not installed: they see MLIR
UMBRELLA = "nnc.h"
# Headers of frontend and nn that users have no need of: what files of these folders share.
SHARED = INTERNAL | {"frontend/AbiTypes.h", "frontend/Seed.h", "nn/Check.h", "nn/Print.h", "nn/ModuleState.h"}
SOURCE = (".h", ".cpp", ".c", ".td", ".inc", ".in")
INCLUDE = re.compile(r'^\s*(?:#\s*include|include)\s+["<]([^">]+)[">]', re.M)
COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)
TARGET = re.compile(r"(?i)\b(?:nvvm|nvgpu|nvptx|ptx|cuda|rocdl|amdgpu|x86\w*|avx\w*|sse\d*|neon|aarch64)\b|"
                    r"(?i:nvvm::|x86vector|llvm/Target/)")


def blank(text):
    """The text without comments, strings kept, lines kept."""
    keep = lambda match: match.group(0) if match.group(0)[0] == '"' else re.sub(r"[^\n]", " ", match.group(0))
    return COMMENT.sub(keep, text)


def is_public(path):
    if not path.endswith(".h") or path in INTERNAL:
        return False
    return path.startswith(("runtime/", "frontend/", "nn/", "ir/ops/")) or path in ("ir/Tensor.h", GATE)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


class Tree:
    def __init__(self, root):
        self.files = {}
        for folder in CHAIN:
            for where, folders, names in os.walk(os.path.join(root, folder)):
                folders[:] = [name for name in folders if name != "build"]
                for name in names:
                    if name.endswith(SOURCE):
                        path = os.path.join(where, name)
                        with open(path, encoding="utf-8") as file:
                            self.files[os.path.relpath(path, root)] = blank(file.read())
        if os.path.exists(os.path.join(root, UMBRELLA)):
            with open(os.path.join(root, UMBRELLA), encoding="utf-8") as file:
                self.files[UMBRELLA] = blank(file.read())
        self.ops = set()
        for path, text in self.files.items():
            if path.startswith("ir/") and path.endswith(".td"):
                self.ops.update(re.findall(r'def\s+\w+Op\s*:\s*\w+<\s*"([\w.]+)"', text))
        self.errors = []

    def includes(self, path):
        """(line, what, the file of this tree that it is or None)"""
        text = self.files[path]
        for match in INCLUDE.finditer(text):
            what, file = match.group(1), None
            if what.startswith("nnc/"):
                file = what[len("nnc/"):]
            elif what.startswith("nnc-generated/"):
                file = what[len("nnc-generated/"):]
            else:
                beside = os.path.normpath(os.path.join(os.path.dirname(path), what))
                if beside in self.files:
                    file = beside
            yield line_of(text, match.start(1)), what, file

    def error(self, path, line, rule, message):
        self.errors.append(f"{path}:{line}: error: {rule}: {message}")

    def check_whole(self):
        seen, todo = {UMBRELLA}, [UMBRELLA]
        while todo:
            for line, what, file in self.includes(todo.pop()):
                if file in self.files and file not in seen:
                    seen.add(file)
                    todo.append(file)
        for path in sorted(self.files):
            if path.startswith(("frontend/", "nn/")) and path.endswith(".h") and path not in seen | SHARED:
                self.error(path, 1, "whole", f"{UMBRELLA} does not reach it")

    def check_chain(self, path):
        if path == UMBRELLA:
            return
        folder = path.split("/")[0]
        allowed = set(CHAIN[folder])
        if folder == "frontend" and path.endswith(".cpp"):
            allowed |= COMPILES
        for line, what, file in self.includes(path):
            target = file.split("/")[0] if file else None
            if folder == "frontend" and file == GATE:
                continue
            if target and target not in allowed and (target in CHAIN or target in ("tools", "tests")):
                self.error(path, line, "chain", f"{folder} includes {what}; it may include from {', '.join(sorted(allowed))}")

    def check_llvm(self, path):
        if not (path.startswith("runtime/") or is_public(path)):
            return
        seen, todo = {path}, [(path, None, [])]
        while todo:
            at, first, trail = todo.pop()
            for line, what, file in self.includes(at):
                line = first or line
                if what.startswith(("mlir/", "llvm/", "mlir-c/", "llvm-c/", "lld/", "nnc-generated/")):
                    through = f" (through {' '.join(trail)})" if trail else ""
                    kind = "the runtime" if path.startswith("runtime/") else "a public header"
                    self.error(path, line, "llvm", f"{kind} reaches {what}{through}")
                elif file in self.files and file not in seen:
                    seen.add(file)
                    todo.append((file, line, trail + [file]))

    def check_op(self, path):
        if not path.startswith("codegen/") or path.startswith("codegen/lower/"):
            return
        text = self.files[path]
        for line, what, file in self.includes(path):
            if file and file.startswith("ir/ops/"):
                self.error(path, line, "op", f"code below linalg includes {what}")
        for match in re.finditer(r'\bir::(\w+Op)\b|"nn\.([\w.]+)', text):
            if match.group(1) or match.group(2) in self.ops:
                self.error(path, line_of(text, match.start()), "op", f"code below linalg names {match.group(0)}")

    def check_target(self, path):
        if path.startswith(("ir/", "passes/", "frontend/", "nn/")):
            text = self.files[path]
            for match in TARGET.finditer(text):
                self.error(path, line_of(text, match.start()), "target", f"code above linalg names {match.group(0)}")

    def check(self):
        for path in sorted(self.files):
            self.check_chain(path)
            self.check_llvm(path)
            self.check_op(path)
            self.check_target(path)
        if UMBRELLA in self.files:
            self.check_whole()
        return self.errors


GOOD = {
    "ir/Tensor.h": '#include "nnc/runtime/Error.h"\n#include <string>\n// the mlir/IR.h way, on x86\n',
    "ir/Builder.h": '#include "mlir/IR/Builders.h"\n#include "nnc/ir/Tensor.h"\n',
    "ir/ops/Reduce.td": 'def Nnc_SumOp : Nnc_Op<"sum"> {}\n',
    "runtime/Error.h": "#include <stdexcept>\n",
    GATE: '#include "nnc/runtime/Error.h"\n',
    "frontend/Tracing.h": '#include "mlir/IR/BuiltinOps.h"\n',
    "frontend/Function.h": '#include "nnc/codegen/object/Compile.h"\n',
    "frontend/Compile.cpp": '#include "nnc/codegen/Pipelines.h"\nauto target = "native";\n',
    "codegen/Pipelines.h": '#include "nnc/passes/Passes.h"\n',
    "codegen/cpu/Kernel.cpp": 'auto a = f.getAttr("nn.name"); // nn.sum and ir::SumOp are long gone\n',
    "codegen/lower/Lower.cpp": '#include "nnc/ir/ops/Reduce.h"\nauto op = isa<ir::SumOp>(x);\n',
    "passes/Passes.h": "",
    UMBRELLA: '#include "nnc/frontend/Function.h"\n#include "nnc/nn/Linear.h"\n',
    "nn/Linear.h": '#include "nnc/ir/Tensor.h"\n',
    "examples/mnist/Main.cpp": '#include "Options.h"\n#include "nnc/nn/Linear.h"\n',
    "examples/mnist/Options.h": "",
}
# (rule, file, text that breaks it)
BAD = [
    ("chain", "ir/Bad.cpp", '#include "nnc/passes/Passes.h"\n'),
    ("chain", "passes/Bad.cpp", '#include "nnc/codegen/Pipelines.h"\n'),
    ("chain", "codegen/cpu/Bad.cpp", '#include "nnc/frontend/Compile.h"\n'),
    ("chain", "codegen/cpu/Bad.h", '#include "../../nn/Linear.h"\n'),
    ("chain", "frontend/AbiTypes.h", '#include "nnc/codegen/Pipelines.h"\n'),
    ("chain", "nn/Bad.cpp", '#include "nnc-generated/codegen/Schedule.h.inc"\n'),
    ("chain", "runtime/Bad.cpp", '#include "nnc/ir/Tensor.h"\n'),
    ("chain", "examples/bad/Main.cpp", '#include "nnc/codegen/Target.h"\n'),
    ("llvm", "runtime/Bad.cpp", '#include "llvm/ADT/SmallVector.h"\n'),
    ("llvm", "nn/Linear.h", "#include <mlir/IR/Builders.h>\n"),
    ("llvm", "frontend/AbiTypes.h", '#include "nnc/ir/Builder.h"\n'),
    ("llvm", GATE, '#include "mlir/IR/BuiltinOps.h"\n'),
    ("llvm", "nn/Linear.h", '#include "nnc/frontend/Tracing.h"\n'),
    ("op", "codegen/cpu/Bad.cpp", '#include "nnc/ir/ops/Reduce.h"\n'),
    ("op", "codegen/form/Bad.cpp", "return isa<ir::SumOp>(op);\n"),
    ("op", "codegen/schedule/Bad.cpp", 'return op->getName().getStringRef() == "nn.sum";\n'),
    ("target", "passes/Bad.cpp", 'int lanes = has("AVX512F") ? 16 : 8;\n'),
    ("target", "ir/ops/Bad.td", 'let forward = "NVVM::Tanh::create(b, x)";\n'),
    ("target", "nn/Linear.h", "int x86_lanes();\n"),
    ("whole", "nn/Bad.h", '#include "nnc/ir/Tensor.h"\n'),
    ("target", "frontend/Bad.cpp", 'compile(f, "x86-64-v3");\n'),
]


def errors_of(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return Tree(root).check()


def self_test():
    errors = errors_of(GOOD)
    if errors:
        sys.exit("error: a tree that breaks no rule is refused:\n" + "\n".join(errors))
    for rule, path, text in BAD:
        errors = errors_of({**GOOD, path: text})
        if not any(error.startswith(f"{path}:1: ") for error in errors) or any(f": error: {rule}: " not in error for error in errors):
            sys.exit(f"error: expected a complaint of rule {rule} about {path} and no other with\n{text}got {errors}")
    print(f"{len(BAD)} bad files, each refused for its own reason")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tree = Tree(sys.argv[1])
    if len(tree.files) < 50 or len(tree.ops) < 20:
        sys.exit(f"error: {sys.argv[1]} is not nnc's source: {len(tree.files)} files, {len(tree.ops)} ops")
    errors = tree.check()
    if errors:
        sys.exit("\n".join(errors))
    print(f"{len(tree.files)} files, {len(tree.ops)} ops: the folders are in order")


main()
