// safetensors files: a memory-mapped reader that trusts nothing, and a writer that never loses the old file.
#pragma once
#include "nnc/runtime/abi.h"
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct nnc_safetensors;

namespace nnc::runtime {

/// One tensor of a file, or one to be written. `data` belongs to the file or the caller.
struct TensorView {
  int32_t dtype = 0; // nnc_dtype
  std::vector<int64_t> dims;
  std::span<const std::byte> data;
};

/// An open file. Views point into the mapping and end with this object; in files of other writers they may be
/// misaligned.
class SafeTensors {
public:
  /// Throws nnc::Error, with the file's name, at the first mistake.
  explicit SafeTensors(const std::string &path);
  /// The same for bytes that outlive this object; `name` is for messages.
  SafeTensors(const std::string &name, std::span<const std::byte> bytes);
  ~SafeTensors();
  SafeTensors(SafeTensors &&other) noexcept;
  SafeTensors &operator=(SafeTensors &&other) noexcept;

  const std::map<std::string, TensorView, std::less<>> &tensors() const { return views; }
  const std::map<std::string, std::string, std::less<>> &metadata() const { return pairs; }
  /// Null when there is none of that name.
  const TensorView *find(std::string_view name) const;

private:
  void index();
  const nnc_safetensors *file = nullptr;
  std::map<std::string, TensorView, std::less<>> views;
  std::map<std::string, std::string, std::less<>> pairs;
};

/// Writes beside `path`, syncs and renames. The bytes depend on the arguments alone. Throws nnc::Error.
void writeSafeTensors(const std::string &path, const std::map<std::string, TensorView, std::less<>> &tensors,
                      const std::map<std::string, std::string, std::less<>> &metadata = {});

} // namespace nnc::runtime
