#!/usr/bin/env python3
"""Checks a trace of `nnc bench --trace` of a function with one launch: the format that Perfetto reads, that launches lie in
their calls and ranges of tasks in their launches and make up all tasks, and what is said about the launch.

usage: check_trace.py FILE THREADS CALLS KERNEL LAYERS SOURCE FLOPS"""
import json
import sys

path, threads, calls, kernel, layers, source, flops = sys.argv[1:]
threads, calls = int(threads), int(calls)
with open(path) as file:
    trace = json.load(file)
assert trace["displayTimeUnit"] == "ns" and trace["otherData"]["producer"].startswith("nnc ")
assert "GFLOP/s" in trace["otherData"]["machine"]
events = trace["traceEvents"]
rows = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
assert list(rows.values())[:3] == ["calls", "launches", "calling thread"], rows
assert 3 <= len(rows) <= 2 + threads, rows
for event in events:
    assert event["ph"] in "XM" and event["pid"] == 1 and isinstance(event["args"], dict), event
spans = [event for event in events if event["ph"] == "X"]
for event in spans:
    assert event["tid"] in rows and event["ts"] >= 0 and event["dur"] >= 0, event


def of(category):
    return [event for event in spans if event["cat"] == category]


def inside(inner, outer, slack=0.01):  # microseconds: digits of the text
    return outer["ts"] - slack <= inner["ts"] and inner["ts"] + inner["dur"] <= outer["ts"] + outer["dur"] + slack


call_events, launches, ranges = of("call"), of("launch"), of("tasks")
assert len(call_events) == len(launches) == calls, (len(call_events), len(launches))
assert all(event["tid"] == 0 for event in call_events) and all(event["tid"] == 1 for event in launches)
assert all(event["tid"] >= 2 for event in ranges)
for call, launch in zip(call_events, launches):
    arguments = launch["args"]
    assert inside(launch, call), (call, launch)
    assert launch["name"].startswith(kernel), launch
    assert arguments["layers"] == layers and arguments["source"] == source, arguments
    assert arguments["flops"] == int(flops) and arguments["bytes"] > 0 and arguments["launch"] == 0, arguments
    assert arguments["GFLOP/s"] > 0 and arguments["GB/s"] > 0 and arguments["roofline %"] > 0, arguments
    assert arguments["bound"] in ("arithmetic", "bandwidth") and 1 <= arguments["threads"] <= threads, arguments
    own = sorted((event for event in ranges if inside(event, launch)), key=lambda event: event["args"]["first task"])
    assert own and len({event["tid"] for event in own}) == arguments["threads"], (own, arguments)
    done = 0
    for event in own:
        assert event["args"]["first task"] == done, own
        done += event["args"]["tasks"]
    assert done == arguments["tasks"], (own, arguments)
