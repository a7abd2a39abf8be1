#!/usr/bin/env bash
# Builds nnc and runs all of its tests, on a bare Debian 12 too: packages, release build, build under AddressSanitizer
# and UBSan, then every test of both in one run, whose summary comes last. Run it again whenever you like.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/packages.sh

if [ $# -ne 0 ]; then
  echo "usage: tools/test.sh    (CI=true makes warnings errors; NNC_JOBS sets how much runs at once)"
  [ "$1" = --help ] && exit 0 || exit 2
fi
jobs=${NNC_JOBS:-$(nnc_jobs)}
werror=$([ "${CI:-}" = true ] && echo ON || echo OFF)
cat <<END
This will
  1. install the Debian packages that are missing, of: ${NNC_PACKAGES[*]}
  2. configure and build build/release (warnings as errors: $werror)
  3. configure and build build/asan, the unit tests under AddressSanitizer and UBSan
  4. run all tests, the check of format and style among them
with $jobs processes at a time. From nothing it takes about half an hour on two processors.
END

nnc_say "1/4 packages"
nnc_packages
for build in release asan; do
  nnc_say "$([ $build = release ] && echo 2/4 || echo 3/4) build/$build"
  cmake --preset $build -DNNC_WERROR="$werror" -DNNC_TESTS=ON --log-level=NOTICE >/dev/null
  cmake --build build/$build -j "$jobs"
done

nnc_say "4/4 tests"
# one report for both builds
printf 'subdirs("%s")\n' "$PWD/build/release" "$PWD/build/asan" >build/CTestTestfile.cmake
exec ctest --test-dir build --output-on-failure -j "$jobs"
