#!/usr/bin/env bash
# Measures nnc beside PyTorch, torch.compile, ONNX Runtime, OpenVINO and JAX: builds the benchmark program, makes a Python
# environment (python3-venv) with the peers in build/bench/venv, and runs the table of tests/bench. tools/bench.sh --list shows the rows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/packages.sh

if [ "${1:-}" = --help ]; then
  echo "usage: tools/bench.sh [filter ...] [--threads 1,2] [--rounds N] [--peers torch,...] [--list]"
  exit 0
fi
nnc_say "1/3 build/bench"
cmake --preset release -B build/bench -DNNC_BENCH=ON -DNNC_EXAMPLES=OFF --log-level=NOTICE >/dev/null
cmake --build build/bench -j "${NNC_JOBS:-$(nnc_jobs)}" --target nnc_bench
nnc_say "2/3 peers"
venv=build/bench/venv
[ -x $venv/bin/python ] || python3 -m venv $venv
for peer in torch numpy onnx onnxruntime openvino jax; do # one that cannot be had is left out
  $venv/bin/python -c "import importlib.metadata as m; m.version('$peer')" 2>/dev/null ||
    $venv/bin/pip install --quiet "$peer" || echo "$peer cannot be installed: left out" >&2
done
nnc_say "3/3 measuring; results go to build/bench/results.jsonl"
exec $venv/bin/python tests/bench/bench.py --out build/bench/results.jsonl "$@"
