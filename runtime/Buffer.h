// Memory for tensors and workspaces: aligned as the ABI wants it (NNC_ALIGNMENT), owned, movable.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace nnc::runtime {

/// Allocates `bytes` (at least one) aligned to NNC_ALIGNMENT; throws nnc::Error when there is no memory. Release with
/// alignedFree and the same size: up to 128 MiB in all of the larger blocks are kept for the next allocations of about
/// their sizes.
void *alignedAllocate(int64_t bytes);
void alignedFree(void *memory, int64_t bytes) noexcept;
/// The same, released with its last owner.
std::shared_ptr<void> alignedShared(int64_t bytes);

/// An owned block of aligned memory. Contents are unspecified until written.
class Buffer {
public:
  Buffer() = default;
  explicit Buffer(int64_t bytes) : memory(alignedAllocate(bytes)), bytes(bytes) {}
  Buffer(Buffer &&other) noexcept;
  Buffer &operator=(Buffer &&other) noexcept;
  ~Buffer() { alignedFree(memory, bytes); }

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
