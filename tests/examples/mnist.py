"""A training run that gets SIGINT saves before it ends with status 130, and goes on from there to the same bits as a run
that was never interrupted.

usage: mnist.py MNIST_PROGRAM FOLDER_OF_DATA"""
import json
import signal
import struct
import subprocess
import sys
import tempfile

program, data = sys.argv[1:]


def command(folder, epochs, *more):
    return [program, "--data", f"{data}/mnist", "--out", folder, "--limit", "3200", "--epochs", str(epochs), *more]


def run(folder, epochs, *more):
    subprocess.run(command(folder, epochs, *more), check=True, stdout=subprocess.DEVNULL)


def checkpoint(folder):
    with open(f"{folder}/mlp/checkpoint.safetensors", "rb") as file:
        return file.read()


with tempfile.TemporaryDirectory() as interrupted, tempfile.TemporaryDirectory() as straight:
    # stopped within an epoch: some time after the first has ended
    with subprocess.Popen(command(interrupted, 1000000), stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("epoch 1 "):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    path = f"{interrupted}/mlp/checkpoint.safetensors"
    assert process.returncode == 130, f"expected status 130, got {process.returncode}"
    assert rest.endswith(f"interrupted: saved {path}\n"), rest

    saved = checkpoint(interrupted)
    place = json.loads(saved[8 : 8 + struct.unpack("<Q", saved[:8])[0]])["__metadata__"]
    epochs = int(place["epoch"]) + 1
    assert 1 <= int(place["batch"]) <= 50, place
    run(interrupted, epochs, "--resume")
    run(straight, epochs)
    assert checkpoint(interrupted) == checkpoint(straight), f"resuming at {place} gave other bits"
