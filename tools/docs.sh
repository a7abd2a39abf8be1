#!/usr/bin/env bash
# Writes what documentation the code itself holds: docs/ops.md, the reference of the nn dialect, and the table of what is
# supported in README.md. With --check it writes nothing and fails where they are behind the code.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case "${1:-}" in
'' | --check) ;;
*)
  echo "usage: tools/docs.sh [--check]"
  [ "$1" = --help ] && exit 0 || exit 2
  ;;
esac
tblgen=$(command -v mlir-tblgen-22 || command -v /usr/lib/llvm-22/bin/mlir-tblgen || command -v mlir-tblgen) || {
  echo "error: no mlir-tblgen of LLVM 22 (Debian package mlir-22-tools)" >&2
  exit 1
}
exec python3 tools/docs.py "$tblgen" "$@"
