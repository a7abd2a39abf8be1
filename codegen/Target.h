// A CPU a kernel is compiled for, by LLVM's names, and what code generation must know about it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace nnc::codegen {

struct Target {
  std::string triple;        // "x86_64-unknown-linux-gnu"
  std::string cpu;           // LLVM's name: "x86-64-v3", "x86-64-v4", "znver3", "generic"
  std::string features;      // LLVM's list on top of the CPU's: "+avx2,-avx512f", empty for a name that says all
  std::string suffix;        // of a kernel's symbol in an object with several variants: "_v3"
  unsigned vectorBits = 256; // width of a register
  unsigned registers = 16;   // number of vector registers
  int64_t l1Bytes = 32 << 10, l2Bytes = 512 << 10;

  /// `x86-64-v3`, `x86-64-v4`, `aarch64`, `native` or any CPU name LLVM knows for the host's architecture. Fails with a
  /// message otherwise.
  static bool parse(const std::string &name, Target &target, std::string &error);
};

} // namespace nnc::codegen
