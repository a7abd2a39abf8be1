// Memory for tensors and workspaces: aligned as the ABI wants it (NNC_ALIGNMENT), owned, movable.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace nnc::runtime {

/// Allocates `bytes` (at least one) aligned to NNC_ALIGNMENT; throws nnc::Error when there is no memory. Release with
/// alignedFree.
void *alignedAllocate(int64_t bytes);
void alignedFree(void *memory) noexcept;

/// The same for what is made again and again, as the results of calls are: when the last owner lets a block of 64 KiB
/// or more go, it is kept for the next one of about its size; of all that is kept a 32nd of the machine's memory at
/// most (128 to 512 MiB), the oldest goes first. Under AddressSanitizer nothing is kept: who reads a released array is
/// to be found.
#if defined(__SANITIZE_ADDRESS__)
#define NNC_KEEPS_MEMORY false
#elif defined(__has_feature)
#define NNC_KEEPS_MEMORY !__has_feature(address_sanitizer)
#else
#define NNC_KEEPS_MEMORY true
#endif
inline constexpr bool keepsMemory = NNC_KEEPS_MEMORY;
#undef NNC_KEEPS_MEMORY
std::shared_ptr<void> reusedMemory(int64_t bytes);

/// An owned block of aligned memory. Contents are unspecified until written.
class Buffer {
public:
  Buffer() = default;
  explicit Buffer(int64_t bytes) : memory(alignedAllocate(bytes)), bytes(bytes) {}
  Buffer(Buffer &&other) noexcept;
  Buffer &operator=(Buffer &&other) noexcept;
  ~Buffer() { alignedFree(memory); }

  void *data() { return memory; }
  const void *data() const { return memory; }
  int64_t size() const { return bytes; }

private:
  void *memory = nullptr;
  int64_t bytes = 0;
};

/// A dense, row-major tensor read from a file.
struct TensorData {
  int32_t dtype = 0; // nnc_dtype
  std::vector<int64_t> dims;
  Buffer data;
};

} // namespace nnc::runtime
