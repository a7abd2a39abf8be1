#!/usr/bin/env bash
# Installs a build into a folder of its own and builds, with the default compiler, a project that finds it there.
# usage: install.sh BUILD CONSUMER
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cmake --install "$1" --prefix "$folder/nnc" >"$folder/log" || {
  cat "$folder/log"
  exit 1
}
if grep -rlE '#include [<"](mlir|llvm)' "$folder/nnc/include"; then
  echo "error: the installed headers above include LLVM's"
  exit 1
fi
env -u CC -u CXX cmake -S "$2" -B "$folder/build" -G "Unix Makefiles" -DCMAKE_PREFIX_PATH="$folder/nnc" >"$folder/log" || {
  cat "$folder/log"
  exit 1
}
cmake --build "$folder/build"
"$folder/build/evaluate"
"$folder/build/version"
if nm -D "$folder/build/version" | grep -E 'LLVM|mlir' >/dev/null; then
  echo "error: a program of the runtime alone needs the compiler"
  exit 1
fi
