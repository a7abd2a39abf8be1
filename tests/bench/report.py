#!/usr/bin/env python3
"""Turns what bench.py measured into docs/performance.md and docs/performance.svg.

    report.py RESULTS.jsonl ... [--out docs/performance.md] [--notes tests/bench/notes.md]

Several runs are merged: a later result of the same row and thread count replaces an earlier one, whole, since ratios are of
one run. A ratio is the time of the fastest peer that counts over ours: above 1 we are faster. What a person wrote, about what
bounds a row and what was tried, is in the notes and is taken in as it is."""
import argparse
import json
import math
import os
import statistics
import sys
from xml.sax.saxutils import escape

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import workloads  # noqa: E402

OURS = "nnc"
# group: (title, peers that count or None for all, least geometric mean, least ratio)
GROUPS = {
    "dot": ("Products", ("onednn", "torch"), 1.00, 0.90),
    "conv": ("Convolutions and their gradients", ("onednn", "torch"), 1.00, 0.90),
    "memory": ("Row-wise and memory-bound operations", None, 1.20, 1.00),
    "infer": ("Inference", None, 1.15, 0.95),
    "train": ("Training steps", None, 1.30, 1.00),
}
OTHER_NUMBERS = "onednn-winograd"  # no sum of products: never counts, but is shown
COLD_RATIO, COLD_SECONDS, WARM_SECONDS = 0.2, 20.0, 0.5  # compiling a training step, against torch.compile
MEMORY_MEAN, MEMORY_WORST = 0.75, 1.00  # of a training step, against PyTorch
CALL_SECONDS = 1e-6
OBJECT_BYTES = {"object of=inference": 100e3, "object of=step": 200e3}


def read(paths):
    """{(row, threads): result} in the order of the table of workloads"""
    found = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in filter(str.strip, file):
                result = json.loads(line)
                found[result["row"], result["threads"]] = result
    return {(row, threads): found[row, threads] for rows in workloads.GROUPS.values() for row in rows
            for threads in sorted({threads for _, threads in found}) if (row, threads) in found}


