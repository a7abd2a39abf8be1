# The one list of what nnc is built with, and how it gets onto a machine. Sourced by test.sh and demo.sh, which call
# nnc_packages after they have said what they will do. Debian 12 carries all of it, LLVM 22 included (in its security
# updates); on another system what is missing is named.

NNC_PACKAGES=(
  ccache             # repeated builds
  catch2             # tests
  clang-22           # the compiler
  clang-format-22    # tools/format.sh
  cmake              # the build
  g++                # the C library's headers; the install test builds with it too
  libclang-rt-22-dev # AddressSanitizer and UBSan
  libfmt-dev         # text
  liblld-22-dev      # linking in process
  libmlir-22-dev     # MLIR
  libzstd-dev        # LLVM's libraries ask for it
  llvm-22-dev        # LLVM
  llvm-22-tools      # FileCheck and not
  make               # the install test's consumer
  mlir-22-tools      # mlir-tblgen
  ninja-build        # the build
  python3            # tests
  zlib1g-dev         # .gz files
)

nnc_say() { printf '\n==> %s\n' "$*"; }
nnc_fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# How many compilers run at once: one a processor, and no more than memory has room for.
nnc_jobs() {
  local processors memory
  processors=$(nproc)
  memory=$(awk '/MemTotal/ {print int($2 / 1500000) + 1}' /proc/meminfo)
  echo $((processors < memory ? processors : memory))
}

# Names what a system without dpkg lacks, by looking for what is used of each package.
nnc_missing_elsewhere() {
  local probe name
  for probe in clang-22:clang++-22 clang-format-22:clang-format-22 cmake:cmake ninja:ninja python3:python3 "g++":"g++" make:make; do
    name=${probe%%:*}
    command -v "${probe#*:}" >/dev/null || echo "  $name (no ${probe#*:} in PATH)"
  done
  local prefix=${LLVM_PREFIX:-/usr/lib/llvm-22}
  for probe in "LLVM 22 with headers:lib/cmake/llvm/LLVMConfig.cmake" "MLIR 22 with headers:lib/cmake/mlir/MLIRConfig.cmake" \
    "LLD 22 as a library:lib/cmake/lld/LLDConfig.cmake" "mlir-tblgen of LLVM 22:bin/mlir-tblgen" "FileCheck of LLVM 22:bin/FileCheck"; do
    [ -e "$prefix/${probe#*:}" ] || echo "  ${probe%%:*} (no $prefix/${probe#*:})"
  done
  for probe in "Catch2 2:catch2/catch.hpp" "fmt:fmt/core.h" "zlib:zlib.h" "zstd:zstd.h"; do
    if command -v clang++-22 >/dev/null; then
      echo | clang++-22 -x c++ -fsyntax-only -include "${probe#*:}" - 2>/dev/null || echo "  ${probe%%:*} (no <${probe#*:}>)"
    fi
  done
}

# Installs what is missing, or says what it is and ends.
nnc_packages() {
  local package missing=()
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    local lacks
    lacks=$(nnc_missing_elsewhere)
    [ -z "$lacks" ] && return
    nnc_fail "this is not a Debian system, and these are missing:"$'\n'"$lacks"
  fi
  for package in "${NNC_PACKAGES[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    echo "all ${#NNC_PACKAGES[@]} packages are installed"
    return
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || nnc_fail "these packages are missing, and there is neither root nor sudo to install them with:
  apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  echo "installing: ${missing[*]}"
  "${as_root[@]}" apt-get -qq update </dev/null
  local unknown=()
  for package in "${missing[@]}"; do
    # Not through a pipe into grep -q: that ends at its first match, and pipefail then takes the broken pipe for a failure.
    [[ $(apt-cache policy "$package") =~ Candidate:\ [^\(] ]] || unknown+=("$package")
  done
  if [ ${#unknown[@]} -ne 0 ]; then
    nnc_fail "no apt source of this system has: ${unknown[*]}
Debian 12 with its security updates has all of them."
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends \
    "${missing[@]}" </dev/null
}
