#!/usr/bin/env bash
# Formats the tree with clang-format and then checks the house rules (lint.py). With --check it changes nothing and
# fails where a file is not formatted. With files, it looks at these only.
set -euo pipefail
check=
if [ "${1:-}" = --check ]; then
  check=1
  shift
elif [[ "${1:-}" == -* ]]; then
  echo "usage: tools/format.sh [--check] [file...]"
  [ "$1" = --help ] && exit 0 || exit 2
fi
if [ $# -eq 0 ]; then
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  # in a copy without git, everything but what was built
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    mapfile -t files < <(git ls-files --cached --others --exclude-standard | while read -r file; do [ -f "$file" ] && echo "$file"; done)
  else
    mapfile -t files < <(find . \( -name 'build*' -o -name .git \) -prune -o -type f -print | sed 's,^\./,,')
  fi
  set -- "${files[@]}"
  lint=tools/lint.py
else
  lint=$(dirname "${BASH_SOURCE[0]}")/lint.py
fi
sources=()
for file; do
  case $file in *.cpp | *.h | *.c) sources+=("$file") ;; esac
done
status=0
if [ ${#sources[@]} -ne 0 ]; then
  if [ "$check" ]; then
    printf '%s\0' "${sources[@]}" | xargs -0 -n 40 -P "$(nproc)" clang-format-22 --dry-run -Werror --ferror-limit=1 || status=1
  else
    printf '%s\0' "${sources[@]}" | xargs -0 -n 40 -P "$(nproc)" clang-format-22 -i
  fi
fi
python3 "$lint" "$@" || status=1
if [ $status -eq 0 ]; then
  echo "$# files are in order"
elif [ "$check" ]; then
  echo "tools/format.sh formats what clang-format names" >&2
fi
exit $status
