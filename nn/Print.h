// How options read in PyTorch's description of a module: `Conv2d(1, 32, kernel_size=(3, 3), stride=(1, 1),
// bias=False)`.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace nnc::nn::detail {

/// As Python prints a float: "0.1", "1e-05", "2.0", "inf".
std::string number(double value);
inline std::string boolean(bool value) { return value ? "True" : "False"; }
/// "(3, 3)"; "(3,)" for one value.
std::string tuple(const std::vector<int64_t> &values);

} // namespace nnc::nn::detail
