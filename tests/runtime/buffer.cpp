// Aligned memory: sizes, and what is kept of it for the next.
#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/abi.h"
#include <catch2/catch.hpp>
#include <cstring>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

using namespace nnc::runtime;

TEST_CASE("memory is aligned, of any size") {
  for (int64_t bytes : {0, 1, 63, 64, 65, 4096, 70000, 1 << 20, 5 << 20}) {
    CAPTURE(bytes);
    void *memory = alignedAllocate(bytes);
    CHECK(reinterpret_cast<uintptr_t>(memory) % NNC_ALIGNMENT == 0);
    std::memset(memory, 1, size_t(bytes));
    alignedFree(memory);
  }
  CHECK_THROWS_WITH(alignedAllocate(-1), "expected a size of 0 to 2^63-65 bytes, got -1");
  alignedFree(nullptr);
}

TEST_CASE("memory in use is never given out again") {
  struct Block {
    std::shared_ptr<void> memory;
    int64_t bytes;
    unsigned char at(int64_t i) const { return static_cast<const unsigned char *>(memory.get())[i]; }
  };
  auto work = [](int seed) {
    std::vector<Block> all;
    for (int round = 0; round < 300; ++round) {
      int64_t bytes = (32 << 10) + (round * seed * 7919) % (256 << 10);
      all.push_back({reusedMemory(bytes), bytes});
      std::memset(all.back().memory.get(), round + seed, size_t(bytes));
      if (all.size() > 12)
        all.erase(all.begin() + round % int(all.size()));
      for (const Block &block : all) // each still holds what was written to it
        if (block.at(0) != block.at(block.bytes - 1) || block.at(0) != block.at(block.bytes / 2))
          throw nnc::Error("a block is used twice");
    }
  };
  std::exception_ptr failed;
  std::thread other([&] {
    try {
      work(3);
    } catch (...) {
      failed = std::current_exception();
    }
  });
  CHECK_NOTHROW(work(5));
  other.join();
  CHECK(!failed);
}

TEST_CASE("what there is no memory for is an error") {
  if (keepsMemory) // AddressSanitizer's own allocator ends the program instead
    CHECK_THROWS_WITH(alignedAllocate(INT64_MAX - 70), Catch::StartsWith("out of memory: cannot allocate "));
  CHECK_THROWS_WITH(reusedMemory(-1), "expected a size of 0 to 2^63-65 bytes, got -1");
}

TEST_CASE("a large block is kept for the next of about its size, but not under AddressSanitizer") {
  std::shared_ptr<void> first = reusedMemory(3 << 20);
  void *memory = first.get();
  first.reset();
  std::shared_ptr<void> larger = reusedMemory(4 << 20), smaller = reusedMemory(1 << 20);
  CHECK(larger.get() != memory);
  CHECK(smaller.get() != memory);
  CHECK((reusedMemory((3 << 20) - 1000).get() == memory) == keepsMemory);
}
