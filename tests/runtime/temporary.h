// A folder that a test may fill, gone with the test; and small helpers to make files.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nnc::test {

class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "nnc-test-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string &name) const { return (path / name).string(); }
  size_t files() const {
    auto begin = std::filesystem::directory_iterator(path);
    return static_cast<size_t>(std::distance(begin, std::filesystem::directory_iterator()));
  }

  std::filesystem::path path;
};

inline std::span<const std::byte> bytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

inline void put(const std::string &path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

inline std::string slurp(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace nnc::test
