// Specifications and numbers.
#include "Workload.h"
#include <cmath>
#include <fmt/format.h>
#include <sstream>

using namespace nnc;
namespace bench {

Spec::Spec(const std::string &line) {
  std::istringstream words(line);
  words >> kind_;
  for (std::string word; words >> word;) {
    size_t at = word.find('=');
    if (at == std::string::npos)
      throw Error(fmt::format("{}: expected key=value, got {}", kind_, word));
    values_[word.substr(0, at)] = word.substr(at + 1);
  }
}
std::string Spec::text(const std::string &key) const {
  auto found = values_.find(key);
  if (found == values_.end())
    throw Error(fmt::format("{}: {} is missing", kind_, key));
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
std::vector<int64_t> Spec::list(const std::string &key, std::vector<int64_t> byDefault) const {
  return has(key) ? list(key) : byDefault;
}

static uint64_t fnv1a(const std::string &name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (unsigned char c : name)
    hash = (hash ^ c) * 0x100000001b3u;
  return hash;
}
static uint64_t splitmix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

Array uniform(const std::string &name, Shape shape, double scale) {
  Array array(std::move(shape));
  uint64_t seed = fnv1a(name);
  auto data = array.data<float>();
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = float((double(splitmix64(seed + i) >> 40) / 8388608 - 1) * scale);
  return array;
}
Array integers(const std::string &name, Shape shape, int64_t limit) {
  Array array(std::move(shape), DType::i64);
  uint64_t seed = fnv1a(name);
  auto data = array.data<int64_t>();
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = int64_t(splitmix64(seed + i) >> 33) % limit;
  return array;
}

void fill(const nn::Module &module) {
  for (auto &[name, array] : module.state_dict()) {
    if (array.dtype() != DType::f32)
      continue;
    bool ofNorm = name.ends_with("weight") && array.rank() == 1;
    Array values = array.rank() >= 2
                       ? uniform(name, array.shape(), std::sqrt(3.0 * double(array.size(0)) / double(array.numel())))
                       : uniform(name, array.shape(), 0.1);
    if (ofNorm || name.ends_with("running_var"))
      for (float &value : values.data<float>())
        value += 1;
    Array(array).copyFrom(values);
  }
}

double &compileSeconds() {
  static double seconds = 0;
  return seconds;
}

Workload ofFunction(Function function, std::vector<Array> inputs) {
  return {[function, inputs] { return function(inputs); }, function.peakBytes(),
          function.object().functions()[size_t(function.object().function(function.traced().name()))].launch_count};
}

} // namespace bench
