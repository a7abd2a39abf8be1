#!/usr/bin/env python3
"""Writes the golden values of PyTorch that the tests of nn compare with: data/<section>.safetensors and .json.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 numpy
    venv/bin/python tests/golden/generate.py              every section
    venv/bin/python tests/golden/generate.py conv loss    some of them

Each section is a table in sections/<section>.py, one row a case. A case draws its random numbers from a generator seeded by
its own name, so rows can be added, moved and removed without changing any other. README.md documents the files.
"""

import argparse
import importlib
import sys
import warnings
from pathlib import Path

import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True


def main():
    known = sorted(p.stem for p in (HERE / "sections").glob("*.py"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="section", help="any of: " + ", ".join(known))
    chosen = parser.parse_args().sections or known
    for name in chosen:
        if name not in known:
            parser.error(f"section: expected one of {', '.join(known)}, got {name}")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for name in chosen:
        section = importlib.import_module(f"sections.{name}").section
        count = section.write()
        size = (HERE / "data" / f"{name}.safetensors").stat().st_size
        print(f"{name}: {count} cases, {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