class Row:
    """A result of one row: who was fastest of those that count."""

    def __init__(self, result, counted):
        self.result, self.text, self.threads = result, result["row"], result["threads"]
        self.peers = result["peers"]
        self.ours = self.peers.get(OURS, {})
        self.best = min((name for name, peer in self.peers.items() if name != OURS and "median" in peer and not peer.get("disagrees")
                         and name != OTHER_NUMBERS and (counted is None or name in counted)),
                        key=lambda name: self.peers[name]["median"], default=None)

    def ratio(self, name=None):
        name = name or self.best
        if name is None or "median" not in self.ours or "median" not in self.peers.get(name, {}):
            return None
        return self.peers[name]["median"] / self.ours["median"]


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def duration(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def milliseconds(seconds):
    return f"{seconds * 1e3:.3g}" if seconds < 1 else f"{seconds * 1e3:.0f}"


def megabytes(size):
    return f"{size / 1e6:.1f}" if size < 1e8 else f"{size / 1e6:.0f}"


def short(row):
    """A row's text without its kind where the table says it, and without what is as usual."""
    kind, *words = row.split()
    words = [word for word in words if word not in ("stride=1", "padding=0", "groups=1")]
    return " ".join(words if kind in ("dot", "conv", "infer", "train") else [kind, *words])


def table(head, lines):
    """A Markdown table; the first column is text, the others are numbers."""
    yield "| " + " | ".join(head) + " |"
    yield "|---" + "|---:" * (len(head) - 1) + "|"
    for line in lines:
        yield "| " + " | ".join(line) + " |"
    yield ""


def cell(row, name):
    peer = row.peers.get(name, {})
    if "median" not in peer:
        return "-"
    text = milliseconds(peer["median"])
    if peer.get("disagrees"):
        return f"({text})"
    return f"**{text}**" if name == row.best else text


def group_section(name, rows):
    title, counted, *_ = GROUPS[name]
    yield f"## {title}"
    yield ""
    for threads in sorted({row.threads for row in rows}):
        mine = [row for row in rows if row.threads == threads]
        peers = [peer for peer in dict.fromkeys(peer for row in mine for peer in row.peers) if peer != OURS
                 and any("median" in row.peers.get(peer, {}) for row in mine)]
        yield f"{threads} thread{'s' * (threads > 1)}, milliseconds:"
        yield ""
        lines = []
        for row in mine:
            if "median" not in row.ours:
                lines.append([short(row.text), "failed"] + [cell(row, peer) for peer in peers] + ["-"])
                continue
            ratio = row.ratio()
            lines.append([short(row.text), f"{milliseconds(row.ours['median'])} ±{row.ours['noise'] * 100:.0f} %"]
                         + [cell(row, peer) for peer in peers] + [f"{ratio:.2f}" if ratio else "-"])
        yield from table(["row", OURS, *peers, "ratio"], lines)


def outside(value, limit, least):
    """The number, marked where it is not within its bound."""
    good = value >= limit if least else value <= limit
    return "" if good else " ✗"


def speed_summary(groups):
    """The targets of speed: a line for each group and thread count."""
    lines = []
    for name, (title, counted, least_mean, least_worst) in GROUPS.items():
        for threads in sorted({row.threads for row in groups[name]}):
            rows = [row for row in groups[name] if row.threads == threads and row.ratio()]
            if not rows:
                continue
            geomean, worst = mean([row.ratio() for row in rows]), min(rows, key=Row.ratio)
            below = sum(row.ratio() < least_worst for row in rows)
            lines.append([f"{title} ({len(rows)} rows)", str(threads), "oneDNN and PyTorch" if counted else "the fastest peer",
                          f"{geomean:.2f} (≥ {least_mean:.2f}){outside(geomean, least_mean, True)}",
                          f"{worst.ratio():.2f} (≥ {least_worst:.2f}){outside(worst.ratio(), least_worst, True)}", str(below),
                          f"`{short(worst.text)}`"])
            tried = [row for row in rows if row.ratio(OTHER_NUMBERS)]
            if tried:
                geomean = mean([min(row.ratio(), row.ratio(OTHER_NUMBERS) or math.inf) for row in rows])
                lines.append([f"the same with Winograd's convolutions, which oneDNN has for {len(tried)}", str(threads), "", f"{geomean:.2f}", "", "", ""])
    if lines:
        yield from table(["what", "threads", "against", "geometric mean of ratios", "least ratio", "rows below it", "which"], lines)


def share(ours, theirs, limit):
    """A part of a peer's time or memory, where there is such a peer."""
    if ours is None or not theirs:
        return "-"
    return f"{ours / theirs:.2f}" + ("" if limit is None else outside(ours / theirs, limit, False))


def model_costs(rows, bounded):
    """Compiling and memory of models; only for training steps is there something that is asked for."""
    lines, parts = [], {}
    number = lambda value, form: "-" if value is None else format(value, form)
    for row in rows:
        ours, compiler, eager = row.ours, row.peers.get("torch.compile", {}), row.peers.get("torch", {})
        if "median" not in ours:
            continue
        cold, theirs = ours["cold"]["compile"], compiler.get("cold", {}).get("compile")
        if "memory" in eager:
            parts.setdefault(row.threads, []).append(ours["memory"] / eager["memory"])
        lines.append([short(row.text), str(row.threads), f"{cold:.2f}{outside(cold, COLD_SECONDS, False) if bounded else ''}", number(theirs, ".1f"),
                      share(cold, theirs, COLD_RATIO if bounded else None),
                      f"{ours['compile']:.2f}{outside(ours['compile'], WARM_SECONDS, False) if bounded else ''}", number(compiler.get("compile"), ".1f"),
                      megabytes(ours["peak"]), megabytes(ours["memory"]), megabytes(eager["memory"]) if "memory" in eager else "-",
                      share(ours["memory"], eager.get("memory"), MEMORY_WORST if bounded else None)])
    yield from table(["model", "threads", "cold s", "torch.compile", "share", "warm s", "torch.compile", "planned MB", "measured MB", "PyTorch MB", "share"], lines)
    for threads, shares in parts.items() if bounded else []:
        yield (f"Memory of steps against PyTorch, {threads} thread{'s' * (threads > 1)}: geometric mean {mean(shares):.2f} (≤ {MEMORY_MEAN:.2f})"
               f"{outside(mean(shares), MEMORY_MEAN, False)}, most {max(shares):.2f} (≤ {MEMORY_WORST:.2f}){outside(max(shares), MEMORY_WORST, False)}.")
        yield ""


def model_section(groups):
    if not groups["train"] + groups["infer"]:
        return
    yield "## Compiling and memory of models"
    yield ""
    yield f"""Compiling is what it takes until a first call is done, less a call: cold with an empty cache (of training steps at most {COLD_SECONDS:.0f} s, and a fifth of
`torch.compile`'s time), warm in a second process with the full one (at most {WARM_SECONDS} s). Memory is what a process holds of its own at most
while it is measured, less what it held before it opened the row, libraries not counted; planned is what the compiler states."""
    yield ""
    for name in ("train", "infer"):
        if groups[name]:
            yield GROUPS[name][0] + ":"
            yield ""
            yield from model_costs(groups[name], name == "train")


def small_section(results):
    """Calls and objects."""
    lines = []
    for (row, threads), result in results.items():
        ours = result["peers"].get(OURS, {})
        if result["group"] == "call" and "median" in ours:
            others = ", ".join(f"{name} {duration(peer['median'])}" for name, peer in result["peers"].items() if name != OURS and "median" in peer)
            what = "a call of a compiled function of one number" + (", by its C interface" if "abi" in row else "")
            lines.append([what, str(threads), f"{duration(ours['median'])} (≤ {duration(CALL_SECONDS)}){outside(ours['median'], CALL_SECONDS, False)}", others])
        if result["group"] == "object" and "bytes" in ours:
            limit, size = OBJECT_BYTES[row], ours["bytes"]
            what = f"the shared object of the MLP 784-128-10 without weights, {'inference' if 'inference' in row else 'a training step'}"
            lines.append([what, str(threads), f"{size / 1e3:.1f} kB (≤ {limit / 1e3:.0f} kB){outside(size, limit, False)}", ""])
    if lines:
        yield "## Calls and objects"
        yield ""
        yield from table(["what", "threads", OURS, "peers"], lines)


def machines(results):
    """What the numbers were measured with: one line for each combination."""
    seen = {}
    for result in results.values():
        text = f"{result['cpu']}, {result['processors']} processors; nnc {result['revision']}; " + ", ".join(
            f"{'oneDNN' if name == 'bench_onednn' else name} {version}" for name, version in result["versions"].items())
        seen[text] = seen.get(text, 0) + 1
    for text, count in seen.items():
        yield f"- {count} results: {text}"


def plot(groups, path):
    """One dot a row, its ratio on a logarithmic axis; a band for each group and thread count."""
    bands = [(name, threads, [row for row in groups[name] if row.threads == threads and row.ratio()]) for name in GROUPS
             for threads in sorted({row.threads for row in groups[name]})]
    bands = [band for band in bands if band[2]]
    ratios = [row.ratio() for *_, rows in bands for row in rows]
    low, high = min([0.5, *ratios]) / 1.1, max([2.0, *ratios]) * 1.1
    left, width, height, top = 260, 940, 64, 30
    x = lambda ratio: left + (width - left - 20) * math.log(ratio / low) / math.log(high / low)
    total = top + height * len(bands) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{total}" fill="white"/>',
           f'<text x="{left}" y="18">time of the fastest peer that counts / ours: right of 1 we are faster</text>']
    for i, (name, threads, rows) in enumerate(bands):
        y = top + i * height
        title, _, least_mean, least = GROUPS[name]
        geomean = mean([row.ratio() for row in rows])
        out += [f'<rect x="0" y="{y}" width="{width}" height="{height}" fill="{"#f2f4f7" if i % 2 == 0 else "#ffffff"}"/>',
                f'<text x="8" y="{y + 20}">{escape(title)}</text>',
                f'<text x="8" y="{y + 36}" fill="#555">{threads} thread{"s" * (threads > 1)}, {len(rows)} rows</text>',
                f'<text x="8" y="{y + 52}" fill="#555">geometric mean {geomean:.2f} (target {least_mean:.2f})</text>',
                f'<line x1="{x(least):.1f}" x2="{x(least):.1f}" y1="{y}" y2="{y + height}" stroke="#c0392b" stroke-dasharray="3 3"/>']
        for j, row in enumerate(rows):
            at = y + 8 + (height - 16) * ((j * 0.618034) % 1)  # spread evenly, in the order of the table
            good = row.ratio() >= least
            label = f"{row.text}: {row.ratio():.2f}, {row.best}"
            out.append(f'<circle cx="{x(row.ratio()):.1f}" cy="{at:.1f}" r="3" fill="{"#1f6f8b" if good else "#c0392b"}" fill-opacity="0.6">'
                       f"<title>{escape(label)}</title></circle>")
        out.append(f'<line x1="{x(geomean):.1f}" x2="{x(geomean):.1f}" y1="{y + 4}" y2="{y + height - 4}" stroke="#1f6f8b" stroke-width="2"/>')
    bottom = top + height * len(bands)
    for ratio in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100):
        if low <= ratio <= high:
            stroke = "#333" if ratio == 1 else "#ccc"
            out += [f'<line x1="{x(ratio):.1f}" x2="{x(ratio):.1f}" y1="{top}" y2="{bottom}" stroke="{stroke}"/>',
                    f'<text x="{x(ratio):.1f}" y="{bottom + 16}" text-anchor="middle">{ratio:g}</text>']
    out.append(f'<text x="{left}" y="{bottom + 34}" fill="#555">red: below the least ratio that is asked for (dashed); bar: geometric mean</text>')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n</svg>\n")


