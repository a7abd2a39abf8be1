// Numbers and tuples as Python prints them.
#include "nnc/nn/Print.h"
#include <cmath>
#include <fmt/format.h>

namespace nnc::nn::detail {

std::string number(double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value < 0 ? "-inf" : "inf";
  // fmt and Python both print the shortest digits that read back; they differ in when the exponent begins and in ".0".
  double magnitude = std::abs(value);
  if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16))
    return fmt::format("{}", value);
  std::string text = fmt::format("{}", value);
  if (text.find('e') != std::string::npos)
    text = fmt::format("{:.1f}", value);
  if (text.find('.') == std::string::npos)
    text += ".0";
  return text;
}

std::string tuple(const std::vector<int64_t> &values) {
  return fmt::format("({}{})", fmt::join(values, ", "), values.size() == 1 ? "," : "");
}

} // namespace nnc::nn::detail
