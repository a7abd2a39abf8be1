#include "nnc/runtime/EmbeddedObject.h"

// `.incbin` instead of a generated array: an array of some ten thousand numbers costs the compiler seconds.
#define EMBED(symbol, file)                                                                                            \
  __asm__(".pushsection .rodata\n"                                                                                     \
          ".balign 16\n"                                                                                               \
          ".hidden " #symbol "\n.global " #symbol "\n" #symbol ":\n.incbin \"" file "\"\n"                             \
          ".hidden " #symbol "_end\n.global " #symbol "_end\n" #symbol "_end:\n"                                       \
          ".byte 0\n"                                                                                                  \
          ".popsection\n");                                                                                            \
  extern "C" __attribute__((visibility("hidden"))) const char symbol[], symbol##_end[]

EMBED(nnc_embedded_object_bytes, NNC_EMBEDDED_OBJECT);
EMBED(nnc_abi_header_text, NNC_ABI_HEADER);

namespace nnc::runtime {

std::span<const std::byte> embeddedObject() {
  auto begin = reinterpret_cast<const std::byte *>(nnc_embedded_object_bytes);
  return {begin, static_cast<size_t>(nnc_embedded_object_bytes_end - nnc_embedded_object_bytes)};
}

std::string_view abiHeader() {
  return {nnc_abi_header_text, static_cast<size_t>(nnc_abi_header_text_end - nnc_abi_header_text)};
}

} // namespace nnc::runtime
