#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/abi.h"
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace nnc::runtime {

static constexpr size_t hugePage = 2 << 20, largeBytes = 2 * hugePage;

namespace {
// Results that were given back, for the next ones of about their size: a function called in a loop then writes its
// results to memory that is there. (The C library gives memory back to the system when enough of it is free at the end
// of its heap, or when an array is large; each call then waits for zeroed pages, which took up to three times as long
// as the call itself, and that in one process but not in the next.)
class Kept {
public:
  static constexpr size_t leastBytes = 64 << 10;
  // a 32nd of the machine's memory, 128 MiB at least and 512 MiB at most
  const size_t mostBytes =
      keepsMemory ? std::clamp<size_t>(size_t(sysconf(_SC_PHYS_PAGES)) / 32 * size_t(sysconf(_SC_PAGESIZE)), 128 << 20,
                                       512 << 20)
                  : 0;

  // A block of `bytes` or a little more, or null.
  void *take(size_t bytes) {
    std::lock_guard lock(mutex);
    for (size_t i = count; i-- > 0;) {
      if (blocks[i].size < bytes || blocks[i].size - bytes > bytes / 8)
        continue;
      void *memory = blocks[i].memory;
      total -= blocks[i].size;
      std::copy(blocks.begin() + i + 1, blocks.begin() + count, blocks.begin() + i);
      --count;
      return memory;
    }
    return nullptr;
  }

  // Takes the block over, if it is not too large; the oldest ones make room.
  bool give(void *memory, size_t size) noexcept {
    if (size > mostBytes)
      return false;
    std::lock_guard lock(mutex);
    size_t free = 0;
    for (; free < count && (total + size > mostBytes || count - free == mostBlocks); ++free) {
      std::free(blocks[free].memory);
      total -= blocks[free].size;
    }
    std::copy(blocks.begin() + free, blocks.begin() + count, blocks.begin());
    count -= free;
    blocks[count++] = {memory, size};
    total += size;
    return true;
  }

private:
  struct Block {
    void *memory;
    size_t size;
  };
  std::mutex mutex;
  static constexpr size_t mostBlocks = 64;
  std::array<Block, mostBlocks> blocks; // the oldest first
  size_t count = 0, total = 0;
};
} // namespace

static Kept &kept() {
  static Kept &all = *new Kept; // never destroyed: arrays may outlive it
  return all;
}

// Whole lines, so that vector code may touch the tail's line and no two buffers share one.
static size_t roundedSize(int64_t bytes) {
  return (static_cast<size_t>(bytes > 0 ? bytes : 1) + NNC_ALIGNMENT - 1) / NNC_ALIGNMENT * NNC_ALIGNMENT;
}

void *alignedAllocate(int64_t bytes) {
  if (bytes < 0 || bytes > INT64_MAX - NNC_ALIGNMENT)
    throw Error("expected a size of 0 to 2^63-65 bytes, got " + std::to_string(bytes));
  size_t rounded = roundedSize(bytes);
  void *memory = std::aligned_alloc(NNC_ALIGNMENT, rounded);
  if (memory && rounded >= largeBytes) {
    // One fault instead of 512, and fewer misses in the table of pages, for the huge pages that lie within. Where the
    // system refuses, nothing is lost.
    uintptr_t begin = reinterpret_cast<uintptr_t>(memory), first = (begin + hugePage - 1) / hugePage * hugePage;
    uintptr_t end = (begin + rounded) / hugePage * hugePage;
    madvise(reinterpret_cast<void *>(first), end - first, MADV_HUGEPAGE);
  }
  if (memory)
    return memory;
  throw Error("out of memory: cannot allocate " + std::to_string(bytes) + " bytes");
}

void alignedFree(void *memory) noexcept { std::free(memory); }

std::shared_ptr<void> reusedMemory(int64_t bytes) {
  size_t size = roundedSize(bytes);
  void *memory = size >= Kept::leastBytes ? kept().take(size) : nullptr;
  if (!memory)
    memory = alignedAllocate(bytes);
  return {memory, [size](void *released) {
            if (size < Kept::leastBytes || !kept().give(released, size))
              alignedFree(released);
          }};
}

Buffer::Buffer(Buffer &&other) noexcept
    : memory(std::exchange(other.memory, nullptr)), bytes(std::exchange(other.bytes, 0)) {}

Buffer &Buffer::operator=(Buffer &&other) noexcept {
  std::swap(memory, other.memory);
  std::swap(bytes, other.bytes);
  return *this;
}

} // namespace nnc::runtime
