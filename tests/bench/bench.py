#!/usr/bin/env python3
"""Runs workloads (workloads.py) with nnc and its peers, interleaved in rounds, and writes what it measured.

    bench.py [filter ...]       rows whose text or group contains one of the words (all without)
    --threads 1,2   --rounds N   --peers a,b   --out FILE (one JSON object a line)   --list

Every peer is a process of its own that sleeps while another is measured: a spinning pool beside another library's halves its
speed. Outputs are compared with the first peer's. Times are medians over all calls of all rounds; noise is the
half-width of the middle half of ours, relative to the median."""
import argparse
import json
import math
import os
import platform
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import workloads  # noqa: E402

OURS = "nnc"
# name: (package that must be there, command)
PEERS = {
    "torch": ("torch", ["torch_peer.py"]),
    "torch.compile": ("torch", ["torch_peer.py", "default"]),
    "torch.compile-max": ("torch", ["torch_peer.py", "max-autotune-no-cudagraphs"]),
    "onnxruntime": ("onnxruntime", ["onnx_peer.py", "onnxruntime"]),
    "openvino": ("openvino", ["onnx_peer.py", "openvino"]),
    "jax": ("jax", ["jax_peer.py"]),
}
RANDOM = ("dropout",)  # outputs that cannot be the same
TOLERANCE = {"train": 2e-3, "infer": 2e-3}  # relative to the largest magnitude; 1e-4 otherwise
BUDGET = 0.1  # seconds of calls in one round


class Worker:
    """A peer's process and the protocol of ours/Main.cpp."""

    def __init__(self, name, command, threads, folder):
        self.name = name
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads), NNC_NUM_THREADS=str(threads),
                           BENCH_THREADS=str(threads), KMP_BLOCKTIME="0", OMP_WAIT_POLICY="passive", NNC_CACHE_DIR=f"{folder}/{threads}-nnc",
                           TORCHINDUCTOR_CACHE_DIR=f"{folder}/{threads}-inductor", BENCH_CACHE=folder, PYTHONDONTWRITEBYTECODE="1")
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, env=environment, text=True)

    def ask(self, line, limit=900):
        """The answer's words; (None, why) where there is none."""
        try:
            print(line, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            return None, "the process has ended"
        if not select.select([self.process.stdout], [], [], limit)[0]:
            self.close()
            return None, f"no answer within {limit} s"
        status, _, rest = self.process.stdout.readline().strip().partition(" ")
        if status != "ok":
            return None, f"{status} {rest}".strip() or "the process has ended"
        return rest.split(), ""

    def memory(self, key):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))

    def close(self):
        self.process.kill()
        self.process.wait()


def compare(kind, ours, theirs):
    """The largest difference of all outputs, relative to the largest magnitude; None where there is nothing to compare."""
    import numpy

    names = sorted(set(os.listdir(ours)) & set(os.listdir(theirs)))
    if kind in RANDOM or not names:
        return None
    worst = 0.0
    for name in names:
        a, b = numpy.load(f"{ours}/{name}").astype("float64"), numpy.load(f"{theirs}/{name}").astype("float64")
        if a.shape != b.shape:
            return math.inf
        worst = max(worst, float(numpy.abs(a - b).max() / max(numpy.abs(b).max(), 1e-30))) if a.size else worst
    return worst


