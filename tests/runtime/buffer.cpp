// Aligned memory: sizes, and what is kept of it for the next.
#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/abi.h"
#include <catch2/catch.hpp>
#include <cstring>
#include <thread>
#include <vector>

using namespace nnc::runtime;

TEST_CASE("memory is aligned, of any size") {
  for (int64_t bytes : {0, 1, 63, 64, 65, 4096, 70000, 1 << 20, 5 << 20}) {
    CAPTURE(bytes);
    void *memory = alignedAllocate(bytes);
    CHECK(reinterpret_cast<uintptr_t>(memory) % NNC_ALIGNMENT == 0);
    std::memset(memory, 1, size_t(bytes));
    alignedFree(memory, bytes);
  }
  CHECK_THROWS_WITH(alignedAllocate(-1), "expected a size of 0 to 2^63-65 bytes, got -1");
  alignedFree(nullptr, 100);
}

TEST_CASE("blocks in use are never given out again") {
  std::vector<Buffer> all;
  for (int round = 0; round < 200; ++round) {
    int64_t bytes = (64 << 10) + (round * 7919) % (64 << 10);
    all.emplace_back(bytes);
    std::memset(all.back().data(), round, size_t(bytes));
    if (round % 3 == 2)
      all.erase(all.begin() + round % int(all.size()));
    for (const Buffer &buffer : all) { // each still holds what was written to it
      auto *begin = static_cast<const unsigned char *>(buffer.data());
      REQUIRE(begin[0] == begin[buffer.size() - 1]);
      REQUIRE(begin[0] == begin[buffer.size() / 2]);
    }
  }
}

TEST_CASE("blocks of all sizes come and go in several threads") {
  auto work = [](int seed) {
    std::vector<Buffer> mine;
    for (int i = 0; i < 500; ++i) {
      mine.emplace_back((1 << 14) << ((i * seed) % 8));
      std::memset(mine.back().data(), seed, size_t(mine.back().size()));
      if (mine.size() > 5)
        mine.erase(mine.begin());
      for (const Buffer &buffer : mine)
        if (*static_cast<const char *>(buffer.data()) != seed)
          throw nnc::Error("a block is used twice");
    }
  };
  std::exception_ptr failed;
  auto caught = [&](int seed) {
    try {
      work(seed);
    } catch (...) {
      failed = std::current_exception();
    }
  };
  std::thread other(caught, 3);
  work(5);
  other.join();
  if (failed)
    std::rethrow_exception(failed);
}

#if !defined(__has_feature) || !__has_feature(address_sanitizer)
TEST_CASE("what there is no memory for is an error") { // the sanitizer's own allocator ends the program instead
  CHECK_THROWS_WITH(alignedAllocate(INT64_MAX - 70), Catch::StartsWith("out of memory: cannot allocate "));
}

TEST_CASE("a large block is kept for the next of about its size") {
  void *first = alignedAllocate(3 << 20);
  alignedFree(first, 3 << 20);
  void *larger = alignedAllocate(4 << 20), *smaller = alignedAllocate(1 << 20);
  CHECK(larger != first);
  CHECK(smaller != first);
  void *same = alignedAllocate((3 << 20) - 1000);
  CHECK(same == first);
  alignedFree(same, (3 << 20) - 1000);
  alignedFree(larger, 4 << 20);
  alignedFree(smaller, 1 << 20);
}
#endif
