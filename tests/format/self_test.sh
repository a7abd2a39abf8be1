#!/usr/bin/env bash
# Gives tools/format.sh one bad file after another and expects the complaint about each. usage: self_test.sh FORMAT_SH
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
format=$1

# refused NAME CONTENT MESSAGE
refused() {
  printf "$2" >"$folder/$1"
  if said=$("$format" --check "$folder/$1" 2>&1); then
    echo "error: $1 was accepted; expected: $3"
    exit 1
  fi
  case $said in
  *"$3"*) ;;
  *)
    printf 'error: %s: expected: %s\ngot: %s\n' "$1" "$3" "$said"
    exit 1
    ;;
  esac
}

refused unformatted.cpp '// One value.\nint  x=1;\n' 'clang-format'
refused silent.cpp 'int x = 1;\n' 'does not open with a comment'
refused include.h '#pragma once\n#include <string>\n' 'does not open with a comment'
refused tab.td '// Records.\n\tdef A;\n' 'a tab'
refused space.py '# Prints.\nprint() \n' 'spaces at the end'
refused end.py '# Prints.\nprint()' 'one newline at the end'
refused wide.sh "# Prints.\n$(printf '%0190d' 0)\n" '190 columns'
refused long.py "# Prints.\n$(yes 'print()' | head -1100 | sed 's/$/\\n/' | tr -d '\n')" 'holds two things'
refused later.c '// Adds. TO''DO: subtract\n' 'unfinished work'

printf '// One value.\nint x = 1;\n' >"$folder/good.cpp"
"$format" --check "$folder/good.cpp" || exit 1