def measure(row, threads, names, options):
    kind = row.split()[0]
    result = {"row": row, "threads": threads, "peers": {}}
    workers = []
    for name in names:
        command = [options.ours] if name == OURS else [sys.executable, os.path.join(here, "peers", PEERS[name][1][0]), *PEERS[name][1][1:]]
        worker = Worker(name, command, threads, options.folder)
        peer = result["peers"][name] = {}
        worker.ask("hello")  # by now it has loaded its libraries
        before = worker.memory("VmRSS")
        answer, why = worker.ask("open " + row)
        if answer is None:
            peer["skipped"] = why
            worker.close()
            continue
        peer.update({key: float(value) for key, value in (word.split("=") for word in answer)})
        peer["times"], peer["before"] = [], before
        first, why = worker.ask("run 1")  # the second call of every peer: of training, all have taken two steps
        folder = tempfile.mkdtemp()
        if first is None or worker.ask("save " + folder)[0] is None:
            peer.clear()
            peer["skipped"] = why
            worker.close()
            continue
        peer["first"] = float(first[0])
        workers.append((worker, folder))
    for worker, folder in workers[1:]:
        if workers[0][0].name == OURS:
            error = compare(kind, workers[0][1], folder)
            result["peers"][worker.name]["difference"] = error
            if error is not None and error > TOLERANCE.get(kind, 1e-4):
                result["peers"][worker.name]["disagrees"] = True
    for _ in range(options.rounds):
        for worker, _ in workers:
            peer = result["peers"][worker.name]
            last = statistics.median(peer["times"]) if peer["times"] else peer["first"]
            time.sleep(0.02)  # the one before goes to sleep
            answer, why = worker.ask(f"run {max(1, min(200, int(BUDGET / max(last, 1e-7))))}")
            if answer is None:
                peer["skipped"] = why
                continue
            peer["times"] += map(float, answer)
    for worker, folder in workers:
        peer = result["peers"][worker.name]
        times = peer.pop("times")
        if "skipped" not in peer and times:
            quarters = statistics.quantiles(times, n=4) if len(times) > 1 else [times[0]] * 3
            peer.update(median=quarters[1], noise=(quarters[2] - quarters[0]) / 2 / quarters[1], calls=len(times))
            peer["memory"] = worker.memory("VmHWM") - peer.pop("before")
        worker.close()
        shutil.rmtree(folder, ignore_errors=True)
    return result


def machine():
    with open("/proc/cpuinfo") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    versions = {}
    for package in sorted({package for package, _ in PEERS.values()}):
        found = subprocess.run([sys.executable, "-c", f"import importlib.metadata as m; print(m.version('{package}'))"], capture_output=True, text=True)
        if found.returncode == 0:
            versions[package] = found.stdout.strip()
    return {"cpu": cpu, "processors": os.cpu_count(), "versions": versions}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("filter", nargs="*")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--ours", default=os.path.join(here, "../../build/bench/tests/bench/nnc_bench"))
    parser.add_argument("--out", default="bench.jsonl")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    rows = [row for group, all_rows in workloads.GROUPS.items() for row in all_rows
            if not options.filter or any(word in row or word == group for word in options.filter)]
    if not rows:
        sys.exit(f"no row contains {' or '.join(options.filter)}")
    if options.list:
        return print("\n".join(rows))
    about = machine()
    names = [OURS]
    for name in options.peers.split(","):
        if name not in PEERS:
            sys.exit(f"--peers: expected some of {', '.join(PEERS)}, got {name}")
        if PEERS[name][0] in about["versions"]:
            names.append(name)
        else:
            print(f"{name}: not installed, left out", file=sys.stderr)
    options.folder = tempfile.mkdtemp(prefix="nnc-bench-")  # cold caches
    disagree = 0
    try:
        with open(options.out, "a") as out:
            for row in rows:
                for threads in map(int, options.threads.split(",")):
                    result = dict(measure(row, threads, names, options), **about)
                    print(json.dumps(result), file=out, flush=True)
                    ours = result["peers"][OURS]
                    line = f"{row}  [{threads} thread{'s' * (threads > 1)}]  "
                    if "median" not in ours:
                        print(line + f"nnc: {ours.get('skipped')}", flush=True)
                        disagree += 1
                        continue
                    line += f"nnc {ours['median'] * 1e3:.4g} ms ±{ours['noise'] * 100:.0f} %"
                    for name, peer in result["peers"].items():
                        if name != OURS and "median" in peer:
                            line += f"  {name} {peer['median'] / ours['median']:.2f}x" + (" DISAGREES" if peer.get("disagrees") else "")
                            disagree += bool(peer.get("disagrees"))
                    print(line, flush=True)
    finally:
        shutil.rmtree(options.folder, ignore_errors=True)
    return 1 if disagree else 0


if __name__ == "__main__":
    sys.exit(main())
