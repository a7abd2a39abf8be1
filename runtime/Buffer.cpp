#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/abi.h"
#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>
#include <utility>

namespace nnc::runtime {

static constexpr size_t hugePage = 2 << 20, largeBytes = 2 * hugePage;

void *alignedAllocate(int64_t bytes) {
  if (bytes < 0 || bytes > INT64_MAX - NNC_ALIGNMENT)
    throw Error("expected a size of 0 to 2^63-65 bytes, got " + std::to_string(bytes));
  // whole lines, so that vector code may touch the tail's line and no two buffers share one
  size_t rounded = (static_cast<size_t>(bytes > 0 ? bytes : 1) + NNC_ALIGNMENT - 1) / NNC_ALIGNMENT * NNC_ALIGNMENT;
  void *memory = std::aligned_alloc(NNC_ALIGNMENT, rounded);
  if (memory && rounded >= largeBytes) {
    // One fault instead of 512, and fewer misses in the table of pages, for the huge pages that lie within. Where the
    // system refuses, nothing is lost. (Memory that begins with one would not be kept by the C library when it is
    // freed: every call of a function would wait for zeroed pages for its results.)
    uintptr_t begin = reinterpret_cast<uintptr_t>(memory), first = (begin + hugePage - 1) / hugePage * hugePage;
    uintptr_t end = (begin + rounded) / hugePage * hugePage;
    madvise(reinterpret_cast<void *>(first), end - first, MADV_HUGEPAGE);
  }
  if (memory)
    return memory;
  throw Error("out of memory: cannot allocate " + std::to_string(bytes) + " bytes");
}

void alignedFree(void *memory) noexcept { std::free(memory); }

Buffer::Buffer(Buffer &&other) noexcept
    : memory(std::exchange(other.memory, nullptr)), bytes(std::exchange(other.bytes, 0)) {}

Buffer &Buffer::operator=(Buffer &&other) noexcept {
  std::swap(memory, other.memory);
  std::swap(bytes, other.bytes);
  return *this;
}

} // namespace nnc::runtime
