#!/usr/bin/env bash
# Measures nnc beside PyTorch, torch.compile, ONNX Runtime, OpenVINO, JAX and oneDNN: builds the benchmark programs, makes a Python
# environment with the peers in build/bench/venv, runs the table of tests/bench and writes docs/performance.md from all that was measured.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/packages.sh

if [ "${1:-}" = --help ]; then
  echo "usage: tools/bench.sh [filter ...] [--threads 1,2] [--rounds N] [--peers torch,...] [--list]"
  exit 0
fi
if [[ " $* " == *" --list "* ]]; then
  exec python3 tests/bench/bench.py "$@"
fi
nnc_say "1/4 packages"
python3 -c "import ensurepip" 2>/dev/null || NNC_PACKAGES+=(python3-venv)
# oneDNN is a peer like others: where it cannot be had, it is left out
if command -v apt-cache >/dev/null && [[ $(apt-cache policy libdnnl-dev) =~ Candidate:\ 2\. ]]; then
  NNC_PACKAGES+=(libdnnl-dev)
else
  echo "no apt source of this system has oneDNN 2 (libdnnl-dev): left out"
fi
nnc_packages
nnc_say "2/4 build/bench"
cmake --preset release -B build/bench -DNNC_BENCH=ON -DNNC_TESTS=ON -DNNC_EXAMPLES=OFF --log-level=NOTICE >/dev/null
cmake --build build/bench -j "${NNC_JOBS:-$(nnc_jobs)}" --target bench_programs
nnc_say "3/4 peers"
venv=build/bench/venv
[ -x $venv/bin/python ] || python3 -m venv $venv
$venv/bin/python -c "import numpy" 2>/dev/null || $venv/bin/pip install --quiet numpy
for peer in torch onnx onnxruntime openvino jax; do # one that cannot be had is left out
  $venv/bin/python -c "import importlib.metadata as m; m.version('$peer')" 2>/dev/null ||
    $venv/bin/pip install --quiet "$peer" || echo "$peer cannot be installed: left out" >&2
done
nnc_say "4/4 measuring; results go to build/bench/results.jsonl"
status=0
$venv/bin/python tests/bench/bench.py --out build/bench/results.jsonl "$@" || status=$?
[ -s build/bench/results.jsonl ] && $venv/bin/python tests/bench/report.py build/bench/results.jsonl
exit $status
