// A row of the table of workloads, as the driver sends it.
#pragma once
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// A worker has no such workload: the row is measured without it.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `kind key=value key=1,2,3 ...`
class Spec {
public:
  explicit Spec(const std::string &line);
  const std::string &kind() const { return kind_; }
  bool has(const std::string &key) const { return values_.count(key) != 0; }
  std::string text(const std::string &key) const; // throws where it is missing
  int64_t number(const std::string &key) const;
  int64_t number(const std::string &key, int64_t byDefault) const { return has(key) ? number(key) : byDefault; }
  std::vector<int64_t> list(const std::string &key) const;

private:
  std::string kind_;
  std::map<std::string, std::string> values_;
};

/// The sizes of a row of kind conv.
struct ConvSizes {
  explicit ConvSizes(const Spec &spec);
  std::vector<int64_t> size, kernel, stride, padding; // spatial
  int64_t groups;
  std::vector<int64_t> x, w, y; // input (N, C, ...), weight (O, C / groups, ...), output
  std::string pass;             // forward, input or weight
};

} // namespace bench
