#!/usr/bin/env python3
"""The LSTM character model in small: its validation loss falls well below what letter frequencies alone give, and a run that
is interrupted and resumed ends like one that was not, to the bit."""

import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

program, data = sys.argv[1:3]


def start(out, *more):
    command = [program, "--data", f"{data}/text", "--out", str(out), "--batch", "16", "--length", "16", "--hidden", "48",
               "--lr", "1e-2", "--every", "150", "--iterations", "300", "--sample", "40", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def end(process, *expected):
    output = process.communicate()[0]
    print(output)
    assert process.returncode in expected, f"expected exit code {expected}, got {process.returncode}"
    return output


def validation_losses(output):
    return [float(loss) for loss in re.findall(r"validation loss ([0-9.]+)", output)]


with tempfile.TemporaryDirectory() as folder:
    whole, stopped = pathlib.Path(folder, "whole"), pathlib.Path(folder, "stopped")
    checkpoint = pathlib.Path("charlstm", "checkpoint.safetensors")
    losses = validation_losses(end(start(whole), 0))
    # log 65 = 4.17 without any knowledge, 3.35 with the frequencies of letters, 2.48 with those of pairs
    assert len(losses) == 2 and losses[1] < losses[0] and losses[1] < 2.3, losses

    process = start(stopped)
    while process.poll() is None and not (stopped / checkpoint).exists():
        time.sleep(0.01)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    end(process, 130, 0)  # 0: it was faster
    assert validation_losses(end(start(stopped, "--resume"), 0))[-1:] in ([losses[1]], [])
    assert (stopped / checkpoint).read_bytes() == (whole / checkpoint).read_bytes(), "the resumed run ended otherwise"
