#!/usr/bin/env python3
"""Runs the `// RUN:` lines of one .mlir (or any text) file: a small lit.

Each RUN line (a trailing backslash continues it on the next RUN line) is one bash command, with pipefail, and all of them
must succeed. Substitutions: %s the file, %S its folder, %t a temporary path of this test's own, %% a percent sign;
nnc-opt, nnc, FileCheck and not name the tools wherever they stand as a word of their own. `// REQUIRES: word` skips the
test (exit 77) unless the word is a flag of this CPU (/proc/cpuinfo).
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


def commands(text):
    joined = ""
    for match in re.finditer(r"^\s*(?://|#|;)\s*RUN:\s*(.*?)\s*$", text, re.M):
        joined += match.group(1)
        if joined.endswith("\\"):
            joined = joined[:-1] + " "
            continue
        yield joined
        joined = ""
    if joined:
        sys.exit("error: the last RUN line ends in a backslash")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--tool", action="append", default=[], metavar="NAME=PATH", help="a word to replace by a path")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    options = parser.parse_args()

    path = os.path.abspath(options.file)
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    required = re.findall(r"^\s*(?://|#|;)\s*REQUIRES:\s*(\S+)\s*$", text, re.M)
    if required:
        with open("/proc/cpuinfo") as file:
            flags = file.read().split()
        for word in required:
            if word not in flags:
                print(f"skipped: needs {word}")
                sys.exit(SKIPPED)
    lines = list(commands(text))
    if not lines:
        sys.exit(f"error: {options.file}: no RUN line")

    folder = tempfile.mkdtemp(prefix="nnc-test-")
    substitutions = {"%s": path, "%S": os.path.dirname(path), "%t": os.path.join(folder, "t"), "%%": "%"}
    tools = dict(tool.split("=", 1) for tool in options.tool)
    try:
        for line in lines:
            line = re.sub(r"%[sSt%]", lambda match: substitutions[match.group(0)], line)
            if tools:
                words = "|".join(sorted(map(re.escape, tools), key=len, reverse=True))
                line = re.sub(rf"(?<![\w./-])(?:{words})(?![\w./-])", lambda match: tools[match.group(0)], line)
            result = subprocess.run(["bash", "-o", "pipefail", "-c", line], stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder)
            if result.returncode:
                sys.stdout.buffer.write(result.stdout)
                sys.stdout.flush()
                sys.exit(f"error: exit status {result.returncode}: {line}")
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


main()