def report(results, groups, notes, picture):
    yield "# Performance"
    yield ""
    yield f"""Written by `tests/bench/report.py` from what `tools/bench.sh` measured ([how](../tests/bench/README.md)); not edited by hand but for the last
section. Medians; ± is half the width of the middle half of all calls, over the median. A ratio is the time of the fastest peer that
counts (bold) over ours: above 1 we are faster. A time in parentheses is of a peer whose results differ from ours, and does not count; -: the peer has
no such thing. ✗: not what is asked for (in parentheses)."""
    yield ""
    yield from machines(results)
    noise = [row.ours["noise"] for rows in groups.values() for row in rows if "noise" in row.ours]
    if noise:
        yield f"- noise of our times: median {statistics.median(noise) * 100:.1f} %, most {max(noise) * 100:.0f} %"
    yield ""
    yield "## All together"
    yield ""
    yield from speed_summary(groups)
    yield f"![ratios of all rows]({picture})"
    yield ""
    yield from small_section(results)
    yield from model_section(groups)
    for name in GROUPS:
        if groups[name]:
            yield from group_section(name, groups[name])
    yield notes.rstrip("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+")
    parser.add_argument("--out", default=os.path.join(here, "../../docs/performance.md"))
    parser.add_argument("--notes", default=os.path.join(here, "notes.md"))
    options = parser.parse_args()
    results = read(options.results)
    if not results:
        sys.exit("no results of rows that are in workloads.py")
    groups = {name: [Row(result, GROUPS[name][1]) for result in results.values() if result["group"] == name] for name in GROUPS}
    picture = os.path.splitext(options.out)[0] + ".svg"
    with open(options.notes, encoding="utf-8") as file:
        notes = file.read()
    plot(groups, picture)
    with open(options.out, "w", encoding="utf-8") as file:
        file.write("\n".join(report(results, groups, notes, os.path.basename(picture))) + "\n")


if __name__ == "__main__":
    main()
