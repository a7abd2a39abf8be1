#!/usr/bin/env python3
"""The house rules that clang-format does not know, checked on the given files: each opens by saying what it holds, no
tabs, no spaces at line ends, one newline at the end, no line past 180 columns (C++ is clang-format's), no source past
1000 lines, no marks of unfinished work. usage: lint.py FILE...
"""
import re
import sys

CODE = (".cpp", ".h", ".c", ".td", ".py", ".sh", ".cmake", "CMakeLists.txt", ".mlir")
COMMENT = ("//", "/*", "#", '"""')
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")


def complaints(path, text):
    lines = text.split("\n")
    # a file opens with a comment; a script's first line and pragma once may stand before it
    first = next((line for line in lines if line.strip() and not line.startswith(("#!", "#pragma", "#ifndef", "#define"))), "")
    own = re.search(r'([^/]+)\.(?:cpp|c)$', path)  # a .cpp whose header says it need not say it again
    own = own and re.match(rf'#include "(?:.*/)?{own.group(1)}\.h"', first)
    if not own and (not first.startswith(COMMENT) or first.startswith("#include")):
        yield 1, "the file does not open with a comment on what it holds"
    if len(lines) > 1001 and not path.endswith(".mlir"):
        yield 1, f"{len(lines) - 1} lines; past 1000 a file holds two things"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield len(lines), "expected exactly one newline at the end"
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield number, "a tab"
        if line != line.rstrip():
            yield number, "spaces at the end of the line"
        if len(line) > 180 and path.endswith((".td", ".py", ".sh", ".cmake", "CMakeLists.txt")):
            yield number, f"{len(line)} columns; at most 180"
        if UNFINISHED.search(line) and not path.endswith("lint.py"):
            yield number, f"a mark of unfinished work: {UNFINISHED.search(line).group(0)}"


def main():
    bad = False
    for path in sys.argv[1:]:
        if path.endswith(CODE):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            for line, message in complaints(path, text):
                print(f"{path}:{line}: error: {message}", file=sys.stderr)
                bad = True
    sys.exit(bad)


main()
