#!/usr/bin/env python3
"""The report of made-up results: which peer counts, what is merged, what is marked; and that the table of workloads is sound."""
import json
import os
import subprocess
import sys
import tempfile
import xml.dom.minidom

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import workloads  # noqa: E402


def result(group, row, ours, threads=1, **peers):
    peers = {name.replace("_", "-"): peer for name, peer in peers.items()}
    return {"group": group, "row": row, "threads": threads, "cpu": "a processor", "processors": 2, "revision": "abc", "versions": {"torch": "1"},
            "peers": {"nnc": ours, **peers}}


def timed(seconds, **more):
    return dict(median=seconds, noise=0.01, calls=10, **more)


def main():
    rows = [row for group in workloads.GROUPS.values() for row in group]
    assert len(rows) == len(set(rows)), "a row is there twice"
    assert all("=" in word for row in rows for word in row.split()[1:]), "a word of a row is no key=value"

    dot = "dot m=512 n=512 k=512"
    conv = next(row for row in workloads.GROUPS["conv"] if "kernel=3,3" in row)
    model = {"compile": 0.25, "cold": {"compile": 4.0}, "memory": 60e6, "peak": 50e6}
    step = timed(0.020, compile=2.0, cold={"compile": 40.0}, memory=100e6)
    results = [
        result("dot", dot, timed(0.010), onednn=timed(0.005)),
        result("dot", dot, timed(0.004), onednn=timed(0.005), torch=timed(0.003, disagrees=True), jax=timed(0.001)),  # replaces the first
        result("conv", conv, timed(0.010), onednn=timed(0.008), onednn_winograd=timed(0.002)),
        result("train", "train net=mlp batch=64", timed(0.010, **model), **{"torch": step, "torch.compile": step}),
        result("call", "call form=function", timed(2e-6)),
        result("object", "object of=step", {"bytes": 150000.0}),
    ]
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/a.jsonl", "w") as a, open(f"{folder}/b.jsonl", "w") as b:
            for i, one in enumerate(results):
                print(json.dumps(one), file=a if i == 0 else b)
        with open(f"{folder}/notes.md", "w") as notes:
            notes.write("## Written by hand\n")
        subprocess.run([sys.executable, f"{here}/report.py", f"{folder}/a.jsonl", f"{folder}/b.jsonl", "--out", f"{folder}/page.md", "--notes", f"{folder}/notes.md"],
                       check=True)
        with open(f"{folder}/page.md", encoding="utf-8") as file:
            page = file.read()
        xml.dom.minidom.parse(f"{folder}/page.svg")
    for expected in (
        "| m=512 n=512 k=512 | 4 ±1 % | **5** | (3) | 1 | 1.25 |",  # JAX does not count here, and PyTorch disagrees
        "| Products (1 rows) | 1 | oneDNN and PyTorch | 1.25 (≥ 1.00) | 1.25 (≥ 0.90) | 0 |",
        "| 0.80 (≥ 1.00) ✗ | 0.80 (≥ 0.90) ✗ | 1 |",
        "| the same with Winograd's convolutions, which oneDNN has for 1 | 1 |  | 0.20 |",
        "| net=mlp batch=64 | 1 | 4.00 | 40.0 | 0.10 | 0.25 | 2.0 | 50.0 | 60.0 | 100 | 0.60 |",
        "2 µs (≤ 1 µs) ✗",
        "150.0 kB (≤ 200 kB) |",
    ):
        assert expected in page, f"the report lacks {expected}\n{page}"
    assert page.endswith("## Written by hand\n")


main()
