"""What every Python peer's worker shares: the protocol of worker/Serve.h, and the specification of a workload."""
import contextlib
import ctypes
import gc
import os
import sys
import time

import numpy

threads = int(os.environ.get("BENCH_THREADS", "1"))


class Unsupported(Exception):
    """This peer has no such workload."""


class Spec:
    def __init__(self, line):
        self.kind, *pairs = line.split()
        self.values = dict(pair.split("=", 1) for pair in pairs)

    def number(self, key, default=None):
        return int(self.values[key] if default is None else self.values.get(key, default))

    def text(self, key):
        return self.values[key]

    def list(self, key):
        return [int(value) for value in self.values[key].split(",")]


def release():
    """Gives memory back that is held for nothing, so that it does not count."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


seconds = 0.0  # of compiling, since the last open


@contextlib.contextmanager
def compiling():
    """What happens within counts as compiling."""
    global seconds
    start = time.perf_counter()
    yield
    seconds += time.perf_counter() - start


def serve(prepare):
    """`prepare(spec)` returns (run, outputs): a call without arguments, and what makes arrays of its result. It makes inputs and
    weights outside of `compiling`. The first call is part of opening: some peers compile in it."""
    global seconds
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints does not break the protocol
    run = result = arrays = None
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        try:
            if word == "hello":
                release()
                answer = ""
            elif word == "open":
                run = result = arrays = None
                seconds = 0.0
                run, arrays = prepare(Spec(rest))
                start = time.perf_counter()
                result = run()
                answer = f"compile={seconds:.6f} first={time.perf_counter() - start:.6f}"
                release()
            elif word == "run":
                times = []
                for _ in range(int(rest)):
                    result = None  # its memory may be used again
                    start = time.perf_counter()
                    result = run()
                    times.append(time.perf_counter() - start)
                answer = " ".join(f"{t:.9f}" for t in times)
            elif word == "save":
                values = arrays(result)
                for i, value in enumerate(values):
                    numpy.save(f"{rest}/output.{i}.npy", numpy.asarray(value))
                answer = f"outputs={len(values)}"
            else:
                raise ValueError(f"expected hello, open, run or save, got {word}")
            print("ok", answer, file=answers, flush=True)
        except Unsupported as error:
            print("unsupported", str(error).replace("\n", " "), file=answers, flush=True)
        except Exception as error:
            print("error", f"{type(error).__name__}: {error}".replace("\n", " ")[:400], file=answers, flush=True)
