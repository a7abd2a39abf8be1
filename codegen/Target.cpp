// CPU names as users write them -> what code generation must know, read from LLVM's own tables (one source of truth).
#include "nnc/codegen/Target.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <memory>
#include <mutex>

namespace nnc::codegen {

// Registers the code generators compiled kernels may be for. LLVM's registry is global: done once.
static void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
  });
}

bool Target::parse(const std::string &name, Target &target, std::string &error) {
  initializeTargets();
  Target result;
  llvm::Triple host(llvm::sys::getProcessTriple());
  result.triple = host.isAArch64() ? "aarch64-unknown-linux-gnu" : "x86_64-unknown-linux-gnu";
  result.cpu = name;
  if (name == "native") {
    result.cpu = llvm::sys::getHostCPUName().str();
    // A virtual machine may hide features its CPU has: say each one.
    llvm::SmallVector<std::string> features;
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      features.push_back((feature.second ? "+" : "-") + feature.first().str());
    llvm::sort(features);
    result.features = llvm::join(features, ",");
  } else if (name == "aarch64") {
    result.triple = "aarch64-unknown-linux-gnu";
    result.cpu = "generic";
  } else if (llvm::StringRef(name).starts_with("x86-64")) {
    result.triple = "x86_64-unknown-linux-gnu";
  }

  std::string message;
  llvm::Triple triple(result.triple);
  const llvm::Target *llvmTarget = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!llvmTarget) {
    error = "target '" + name + "': " + message;
    return false;
  }
  std::unique_ptr<llvm::MCSubtargetInfo> info(llvmTarget->createMCSubtargetInfo(triple, "", ""));
  if (!info || result.cpu.empty() || !info->isCPUStringValid(result.cpu)) {
    error = "unknown target '" + name +
            "': expected x86-64-v3, x86-64-v4, aarch64, native or a CPU name LLVM knows for " +
            triple.getArchName().str();
    return false;
  }
  info.reset(llvmTarget->createMCSubtargetInfo(triple, result.cpu, result.features));

  if (triple.isAArch64()) {
    result.vectorBits = 128;
    result.registers = 32;
  } else {
    // Without fused multiply-add the results would differ from those of every other target.
    if (!info->checkFeatures("+avx2,+fma")) {
      error = "target '" + name + "': expected a CPU with AVX2 and FMA (x86-64-v3 or later)";
      return false;
    }
    bool wide = info->checkFeatures("+avx512f,+avx512bw,+avx512vl,+avx512dq");
    result.vectorBits = wide ? 512 : 256;
    result.registers = wide ? 32 : 16;
    result.l2Bytes = wide ? 1 << 20 : 512 << 10; // what processors with these registers have at least
  }
  llvm::StringRef cpu(result.cpu);
  if (name == "aarch64")
    result.suffix = "_aarch64";
  else if (cpu.starts_with("x86-64-"))
    result.suffix = "_" + cpu.substr(7).str();
  else
    result.suffix = "_" + llvm::join(llvm::split(cpu, '-'), "_");
  target = std::move(result);
  return true;
}

} // namespace nnc::codegen
