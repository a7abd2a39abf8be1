// What travels in every compiled object: hidden, without constructors, never sanitized, in need of libc alone.
#include "nnc/runtime/EmbeddedObject.h"
#include <catch2/catch.hpp>
#include <cstring>
#include <elf.h>
#include <string>
#include <vector>

using namespace nnc::runtime;

template <class T> static std::vector<T> rows(std::span<const std::byte> object, size_t offset, size_t count) {
  REQUIRE(offset + count * sizeof(T) <= object.size());
  std::vector<T> result(count);
  std::memcpy(result.data(), object.data() + offset, count * sizeof(T));
  return result;
}

TEST_CASE("the embedded object") {
  auto object = embeddedObject();
  REQUIRE(object.size() > sizeof(Elf64_Ehdr));
  CHECK(object.size() < 128 * 1024);
  auto header = rows<Elf64_Ehdr>(object, 0, 1)[0];
  REQUIRE(std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0);
  CHECK(header.e_type == ET_REL);
  auto sections = rows<Elf64_Shdr>(object, header.e_shoff, header.e_shnum);
  auto name = [&](const Elf64_Shdr &table, size_t at) {
    return std::string(reinterpret_cast<const char *>(object.data()) + table.sh_offset + at);
  };
  size_t defined = 0;
  bool invoke = false;
  for (const Elf64_Shdr &section : sections) {
    const std::string title = name(sections[header.e_shstrndx], section.sh_name);
    CAPTURE(title);
    CHECK(section.sh_type != SHT_INIT_ARRAY);
    CHECK(title.find(".ctors") == std::string::npos);
    CHECK(title.find(".debug") == std::string::npos);
    if (section.sh_type != SHT_SYMTAB)
      continue;
    for (const Elf64_Sym &symbol : rows<Elf64_Sym>(object, section.sh_offset, section.sh_size / sizeof(Elf64_Sym))) {
      const std::string s = name(sections[section.sh_link], symbol.st_name);
      CAPTURE(s);
      if (symbol.st_shndx == SHN_UNDEF) {
        // sanitizers, the loader, C++, the compiler's library
        for (const char *foreign : {"__asan", "__ubsan", "__tsan", "__tls_get_addr", "_Z", "__cpu_", "__gcov"})
          CHECK_FALSE(s.starts_with(foreign));
      } else if (ELF64_ST_BIND(symbol.st_info) == STB_GLOBAL) {
        ++defined;
        invoke |= s == "nnc_invoke";
        CHECK(s.starts_with("nnc_"));
        CHECK(ELF64_ST_VISIBILITY(symbol.st_other) == STV_HIDDEN);
      }
    }
  }
  CHECK(invoke);
  CHECK(defined > 20);
}

TEST_CASE("the text of the ABI's header") {
  CHECK(abiHeader().starts_with("/* The C ABI"));
  CHECK(abiHeader().ends_with("#endif\n"));
  CHECK(abiHeader().find("#define NNC_ABI_VERSION 1\n") != std::string_view::npos);
}
