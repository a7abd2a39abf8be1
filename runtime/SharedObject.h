// A compiled object in this process: loaded from a file or from memory, its ABI version checked, its functions called
// by number.
#pragma once
#include "nnc/runtime/Error.h" // what its functions throw
#include "nnc/runtime/abi.h"
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace nnc::runtime {

class SharedObject {
public:
  /// Loads a file. The object is code and runs with the rights of this process: load only what you trust. Throws
  /// nnc::Error when the file cannot be loaded, was not made by nnc, or is of another ABI version.
  explicit SharedObject(const std::string &path);
  /// Loads bytes, through an anonymous file in memory (or a temporary one where the system forbids that); `name` is for
  /// messages.
  static SharedObject fromBytes(const std::string &name, std::span<const std::byte> bytes);
  /// Loads what an open descriptor refers to; it may be closed afterwards.
  static SharedObject fromDescriptor(const std::string &name, int descriptor);
  ~SharedObject();
  SharedObject(SharedObject &&other) noexcept;
  SharedObject &operator=(SharedObject &&other) noexcept;

  const nnc_module &module() const { return *table; }
  std::span<const nnc_function> functions() const {
    return {table->functions, static_cast<size_t>(table->function_count)};
  }
  /// The number of a function; throws nnc::Error that lists what there is.
  int32_t function(std::string_view name) const;
  /// The user's lines that a launch comes from: "net.cpp:41, net.cpp:42"; "" where the object does not know them.
  const char *sources(const nnc_launch &launch) const;
  /// Calls a function; see nnc_services.invoke. Throws nnc::Error with the message of the object.
  void invoke(int32_t function, void *const *arguments, void *const *results, void *workspace,
              const nnc_options *options = nullptr) const;
  /// Address of any exported symbol; null when there is none.
  void *symbol(const char *name) const;

private:
  SharedObject(std::string name, void *handle);
  std::string name;
  void *handle = nullptr;
  const nnc_module *table = nullptr;
};

} // namespace nnc::runtime
