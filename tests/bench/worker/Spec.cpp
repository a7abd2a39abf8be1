#include "Spec.h"
#include <fmt/format.h>
#include <sstream>

namespace bench {

Spec::Spec(const std::string &line) {
  std::istringstream words(line);
  words >> kind_;
  for (std::string word; words >> word;) {
    size_t at = word.find('=');
    if (at == std::string::npos)
      throw std::runtime_error(fmt::format("{}: expected key=value, got {}", kind_, word));
    values_[word.substr(0, at)] = word.substr(at + 1);
  }
}
std::string Spec::text(const std::string &key) const {
  auto found = values_.find(key);
  if (found == values_.end())
    throw std::runtime_error(fmt::format("{}: {} is missing", kind_, key));
  return found->second;
}
int64_t Spec::number(const std::string &key) const { return std::stoll(text(key)); }
std::vector<int64_t> Spec::list(const std::string &key) const {
  std::vector<int64_t> numbers;
  std::istringstream stream(text(key));
  for (std::string part; std::getline(stream, part, ',');)
    numbers.push_back(std::stoll(part));
  return numbers;
}

ConvSizes::ConvSizes(const Spec &spec)
    : size(spec.list("size")), kernel(spec.list("kernel")), stride(size.size(), spec.number("stride", 1)),
      padding(size.size(), spec.number("padding", 0)), groups(spec.number("groups", 1)),
      x{spec.number("n"), spec.number("c")}, w{spec.number("o"), x[1] / groups}, y{x[0], w[0]},
      pass(spec.text("pass")) {
  if (pass != "forward" && pass != "input" && pass != "weight")
    throw std::runtime_error("conv: pass: expected forward, input or weight, got " + pass);
  for (size_t i = 0; i < size.size(); ++i) {
    x.push_back(size[i]), w.push_back(kernel[i]);
    y.push_back((size[i] + 2 * padding[i] - kernel[i]) / stride[i] + 1);
  }
}

} // namespace bench
