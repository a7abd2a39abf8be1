#!/usr/bin/env python3
"""Runs workloads (workloads.py) with nnc and its peers, interleaved in rounds, and writes what it measured.

    bench.py [filter ...]       rows whose text or group contains one of the words (all without)
    --threads 1,2   --rounds N   --peers a,b   --out FILE (one JSON object a line, appended)   --list

Every peer is a process of its own that sleeps while another is measured: a spinning pool beside another library's halves its
speed. Outputs are compared with ours. Times are medians over all calls of all rounds; noise is half the width of their middle
half, relative to the median. report.py turns the file into tables."""
import argparse
import importlib.metadata
import json
import os
import platform
import signal
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import driver  # noqa: E402
import workloads  # noqa: E402


def machine(ours):
    """What the numbers depend on, and which peers are here."""
    with open("/proc/cpuinfo") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    versions = {}
    for package in sorted({package for package, _ in driver.PEERS.values()}):
        if package == "bench_onednn":
            program = os.path.join(os.path.dirname(ours), package)
            if os.path.exists(program):
                versions[package] = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout.strip()
            continue
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass
    revision = subprocess.run(["git", "-C", here, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return {"cpu": cpu, "processors": os.cpu_count(), "revision": revision.stdout.strip(), "versions": versions}


def text_of(row, threads, peers):
    """One line for the terminal, and whether something is wrong."""
    ours = peers[driver.OURS]
    line = f"{row}  [{threads} thread{'s' * (threads > 1)}]  "
    if "bytes" in ours:
        return line + f"{ours['bytes']:.0f} bytes", False
    if "median" not in ours:
        return line + f"nnc: {ours.get('skipped')}", True
    wrong = False
    line += f"nnc {ours['median'] * 1e3:.4g} ms ±{ours['noise'] * 100:.0f} %"
    for name, peer in peers.items():
        if name != driver.OURS and "median" in peer:
            line += f"  {name} {peer['median'] / ours['median']:.2f}x" + (" DISAGREES" if peer.get("disagrees") else "")
            wrong |= bool(peer.get("disagrees"))
        elif not peer.get("skipped", "unsupported").startswith("unsupported"):
            line += f"  {name}: {peer['skipped']}"
            wrong = True
    return line, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("filter", nargs="*")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", default=",".join(driver.PEERS))
    parser.add_argument("--ours", default=os.path.join(here, "../../build/bench/tests/bench/nnc_bench"))
    parser.add_argument("--out", default="bench.jsonl")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    rows = [(name, row) for name, group in workloads.GROUPS.items() for row in group
            if not options.filter or any(word in row or word == name for word in options.filter)]
    if not rows:
        sys.exit(f"no row contains {' or '.join(options.filter)}")
    if options.list:
        return print("\n".join(row for _, row in rows))
    about = machine(options.ours)
    names = [driver.OURS]
    for name in filter(None, options.peers.split(",")):
        if name not in driver.PEERS:
            sys.exit(f"--peers: expected some of {', '.join(driver.PEERS)}, got {name}")
        if driver.PEERS[name][0] in about["versions"]:
            names.append(name)
        else:
            print(f"{name}: not installed, left out", file=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and ends its workers
    runner = driver.Driver(names, os.path.abspath(options.ours), options.rounds)
    wrong = 0
    try:
        with open(options.out, "a") as out:
            for threads in map(int, options.threads.split(",")):
                for group, row in rows:
                    peers = runner.measure(row, threads)
                    print(json.dumps(dict(group=group, row=row, threads=threads, peers=peers, **about)), file=out, flush=True)
                    line, bad = text_of(row, threads, peers)
                    print(line, flush=True)
                    wrong += bad
    finally:
        runner.close()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
