#!/usr/bin/env python3
"""The transformer in small: its validation loss falls below what pairs of letters give, so it looks further back than one
letter; a run that is interrupted and resumed ends like one that was not, to the bit; what it ships can be called."""

import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

program, data = sys.argv[1:3]


def start(out, *more):
    command = [program, "--data", f"{data}/text", "--out", str(out), "--layers", "2", "--heads", "2", "--width", "32",
               "--context", "16", "--batch", "32", "--lr", "1e-2", "--every", "400", "--iterations", "800", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def end(process, *expected):
    output = process.communicate()[0]
    print(output)
    assert process.returncode in expected, f"expected exit code {expected}, got {process.returncode}"
    return output


with tempfile.TemporaryDirectory() as folder:
    whole, stopped = pathlib.Path(folder, "whole/chargpt"), pathlib.Path(folder, "stopped/chargpt")
    output = end(start(whole.parent, "--sample", "40"), 0)
    losses = [float(loss) for loss in re.findall(r"validation loss ([0-9.]+)", output)]
    # log 65 = 4.17 without any knowledge, 3.35 with the frequencies of letters, 2.48 with those of pairs
    assert len(losses) == 2 and losses[1] < losses[0] and losses[1] < 2.42, losses
    assert (whole / "chargpt.so").exists() and "chargpt_train_step" in (whole / "chargpt.h").read_text()

    process = start(stopped.parent)
    while process.poll() is None and not (stopped / "checkpoint.safetensors").exists():
        time.sleep(0.01)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    end(process, 130, 0)  # 0: it was faster
    end(start(stopped.parent, "--resume"), 0)
    same = (stopped / "checkpoint.safetensors").read_bytes() == (whole / "checkpoint.safetensors").read_bytes()
    assert same, "the resumed run ended otherwise"
