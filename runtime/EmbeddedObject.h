// The embedded runtime and the ABI's header as bytes inside this library: the one is linked into every compiled object,
// the other pasted into every generated header, so that neither needs files of an installation.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>

namespace nnc::runtime {

/// A relocatable ELF object with everything of runtime/embedded.
std::span<const std::byte> embeddedObject();
/// The text of runtime/abi.h.
std::string_view abiHeader();

} // namespace nnc::runtime
