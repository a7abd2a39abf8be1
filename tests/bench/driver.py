"""Peers as processes: what there is, how one is asked, and how a row is measured with all of them in turns."""
import math
import os
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
OURS = "nnc"
# name: (Python package that must be there or program beside ours, command)
PEERS = {
    "torch": ("torch", ["torch_peer.py"]),
    "torch.compile": ("torch", ["torch_peer.py", "default"]),
    "torch.compile-max": ("torch", ["torch_peer.py", "max-autotune-no-cudagraphs"]),
    "onnxruntime": ("onnxruntime", ["onnx_peer.py", "onnxruntime"]),
    "openvino": ("openvino", ["onnx_peer.py", "openvino"]),
    "jax": ("jax", ["jax_peer.py"]),
    "onednn": ("bench_onednn", []),
    "onednn-winograd": ("bench_onednn", ["winograd"]),
}
MODELS = ("infer", "train")
RANDOM = ("dropout",)  # outputs that cannot be the same
TOLERANCE = {"train": 2e-3, "infer": 2e-3}  # relative to the largest magnitude; 1e-4 otherwise
BUDGET = 0.1  # seconds of calls in one round


class Worker:
    """A peer's process and the protocol of worker/Serve.h."""

    def __init__(self, name, command, threads, folder):
        self.name = name
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads), NNC_NUM_THREADS=str(threads),
                           BENCH_THREADS=str(threads), NNC_CACHE_DIR=f"{folder}/nnc", TORCHINDUCTOR_CACHE_DIR=f"{folder}/inductor",
                           BENCH_CACHE=os.path.dirname(folder), PYTHONDONTWRITEBYTECODE="1")
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, env=environment, text=True,
                                        start_new_session=True)
        self.alive = True

    def ask(self, line, limit=1800):
        """The answer's words; (None, why) where there is none."""
        try:
            print(line, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            return None, self.ended()
        if not select.select([self.process.stdout], [], [], limit)[0]:
            self.close()
            return None, f"no answer within {limit} s"
        status, _, rest = self.process.stdout.readline().strip().partition(" ")
        if not status:
            return None, self.ended()
        if status != "ok":
            return None, f"{status} {rest}".strip()
        return rest.split(), ""

    def ended(self):
        """Why there is no answer: how the process ended and the last line it wrote."""
        self.close()
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").strip().splitlines()
        return f"error the process has ended ({self.process.returncode})" + (": " + lines[-1][:300] if lines else "")

    def status(self, key):
        """A line of the process's status, in bytes."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key + ":"))

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def peak(self):
        """The most memory of its own at once since forget_peak, in bytes: without the pages of libraries and files."""
        return self.status("VmHWM") - self.status("RssFile") - self.status("RssShmem")

    def running(self):
        """Whether any of its threads computes or spins."""
        tasks = f"/proc/{self.process.pid}/task"
        for task in os.listdir(tasks) if os.path.isdir(tasks) else []:
            try:
                with open(f"{tasks}/{task}/stat") as file:
                    if file.read().rpartition(")")[2].split()[0] == "R":
                        return True
            except OSError:
                pass  # the thread has ended
        return False

    def close(self):
        if self.alive:
            self.alive = False
            try:
                os.killpg(self.process.pid, signal.SIGKILL)  # and the processes it compiles with
            except ProcessLookupError:
                pass
            self.process.wait()


def quiet(workers, limit=2.0):
    """Waits until pools that spin for more work have gone to sleep."""
    end = time.monotonic() + limit
    still = 0
    while still < 3 and time.monotonic() < end:
        time.sleep(0.003)
        still = 0 if any(worker.alive and worker.running() for worker in workers) else still + 1


def compare(kind, ours, theirs):
    """The largest difference of all outputs, relative to the largest magnitude; None where there is nothing to compare."""
    import numpy  # rows are listed without it

    names = sorted(set(os.listdir(ours)) & set(os.listdir(theirs)))
    if kind in RANDOM or not names:
        return None
    worst = 0.0
    for name in names:
        a, b = numpy.load(f"{ours}/{name}").astype("float64"), numpy.load(f"{theirs}/{name}").astype("float64")
        if a.shape != b.shape:
            return math.inf
        if a.size:
            error = float(numpy.abs(a - b).max() / max(numpy.abs(b).max(), 1e-30))
            worst = max(worst, error if math.isfinite(error) else math.inf)
    return worst


def values_of(words):
    """`key=value ...` of an answer, numbers as numbers."""
    values = {}
    for word in words:
        key, _, value = word.partition("=")
        try:
            values[key] = float(value)
        except ValueError:
            values[key] = value
    return values


class Driver:
    def __init__(self, names, ours, rounds):
        self.names, self.ours, self.rounds = names, ours, rounds
        self.folder = tempfile.mkdtemp(prefix="nnc-bench-")  # caches: cold
        self.kept = {}  # (name, threads): a worker for single operations

    def close(self):
        for worker in self.kept.values():
            worker.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, threads, cache):
        folder = os.path.join(self.folder, cache)
        os.makedirs(folder, exist_ok=True)
        if name == OURS:
            command = [self.ours]
        elif PEERS[name][0] == "bench_onednn":
            command = [os.path.join(os.path.dirname(self.ours), "bench_onednn"), *PEERS[name][1]]
        else:
            command = [sys.executable, os.path.join(here, "peers", PEERS[name][1][0]), *PEERS[name][1][1:]]
        return Worker(name, command, threads, folder)

    def opened(self, row, name, threads, peer):
        """A worker that has opened the row and called it twice, and the folder of its outputs; None where it cannot."""
        kind = row.split()[0]
        if kind in MODELS:  # in processes of their own: one with an empty cache to see how long that takes, another to measure
            cache = f"{name}-{threads}-{abs(hash(row))}"
            first = self.start(name, threads, cache)
            first.ask("hello")
            answer, why = first.ask("open " + row)
            first.close()
            if answer is None:
                peer["skipped"] = why
                return None
            peer["cold"] = values_of(answer)
            worker = self.start(name, threads, cache)
        else:
            worker = self.kept.get((name, threads))
            if worker is None or not worker.alive:
                worker = self.kept[name, threads] = self.start(name, threads, f"{threads}")
        worker.ask("hello")  # by now it has loaded its libraries
        before = worker.status("RssAnon") if worker.alive else 0
        answer, why = worker.ask("open " + row)
        if answer is not None:
            peer.update(values_of(answer), before=before)
            if "bytes" in peer:  # a size, nothing to call
                return None
            folder = tempfile.mkdtemp(dir=self.folder)
            second, why = worker.ask("run 1")  # the second call of every peer: of training, all have taken two steps
            if second is not None and worker.ask("save " + folder)[0] is not None:
                peer["last"] = float(second[0])
                worker.forget_peak()
                return worker, folder
            peer.clear()
        peer["skipped"] = why
        if kind in MODELS:
            worker.close()
        return None

    def measure(self, row, threads):
        """{name: {median, noise, calls, compile, ...}} of one row; a peer that cannot says why in `skipped`."""
        kind = row.split()[0]
        peers, workers = {}, []
        for name in self.names:
            peers[name] = {}
            quiet([worker for worker, _ in workers])
            opened = self.opened(row, name, threads, peers[name])
            if opened:
                workers.append(opened)
        for worker, folder in workers[1:]:
            if workers[0][0].name == OURS:
                error = compare(kind, workers[0][1], folder)
                peers[worker.name]["difference"] = error
                if error is not None and error > TOLERANCE.get(kind, 1e-4):
                    peers[worker.name]["disagrees"] = True
        times = {worker.name: [] for worker, _ in workers}
        for _ in range(self.rounds):
            for worker, _ in workers:
                quiet([other for other, _ in workers])
                last = statistics.median(times[worker.name]) if times[worker.name] else peers[worker.name]["last"]
                answer, why = worker.ask(f"run {max(1, min(1000, int(BUDGET / max(last, 1e-7))))}") if worker.alive else (None, "")
                if answer is None:
                    peers[worker.name].setdefault("skipped", why)
                    continue
                times[worker.name] += map(float, answer)
        for worker, folder in workers:
            self.finish(worker, peers[worker.name], times[worker.name], kind in MODELS)
            shutil.rmtree(folder, ignore_errors=True)
        return peers

    def finish(self, worker, peer, times, model):
        peer.pop("last")
        before = peer.pop("before")
        if "skipped" not in peer and times:
            quarters = statistics.quantiles(times, n=4) if len(times) > 1 else [times[0]] * 3
            peer.update(median=quarters[1], noise=(quarters[2] - quarters[0]) / 2 / quarters[1], calls=len(times))
            # compiling: what it takes until the first call is done, without a call
            for which in (peer, peer.get("cold", {})):
                if "compile" in which:
                    which["compile"] = max(0.0, which["compile"] + which.pop("first") - peer["median"])
            if model:
                peer["memory"] = worker.peak() - before
        if model:
            worker.close()
