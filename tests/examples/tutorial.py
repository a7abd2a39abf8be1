#!/usr/bin/env python3
"""docs/tutorial.md and its programs say the same. A chapter `## N. ...` shows code of examples/tutorial/N_*.cpp, as whole
lines, and what the program prints, to the digit: results have the same bits on every machine. Steps 1 to 5 train the same
model with the same losses, to the last bit.

usage: tutorial.py PROGRAMS DATA [--write]      --write puts what is printed today into docs/tutorial.md"""

import pathlib
import re
import subprocess
import sys
import tempfile

programs, data = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
root = pathlib.Path(__file__).resolve().parents[2]
page = root / "docs" / "tutorial.md"
BLOCK = re.compile(r"```(\w*)\n(.*?)```\n", re.S)


def run(step, *more):
    with tempfile.TemporaryDirectory() as folder:  # step 8 writes files
        command = [programs / f"tutorial_{step}", "--data", data / "mnist", *more]
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"tutorial_{step}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def misuse(*words):
    done = subprocess.run([programs / "tutorial_1", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2, f"{words}: expected exit code 2, got {done.returncode}"
    return done.stderr


chapters = re.split(r"^(?=## )", page.read_text(), flags=re.M)
failures, outputs = [], {}
for index, chapter in enumerate(chapters):
    numbered = re.match(r"## (\d)\. ", chapter)
    if not numbered:
        continue
    step = numbered.group(1)
    (program,) = (root / "examples" / "tutorial").glob(f"{step}_*.cpp")
    assert f"](../examples/tutorial/{program.name})" in chapter, f"chapter {step}: expected a link to {program.name}"
    printed = outputs[step] = run(step)
    code = 0
    for language, text in BLOCK.findall(chapter):
        if language == "cpp":
            code += 1
            if "\n" + text not in "\n" + program.read_text():
                failures.append(f"chapter {step}: {program.name} has no such lines:\n{text}")
        elif text.startswith(f"$ tutorial_{step}\n"):
            expected = f"$ tutorial_{step}\n{printed}"
            if text != expected:
                failures.append(f"chapter {step}: it prints\n{printed}where the tutorial has\n{text}")
                chapters[index] = chapters[index].replace(text, expected)
    for line, column, op in re.findall(rf"{program.name}:(\d+):(\d+): error: (\w+):", chapter):
        place = program.read_text().splitlines()[int(line) - 1][int(column) - 1:]
        if not re.match(rf"(\w+::)?{op}\(", place):
            failures.append(f"chapter {step}: expected {op} in line {line}, column {column}, got {place}")
    assert code, f"chapter {step}: expected a block of C++"
    assert f"\n$ tutorial_{step}\n" in chapter, f"chapter {step}: expected what tutorial_{step} prints"

assert sorted(outputs) == list("12345678"), f"expected chapters 1 to 8, got {sorted(outputs)}"
if "--write" in sys.argv:
    page.write_text("".join(chapters))
    sys.exit()
for step in "2345":
    if outputs[step] != outputs["1"]:
        failures.append(f"steps 1 and {step} differ:\n{outputs['1']}{outputs[step]}")
losses = [float(loss) for loss in re.findall(r"loss (\S+)", outputs["1"])]
assert len(losses) == 10 and losses[0] > 2 and max(losses[-3:]) < 0.6, losses
assert run("5", "--digits", "128") == outputs["5"].splitlines(keepends=True)[0]
assert "no MNIST in nowhere; --data names its folder" in misuse("--data", "nowhere")
assert "--digits: expected 64 to 60000" in misuse("--digits", "63")
assert "usage:" in misuse("--steps")
sys.exit("\n".join(failures) or 0)
